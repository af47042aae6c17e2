import type { Plain } from '../../simulation/op.js'
import { type Budget, Ledger } from './budget.js'
import type { HistoryKey, HistoryOp } from './history.js'
import type { AnyModel } from './model.js'
import { IMPOSSIBLE, StateTable } from './state-table.js'
import { Strands } from './strands.js'
import { valueText } from './value-text.js'
import { byKey } from './verdict.js'

/** By estimate: what an operation costs. */
const OP_BYTES = 400
/** By estimate: what a configuration costs that is remembered, but for its text. */
const SEEN_BYTES = 180
/** The same of one from which there may be more ways, but for its numbers. */
const FORK_BYTES = 1_100

/** How far each strand is, and what each object holds. */
interface Fork {
  readonly done: Int32Array
  readonly states: Int32Array
  /** Operations that can be next, the first called last. */
  readonly ways: number[]
  /** Memory, by estimate. */
  readonly bytes: number
}

/**
 * Looks for an order of all operations that keeps that of each process and fits the model; the clock does not count. As with
 * `LinearSearch`, what was seen is not searched again, and reads get their turn as soon as they can. A way on which
 * a value is waited for that nobody will write any more is left.
 */
export class SequentialSearch {
  readonly #budget: Budget
  readonly #ledger: Ledger
  readonly #table: StateTable
  readonly #ops: readonly HistoryOp[]
  readonly #strands: Strands
  readonly #kinds: readonly number[]
  /** The number of each operation's object. */
  readonly #objects: readonly number[]
  readonly #reads: readonly boolean[]
  /** Who writes what each must read. */
  readonly #writers: readonly (readonly number[] | undefined)[]
  readonly #seen = new Set<string>()
  readonly #forks: Fork[] = []
  #found = false

  constructor(model: AnyModel, ops: readonly HistoryOp[], budget: Budget) {
    this.#budget = budget
    this.#ledger = new Ledger(budget)
    this.#table = new StateTable(model, this.#ledger)
    const together = model.keys === 'together'
    this.#ops = noticedOf(model, ops)
    this.#ledger.keep(OP_BYTES * this.#ops.length)
    this.#strands = new Strands(this.#ops, budget, this.#ledger)
    this.#kinds = this.#ops.map((op) => this.#table.kindOf(op))
    const objects = new Map<HistoryKey, number>()
    this.#objects = this.#ops.map(({ key }) => {
      const name = together ? undefined : key
      const known = objects.get(name) ?? objects.size
      objects.set(name, known)
      return known
    })
    this.#reads = this.#ops.map((op) => op.status === 'ok' && (model.isRead?.(op) ?? false))
    this.#writers = together ? [] : writersFor(model, this.#ops)
    const { strands, complete } = this.#strands
    if (complete) this.#enter(new Int32Array(strands.length), new Int32Array(objects.size))
  }

  /** Undefined: the budget is spent. */
  run(): boolean | undefined {
    for (;;) {
      if (this.#found) return true
      if (this.#budget.spent !== undefined) return undefined
      const fork = this.#forks[this.#forks.length - 1]
      if (fork === undefined) return false
      if (!this.#budget.step()) return undefined
      const op = fork.ways.pop()
      if (op !== undefined) this.#take(fork, op)
      else {
        this.#forks.pop()
        this.#ledger.keep(-fork.bytes)
      }
    }
  }

  end(): void {
    this.#ledger.release()
    this.#seen.clear()
    this.#forks.length = 0
  }

  #take({ done, states }: Fork, op: number): void {
    const object = this.#objects[op] as number
    const next = this.#table.next(states[object] as number, this.#kinds[op] as number)
    if (next === IMPOSSIBLE) return
    const after = done.slice()
    after[this.#strands.strandOf(op)] = this.#strands.indexOf(op) + 1
    const held = states.slice()
    held[object] = next
    this.#enter(after, held)
  }

  /** Changes `done` as far as there is nothing to decide. */
  #enter(done: Int32Array, states: Int32Array): void {
    let ways = this.#next(done)
    for (let moved = true; moved; ) {
      moved = false
      for (const op of ways) {
        if (!this.#reads[op]) continue
        const state = states[this.#objects[op] as number] as number
        if (this.#table.next(state, this.#kinds[op] as number) === IMPOSSIBLE) continue
        done[this.#strands.strandOf(op)] = this.#strands.indexOf(op) + 1
        moved = true
      }
      if (moved) ways = this.#next(done)
    }
    if (this.#isDone(done)) {
      this.#found = true
      return
    }
    if (ways.some((op) => this.#isLost(op, done, states))) return
    const text = `${done.join()} ${states.join()}`
    if (this.#seen.has(text)) return
    this.#seen.add(text)
    this.#ledger.keep(SEEN_BYTES + text.length)
    ways.sort((a, b) => b - a)
    const bytes = FORK_BYTES + 4 * (done.length + states.length) + 16 * ways.length
    this.#ledger.keep(bytes)
    this.#forks.push({ done, states, ways, bytes })
  }

  /** Operations whose turn it can be, as far as their processes are concerned. */
  #next(done: Int32Array): number[] {
    const next: number[] = []
    for (const [strand, ops] of this.#strands.strands.entries()) {
      const op = ops[done[strand] as number]
      if (op === undefined) continue
      const needs = this.#strands.needsOf(op)
      if (needs.every((need) => (done[need.strand] as number) >= need.count)) next.push(op)
    }
    return next
  }

  /** Whether what must happen has. */
  #isDone(done: Int32Array): boolean {
    return this.#strands.strands.every((ops, strand) => {
      const op = ops[done[strand] as number]
      // what may never be done is alone or last in its strand
      return op === undefined || (this.#ops[op] as HistoryOp).status === 'info'
    })
  }

  /** Whether it waits for a value that is not there and that nobody will write. */
  #isLost(op: number, done: Int32Array, states: Int32Array): boolean {
    const writers = this.#writers[op]
    if (writers === undefined) return false
    const state = states[this.#objects[op] as number] as number
    if (this.#table.next(state, this.#kinds[op] as number) !== IMPOSSIBLE) return false
    return writers.every(
      (writer) =>
        writer === op ||
        this.#strands.indexOf(writer) < (done[this.#strands.strandOf(writer)] as number),
    )
  }
}

/** For each operation that must read a value: those that write it. Undefined: for others, and where that is not known. */
function writersFor(
  model: AnyModel,
  ops: readonly HistoryOp[],
): readonly (readonly number[] | undefined)[] {
  const accesses = ops.map((op) => model.access?.(op))
  // where something else changes the state, values come from elsewhere, too
  if (accesses.includes(undefined)) return []
  const slot = (key: HistoryKey, value: Plain): string =>
    `${JSON.stringify(key)} ${valueText(value)}`
  const writers = new Map<string, number[]>()
  for (const [place, access] of accesses.entries()) {
    if (access?.writes === undefined) continue
    const name = slot((ops[place] as HistoryOp).key, access.writes)
    const known = writers.get(name)
    if (known !== undefined) known.push(place)
    else writers.set(name, [place])
  }
  return ops.map(({ status, key }, place) => {
    const reads = accesses[place]?.reads
    if (status !== 'ok' || reads === undefined) return undefined
    return writers.get(slot(key, reads)) ?? []
  })
}

/** All but what may never be done and that nobody notices: key by key, where keys are apart. */
export function noticedOf(model: AnyModel, ops: readonly HistoryOp[]): readonly HistoryOp[] {
  const keep = new Set<HistoryOp>()
  for (const part of byKey(ops, model.keys === 'together').values()) {
    const done = part.filter(({ status }) => status === 'ok')
    const open = part.filter((op) => op.status === 'info' && !model.isRead?.(op))
    for (const op of done) keep.add(op)
    for (const op of model.noticeable?.(open, done) ?? open) keep.add(op)
  }
  return ops.filter((op) => keep.has(op))
}
