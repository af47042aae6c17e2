import { messageOf } from '../base/errors.js'
import { badOption } from '../base/options.js'

/**
 * Why an actor ended, as in OTP.
 *
 * - `normal`: it was done (`this.stop()`).
 * - `shutdown`: its supervisor or node stopped it in order; `detail` may say more, as OTP's
 *   `{shutdown, Term}`.
 * - `killed`: it was ended without being asked; `onStop` did not run.
 * - `error`: an exception left one of its methods.
 * - `noActor`: it was not there when it was watched.
 * - `nodeDown`: its node went down; whether it ended is not known.
 */
export type ExitReason =
  | { readonly type: 'normal' }
  | { readonly type: 'shutdown'; readonly detail?: unknown }
  | { readonly type: 'killed' }
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'noActor' }
  | { readonly type: 'nodeDown'; readonly node: string }

export const NORMAL: ExitReason = Object.freeze({ type: 'normal' })
export const SHUTDOWN: ExitReason = Object.freeze({ type: 'shutdown' })
export const KILLED: ExitReason = Object.freeze({ type: 'killed' })
export const NO_ACTOR: ExitReason = Object.freeze({ type: 'noActor' })

const TYPES = ['normal', 'shutdown', 'killed', 'error', 'noActor', 'nodeDown']

/** @throws TroupeError ERR_BAD_OPTION for what is no exit reason */
export function checkReason(option: string, reason: ExitReason): void {
  if (TYPES.includes((reason as ExitReason | null)?.type as string)) return
  throw badOption(option, "an exit reason, such as { type: 'shutdown' }", reason)
}

/** OTP: a transient child is restarted only after an abnormal end. */
export const isAbnormal = (reason: ExitReason): boolean =>
  reason.type !== 'normal' && reason.type !== 'shutdown'

/** For logs and tables: `error: no such seat`. */
export function showReason(reason: ExitReason): string {
  switch (reason.type) {
    case 'error':
      return `error: ${messageOf(reason.error)}`
    case 'nodeDown':
      return `node ${reason.node} went down`
    case 'noActor':
      return 'no such actor'
    default:
      return reason.type
  }
}
