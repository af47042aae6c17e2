import type { Direction, MessageName } from '../peer/gate.js'

/** Names that are counted at one gate; then the oldest are forgotten and count from 1 again. */
const NAMES_MAX = 10_000

/**
 * Numbers messages as they cross one gate: 1 for the first with that sender, receiver and name. What
 * goes out is counted apart from what comes in, for a relay sees the same message twice.
 */
export class MessageNumbers {
  readonly #counts = new Map<string, number>()

  next(direction: Direction, { from, to, name }: MessageName): number {
    const key = `${direction} ${from}>${to}:${name}`
    const number = (this.#counts.get(key) ?? 0) + 1
    this.#counts.set(key, number)
    if (number === 1 && this.#counts.size > NAMES_MAX) {
      for (const oldest of this.#counts.keys()) {
        this.#counts.delete(oldest)
        break
      }
    }
    return number
  }
}
