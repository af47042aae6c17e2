import type { Plain } from '../../simulation/op.js'
import {
  type History,
  type HistoryEvent,
  type HistoryKey,
  type HistoryOp,
  opText,
} from './history.js'
import { badHistory } from './history-builder.js'
import type { AnyModel } from './model.js'
import { Strands } from './strands.js'
import { shortText, valueText } from './value-text.js'
import type { Violation } from './verdict.js'

/** The value that was there at first was read. */
export const AT_FIRST = -1
/** Nobody has written what was read. */
export const NOBODY = -2

/**
 * Reads and writes of a history, and who read whose write. Each value is written once to a key, so it is known. Of writes whose
 * outcome nobody knows only those are here that somebody read.
 */
export class SessionGraph {
  readonly history: History
  readonly ops: readonly HistoryOp[]
  readonly strands: Strands
  /** Whose write an operation read: a place in `ops`, AT_FIRST or NOBODY; undefined where it does not read. */
  readonly writerOf: readonly (number | undefined)[]
  readonly #writes: readonly boolean[]
  /** Writes of a key. */
  readonly writesOf: ReadonlyMap<HistoryKey, readonly number[]>

  /** @throws TroupeError ERR_BAD_HISTORY when it is not known who read whose write */
  constructor(history: History, model: AnyModel) {
    this.history = history
    const problem = problemOf(history, model)
    if (problem !== undefined) throw badHistory(problem.line, problem.detail)
    const access = (op: HistoryOp) => model.access?.(op) ?? {}
    this.ops = withoutUnseen(history.ops, access)
    const accesses = this.ops.map(access)
    this.strands = new Strands(this.ops)
    this.#writes = accesses.map(({ writes }) => writes !== undefined)
    const writers = new Map<string, number>()
    const writesOf = new Map<HistoryKey, number[]>()
    for (const [place, { writes }] of accesses.entries()) {
      if (writes === undefined) continue
      const { key } = this.ops[place] as HistoryOp
      writers.set(slotOf(key, writes), place)
      const known = writesOf.get(key)
      if (known === undefined) writesOf.set(key, [place])
      else known.push(place)
    }
    this.writesOf = writesOf
    const first = valueText(model.initialValue)
    this.writerOf = accesses.map(({ reads }, place) => {
      if (reads === undefined) return undefined
      if (valueText(reads) === first) return AT_FIRST
      return writers.get(slotOf((this.ops[place] as HistoryOp).key, reads)) ?? NOBODY
    })
  }

  isWrite(op: number): boolean {
    return this.#writes[op] as boolean
  }

  keyOf(op: number): HistoryKey {
    return (this.ops[op] as HistoryOp).key
  }

  textOf(op: number): string {
    return opText(this.ops[op] as HistoryOp)
  }

  /** What is wrong about these operations: their calls and returns. */
  violation(detail: string, places: readonly number[]): Violation {
    const ops = [...new Set(places)].map((place) => this.ops[place] as HistoryOp)
    const keys = new Set(ops.map(({ key }) => key))
    const at = ops
      .flatMap(({ calledAt, returnedAt }) => [calledAt, returnedAt])
      .filter((place) => place !== Number.POSITIVE_INFINITY)
      .sort((a, b) => a - b)
    return {
      key: keys.size === 1 ? ops[0]?.key : undefined,
      events: at.map((place) => this.history.events[place] as HistoryEvent),
      smallest: false,
      detail,
    }
  }
}

/** Whether it is known of each read whose write it saw. */
export const canTellWriters = (history: History, model: AnyModel): boolean =>
  problemOf(history, model) === undefined

interface Problem {
  readonly line: number | undefined
  readonly detail: string
}

function problemOf(history: History, model: AnyModel): Problem | undefined {
  const first = valueText(model.initialValue)
  const known = new Map<string, HistoryOp>()
  for (const op of history.ops) {
    const access = model.keys === 'together' ? undefined : model.access?.(op)
    const lineOf = ({ calledAt }: HistoryOp): number | undefined => history.events[calledAt]?.line
    const line = lineOf(op)
    if (access === undefined) {
      return { line, detail: `${op.f} of ${model.name} is neither a read nor a write` }
    }
    if (access.writes === undefined) continue
    const value = shortText(access.writes)
    if (valueText(access.writes) === first) {
      return { line, detail: `${value} is written, which is there at first: who reads it?` }
    }
    const slot = slotOf(op.key, access.writes)
    const before = known.get(slot)
    known.set(slot, op)
    if (before === undefined) continue
    const other = lineOf(before)
    const where = other === undefined ? '' : `, in line ${other} for the first time`
    return {
      line,
      detail: `${value} is written twice${where}: whose write a read saw is not known`,
    }
  }
  return undefined
}

const slotOf = (key: HistoryKey, value: Plain): string =>
  `${JSON.stringify(key)} ${valueText(value)}`

/** Leaves out reads without a result, and writes without one that nobody read. */
function withoutUnseen(
  ops: readonly HistoryOp[],
  access: (op: HistoryOp) => { readonly reads?: Plain; readonly writes?: Plain },
): HistoryOp[] {
  const seen = new Set<string>()
  const see = (op: HistoryOp): void => {
    const { reads } = access(op)
    if (reads !== undefined) seen.add(slotOf(op.key, reads))
  }
  for (const op of ops) if (op.status === 'ok') see(op)
  const kept = new Set<HistoryOp>()
  for (let before = -1; before !== kept.size; ) {
    before = kept.size
    for (const op of ops) {
      const { writes } = access(op)
      if (op.status === 'ok' || writes === undefined || kept.has(op)) continue
      if (!seen.has(slotOf(op.key, writes))) continue
      kept.add(op)
      see(op)
    }
  }
  return ops.filter((op) => op.status === 'ok' || kept.has(op))
}
