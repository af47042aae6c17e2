import type { ErrorCode } from '../base/errors.js'
import type { AnyRef } from './ref.js'

/** A tell that reached nobody. Failed asks are not among them: the asker knows. */
export interface DeadLetter {
  readonly to: AnyRef
  readonly method: string
  readonly args: readonly unknown[]
  /** Why, such as ERR_MAILBOX_FULL, ERR_STOPPED, ERR_NO_ACTOR, ERR_BAD_ARGUMENTS. */
  readonly reason: ErrorCode
}
