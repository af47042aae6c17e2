import type { Plain } from '../../simulation/op.js'
import type { Budget, Ledger } from './budget.js'
import { type History, type HistoryKey, type HistoryOp, opText } from './history.js'
import { badHistory } from './history-builder.js'
import type { Access, AnyModel } from './model.js'
import { Strands } from './strands.js'
import { shortText, valueText } from './value-text.js'

/** The value that was there at first was read. */
export const AT_FIRST = -1
/** Nobody has written what was read. */
export const NOBODY = -2

/** By estimate: what an operation costs here, but for its value. */
const OP_BYTES = 500

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
  /** Writes of a key. */
  readonly writesOf: ReadonlyMap<HistoryKey, readonly number[]>
  readonly #writes: readonly boolean[]

  private constructor(
    history: History,
    table: AccessTable,
    ops: readonly number[],
    strands: Strands,
  ) {
    this.history = history
    this.ops = ops.map((op) => history.ops[op] as HistoryOp)
    this.strands = strands
    this.#writes = ops.map((op) => table.writes[op] !== undefined)
    const placeOf = new Map(ops.map((op, place) => [op, place]))
    this.writerOf = ops.map((op) => {
      const reads = table.reads[op]
      if (reads === undefined) return undefined
      if (reads === table.first[op]) return AT_FIRST
      const writer = table.writers.get(reads)
      return (writer === undefined ? undefined : placeOf.get(writer)) ?? NOBODY
    })
    const writesOf = new Map<HistoryKey, number[]>()
    for (const [place, { key }] of this.ops.entries()) {
      if (!this.isWrite(place)) continue
      const known = writesOf.get(key)
      if (known === undefined) writesOf.set(key, [place])
      else known.push(place)
    }
    this.writesOf = writesOf
  }

  /**
   * Undefined: the budget is spent.
   * @throws TroupeError ERR_BAD_HISTORY when it is not known who read whose write
   */
  static of(
    history: History,
    model: AnyModel,
    budget: Budget,
    ledger: Ledger,
  ): SessionGraph | undefined {
    const table = accessTable(history, model, budget, ledger)
    if (table === undefined) return undefined
    if ('detail' in table) throw badHistory(table.line, table.detail)
    const ops = seenOf(history.ops, table)
    const own = ops.map((op) => history.ops[op] as HistoryOp)
    const strands = new Strands(own, budget, ledger)
    return strands.complete ? new SessionGraph(history, table, ops, strands) : undefined
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

  /** Both of one process, and the first had returned when the second was called. */
  isEarlier(first: number, second: number): boolean {
    const { process, returnedAt } = this.ops[first] as HistoryOp
    const later = this.ops[second] as HistoryOp
    return process === later.process && returnedAt < later.calledAt
  }
}

/** Whether it is known of each read whose write it saw; undefined: the budget is spent. */
export function canTellWriters(
  history: History,
  model: AnyModel,
  budget: Budget,
  ledger: Ledger,
): boolean | undefined {
  const table = accessTable(history, model, budget, ledger)
  return table === undefined ? undefined : !('detail' in table)
}

/** By the place of an operation in the history: what it reads and writes, as texts of key and value. */
interface AccessTable {
  readonly reads: readonly (string | undefined)[]
  readonly writes: readonly (string | undefined)[]
  /** What is read before anything was written. */
  readonly first: readonly string[]
  readonly writers: ReadonlyMap<string, number>
}

interface Problem {
  readonly line: number | undefined
  readonly detail: string
}

function accessTable(
  history: History,
  model: AnyModel,
  budget: Budget,
  ledger: Ledger,
): AccessTable | Problem | undefined {
  const initial = valueText(model.initialValue)
  const reads: (string | undefined)[] = []
  const writes: (string | undefined)[] = []
  const first: string[] = []
  const firstOf = new Map<HistoryKey, string>()
  const writers = new Map<string, number>()
  const lineOf = (op: number): number | undefined =>
    history.events[(history.ops[op] as HistoryOp).calledAt]?.line
  for (const [place, op] of history.ops.entries()) {
    if (!budget.step()) return undefined
    const access: Access | undefined = model.keys === 'together' ? undefined : model.access?.(op)
    const line = lineOf(place)
    if (access === undefined) {
      return { line, detail: `${op.f} of ${model.name} is neither a read nor a write` }
    }
    const prefix = `${JSON.stringify(op.key)} `
    const slot = (value: Plain): string => prefix + valueText(value)
    const atFirst = firstOf.get(op.key) ?? prefix + initial
    firstOf.set(op.key, atFirst)
    first.push(atFirst)
    reads.push(access.reads === undefined ? undefined : slot(access.reads))
    const written = access.writes === undefined ? undefined : slot(access.writes)
    writes.push(written)
    ledger.keep(OP_BYTES + 2 * ((written ?? reads[place])?.length ?? 0))
    if (written === undefined) continue
    const value = shortText(access.writes)
    if (written === atFirst) {
      return { line, detail: `${value} is written, which is there at first: who reads it?` }
    }
    const before = writers.get(written)
    if (before !== undefined) {
      const other = lineOf(before)
      const where = other === undefined ? '' : `, in line ${other} for the first time`
      const detail = `${value} is written twice${where}: whose write a read saw is not known`
      return { line, detail }
    }
    writers.set(written, place)
  }
  return { reads, writes, first, writers }
}

/** Leaves out reads without a result, and writes of unknown outcome that nobody read. */
function seenOf(ops: readonly HistoryOp[], { reads, writes, writers }: AccessTable): number[] {
  const kept = ops.map(({ status }) => status === 'ok')
  const todo: number[] = []
  for (const place of ops.keys()) if (kept[place]) todo.push(place)
  for (const place of todo) {
    const read = reads[place]
    const writer = read === undefined ? undefined : writers.get(read)
    if (writer === undefined || kept[writer]) continue
    kept[writer] = true
    todo.push(writer)
  }
  return [...ops.keys()].filter(
    (place) => kept[place] && (writes[place] !== undefined || reads[place] !== undefined),
  )
}
