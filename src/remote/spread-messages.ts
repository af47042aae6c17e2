import { isUlid } from '../base/identity.js'
import {
  type GroupEntry,
  type GroupOp,
  isCount,
  isGroupEntry,
  isGroupOp,
  isListOf,
} from './group-messages.js'

/** What a node tells all others about groups where not all are connected to it. */
export type SpreadMessage =
  /** Changes number `from + 1` to `from + ops.length` of my own memberships. */
  | { readonly type: 'delta'; readonly from: number; readonly ops: readonly GroupOp[] }
  /** Part `index` of `count` of all of them, at `version`. */
  | {
      readonly type: 'state'
      readonly version: number
      readonly index: number
      readonly count: number
      readonly entries: readonly GroupEntry[]
    }
  /** I am there, and this is my version. */
  | { readonly type: 'alive'; readonly version: number }
  /** I lack the states of these nodes: they may tell them to all. */
  | { readonly type: 'want'; readonly nodes: readonly WantedNode[] }
  /** I stop. */
  | { readonly type: 'gone' }

export type WantedNode = readonly [name: string, incarnation: string]

/** Changes or memberships in one message, and nodes that are wanted. Far below the limit of a broadcast. */
export const SPREAD_BATCH = 100
const PARTS_MAX = 65_536
const NAME_CHARS = 128

const DELTA = 1
const STATE = 2
const ALIVE = 3
const WANT = 4
const GONE = 5

export function encodeSpreadMessage(message: SpreadMessage): readonly unknown[] {
  switch (message.type) {
    case 'delta':
      return [DELTA, message.from, message.ops]
    case 'state':
      return [STATE, message.version, message.index, message.count, message.entries]
    case 'alive':
      return [ALIVE, message.version]
    case 'want':
      return [WANT, message.nodes]
    case 'gone':
      return [GONE]
  }
}

/** The message a node has broadcast, or undefined when a field of it is wrong. */
export function decodeSpreadMessage(wire: unknown): SpreadMessage | undefined {
  if (!Array.isArray(wire)) return undefined
  const [kind, ...fields] = wire as unknown[]
  switch (kind) {
    case DELTA: {
      const [from, ops] = fields
      if (fields.length !== 2 || !isCount(from) || !isBatch(ops, isGroupOp)) return undefined
      return { type: 'delta', from, ops }
    }
    case STATE: {
      const [version, index, count, entries] = fields
      if (fields.length !== 4 || !isCount(version) || !isCount(index) || !isCount(count)) {
        return undefined
      }
      if (index >= count || count > PARTS_MAX || !isBatch(entries, isGroupEntry)) return undefined
      return { type: 'state', version, index, count, entries }
    }
    case ALIVE: {
      const [version] = fields
      return fields.length === 1 && isCount(version) ? { type: 'alive', version } : undefined
    }
    case WANT: {
      const [nodes] = fields
      return fields.length === 1 && isBatch(nodes, isWanted) ? { type: 'want', nodes } : undefined
    }
    case GONE:
      return fields.length === 0 ? { type: 'gone' } : undefined
    default:
      return undefined
  }
}

const isBatch = <T>(value: unknown, is: (item: unknown) => item is T): value is readonly T[] =>
  isListOf(value, is, SPREAD_BATCH)

const isWanted = (value: unknown): value is WantedNode =>
  Array.isArray(value) &&
  value.length === 2 &&
  typeof value[0] === 'string' &&
  value[0].length <= NAME_CHARS &&
  isUlid(value[1])
