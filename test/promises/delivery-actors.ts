import {
  Actor,
  type ActorRef,
  actor,
  causal,
  monotonic,
  Refusal,
  reliable,
} from '../../src/index.js'

/** Writes down what comes; every message to it is reliable. */
@actor('promises/sure-ledger')
@reliable
export class SureLedger extends Actor {
  #entries: unknown[] = []

  write(entry: unknown, _weight?: Uint8Array): void {
    this.#entries.push(entry)
  }

  record(entry: unknown): number {
    return this.#entries.push(entry)
  }

  fail(entry: unknown): never {
    this.#entries.push(entry)
    throw new Refusal('NO', 'not here')
  }

  entries(): unknown[] {
    return this.#entries
  }
}

/** One of a chain: whoever gets a word passes it on. */
@actor('promises/gossip')
export class Gossip extends Actor {
  #heard: string[] = []
  #others: ActorRef<Gossip>[] = []

  know(others: ActorRef<Gossip>[]): void {
    this.#others = others
  }

  /** Whoever hears a word tells it to all others, with the own name behind it. */
  @causal('gossip')
  tell(word: string, depth: number): void {
    this.#heard.push(word)
    if (depth === 0) return
    for (const other of this.#others) other.tell.tell(`${word}/${this.node.name}`, depth - 1)
  }

  /** Tells the third, and then the second, which passes it on to the third. */
  start(second: ActorRef<Gossip>, third: ActorRef<Gossip>, word: string): void {
    third.tell.hear(`${word}: cause`)
    second.tell.pass(third, `${word}: effect`)
  }

  /** The same without the label, to compare with. */
  startPlain(second: ActorRef<Gossip>, third: ActorRef<Gossip>, word: string): void {
    third.tell.hearPlain(`${word}: cause`)
    second.tell.passPlain(third, `${word}: effect`)
  }

  passPlain(third: ActorRef<Gossip>, word: string): void {
    third.tell.hearPlain(word)
  }

  hearPlain(word: string): void {
    this.#heard.push(word)
  }

  @causal('gossip')
  pass(third: ActorRef<Gossip>, word: string): void {
    third.tell.hear(word)
  }

  @causal('gossip')
  hear(word: string): void {
    this.#heard.push(word)
  }

  @causal('gossip')
  async question(third: ActorRef<Gossip>, word: string): Promise<string> {
    third.tell.hear(`${word}: before the answer`)
    return word
  }

  /** Asks the second, and tells the third when the answer has come. */
  async relate(second: ActorRef<Gossip>, third: ActorRef<Gossip>, word: string): Promise<void> {
    await second.ask.question(third, word)
    third.tell.hear(`${word}: after the answer`)
  }

  heard(): string[] {
    return this.#heard
  }
}

/** Only the latest position of each key matters. */
@actor('promises/radar')
export class Radar extends Actor {
  #seen: [key: string, at: number][] = []

  @monotonic
  move(key: string, at: number, _weight?: Uint8Array): void {
    this.#seen.push([key, at])
  }

  @monotonic
  count(key: string, at: number): number {
    return this.#seen.push([key, at])
  }

  seen(): [string, number][] {
    return this.#seen
  }
}
