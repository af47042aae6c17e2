import { type Budget, Ledger } from './budget.js'
import { orderOrCycle } from './cycle.js'
import type { History, HistoryKey } from './history.js'
import type { AnyModel } from './model.js'
import { AT_FIRST, NOBODY, SessionGraph } from './session-graph.js'
import { type Newest, SessionView } from './session-view.js'
import type { Finding, Violation } from './verdict.js'

/** Terry et al., "Session guarantees for weakly consistent replicated data", PDIS 1994. */
export type Guarantee =
  | 'read-your-writes'
  | 'monotonic-reads'
  | 'monotonic-writes'
  | 'writes-follow-reads'

export const GUARANTEES: readonly Guarantee[] = [
  'read-your-writes',
  'monotonic-reads',
  'monotonic-writes',
  'writes-follow-reads',
]

/** A checker of these guarantees, all at once. */
export const findSession =
  (guarantees: readonly Guarantee[]) =>
  (history: History, model: AnyModel, budget: Budget): Finding =>
    new SessionOrder(new SessionGraph(history, model), new Set(guarantees), budget).find()

const NOTHING: Newest = new Map()

/** By estimate: what an entry of what a write follows costs. */
const ENTRY_BYTES = 40

/**
 * Collects what must be older than what, key by key, if the guarantees hold; a circle says that they do not. Whatever the guarantee,
 * a session's writes to one key are in its order. A session is a strand: what overlaps in one process is in several.
 */
class SessionOrder {
  readonly #graph: SessionGraph
  readonly #asked: ReadonlySet<Guarantee>
  readonly #budget: Budget
  readonly #ledger: Ledger
  /** From each write to newer ones of its key; with the operation that says so. */
  readonly #newer: Map<number, number>[]
  /** What each write follows. */
  readonly #pasts: Newest[] = []
  readonly #slots = new Map<HistoryKey, number>()

  constructor(graph: SessionGraph, asked: ReadonlySet<Guarantee>, budget: Budget) {
    this.#graph = graph
    this.#asked = asked
    this.#budget = budget
    this.#ledger = new Ledger(budget)
    this.#newer = graph.ops.map(() => new Map())
    for (const key of graph.writesOf.keys()) this.#slots.set(key, this.#slots.size)
  }

  find(): Finding {
    const finding = this.#walk() ?? this.#order()
    this.#ledger.release()
    return finding
  }

  /** All operations, each after those of its session and the write that it saw. */
  #walk(): Finding | undefined {
    const { ops, strands, writerOf } = this.#graph
    const sorted = orderOrCycle(ops.length, this.#edges())
    if ('cycle' in sorted) {
      const detail = 'in a circle, each comes after the one before it'
      return this.#graph.violation(detail, sorted.cycle)
    }
    const views = strands.strands.map(() => new SessionView())
    for (const op of sorted.order) {
      if (!this.#budget.step()) return 'unknown'
      const view = views[strands.strandOf(op)] as SessionView
      const writer = writerOf[op]
      if (writer === NOBODY) {
        return this.#graph.violation(`${this.#graph.textOf(op)}: nobody has written that`, [op])
      }
      const wrong = writer === undefined ? undefined : this.#read(op, writer, view)
      if (wrong !== undefined) return wrong
      if (this.#graph.isWrite(op)) this.#write(op, view)
    }
    return undefined
  }

  #edges(): (op: number) => Iterable<number> {
    const { ops, strands, writerOf } = this.#graph
    const to: number[][] = ops.map(() => [])
    for (const op of ops.keys()) {
      for (const before of strands.before(op)) to[before]?.push(op)
      const writer = writerOf[op]
      if (writer !== undefined && writer >= 0) to[writer]?.push(op)
    }
    return (op) => to[op] as number[]
  }

  #read(op: number, writer: number, view: SessionView): Violation | undefined {
    const key = this.#graph.keyOf(op)
    for (const older of this.#mustShow(key, writer, view)) {
      if (writer === AT_FIRST) {
        const detail = `${this.#graph.textOf(op)}: it should show ${this.#graph.textOf(older)}, or what is newer`
        return this.#graph.violation(detail, [older, op])
      }
      this.#put(older, writer, op)
    }
    if (writer === AT_FIRST) return undefined
    view.read(this.#graph, writer, (write) => this.#slot(write), this.#pasts[writer] ?? NOTHING)
    return undefined
  }

  /** Writes to the key that a read must show, or newer ones. */
  #mustShow(key: HistoryKey, writer: number, view: SessionView): Set<number> {
    const must = new Set<number>()
    const add = (op: number | undefined): void => {
      if (op !== undefined && op !== writer) must.add(op)
    }
    if (this.#asked.has('read-your-writes')) add(view.lastWrite.get(key))
    if (this.#asked.has('monotonic-reads')) add(view.lastRead.get(key))
    if (this.#asked.has('monotonic-writes')) {
      for (const [strand, seen] of view.seen) {
        add(this.#lastBefore(key, strand, seen))
        // seen before the one of the same session that comes before it
        if (writer >= 0 && this.#graph.keyOf(seen) === key && this.#isEarlier(writer, seen))
          add(seen)
      }
    }
    if (this.#asked.has('writes-follow-reads')) {
      for (const op of this.#newestOf(key, view.below)) add(op)
      for (const seen of view.seenOf.get(key) ?? []) {
        const followed = this.#newestOf(key, this.#pasts[seen] ?? NOTHING)
        if (writer >= 0 && followed.some((op) => op === writer || this.#isEarlier(writer, op))) {
          add(seen)
        }
      }
    }
    return must
  }

  #write(op: number, view: SessionView): void {
    const key = this.#graph.keyOf(op)
    const own = view.lastWrite.get(key)
    if (own !== undefined) this.#put(own, op, op)
    if (this.#asked.has('writes-follow-reads')) {
      const past = view.past()
      for (const older of this.#newestOf(key, past)) this.#put(older, op, op)
      if (past !== this.#lastPast) this.#ledger.keep(ENTRY_BYTES * past.size)
      this.#lastPast = past
      this.#pasts[op] = past
      // what a session has written is seen with what it writes next, and so on
      if (this.#asked.has('monotonic-writes')) {
        view.wrote(this.#slot(op), this.#graph.strands.indexOf(op))
      }
    }
    view.lastWrite.set(key, op)
  }

  #lastPast: Newest = NOTHING

  #put(older: number, newer: number, why: number): void {
    const known = this.#newer[older] as Map<number, number>
    if (older !== newer && !known.has(newer)) known.set(newer, why)
  }

  /** Both of one session. */
  #isEarlier(first: number, second: number): boolean {
    const { strands } = this.#graph
    return (
      strands.strandOf(first) === strands.strandOf(second) &&
      strands.indexOf(first) < strands.indexOf(second)
    )
  }

  /** The last write to a key of a strand that comes before that write of the strand. */
  #lastBefore(key: HistoryKey, strand: number, write: number): number | undefined {
    const list = this.#writes(strand).get(key) ?? []
    const { strands } = this.#graph
    const bound = strands.indexOf(write)
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (strands.indexOf(list[middle] as number) < bound) low = middle + 1
      else high = middle
    }
    return list[low - 1]
  }

  readonly #writesOf: Map<HistoryKey, number[]>[] = []

  /** Writes of a strand by key, in order. */
  #writes(strand: number): Map<HistoryKey, number[]> {
    const known = this.#writesOf[strand]
    if (known !== undefined) return known
    const byKey = new Map<HistoryKey, number[]>()
    for (const op of this.#graph.strands.strands[strand] as readonly number[]) {
      if (!this.#graph.isWrite(op)) continue
      const key = this.#graph.keyOf(op)
      const list = byKey.get(key)
      if (list === undefined) byKey.set(key, [op])
      else list.push(op)
    }
    this.#writesOf[strand] = byKey
    return byKey
  }

  #slot(write: number): number {
    const { strands } = this.#graph
    const key = this.#slots.get(this.#graph.keyOf(write)) as number
    return key * strands.strands.length + strands.strandOf(write)
  }

  /** The writes to a key among those. */
  #newestOf(key: HistoryKey, newest: Newest): number[] {
    const { strands } = this.#graph.strands
    const slot = this.#slots.get(key)
    if (slot === undefined || newest.size === 0) return []
    const found: number[] = []
    for (const [strand, ops] of strands.entries()) {
      const index = newest.get(slot * strands.length + strand)
      if (index !== undefined) found.push(ops[index] as number)
    }
    return found
  }

  #order(): Finding {
    const newer = (op: number): Map<number, number> => this.#newer[op] as Map<number, number>
    const ordered = orderOrCycle(this.#newer.length, (op) => newer(op).keys())
    if ('order' in ordered) return 'ok'
    const { cycle } = ordered
    const why = cycle.map(
      (op, at) => newer(op).get(cycle[(at + 1) % cycle.length] as number) as number,
    )
    const shown = cycle.map((op) => this.#graph.textOf(op)).join(', ')
    const detail = `in a circle, each must be older than the next: ${shown}`
    return this.#graph.violation(detail, [...cycle, ...why])
  }
}
