import { type ExitReason, isAbnormal } from '../actor/exit-reason.js'
import { RingQueue } from '../base/ring-queue.js'
import { unreachable } from '../base/unreachable.js'

/** How many restarts a supervisor grants before it gives up. */
export interface Intensity {
  /** Restarts granted within `withinMs`; one more and the supervisor gives up. 0: none at all. */
  readonly maxRestarts: number
  /** Width of the window that restarts are counted in, in milliseconds. */
  readonly withinMs: number
}

/** The failures of one supervisor's children, as far as they still count: OTP's rule for giving up. */
export class RestartWindow {
  readonly #intensity: Intensity
  readonly #times = new RingQueue<number>()

  constructor(intensity: Intensity) {
    this.#intensity = intensity
  }

  /** When those that count happened, oldest first; at most `maxRestarts` + 1. */
  get times(): readonly number[] {
    return [...this.#times]
  }

  /**
   * One more failure, at a time not before the last. It counts itself, one is forgotten once it is
   * older than `withinMs` (one exactly that old still counts), and more than `maxRestarts` of them
   * mean to give up: false.
   */
  grants(nowMs: number): boolean {
    const { maxRestarts, withinMs } = this.#intensity
    if (maxRestarts === Number.POSITIVE_INFINITY) return true
    const times = this.#times
    for (let oldest = times.peek(); oldest !== undefined; oldest = times.peek()) {
      if (nowMs <= oldest + withinMs) break
      times.shift()
    }
    times.push(nowMs)
    return times.size <= maxRestarts
  }
}

/**
 * - `permanent`: always restarted.
 * - `transient`: restarted only after an abnormal end (anything but `normal` and `shutdown`).
 * - `temporary`: never restarted; its specification is forgotten when it ends.
 */
export type RestartType = 'permanent' | 'transient' | 'temporary'

/** Whether a child that ended by itself is due for a restart, intensity aside. */
export function restartsAfter(restart: RestartType, reason: ExitReason): boolean {
  switch (restart) {
    case 'permanent':
      return true
    case 'transient':
      return isAbnormal(reason)
    case 'temporary':
      return false
    default:
      return unreachable(restart)
  }
}
