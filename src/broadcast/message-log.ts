import { hashText } from '../base/random.js'
import { RingQueue } from '../base/ring-queue.js'

/** A message of age `AGE_MAX` is forgotten; an age lasts `keepMs` / AGE_MAX. */
export const AGE_MAX = 10

/** A counter that runs ahead of all that is known of its origin by more than this is forged. */
const AHEAD_MAX = 1_000_000

export interface LogBounds {
  readonly keptMax: number
  readonly keptBytesMax: number
  readonly originsMax: number
}

/** How a message came. */
type Arrival = Pick<LoggedMessage, 'bytes' | 'own' | 'body' | 'hops' | 'parent' | 'repaired'>

/** A message that is known here. */
export class LoggedMessage {
  readonly origin: OriginLog
  readonly counter: number
  readonly bytes: number
  /** Time of its birth, in ages of this node. */
  readonly bornAt: number
  /** On the tree of its origin, not on the shared one. */
  readonly own: boolean
  /** Undefined where it is not kept any more. */
  body: unknown
  kept = true
  hops: number
  /** The peer it came from; undefined where it was broadcast here. */
  parent: string | undefined
  /** Anti-entropy brought it. */
  readonly repaired: boolean
  /** The round of exchanges in which it came. */
  readonly round: number

  constructor(origin: OriginLog, counter: number, bornAt: number, round: number, of: Arrival) {
    this.origin = origin
    this.counter = counter
    this.bornAt = bornAt
    this.bytes = of.bytes
    this.own = of.own
    this.body = of.body
    this.hops = of.hops
    this.parent = of.parent
    this.repaired = of.repaired
    this.round = round
  }
}

/** What is known of the messages of one node incarnation. */
export class OriginLog {
  readonly incarnation: string
  readonly hash: number
  /** Messages up to this one are seen, or too old to be taken. */
  floor = 0
  /** The highest counter there was. */
  high = 0
  /** Those above that are known, by counter. */
  readonly messages = new Map<number, LoggedMessage>()
  /** The age in which one was taken last. */
  takenAt = 0

  constructor(incarnation: string) {
    this.incarnation = incarnation
    this.hash = hashText(incarnation)
  }

  seen(counter: number): boolean {
    if (counter >= this.high) return counter === this.high
    return counter <= this.floor || this.messages.has(counter)
  }

  /** True for a counter no honest origin has reached. */
  isAbsurd(counter: number): boolean {
    return counter > this.high + AHEAD_MAX
  }
}

/**
 * The messages a node has seen, so that none is delivered twice, and those it can still give to others.
 * Origins count up, so that a message is at least as old as all that follow it: once one has aged out,
 * those before it are not taken any more, and one number stands for them all. The age travels with a
 * message: it is forgotten everywhere at about the same time, and nobody brings it back.
 */
export class MessageLog {
  readonly #bounds: LogBounds
  readonly #origins = new Map<string, OriginLog>()
  /** Who was looked up last: messages of one come in rows. */
  #latest: OriginLog | undefined
  /** By the age in which they are forgotten, modulo the length. */
  readonly #expiring: (RingQueue<LoggedMessage> | undefined)[] = new Array(AGE_MAX + 1).fill(
    undefined,
  )
  /** Those with bodies, oldest arrival first; also some that were forgotten since. */
  readonly #bodies = new RingQueue<LoggedMessage>()
  #bytes = 0
  #size = 0
  #now = 0
  #round = 0

  constructor(bounds: LogBounds) {
    this.#bounds = bounds
  }

  /** Messages that are known one by one. */
  get size(): number {
    return this.#size
  }

  /** Bytes of bodies. */
  get bytes(): number {
    return this.#bytes
  }

  get origins(): ReadonlyMap<string, OriginLog> {
    return this.#origins
  }

  origin(incarnation: string): OriginLog | undefined {
    if (this.#latest?.incarnation === incarnation) return this.#latest
    const known = this.#origins.get(incarnation)
    if (known !== undefined) this.#latest = known
    return known
  }

  seen(origin: string, counter: number): boolean {
    return this.origin(origin)?.seen(counter) === true
  }

  find(origin: string, counter: number): LoggedMessage | undefined {
    return this.origin(origin)?.messages.get(counter)
  }

  /** The age of a message as it travels. */
  ageOf(message: LoggedMessage): number {
    return Math.min(AGE_MAX, this.#now - message.bornAt)
  }

  /** Takes one that was not seen; undefined where there is no room for its origin, or it is too old. */
  add(incarnation: string, counter: number, age: number, of: Arrival): LoggedMessage | undefined {
    if (age >= AGE_MAX) return undefined
    let origin = this.origin(incarnation)
    if (origin === undefined) {
      if (this.#origins.size >= this.#bounds.originsMax) return undefined
      origin = new OriginLog(incarnation)
      this.#origins.set(incarnation, origin)
    }
    const message = new LoggedMessage(origin, counter, this.#now - age, this.#round, of)
    origin.messages.set(counter, message)
    origin.high = Math.max(origin.high, counter)
    origin.takenAt = this.#now
    this.#expiringAt(message.bornAt + AGE_MAX).push(message)
    this.#size++
    this.#bodies.push(message)
    this.#bytes += message.bytes
    this.#hold()
    return message
  }

  /** A round of exchanges begins. */
  nextRound(): void {
    this.#round++
  }

  /** True for what anti-entropy may give to others: what came in this round is still on its way by itself. */
  isSettled({ kept, repaired, round }: LoggedMessage): boolean {
    return kept && (repaired || round < this.#round)
  }

  /** An age has passed. */
  tick(): void {
    this.#now++
    const old = this.#expiringAt(this.#now)
    for (let next = old.shift(); next !== undefined; next = old.shift()) this.#forget(next)
    old.clear()
    this.#dropForgotten()
    for (const [incarnation, { messages, takenAt }] of this.#origins) {
      const idle = this.#now - takenAt
      if (messages.size > 0 || idle <= 2 * AGE_MAX) continue
      this.#origins.delete(incarnation)
      this.#latest = undefined
    }
  }

  /** Keeps to the bounds: the oldest go first. */
  #hold(): void {
    while (this.#bytes > this.#bounds.keptBytesMax && this.#bodies.size > 0) {
      const oldest = this.#bodies.shift()
      if (oldest !== undefined) this.#release(oldest)
    }
    for (let age = 1; this.#size > this.#bounds.keptMax; ) {
      const oldest = this.#expiringAt(this.#now + age).shift()
      if (oldest === undefined) age++
      else this.#forget(oldest)
    }
    this.#dropForgotten()
  }

  #forget(message: LoggedMessage): void {
    const { origin, counter } = message
    origin.messages.delete(counter)
    origin.floor = Math.max(origin.floor, counter)
    this.#size--
    this.#release(message)
  }

  #release(message: LoggedMessage): void {
    if (!message.kept) return
    message.kept = false
    message.body = undefined
    this.#bytes -= message.bytes
  }

  #dropForgotten(): void {
    while (this.#bodies.peek()?.kept === false) this.#bodies.shift()
    if (this.#bodies.size === 0) this.#bodies.clear()
  }

  #expiringAt(age: number): RingQueue<LoggedMessage> {
    const at = age % this.#expiring.length
    this.#expiring[at] ??= new RingQueue<LoggedMessage>()
    return this.#expiring[at]
  }
}
