import type { ExitReason } from './exit-reason.js'
import type { AnyRef } from './ref.js'
import type { SendOptions } from './send-options.js'

/** Messages to actors of other nodes; filled by `remote/`. A node without peers has `noOutbound`. */
export interface Outbound {
  /** False: above the high-water mark, or refused (then `deadLetter` says why). @throws TroupeError ERR_NOT_SERIALIZABLE */
  tell(
    to: AnyRef,
    method: string,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean
  /** Settles at the latest at the deadline. */
  ask(
    to: AnyRef,
    method: string,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown>
  ready(to: AnyRef): Promise<void>
  /** Resolves when the remote actor has ended. */
  stop(to: AnyRef, reason: ExitReason, timeoutMs: number): Promise<void>
}
