import { TapeChoices } from '../../simulation/choices.js'
import type { ChoiceSource, Candidate as Message, Op, Tape } from '../../simulation/index.js'

/** Numbers for what messages are called by where they come from; the same in all runs of one shrinking. */
export type Identities = Map<string, number>

/** What a run has decided, by identities of messages. */
export interface OrderRecord {
  /** In which order they came. */
  readonly places: ReadonlyMap<number, number>
  /** Those that came before one that was sent earlier. */
  readonly early: readonly number[]
  /** Labels of choices about single messages that were not answered by 0, by `verb identity`. */
  readonly answers: ReadonlyMap<string, string>
}

/**
 * Follows the messages of a run, and knows each by what brought it about: an operation of a client, or the message
 * that its sender had just got. So it is found again in a run with fewer operations, where its number is another.
 */
class Ancestry {
  readonly #identities: Identities
  readonly #origin: readonly number[] | undefined
  /** Operations that have begun in an event on a node. */
  readonly #begun = new Map<string, number>()
  /** The message that came in an event. */
  readonly #came = new Map<number, number>()
  readonly #known = new Map<string, number>()
  readonly #counts = new Map<string, number>()
  #times = 0
  current: number | undefined
  /** Of the message that came last: from and to. */
  currentWay = ''

  constructor(identities: Identities, origin: readonly number[] | undefined) {
    this.#identities = identities
    this.#origin = origin
  }

  called({ index, node }: Op, event: number): void {
    const key = `${event} ${node}`
    if (!this.#begun.has(key)) this.#begun.set(key, this.#origin?.[index] ?? index)
  }

  of(message: Message): number {
    const { label, from, to, lane, cause } = message
    if (from === '') return this.#number(`time ${this.#times}`)
    const name = label === '' ? `${lane} ${cause}` : label
    let id = this.#known.get(name)
    if (id !== undefined) return id
    const op = this.#begun.get(`${cause} ${from}`)
    const came = op === undefined ? this.#came.get(cause) : undefined
    const parent = op === undefined ? `m${came ?? `?${from}`}` : `o${op}`
    const path = `${parent}/${from}>${to}:${label.replace(/^.*?:|#\d+$/g, '')}`
    const count = this.#counts.get(path) ?? 0
    this.#counts.set(path, count + 1)
    id = this.#number(`${path}~${count}`)
    this.#known.set(name, id)
    return id
  }

  came(message: Message, id: number, event: number): void {
    if (message.from === '') {
      this.#times++
      return
    }
    this.current = id
    this.currentWay = `${message.from}>${message.to}:`
    this.#came.set(event, id)
  }

  #number(path: string): number {
    let number = this.#identities.get(path)
    if (number === undefined) {
      number = this.#identities.size
      this.#identities.set(path, number)
    }
    return number
  }
}

/** What a choice is about: `drop n1>n2:add#1` is `drop` of the message that has just come. */
function answerKey(ancestry: Ancestry, label: string): string | undefined {
  const verb = label.split(' ', 1)[0]
  const { current, currentWay } = ancestry
  return current !== undefined && label.includes(` ${currentWay}`)
    ? `${verb} ${current}`
    : undefined
}

/** Answers from a tape, and writes down what that means. */
export class RecordingOrder implements ChoiceSource, OrderRecord {
  readonly places = new Map<number, number>()
  readonly early: number[] = []
  readonly answers = new Map<string, string>()
  readonly #tape: TapeChoices
  readonly #ancestry: Ancestry

  constructor(tape: Tape, identities: Identities) {
    this.#tape = new TapeChoices(tape)
    this.#ancestry = new Ancestry(identities, undefined)
  }

  choose(label: string, of: number): number {
    const answer = this.#tape.choose(label, of)
    const key = answerKey(this.#ancestry, label)
    if (answer !== 0 && key !== undefined) this.answers.set(key, label)
    return answer
  }

  called(op: Op, event: number): void {
    this.#ancestry.called(op, event)
  }

  readonly pick = (candidates: readonly Message[], event: number): number => {
    const at = this.#tape.pick?.(candidates) ?? 0
    const ids = candidates.map((message) => this.#ancestry.of(message))
    const id = ids[at] as number
    this.places.set(id, this.places.size)
    if (at > 0) this.early.push(id)
    this.#ancestry.came(candidates[at] as Message, id, event)
    return at
  }
}

/** How another run may differ from the one that guides it. */
export interface Guidance {
  /** Answers to choices about single messages, by their labels in the guiding run. */
  readonly tape: Tape
  /** For each operation, which one it was in that run. Undefined: the same. */
  readonly origin: readonly number[] | undefined
  /** Messages that may come before those sent earlier. Undefined: all. */
  readonly early: ReadonlySet<number> | undefined
}

/**
 * Brings messages in the order in which they came in another run, as far as they are the same. What that run has
 * not seen comes in its turn.
 */
export class GuidedOrder implements ChoiceSource {
  readonly #record: OrderRecord
  readonly #tape: Tape
  readonly #early: ReadonlySet<number> | undefined
  readonly #ancestry: Ancestry

  constructor(record: OrderRecord, identities: Identities, { tape, origin, early }: Guidance) {
    this.#record = record
    this.#tape = tape
    this.#early = early
    this.#ancestry = new Ancestry(identities, origin)
  }

  choose(label: string): number {
    const key = answerKey(this.#ancestry, label)
    const was = key === undefined ? undefined : this.#record.answers.get(key)
    return was === undefined ? 0 : (this.#tape[was] ?? 0)
  }

  called(op: Op, event: number): void {
    this.#ancestry.called(op, event)
  }

  readonly pick = (candidates: readonly Message[], event: number): number => {
    const ids = candidates.map((message) => this.#ancestry.of(message))
    const { places } = this.#record
    let best = 0
    let place = places.get(ids[0] as number) ?? Number.NEGATIVE_INFINITY
    for (let at = 1; at < ids.length; at++) {
      const id = ids[at] as number
      const other = places.get(id)
      if (other === undefined || other >= place || this.#early?.has(id) === false) continue
      best = at
      place = other
    }
    this.#ancestry.came(candidates[best] as Message, ids[best] as number, event)
    return best
  }
}
