import { TroupeError } from '../base/errors.js'
import type { ExitReason } from './exit-reason.js'
import type { MethodDefinition } from './method-definition.js'
import type { AnyRef } from './ref.js'
import type { SendOptions } from './send-options.js'

/** Messages to actors of other nodes; filled by `remote/`. A node without peers has `noOutbound`. */
export interface Outbound {
  /** False: above the high-water mark, or refused (then `deadLetter` says why). @throws TroupeError ERR_NOT_SERIALIZABLE */
  tell(
    to: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): boolean
  /** Settles at the latest at the deadline. */
  ask(
    to: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown>
  ready(to: AnyRef): Promise<void>
  /** Resolves when the remote actor has ended. */
  stop(to: AnyRef, reason: ExitReason, timeoutMs: number): Promise<void>
}

/** Of a node without peers: tells are refused by an error, since no other node can be known. */
export const noOutbound: Outbound = {
  tell: (to) => {
    throw unknownNode(to)
  },
  ask: (to) => Promise.reject(unknownNode(to)),
  ready: () => Promise.resolve(),
  stop: (to) => Promise.reject(unknownNode(to)),
}

const unknownNode = (to: AnyRef): TroupeError =>
  new TroupeError('ERR_UNKNOWN_NODE', `no node named '${to.node}' is known here: ${to}`)
