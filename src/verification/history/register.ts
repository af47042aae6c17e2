import { check } from '../../base/options.js'
import type { Plain } from '../../simulation/op.js'
import type { HistoryOp } from './history.js'
import type { Access, Model, OperationRule } from './model.js'
import { decideRegister } from './register-zones.js'
import { valueText } from './value-text.js'

const READ: OperationRule = { takes: 'nothing', gives: 'anything' }
const WRITE: OperationRule = {
  takes: check('a value', (value) => value !== undefined),
  gives: 'same',
}
const CAS: OperationRule = {
  takes: check('[from, to]', (value) => Array.isArray(value) && value.length === 2),
  gives: 'same',
}

/** A value that is read and written as a whole. `initial` (default null) is what it holds at first. */
export const register = (initial: Plain = null): Model<string> =>
  new Register('register', { read: READ, write: WRITE }, initial)

/** A register that also compares and sets: `cas` takes `[from, to]`, and is done only where `from` is held. */
export const casRegister = (initial: Plain = null): Model<string> =>
  new Register('cas-register', { read: READ, write: WRITE, cas: CAS }, initial)

/** Its state is the text of the value it holds. */
class Register implements Model<string> {
  readonly name: string
  readonly operations: Readonly<Record<string, OperationRule>>
  readonly initial: string
  readonly initialValue: Plain

  constructor(name: string, operations: Register['operations'], initial: Plain) {
    this.name = name
    this.operations = operations
    this.initial = valueText(initial)
    this.initialValue = initial
  }

  text(state: string): string {
    return state
  }

  step(state: string, op: HistoryOp): string | undefined {
    const { reads, writes } = this.access(op)
    if (reads !== undefined && valueText(reads) !== state) return undefined
    return writes === undefined ? state : valueText(writes)
  }

  isRead({ f }: HistoryOp): boolean {
    return f === 'read'
  }

  access({ f, value, result, status }: HistoryOp): Access {
    if (f === 'write') return { writes: value ?? null }
    if (f === 'read') return status === 'ok' ? { reads: result ?? null } : {}
    const [from, to] = value as [Plain, Plain]
    return { reads: from ?? null, writes: to ?? null }
  }

  decide(ops: readonly HistoryOp[]): boolean | undefined {
    return decideRegister(ops, this.initial, (op) => this.access(op))
  }

  /** What writes a value that nobody sees might as well not have been: between it and the next write nobody looks. */
  noticeable(open: readonly HistoryOp[], done: readonly HistoryOp[]): readonly HistoryOp[] {
    const writers = new Map<string, HistoryOp[]>()
    for (const op of open) {
      const { writes } = this.access(op)
      if (writes === undefined) continue
      const text = valueText(writes)
      const known = writers.get(text)
      if (known === undefined) writers.set(text, [op])
      else known.push(op)
    }
    const noticed = new Set<HistoryOp>()
    const seen = new Set<string>()
    const see = ({ reads }: Access): void => {
      if (reads !== undefined) seen.add(valueText(reads))
    }
    for (const op of done) see(this.access(op))
    for (const text of seen) {
      for (const op of writers.get(text) ?? []) {
        noticed.add(op)
        see(this.access(op))
      }
    }
    return open.filter((op) => noticed.has(op))
  }
}
