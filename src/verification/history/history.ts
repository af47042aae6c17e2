import type { Plain } from '../../simulation/op.js'
import { shortText } from './value-text.js'

/**
 * `invoke`: a client calls. `ok`: it was done. `fail`: it was not done and will not be. `info`: it may
 * have been done, may be done later, or never.
 */
export type EventType = 'invoke' | 'ok' | 'fail' | 'info'

/** Which of several independent objects an operation is on; undefined where there is one. */
export type HistoryKey = string | number | undefined

/** A line of a history. The order of lines is the only clock. */
export interface HistoryEvent {
  /** The client; it does one operation after another. */
  readonly process: number | string
  readonly type: EventType
  /** The name of the operation. */
  readonly f: string
  readonly key: HistoryKey
  readonly value: Plain
  /** In the file it was read from, from 1 on. */
  readonly line: number | undefined
}

/** An operation that was done or may have been. Those that failed are none. */
export interface HistoryOp {
  readonly process: number | string
  readonly f: string
  readonly key: HistoryKey
  /** What it was given. */
  readonly value: Plain
  /** What it gave; undefined while nobody knows. */
  readonly result: Plain
  /** `info`: it may take effect at any time after its call, or never. */
  readonly status: 'ok' | 'info'
  /** The place of its call in `History.events`. */
  readonly calledAt: number
  /** Infinity for `info`. */
  readonly returnedAt: number
}

/** What clients did and saw. Made by `readHistory`, `historyOf` or a `HistoryBuilder`. */
export class History {
  readonly events: readonly HistoryEvent[]
  /** In the order of their calls. */
  readonly ops: readonly HistoryOp[]

  constructor(events: readonly HistoryEvent[], ops: readonly HistoryOp[]) {
    this.events = events
    this.ops = ops
  }
}

/** Those operations as they stood just before the event `end`: later ones are not there, open ones may still be done. */
export function prefixOf(ops: readonly HistoryOp[], end: number): HistoryOp[] {
  const before: HistoryOp[] = []
  for (const op of ops) {
    if (op.calledAt >= end) continue
    before.push(op.returnedAt < end ? op : pending(op))
  }
  return before
}

/** The operation, as long as nobody knows what becomes of it. */
export const pending = (op: HistoryOp): HistoryOp => ({
  ...op,
  result: undefined,
  status: 'info',
  returnedAt: Number.POSITIVE_INFINITY,
})

/** An event on a line: `3 ok read x 5`. */
export function eventText({ process, type, f, key, value, line }: HistoryEvent): string {
  const words = [line === undefined ? '' : `${line}:`, `${process}`, type, f]
  if (key !== undefined) words.push(`${key}`)
  if (value !== undefined) words.push(shortText(value))
  return words.filter((word) => word !== '').join(' ')
}

/** An operation on a line: `read x → 5`. */
export function opText({ process, f, key, value, result, status }: HistoryOp): string {
  const words = [`${process}`, f]
  if (key !== undefined) words.push(`${key}`)
  if (value !== undefined && value !== null) words.push(shortText(value))
  if (status === 'info') words.push('→ ?')
  else if (result !== undefined) words.push('→', shortText(result))
  return words.join(' ')
}
