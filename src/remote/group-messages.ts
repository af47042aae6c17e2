import { MAX_SERIAL } from '../base/identity.js'

/** One change of a node's own memberships; each raises its version by one. */
export type GroupOp = readonly [op: 'join' | 'leave', group: string, serial: number, type: string]

/** One membership of a snapshot. */
export type GroupEntry = readonly [group: string, serial: number, type: string]

/**
 * What nodes tell each other about groups. Each message says which version of the receiver's own
 * state the sender knows: that is the acknowledgement.
 */
export type GroupMessage =
  | { readonly type: 'known'; readonly known: number }
  /** Changes number `from + 1` to `from + ops.length`. */
  | {
      readonly type: 'delta'
      readonly known: number
      readonly from: number
      readonly ops: readonly GroupOp[]
    }
  /** Part `index` of the whole state at `version`. */
  | {
      readonly type: 'snapshot'
      readonly known: number
      readonly version: number
      readonly index: number
      readonly last: boolean
      readonly entries: readonly GroupEntry[]
    }

/** Changes or memberships in one message. */
export const BATCH = 500
export const GROUP_NAME_CHARS = 256
const TYPE_CHARS = 256

export function encodeGroupMessage(message: GroupMessage): readonly unknown[] {
  switch (message.type) {
    case 'known':
      return [message.known]
    case 'delta':
      return [message.known, message.from, message.ops]
    case 'snapshot':
      return [message.known, message.version, message.index, message.last, message.entries]
  }
}

/** The message a peer sent, or undefined when a field of it is wrong. */
export function decodeGroupMessage(wire: readonly unknown[]): GroupMessage | undefined {
  const known = wire[0]
  if (!isCount(known)) return undefined
  switch (wire.length) {
    case 1:
      return { type: 'known', known }
    case 3: {
      const [, from, ops] = wire
      if (!isCount(from) || !isListOf(ops, isGroupOp)) return undefined
      return { type: 'delta', known, from, ops }
    }
    case 5: {
      const [, version, index, last, entries] = wire
      if (!isCount(version) || !isCount(index) || typeof last !== 'boolean') return undefined
      if (!isListOf(entries, isGroupEntry)) return undefined
      return { type: 'snapshot', known, version, index, last, entries }
    }
    default:
      return undefined
  }
}

/** True for what may be the name of a group. */
export const isGroupName = (name: unknown): name is string =>
  typeof name === 'string' && name.length > 0 && name.length <= GROUP_NAME_CHARS

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const isSerial = (value: unknown): boolean => isCount(value) && value >= 1 && value <= MAX_SERIAL

const isType = (value: unknown): boolean =>
  typeof value === 'string' && value.length > 0 && value.length <= TYPE_CHARS

export function isListOf<T>(
  value: unknown,
  is: (item: unknown) => item is T,
  most: number = BATCH,
): value is readonly T[] {
  return Array.isArray(value) && value.length <= most && value.every(is)
}

export const isGroupOp = (value: unknown): value is GroupOp =>
  Array.isArray(value) &&
  value.length === 4 &&
  (value[0] === 'join' || value[0] === 'leave') &&
  isGroupName(value[1]) &&
  isSerial(value[2]) &&
  isType(value[3])

export const isGroupEntry = (value: unknown): value is GroupEntry =>
  Array.isArray(value) &&
  value.length === 3 &&
  isGroupName(value[0]) &&
  isSerial(value[1]) &&
  isType(value[2])
