import { type ExitReason, isAbnormal } from '../actor/exit-reason.js'
import { unreachable } from '../base/unreachable.js'

/** How many restarts a supervisor grants before it gives up. */
export interface Intensity {
  /** Restarts granted within `withinMs`; one more and the supervisor gives up. 0: none at all. */
  readonly maxRestarts: number
  /** Width of the window that restarts are counted in, in milliseconds. */
  readonly withinMs: number
}

export interface RestartDecision {
  readonly restart: boolean
  /** Times of the restarts within the window, oldest first; at most `maxRestarts` + 1. */
  readonly history: readonly number[]
}

/**
 * OTP's rule for one more failure at `nowMs`: the failure counts itself, a restart is forgotten once
 * it is older than `withinMs` (one exactly that old still counts), and more than `maxRestarts` of
 * them mean to give up.
 */
export function decideRestart(
  history: readonly number[],
  intensity: Intensity,
  nowMs: number,
): RestartDecision {
  const { maxRestarts, withinMs } = intensity
  if (maxRestarts === Number.POSITIVE_INFINITY) return ALWAYS
  const recent = history.filter((then) => nowMs <= then + withinMs)
  recent.push(nowMs)
  return { restart: recent.length <= maxRestarts, history: recent }
}

const ALWAYS: RestartDecision = { restart: true, history: [] }

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
