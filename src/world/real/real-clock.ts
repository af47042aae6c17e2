import type { Clock, Timer } from '../clock.js'

/** setTimeout takes no more, and fires at once when given more. */
const LONGEST_MS = 2 ** 31 - 1

/** The monotonic clock and the timers of this process. */
export class RealClock implements Clock {
  readonly #start = performance.now()

  now(): number {
    return performance.now() - this.#start
  }

  wallMs(): number {
    return Date.now()
  }

  after(delayMs: number, run: () => void, background = false): Timer {
    return new RealTimer(this, this.now() + (delayMs > 0 ? delayMs : 0), run, background)
  }
}

/**
 * A timeout that keeps `Clock.after`'s word: libuv counts whole milliseconds and may fire a fraction
 * early, and long delays need several timeouts in a row.
 */
class RealTimer implements Timer {
  readonly #clock: RealClock
  readonly #dueMs: number
  readonly #run: () => void
  readonly #background: boolean
  #timeout: NodeJS.Timeout

  constructor(clock: RealClock, dueMs: number, run: () => void, background: boolean) {
    this.#clock = clock
    this.#dueMs = dueMs
    this.#run = run
    this.#background = background
    this.#timeout = this.#arm(dueMs - clock.now())
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }

  #arm(leftMs: number): NodeJS.Timeout {
    const timeout = setTimeout(fire, Math.min(Math.ceil(leftMs), LONGEST_MS), this)
    if (this.#background) timeout.unref()
    return timeout
  }

  fire(): void {
    const leftMs = this.#dueMs - this.#clock.now()
    if (leftMs > 0) this.#timeout = this.#arm(leftMs)
    else this.#run()
  }
}

const fire = (timer: RealTimer): void => timer.fire()
