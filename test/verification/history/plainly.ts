import type { AnyModel, History, HistoryOp } from '../../../src/verification/index.js'

type Pair = readonly [older: HistoryOp, newer: HistoryOp]

/** All orders of some operations. */
export function* orders(ops: readonly HistoryOp[]): Generator<readonly HistoryOp[]> {
  if (ops.length === 0) yield []
  for (const first of ops) {
    for (const rest of orders(ops.filter((op) => op !== first))) yield [first, ...rest]
  }
}

/**
 * Reads and writes of a handful of operations, and what weak consistencies demand of them by their definitions in
 * docs/verification.md. Each value is written once to a key.
 */
export class Plainly {
  readonly #model: AnyModel
  readonly ops: readonly HistoryOp[]

  constructor({ ops }: History, model: AnyModel) {
    this.#model = model
    const seen = new Set(ops.filter(({ status }) => status === 'ok'))
    for (const op of seen) {
      const writer = ops.find((one) => this.#saw(op, one))
      if (writer !== undefined) seen.add(writer)
    }
    this.ops = ops.filter((op) => seen.has(op))
  }

  get writes(): readonly HistoryOp[] {
    return this.ops.filter((op) => this.#access(op).writes !== undefined)
  }

  get reads(): readonly HistoryOp[] {
    return this.ops.filter((op) => this.#access(op).reads !== undefined)
  }

  /** Undefined: what is there at first, or what nobody has written. */
  writerOf(op: HistoryOp): HistoryOp | undefined {
    return this.ops.find((one) => this.#saw(op, one))
  }

  /** Each read saw a write, or what is there at first. */
  get founded(): boolean {
    return this.reads.every(
      (op) =>
        this.#access(op).reads === this.#model.initialValue || this.writerOf(op) !== undefined,
    )
  }

  inSession(first: HistoryOp, second: HistoryOp): boolean {
    return first.process === second.process && first.returnedAt < second.calledAt
  }

  /** Everything that comes before, by sessions and reads. */
  past(op: HistoryOp): Set<HistoryOp> {
    const past = new Set<HistoryOp>()
    const todo = [op]
    for (const one of todo) {
      const writer = this.writerOf(one)
      for (const other of this.ops) {
        if (past.has(other) || !(this.inSession(other, one) || other === writer)) continue
        past.add(other)
        todo.push(other)
      }
    }
    return past
  }

  get circular(): boolean {
    return this.ops.some((op) => this.past(op).has(op))
  }

  /** One order of all writes, which sessions and reads agree with, and of which each read sees the last of its past. */
  get causallyConvergent(): boolean {
    if (!this.founded || this.circular) return false
    const pasts = new Map(this.ops.map((op) => [op, this.past(op)]))
    for (const order of orders(this.writes)) {
      const follows = order.every((write, at) =>
        order.slice(at + 1).every((later) => !pasts.get(write)?.has(later)),
      )
      if (!follows) continue
      const explains = this.reads.every((read) => {
        const seen = order.filter((write) => write.key === read.key && pasts.get(read)?.has(write))
        return seen[seen.length - 1] === this.writerOf(read)
      })
      if (explains) return true
    }
    return false
  }

  /** For each read the writes before it can be put in an order whose last on its key is what it saw. */
  get causal(): boolean {
    if (!this.founded || this.circular) return false
    const pasts = new Map(this.ops.map((op) => [op, this.past(op)]))
    return this.reads.every((read) => {
      const past = pasts.get(read) ?? new Set()
      const before = this.writes.filter((write) => past.has(write))
      const onKey = before.filter(({ key }) => key === read.key)
      const writer = this.writerOf(read)
      if (writer === undefined) return onKey.length === 0
      return onKey.every((write) => !pasts.get(write)?.has(writer))
    })
  }

  /** No circle, and an order of the writes to each key in which what each read must show is not newer than what it saw. */
  session(...asked: readonly string[]): boolean {
    if (!this.founded || this.circular) return false
    const follows = this.#follows(asked)
    const pairs: Pair[] = []
    for (const newer of this.writes) {
      for (const older of this.writes) {
        const after =
          this.inSession(older, newer) ||
          (asked.includes('writes-follow-reads') && follows(newer).has(older))
        if (after && older.key === newer.key) pairs.push([older, newer])
      }
    }
    for (const read of this.reads) {
      const writer = this.writerOf(read)
      for (const older of this.#due(read, asked, follows)) {
        if (older === writer) continue
        if (writer === undefined) return false
        pairs.push([older, writer])
      }
    }
    return [...new Set(this.writes.map(({ key }) => key))].every((key) =>
      fits(
        this.writes.filter((write) => write.key === key),
        pairs,
      ),
    )
  }

  /** What a read must show, or what is newer. */
  #due(
    read: HistoryOp,
    asked: readonly string[],
    follows: (write: HistoryOp) => ReadonlySet<HistoryOp>,
  ): HistoryOp[] {
    const before = this.ops.filter((op) => this.inSession(op, read))
    const due: HistoryOp[] = []
    if (asked.includes('read-your-writes')) due.push(...before)
    for (const op of before) {
      const seen = this.writerOf(op)
      if (seen === undefined) continue
      if (asked.includes('monotonic-reads')) due.push(seen)
      due.push(...follows(seen))
    }
    return due.filter((op) => op.key === read.key && this.#access(op).writes !== undefined)
  }

  /** What was written before a write in its process, what was read there, and what that follows in turn: as asked. */
  #follows(asked: readonly string[]): (write: HistoryOp) => ReadonlySet<HistoryOp> {
    const all = new Map<HistoryOp, ReadonlySet<HistoryOp>>()
    for (const write of this.writes) {
      const follows = new Set<HistoryOp>()
      const todo = [write]
      for (const one of todo) {
        for (const op of this.ops) {
          const own = this.inSession(op, one)
          const seen = own || op === one ? this.writerOf(op) : undefined
          const added = [
            ...(asked.includes('monotonic-writes') && own && this.writes.includes(op) ? [op] : []),
            ...(asked.includes('writes-follow-reads') && seen !== undefined ? [seen] : []),
          ]
          for (const other of added) {
            if (follows.has(other)) continue
            follows.add(other)
            todo.push(other)
          }
        }
      }
      all.set(write, follows)
    }
    return (write) => all.get(write) ?? new Set()
  }

  #access(op: HistoryOp) {
    return this.#model.access?.(op) ?? {}
  }

  #saw(op: HistoryOp, write: HistoryOp): boolean {
    const { reads } = this.#access(op)
    return reads !== undefined && write.key === op.key && this.#access(write).writes === reads
  }
}

/** Whether some order of the writes has the older of each pair before the newer. */
function fits(writes: readonly HistoryOp[], pairs: readonly Pair[]): boolean {
  const own = pairs.filter(([older, newer]) => writes.includes(older) && writes.includes(newer))
  for (const order of orders(writes)) {
    if (own.every(([older, newer]) => order.indexOf(older) < order.indexOf(newer))) return true
  }
  return false
}
