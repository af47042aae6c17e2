import { RingQueue } from '../base/ring-queue.js'
import type { Clock, Timer } from '../world/clock.js'

class Delayed<T> {
  readonly item: T
  readonly dueMs: number

  constructor(item: T, dueMs: number) {
    this.item = item
    this.dueMs = dueMs
  }
}

/** Things that wait, in the order they came: what is behind a delayed thing waits with it. */
export class DelayLine<T> {
  readonly #clock: Clock
  readonly #release: (item: T) => void
  readonly #queue = new RingQueue<Delayed<T>>()
  #lastDueMs = 0
  #timer: Timer | undefined

  constructor(clock: Clock, release: (item: T) => void) {
    this.#clock = clock
    this.#release = release
  }

  get size(): number {
    return this.#queue.size
  }

  push(item: T, delayMs: number): void {
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#clock.now() + delayMs)
    this.#queue.push(new Delayed(item, this.#lastDueMs))
    this.#arm()
  }

  /** Forgets all of them. */
  clear(): void {
    this.#queue.clear()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** Releases all of them now. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#release(next.item)
    }
  }

  #arm(): void {
    const next = this.#queue.peek()
    if (this.#timer !== undefined || next === undefined) return
    const waitMs = Math.max(0, next.dueMs - this.#clock.now())
    this.#timer = this.#clock.after(waitMs, () => this.#due())
  }

  #due(): void {
    this.#timer = undefined
    const nowMs = this.#clock.now()
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (next.dueMs > nowMs) break
      this.#queue.shift()
      this.#release(next.item)
    }
    this.#arm()
  }
}
