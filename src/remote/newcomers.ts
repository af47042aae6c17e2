import type { Clock, Timer } from '../world/clock.js'

/** A start of a node of which only refs have told so far. */
export interface Newcomer {
  readonly node: string
  readonly incarnation: string
}

/**
 * Starts of nodes that an actor here knows from a ref before the membership does: a ref may travel
 * faster than the news that its node has joined. What is asked of them waits for a while.
 */
export class Newcomers {
  readonly #clock: Clock
  readonly #over: (newcomer: Newcomer) => void
  readonly #waiting = new Map<string, Timer>()

  /** `over`: the time of a newcomer is over, known or not. */
  constructor(clock: Clock, over: (newcomer: Newcomer) => void) {
    this.#clock = clock
    this.#over = over
  }

  /** False when too many are waited for. */
  expect(newcomer: Newcomer): boolean {
    const { incarnation } = newcomer
    if (this.#waiting.has(incarnation)) return true
    if (this.#waiting.size >= WAITING_MAX) return false
    const over = (): void => {
      this.#waiting.delete(incarnation)
      this.#over(newcomer)
    }
    this.#waiting.set(incarnation, this.#clock.after(WAIT_MS, over, true))
    return true
  }

  /** It has come. False when nobody waited for it. */
  came(incarnation: string): boolean {
    this.#waiting.get(incarnation)?.cancel()
    return this.#waiting.delete(incarnation)
  }

  /** No timer is left. */
  close(): void {
    for (const timer of this.#waiting.values()) timer.cancel()
    this.#waiting.clear()
  }
}

/** News of a join takes two hops; a lost piece of it is repaired with the next connection. */
const WAIT_MS = 2_000
const WAITING_MAX = 1_000
