import type { Clock, Timer } from '../world/clock.js'

/** More than so many do not wait. */
const ASIDE_MAX = 1024

/** Things that wait each for itself: one that is due goes, whatever came before it. */
export class Aside<T> {
  readonly #clock: Clock
  readonly #release: (item: T) => void
  readonly #waiting = new Map<Timer, T>()

  constructor(clock: Clock, release: (item: T) => void) {
    this.#clock = clock
    this.#release = release
  }

  /** Releases the thing after that time; at once when too many wait. */
  push(item: T, delayMs: number): void {
    if (this.#waiting.size >= ASIDE_MAX) {
      this.#release(item)
      return
    }
    const timer = this.#clock.after(delayMs, () => {
      this.#waiting.delete(timer)
      this.#release(item)
    })
    this.#waiting.set(timer, item)
  }

  /** Releases all of them now. */
  flush(): void {
    const items = [...this.#waiting.values()]
    this.clear()
    for (const item of items) this.#release(item)
  }

  /** Forgets all of them. */
  clear(): void {
    for (const timer of this.#waiting.keys()) timer.cancel()
    this.#waiting.clear()
  }
}
