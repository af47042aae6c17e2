import { type ExitReason, KILLED, NO_ACTOR, NORMAL, SHUTDOWN } from '../actor/exit-reason.js'
import { unreachable } from '../base/unreachable.js'
import { decodeFailure, encodeFailure, type Failure, plainFailure } from './failure.js'

/** An exit reason in flight: `[type]`, or `[type, detail | failure | node]`. */
export type WireReason = readonly unknown[]

const NODE_CHARS = 256

export function encodeReason(reason: ExitReason, stacks: boolean): WireReason {
  switch (reason.type) {
    case 'normal':
    case 'killed':
    case 'noActor':
      return [reason.type]
    case 'shutdown':
      return reason.detail === undefined ? ['shutdown'] : ['shutdown', reason.detail]
    case 'error':
      return ['error', encodeFailure(reason.error, stacks)]
    case 'nodeDown':
      return ['nodeDown', reason.node]
    default:
      return unreachable(reason)
  }
}

/** Only what always can travel: sent when a detail or an error's data cannot. */
export function plainReason(reason: WireReason): WireReason {
  const [type, rest] = reason
  if (type === 'error') return [type, plainFailure(rest as Failure)]
  return type === 'shutdown' ? [type] : reason
}

/** The reason a peer named, or undefined when it is none. */
export function decodeReason(wire: unknown): ExitReason | undefined {
  if (!Array.isArray(wire) || wire.length < 1 || wire.length > 2) return undefined
  const rest: unknown = wire[1]
  switch (wire[0]) {
    case 'normal':
      return NORMAL
    case 'killed':
      return KILLED
    case 'noActor':
      return NO_ACTOR
    case 'shutdown':
      return rest === undefined ? SHUTDOWN : { type: 'shutdown', detail: rest }
    case 'error':
      return { type: 'error', error: decodeFailure(rest) }
    case 'nodeDown':
      return typeof rest === 'string' && rest.length <= NODE_CHARS
        ? { type: 'nodeDown', node: rest }
        : undefined
    default:
      return undefined
  }
}
