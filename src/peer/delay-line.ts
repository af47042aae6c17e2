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
    this.#releaseUntil(Number.POSITIVE_INFINITY)
  }

  #arm(): void {
    const next = this.#queue.peek()
    if (this.#timer !== undefined || next === undefined) return
    this.#timer = this.#clock.after(Math.max(0, next.dueMs - this.#clock.now()), () => {
      this.#timer = undefined
      this.#releaseUntil(this.#clock.now())
    })
  }

  #releaseUntil(nowMs: number): void {
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      if (next.dueMs > nowMs) {
        this.#arm()
        return
      }
      this.#release(next.item)
      if (this.#queue.peek() === next) this.#queue.shift()
    }
  }
}
