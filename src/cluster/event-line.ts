import { RingQueue } from '../base/ring-queue.js'

/**
 * Events of a core, one after the other: what comes up while one is handled and its effects are
 * performed waits, so that a step is over before the next begins. Every driver has one.
 */
export class EventLine<E> {
  readonly #handle: (event: E) => void
  readonly #events = new RingQueue<E>()
  #running = false
  #stopped = false

  constructor(handle: (event: E) => void) {
    this.#handle = handle
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** True when nothing waits any more; false when the event waits for others, or nothing is handled after `stop`. */
  feed(event: E): boolean {
    if (this.#stopped) return false
    this.#events.push(event)
    if (this.#running) return false
    this.#running = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#handle(next)
      }
    } finally {
      this.#running = false
    }
    return true
  }

  /** What waits is dropped. */
  stop(): void {
    this.#stopped = true
    this.#events.clear()
  }
}
