import type { Budget, Ledger } from './budget.js'
import { orderOrCycle } from './cycle.js'
import { EdgeList } from './edge-list.js'
import { type Fault, judge } from './evidence.js'
import type { History, HistoryKey } from './history.js'
import type { AnyModel } from './model.js'
import { AT_FIRST, NOBODY, type SessionGraph } from './session-graph.js'
import type { Finding } from './verdict.js'

/**
 * Causal consistency by its bad patterns (Bouajjani, Enea, Guerraoui, Hamza: "On verifying causal consistency", POPL 2017, "CC"):
 * a cycle of sessions and reads, a value from nowhere, and a read of what was overwritten in its own causal past.
 */
export const findCausal = (history: History, model: AnyModel, budget: Budget): Finding =>
  judge(history, model, budget, (graph, left, ledger) => find(graph, left, ledger, false))

/** Causal convergence ("CCv" there, causal+): beside that, one order in which everybody sees writes to a key. */
export const findCausalConvergence = (history: History, model: AnyModel, budget: Budget): Finding =>
  judge(history, model, budget, (graph, left, ledger) => find(graph, left, ledger, true))

function find(
  graph: SessionGraph,
  budget: Budget,
  ledger: Ledger,
  convergent: boolean,
): Fault | 'ok' | 'unknown' {
  // clocks
  ledger.keep(4 * graph.ops.length * graph.strands.strands.length)
  if (!budget.look()) return 'unknown'
  const order = new CausalOrder(graph, budget, ledger)
  return order.cyclic() ?? order.stale() ?? (convergent ? order.divergent() : 'ok')
}

class CausalOrder {
  readonly #graph: SessionGraph
  readonly #budget: Budget
  readonly #to: number[][]
  /** For each operation: how many of each strand are in its past, itself included. */
  readonly #clocks: Int32Array[] = []
  /** From a write that a read had in its past to the one that it saw: seen in that order, though neither is in the other's past. */
  readonly #passed: EdgeList

  constructor(graph: SessionGraph, budget: Budget, ledger: Ledger) {
    this.#graph = graph
    this.#budget = budget
    this.#passed = new EdgeList(ledger)
    this.#to = graph.ops.map(() => [])
  }

  /** What is wrong without looking at what was overwritten. Undefined: nothing, and `stale` can be asked. */
  cyclic(): Fault | 'unknown' | undefined {
    const { ops, strands, writerOf } = this.#graph
    for (const op of ops.keys()) {
      const writer = writerOf[op]
      if (writer === NOBODY) {
        return { detail: `${this.#graph.textOf(op)}: nobody has written that`, ops: [op] }
      }
      for (const before of strands.before(op)) this.#to[before]?.push(op)
      if (writer !== undefined && writer !== AT_FIRST) this.#to[writer]?.push(op)
    }
    const sorted = orderOrCycle(ops.length, (op) => this.#to[op] as number[])
    if ('cycle' in sorted) return this.#cycle('each comes after the one before it', sorted.cycle)
    return this.#count(sorted.order) ? undefined : 'unknown'
  }

  /** A read of what was overwritten in its past. Undefined: none, and `divergent` can be asked. */
  stale(): Fault | 'unknown' | undefined {
    const { ops, writerOf } = this.#graph
    const writes = this.#writesByStrand()
    for (const read of ops.keys()) {
      const writer = writerOf[read]
      if (writer === undefined) continue
      if (!this.#budget.step()) return 'unknown'
      for (const [strand, places] of writes.get(this.#graph.keyOf(read)) ?? []) {
        const passed = this.#lastBefore(read, strand, places)
        if (passed === undefined || passed === writer) continue
        if (writer === AT_FIRST) return this.#overwritten(read, passed, [])
        if (this.#isBefore(writer, passed)) {
          return this.#overwritten(read, passed, [writer, ...this.#between(writer, passed)])
        }
        if (!this.#isBefore(passed, writer)) this.#passed.put(passed, writer, read)
      }
    }
    return undefined
  }

  /** Everybody sees writes to a key in one order: whoever has passed one for another has put it first. */
  divergent(): Fault | 'ok' | 'unknown' {
    const passed = this.#passed.sorted(this.#to.length)
    if (!this.#budget.look()) return 'unknown'
    const sorted = orderOrCycle(this.#to.length, (op) => {
      const more = passed.to(op)
      return more.length === 0
        ? (this.#to[op] as number[])
        : [...(this.#to[op] as number[]), ...more]
    })
    if ('order' in sorted) return 'ok'
    const { cycle } = sorted
    const reads = cycle.flatMap((op, at) => {
      const next = cycle[(at + 1) % cycle.length] as number
      if (this.#to[op]?.includes(next)) return []
      const read = passed.why(op, next)
      return [...this.#between(op, read), read]
    })
    return this.#cycle('each is seen before the next', cycle, reads)
  }

  /** @returns whether the budget sufficed */
  #count(order: readonly number[]): boolean {
    const { strands, writerOf } = this.#graph
    for (const op of order) {
      if (!this.#budget.step()) return false
      const clock = new Int32Array(strands.strands.length)
      const writer = writerOf[op]
      const before = strands.before(op)
      if (writer !== undefined && writer >= 0) before.push(writer)
      for (const one of before) {
        const other = this.#clocks[one] as Int32Array
        for (let i = 0; i < clock.length; i++) {
          if ((other[i] as number) > (clock[i] as number)) clock[i] = other[i] as number
        }
      }
      clock[strands.strandOf(op)] = strands.indexOf(op) + 1
      this.#clocks[op] = clock
    }
    return true
  }

  #isBefore(first: number, second: number): boolean {
    const { strands } = this.#graph
    const clock = this.#clocks[second] as Int32Array
    return first !== second && (clock[strands.strandOf(first)] as number) > strands.indexOf(first)
  }

  /** Of each key: writes by strand, in order. */
  #writesByStrand(): Map<HistoryKey, Map<number, number[]>> {
    const { strands, writesOf } = this.#graph
    const byKey = new Map<HistoryKey, Map<number, number[]>>()
    for (const [key, writes] of writesOf) {
      const byStrand = new Map<number, number[]>()
      for (const write of writes) {
        const strand = strands.strandOf(write)
        const known = byStrand.get(strand)
        if (known === undefined) byStrand.set(strand, [write])
        else known.push(write)
      }
      byKey.set(key, byStrand)
    }
    return byKey
  }

  /** The last of those writes, all of one strand, that comes before. */
  #lastBefore(op: number, strand: number, writes: readonly number[]): number | undefined {
    const { strands } = this.#graph
    const own = strands.strandOf(op) === strand
    const count = own ? strands.indexOf(op) : ((this.#clocks[op] as Int32Array)[strand] as number)
    let low = 0
    let high = writes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (strands.indexOf(writes[middle] as number) < count) low = middle + 1
      else high = middle
    }
    return writes[low - 1]
  }

  #overwritten(read: number, last: number, others: readonly number[]): Fault {
    const detail = `${this.#graph.textOf(read)}: but ${this.#graph.textOf(last)} had overwritten that before`
    return { detail, ops: [...others, last, ...this.#between(last, read), read] }
  }

  /** A way by which the first comes before the second. */
  #between(first: number, second: number): number[] {
    const from = new Map<number, number>()
    const queue = [first]
    for (const op of queue) {
      if (op === second) break
      for (const next of this.#to[op] as number[]) {
        if (from.has(next) || next === first) continue
        from.set(next, op)
        queue.push(next)
      }
    }
    const way: number[] = []
    for (let at = from.get(second); at !== undefined && at !== first; at = from.get(at))
      way.push(at)
    return way.reverse()
  }

  #cycle(what: string, cycle: readonly number[], reads: readonly number[] = []): Fault {
    const shown = cycle.slice(0, 6).map((op) => this.#graph.textOf(op))
    const more = cycle.length > shown.length ? ', …' : ''
    const detail = `in a circle, ${what}: ${shown.join(', ')}${more}`
    return { detail, ops: [...cycle, ...reads] }
  }
}
