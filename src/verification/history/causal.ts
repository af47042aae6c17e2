import { type Budget, Ledger } from './budget.js'
import { orderOrCycle } from './cycle.js'
import type { History, HistoryKey } from './history.js'
import type { AnyModel } from './model.js'
import { AT_FIRST, NOBODY, SessionGraph } from './session-graph.js'
import type { Finding, Violation } from './verdict.js'

/**
 * Causal consistency by its bad patterns (Bouajjani, Enea, Guerraoui, Hamza: "On verifying causal consistency", POPL 2017, "CC"):
 * a cycle of sessions and reads, a value from nowhere, and a read of what was overwritten in its own causal past.
 */
export const findCausal = (history: History, model: AnyModel, budget: Budget): Finding =>
  find(new SessionGraph(history, model), budget, false)

/** Causal convergence ("CCv" there, causal+): beside that, one order in which everybody sees writes to a key. */
export const findCausalConvergence = (history: History, model: AnyModel, budget: Budget): Finding =>
  find(new SessionGraph(history, model), budget, true)

function find(graph: SessionGraph, budget: Budget, convergent: boolean): Finding {
  const ledger = new Ledger(budget)
  try {
    ledger.keep(4 * graph.ops.length * graph.strands.strands.length)
    if (!budget.look()) return 'unknown'
    const order = new CausalOrder(graph)
    return order.wrong ?? order.stale(budget) ?? (convergent ? order.divergent() : 'ok')
  } finally {
    ledger.release()
  }
}

/** A write to the key that a read is of, in its causal past, though it saw another. */
interface Passed {
  readonly read: number
  readonly writer: number
  readonly passed: number
}

class CausalOrder {
  readonly #graph: SessionGraph
  readonly #to: number[][]
  /** For each operation: how many of each strand are in its past, itself included. */
  readonly #clocks: Int32Array[] = []
  /** What is wrong without looking at what was overwritten. */
  readonly wrong: Violation | undefined
  readonly #passed: Passed[] = []

  constructor(graph: SessionGraph) {
    this.#graph = graph
    const { ops, strands, writerOf } = graph
    this.#to = ops.map(() => [])
    for (const op of ops.keys()) {
      const writer = writerOf[op]
      if (writer === NOBODY) {
        const detail = `${graph.textOf(op)}: nobody has written that`
        this.wrong = graph.violation(detail, [op])
        return
      }
      for (const before of strands.before(op)) this.#to[before]?.push(op)
      if (writer !== undefined && writer !== AT_FIRST) this.#to[writer]?.push(op)
    }
    const sorted = orderOrCycle(ops.length, (op) => this.#to[op] as number[])
    if ('cycle' in sorted)
      this.wrong = this.#cycle('each comes after the one before it', sorted.cycle)
    else this.#count(sorted.order)
  }

  /** A read of what was overwritten in its past. Undefined: none, and `divergent` can be asked. */
  stale(budget: Budget): Finding | undefined {
    const { ops, writerOf } = this.#graph
    const writes = this.#writesByStrand()
    for (const read of ops.keys()) {
      const writer = writerOf[read]
      if (writer === undefined) continue
      if (!budget.step()) return 'unknown'
      for (const [strand, places] of writes.get(this.#graph.keyOf(read)) ?? []) {
        const passed = this.#lastBefore(read, strand, places)
        if (passed === undefined || passed === writer) continue
        if (writer === AT_FIRST) return this.#overwritten(read, [passed])
        if (this.#isBefore(writer, passed)) return this.#overwritten(read, [writer, passed])
        this.#passed.push({ read, writer, passed })
      }
    }
    return undefined
  }

  /** Everybody sees writes to a key in one order: whoever has passed one for another has put it first. */
  divergent(): Finding {
    const to = this.#to.map((next) => [...next])
    const why = new Map<string, number>()
    for (const { read, writer, passed } of this.#passed) {
      to[passed]?.push(writer)
      why.set(`${passed} ${writer}`, read)
    }
    const sorted = orderOrCycle(to.length, (op) => to[op] as number[])
    if ('order' in sorted) return 'ok'
    const { cycle } = sorted
    const reads = cycle.flatMap(
      (op, at) => why.get(`${op} ${cycle[(at + 1) % cycle.length]}`) ?? [],
    )
    return this.#cycle('each is seen before the next', cycle, reads)
  }

  #count(order: readonly number[]): void {
    const { strands, writerOf } = this.#graph
    for (const op of order) {
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

  #overwritten(read: number, writes: readonly number[]): Violation {
    const last = writes[writes.length - 1] as number
    const detail = `${this.#graph.textOf(read)}: but ${this.#graph.textOf(last)} had overwritten that before`
    return this.#graph.violation(detail, [...writes, ...this.#between(last, read), read])
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

  #cycle(what: string, cycle: readonly number[], reads: readonly number[] = []): Violation {
    const shown = cycle.slice(0, 6).map((op) => this.#graph.textOf(op))
    const more = cycle.length > shown.length ? ', …' : ''
    return this.#graph.violation(`in a circle, ${what}: ${shown.join(', ')}${more}`, [
      ...cycle,
      ...reads,
    ])
  }
}
