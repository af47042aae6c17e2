import type { TraceEvent } from './trace-event.js'

/** Digits of a hash that a number holds exactly. */
const DIGITS = 13

/** As it crosses to another process. */
export interface EventLogData {
  readonly at: readonly number[]
  readonly what: readonly number[]
  readonly hashes: readonly number[]
  readonly texts: readonly string[]
}

/** The events of a run in little memory: three numbers each. */
export class EventLog {
  readonly #at: number[]
  readonly #what: number[]
  /** Of all that was before the event. */
  readonly #hashes: number[]
  readonly #texts: string[]
  readonly #indices = new Map<string, number>()

  constructor(data: EventLogData = { at: [], what: [], hashes: [], texts: [] }) {
    this.#at = [...data.at]
    this.#what = [...data.what]
    this.#hashes = [...data.hashes]
    this.#texts = [...data.texts]
  }

  readonly note = (event: TraceEvent): void => {
    const { kind, host, label } = event
    const text =
      host === undefined || host === label ? `${kind} ${label}` : `${kind} ${label} on ${host}`
    let index = this.#indices.get(text)
    if (index === undefined) {
      index = this.#texts.push(text) - 1
      this.#indices.set(text, index)
    }
    this.#at.push(event.atMs)
    this.#what.push(index)
    this.#hashes.push(Number.parseInt(event.hash.slice(0, DIGITS), 16))
  }

  get size(): number {
    return this.#at.length
  }

  get data(): EventLogData {
    return { at: this.#at, what: this.#what, hashes: this.#hashes, texts: this.#texts }
  }

  /** `data a>b:9000#1 at 3.5 ms`; undefined past the end. */
  text(index: number): string | undefined {
    const what = this.#what[index]
    return what === undefined ? undefined : `${this.#texts[what]} at ${this.#at[index]} ms`
  }

  /**
   * The index of the first event that was another one than in the other log, or did something else,
   * found by bisection: the hash covers all that was before. The length of the shorter log where it
   * is the beginning of the longer one.
   */
  firstDifference(other: EventLog): number {
    let same = 0
    let differs = Math.min(this.size, other.size)
    while (same < differs) {
      const middle = (same + differs + 1) >> 1
      if (middle < Math.min(this.size, other.size)) {
        if (this.#hashes[middle] === other.#hashes[middle]) same = middle
        else differs = middle - 1
      } else if (this.text(middle - 1) === other.text(middle - 1)) same = middle
      else differs = middle - 1
    }
    return same
  }
}
