import type { Budget, Ledger } from './budget.js'
import { orderOrCycle } from './cycle.js'
import { EdgeList } from './edge-list.js'
import { type Fault, judge } from './evidence.js'
import type { History, HistoryOp } from './history.js'
import type { AnyModel } from './model.js'
import { AT_FIRST, NOBODY, type SessionGraph } from './session-graph.js'
import { SessionView } from './session-view.js'
import { reasonsFor } from './session-why.js'
import type { Finding } from './verdict.js'
import { WriteSlots } from './write-slots.js'

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
    judge(history, model, budget, (graph, left, ledger) =>
      new SessionOrder(graph, new Set(guarantees), left, ledger).find(),
    )

/** What becomes of an operation: it is called, it takes effect, it returns. */
const [CALL, EFFECT, RETURN] = [0, 1, 2]
const STAGES = 3

/** A cycle of edges is spread over so many operations at most in what is said of it. */
const SHOWN_OPS = 6

/**
 * Collects what must be older than what, key by key, if the guarantees hold; a circle says that they do not. Whatever the guarantee,
 * a process's writes to one key are in its order.
 *
 * A write *follows* others: with monotonic writes those that its process made before, with writes-follow-reads those that its process
 * had read before, and what those follow. Who has read a write must be shown what it follows.
 */
class SessionOrder {
  readonly #graph: SessionGraph
  readonly #asked: ReadonlySet<Guarantee>
  readonly #budget: Budget
  readonly #ledger: Ledger
  readonly #slots: WriteSlots
  /** From each write to newer ones of its key; with the operation that says so. */
  readonly #newer: EdgeList
  readonly #views = new Map<number | string, SessionView>()
  /** Of each process: events that are to come. */
  readonly #left = new Map<number | string, number>()
  /** What writes follow, while somebody may need it. */
  readonly #follows = new Map<number, Int32Array>()
  readonly #held = new Map<Int32Array, number>()
  /** What is there at the call of a write. */
  readonly #atCall = new Map<number, Int32Array>()
  /** Reads of each write that are to come. */
  readonly #readers: Int32Array
  /** Whether it matters what writes follow. */
  readonly #following: boolean

  constructor(graph: SessionGraph, asked: ReadonlySet<Guarantee>, budget: Budget, ledger: Ledger) {
    this.#graph = graph
    this.#asked = asked
    this.#budget = budget
    this.#ledger = ledger
    this.#slots = new WriteSlots(graph)
    this.#newer = new EdgeList(ledger)
    this.#readers = new Int32Array(graph.ops.length)
    for (const writer of graph.writerOf) {
      if (writer !== undefined && writer >= 0) (this.#readers[writer] as number)++
    }
    this.#following = asked.has('monotonic-writes') || asked.has('writes-follow-reads')
  }

  find(): Fault | 'ok' | 'unknown' {
    const { ops, strands, writerOf } = this.#graph
    const unfounded = writerOf.indexOf(NOBODY)
    if (unfounded !== -1) {
      const detail = `${this.#graph.textOf(unfounded)}: nobody has written that`
      return { detail, ops: [unfounded] }
    }
    if (!this.#budget.look()) return 'unknown'
    const to: number[][] = ops.map(() => [])
    for (const op of ops.keys()) {
      for (const before of strands.before(op)) to[before]?.push(op)
      const writer = writerOf[op]
      if (writer !== undefined && writer >= 0) to[writer]?.push(op)
    }
    const sorted = orderOrCycle(ops.length, (op) => to[op] as number[])
    if ('cycle' in sorted) {
      return { detail: 'in a circle, each comes after the one before it', ops: sorted.cycle }
    }
    return (this.#budget.look() ? this.#walk() : 'unknown') ?? this.#order()
  }

  /** Everything that happens, each after what happened before in its process and the effect that it saw. */
  #walk(): Fault | 'unknown' | undefined {
    const { ops } = this.#graph
    const sorted = orderOrCycle(STAGES * ops.length, this.#stages())
    if (!this.#budget.look()) return 'unknown'
    // the operations have an order, and nothing here demands more
    const order = 'order' in sorted ? sorted.order : []
    for (const stage of order) {
      const op = Math.floor(stage / STAGES)
      const view = this.#viewOf(op)
      const at = stage % STAGES
      if (at === CALL) {
        if (!this.#budget.step()) return 'unknown'
        const wrong = this.#call(op, view)
        if (wrong !== undefined) return wrong
      } else if (at === EFFECT) this.#effect(op)
      else if ((ops[op] as HistoryOp).status === 'ok') this.#return(op, view)
      this.#leave(op)
    }
    return undefined
  }

  /** What comes after each stage of an operation. */
  #stages(): (stage: number) => readonly number[] {
    const { ops, writerOf } = this.#graph
    const to: number[][] = Array.from({ length: STAGES * ops.length }, () => [])
    const events: { readonly at: number; readonly stage: number; readonly op: number }[] = []
    for (const [op, { calledAt, returnedAt, status, process }] of ops.entries()) {
      const stage = STAGES * op
      to[stage + CALL]?.push(stage + EFFECT)
      to[stage + EFFECT]?.push(stage + RETURN)
      const writer = writerOf[op]
      if (writer !== undefined && writer >= 0) to[STAGES * writer + EFFECT]?.push(stage + EFFECT)
      events.push({ at: calledAt, stage: stage + CALL, op })
      if (status === 'ok') events.push({ at: returnedAt, stage: stage + RETURN, op })
      this.#left.set(process, (this.#left.get(process) ?? 0) + STAGES)
    }
    events.sort((a, b) => a.at - b.at)
    const last = new Map<number | string, number>()
    for (const { stage, op } of events) {
      const { process } = ops[op] as HistoryOp
      const before = last.get(process)
      if (before !== undefined && Math.floor(before / STAGES) !== op) to[before]?.push(stage)
      last.set(process, stage)
    }
    return (stage) => to[stage] as number[]
  }

  #viewOf(op: number): SessionView {
    const { process } = this.#graph.ops[op] as HistoryOp
    const known = this.#views.get(process)
    if (known !== undefined) return known
    const view = new SessionView(this.#graph, this.#slots, this.#ledger)
    this.#views.set(process, view)
    return view
  }

  /** Nothing is kept of a process that is done. */
  #leave(op: number): void {
    const { process } = this.#graph.ops[op] as HistoryOp
    const left = (this.#left.get(process) as number) - 1
    this.#left.set(process, left)
    if (left > 0) return
    this.#views.get(process)?.end()
    this.#views.delete(process)
  }

  #call(op: number, view: SessionView): Fault | undefined {
    const writer = this.#graph.writerOf[op]
    const key = this.#graph.keyOf(op)
    if (writer !== undefined) {
      for (const older of this.#mustShow(op, writer, view)) {
        if (writer !== AT_FIRST) {
          this.#newer.put(older, writer, op)
          continue
        }
        const detail = `${this.#graph.textOf(op)}: it should show ${this.#graph.textOf(older)}, or what is newer`
        return { detail, ops: [older, op, ...this.#reasons(older, op)] }
      }
    }
    if (!this.#graph.isWrite(op)) return undefined
    for (const own of view.writesTo(key)) this.#newer.put(own, op, op)
    if (this.#following) this.#atCall.set(op, view.followed())
    return undefined
  }

  /** Writes to the key that a read must show, or newer ones. */
  #mustShow(read: number, writer: number, view: SessionView): Set<number> {
    const key = this.#graph.keyOf(read)
    const must = new Set<number>()
    if (this.#asked.has('read-your-writes')) for (const op of view.writesTo(key)) must.add(op)
    if (this.#asked.has('monotonic-reads')) {
      for (const op of view.readsOf(key)) must.add(this.#graph.writerOf[op] as number)
    }
    if (this.#following) {
      const known = this.#asked.has('writes-follow-reads') ? this.#follows.get(writer) : undefined
      for (const op of this.#slots.newest(key, view.due(), known)) must.add(op)
    }
    must.delete(writer)
    return must
  }

  #effect(op: number): void {
    const { writerOf, ops } = this.#graph
    const writer = writerOf[op]
    if (this.#following && this.#graph.isWrite(op)) {
      let follows = this.#atCall.get(op) as Int32Array
      this.#atCall.delete(op)
      if (this.#asked.has('writes-follow-reads')) {
        if (writer !== undefined && writer >= 0) follows = this.#withSeen(follows, writer)
        for (const older of this.#slots.newest(this.#graph.keyOf(op), follows)) {
          this.#newer.put(older, op, op)
        }
      }
      if ((this.#readers[op] as number) > 0) {
        this.#follows.set(op, follows)
        this.#hold(follows, 1)
      }
    }
    if ((ops[op] as HistoryOp).status !== 'ok') this.#hasRead(op)
  }

  /** What is followed by who has also seen that write. */
  #withSeen(follows: Int32Array, writer: number): Int32Array {
    const all = follows.slice()
    this.#slots.raise(all, this.#follows.get(writer))
    this.#slots.see(all, writer)
    return all
  }

  #return(op: number, view: SessionView): void {
    const writer = this.#graph.writerOf[op]
    if (writer !== undefined && writer >= 0) {
      view.hasRead(op)
      if (this.#following) {
        const follow = this.#asked.has('writes-follow-reads')
        view.hasSeen(writer, this.#follows.get(writer), follow)
      }
    }
    if (this.#graph.isWrite(op)) view.hasWritten(op, this.#asked.has('monotonic-writes'))
    this.#hasRead(op)
  }

  /** What its writer follows is forgotten when all have read it. */
  #hasRead(op: number): void {
    const writer = this.#graph.writerOf[op]
    if (writer === undefined || writer < 0) return
    const left = (this.#readers[writer] as number) - 1
    this.#readers[writer] = left
    const follows = this.#follows.get(writer)
    if (left > 0 || follows === undefined) return
    this.#follows.delete(writer)
    this.#hold(follows, -1)
  }

  /** Counts how many hold a set, which several may share. */
  #hold(set: Int32Array, more: 1 | -1): void {
    const held = this.#held.get(set) ?? 0
    if (held + more > 0) this.#held.set(set, held + more)
    else this.#held.delete(set)
    if (held === 0 || held + more === 0) this.#ledger.keep(more * set.byteLength)
  }

  #reasons(older: number, op: number): readonly number[] {
    return reasonsFor(this.#graph, this.#asked, older, op)
  }

  #order(): Fault | 'ok' | 'unknown' {
    const edges = this.#newer.sorted(this.#graph.ops.length)
    if (!this.#budget.look()) return 'unknown'
    const ordered = orderOrCycle(this.#graph.ops.length, (op) => edges.to(op))
    if ('order' in ordered) return 'ok'
    const { cycle } = ordered
    const why = cycle.flatMap((op, at) => {
      const reason = edges.why(op, cycle[(at + 1) % cycle.length] as number)
      return [reason, ...this.#reasons(op, reason)]
    })
    const shown = cycle.slice(0, SHOWN_OPS).map((op) => this.#graph.textOf(op))
    const more = cycle.length > shown.length ? ', …' : ''
    const detail = `in a circle, each must be older than the next: ${shown.join(', ')}${more}`
    return { detail, ops: [...cycle, ...why] }
  }
}
