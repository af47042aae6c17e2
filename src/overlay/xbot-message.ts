import { isGeneration, isNodeName } from './member.js'
import { memberOf, wireOf } from './member-wires.js'
import type { Member } from './overlay.js'

/** What the four nodes of an exchange tell each other: initiator, its old neighbour, candidate, and who leaves the candidate. */
export type XBotMessage =
  /** Initiator to candidate: take me in place of one of yours; I would leave `old`. */
  | {
      readonly type: 'optimization'
      readonly id: number
      readonly old: Member
      readonly costs: ExchangeCosts
    }
  /** `switched`: the old neighbour has found another, and let go of the initiator. */
  | {
      readonly type: 'optimizationReply'
      readonly id: number
      readonly ok: boolean
      readonly switched: boolean
    }
  /** Candidate to the one that would leave it: take `old` in place of me. */
  | {
      readonly type: 'replace'
      readonly id: number
      readonly initiator: string
      readonly old: Member
      readonly costs: ExchangeCosts
    }
  | { readonly type: 'replaceReply'; readonly id: number; readonly ok: boolean }
  /** To the old neighbour: take me in place of the initiator. */
  | { readonly type: 'switch'; readonly id: number; readonly initiator: string }
  | { readonly type: 'switchReply'; readonly id: number; readonly ok: boolean }
  /** We are no neighbours any more; another takes my place with you in a moment. */
  | { readonly type: 'disconnectWait' }

/** What the initiator knows: the cost of its link to the old neighbour, and to the candidate. */
export interface ExchangeCosts {
  readonly old: number
  readonly candidate: number
}

const OPTIMIZATION = 16
const OPTIMIZATION_REPLY = 17
const REPLACE = 18
const REPLACE_REPLY = 19
const SWITCH = 20
const SWITCH_REPLY = 21
const DISCONNECT_WAIT = 22

/** Builds the bodies: small arrays with the kind in front. */
export const xbotWire = {
  optimization: (id: number, old: Member, costs: ExchangeCosts): unknown => [
    OPTIMIZATION,
    id,
    wireOf(old),
    costs.old,
    costs.candidate,
  ],
  optimizationReply: (id: number, ok: boolean, switched: boolean): unknown => [
    OPTIMIZATION_REPLY,
    id,
    ok,
    switched,
  ],
  replace: (id: number, initiator: string, old: Member, costs: ExchangeCosts): unknown => [
    REPLACE,
    id,
    initiator,
    wireOf(old),
    costs.old,
    costs.candidate,
  ],
  replaceReply: (id: number, ok: boolean): unknown => [REPLACE_REPLY, id, ok],
  switch: (id: number, initiator: string): unknown => [SWITCH, id, initiator],
  switchReply: (id: number, ok: boolean): unknown => [SWITCH_REPLY, id, ok],
  disconnectWait: (): unknown => [DISCONNECT_WAIT],
}

export function xbotMessageFromWire(fields: readonly unknown[]): XBotMessage | undefined {
  const [kind, id, first, second, third, fourth] = fields
  const count = fields.length - 1
  if (kind === DISCONNECT_WAIT) return count === 0 ? { type: 'disconnectWait' } : undefined
  if (!isGeneration(id)) return undefined
  switch (kind) {
    case OPTIMIZATION: {
      const old = count === 4 ? memberOf(first) : undefined
      const costs = costsOf(second, third)
      return old && costs && { type: 'optimization', id, old, costs }
    }
    case OPTIMIZATION_REPLY:
      return count === 3 && isFlag(first) && isFlag(second)
        ? { type: 'optimizationReply', id, ok: first, switched: second }
        : undefined
    case REPLACE: {
      const old = count === 5 && isNodeName(first) ? memberOf(second) : undefined
      const costs = costsOf(third, fourth)
      return old && costs && { type: 'replace', id, initiator: first as string, old, costs }
    }
    case REPLACE_REPLY:
      return count === 2 && isFlag(first) ? { type: 'replaceReply', id, ok: first } : undefined
    case SWITCH:
      return count === 2 && isNodeName(first) ? { type: 'switch', id, initiator: first } : undefined
    case SWITCH_REPLY:
      return count === 2 && isFlag(first) ? { type: 'switchReply', id, ok: first } : undefined
    default:
      return undefined
  }
}

function costsOf(old: unknown, candidate: unknown): ExchangeCosts | undefined {
  return isCost(old) && isCost(candidate) ? { old, candidate } : undefined
}

export const isCost = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY

const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'
