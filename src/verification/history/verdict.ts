import type { HistoryEvent, HistoryKey, HistoryOp } from './history.js'

/** Why a history is not consistent. */
export interface Violation {
  /** The object it is on; undefined where there is one, or where it takes several. */
  readonly key: HistoryKey
  /** The events that show it, as few as were found: a history of these alone is inconsistent. */
  readonly events: readonly HistoryEvent[]
  /**
   * They are a prefix of the key's events (of all where none is named), and no shorter one is inconsistent; for
   * `sequential` with calls after it that may have been noticed. False when the budget ended that search, and for consistencies that are
   * no matter of prefixes.
   */
  readonly smallest: boolean
  /** What is wrong, for people. */
  readonly detail: string
}

/**
 * `ok`: consistent. `violation`: not. `unknown`: the budget ended first.
 */
export interface HistoryVerdict {
  readonly verdict: 'ok' | 'violation' | 'unknown'
  readonly consistency: string
  readonly model: string
  /** Operations that were done or may have been. */
  readonly operations: number
  /** Objects. */
  readonly keys: number
  /** Configurations that were looked at. */
  readonly states: number
  readonly violation: Violation | undefined
  /** What ended the search, when `unknown`. */
  readonly reason: string | undefined
}

/** What a search finds: nothing wrong, or something. */
export type Finding = 'ok' | Violation | 'unknown'

/** Operations by key, in the order of first use; all under one where the model has all keys together. */
export function byKey(ops: readonly HistoryOp[], together: boolean): Map<HistoryKey, HistoryOp[]> {
  const parts = new Map<HistoryKey, HistoryOp[]>()
  for (const op of ops) {
    const key = together ? undefined : op.key
    const part = parts.get(key)
    if (part === undefined) parts.set(key, [op])
    else part.push(op)
  }
  return parts
}
