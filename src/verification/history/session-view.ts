import type { Ledger } from './budget.js'
import type { HistoryKey, HistoryOp } from './history.js'
import type { SessionGraph } from './session-graph.js'
import type { WriteSlots } from './write-slots.js'

const NONE: readonly number[] = []

/** What a process has done and seen, as far as it has returned. */
export class SessionView {
  readonly #graph: SessionGraph
  readonly #slots: WriteSlots
  readonly #ledger: Ledger
  readonly #writes = new Map<HistoryKey, readonly number[]>()
  readonly #reads = new Map<HistoryKey, readonly number[]>()
  readonly #seen = new Set<number>()
  #due: Int32Array | undefined
  #followed: Int32Array | undefined
  #shared = false
  #kept = 0

  constructor(graph: SessionGraph, slots: WriteSlots, ledger: Ledger) {
    this.#graph = graph
    this.#slots = slots
    this.#ledger = ledger
  }

  /** Its last writes to a key: more than one where some overlap. */
  writesTo(key: HistoryKey): readonly number[] {
    return this.#writes.get(key) ?? NONE
  }

  /** Its last reads of a key, likewise, that saw somebody's write. */
  readsOf(key: HistoryKey): readonly number[] {
    return this.#reads.get(key) ?? NONE
  }

  /** What the writes that were seen follow. */
  due(): Int32Array {
    this.#due ??= this.#keep(new Int32Array(this.#slots.width))
    return this.#due
  }

  /** What a write that is called now follows. It will not change. */
  followed(): Int32Array {
    this.#followed ??= this.#keep(new Int32Array(this.#slots.width))
    this.#shared = true
    return this.#followed
  }

  hasRead(op: number): void {
    this.#last(this.#reads, op)
  }

  /** `follows`: what the write follows that was seen; `follow`: own writes follow it. */
  hasSeen(write: number, follows: Int32Array | undefined, follow: boolean): void {
    if (this.#seen.has(write)) return
    this.#seen.add(write)
    this.#slots.raise(this.due(), follows)
    if (!follow) return
    const own = this.#own()
    this.#slots.raise(own, follows)
    this.#slots.see(own, write)
  }

  /** `follow`: own writes follow it. */
  hasWritten(op: number, follow: boolean): void {
    this.#last(this.#writes, op)
    if (follow) this.#slots.see(this.#own(), op)
  }

  end(): void {
    this.#ledger.keep(-this.#kept)
  }

  #last(of: Map<HistoryKey, readonly number[]>, op: number): void {
    const { key, calledAt } = this.#graph.ops[op] as HistoryOp
    const before = of.get(key) ?? NONE
    const others = before.filter((one) => (this.#graph.ops[one] as HistoryOp).returnedAt > calledAt)
    of.set(key, [...others, op])
  }

  /** What was handed out is copied before it changes. */
  #own(): Int32Array {
    const own = this.#followed ?? this.#keep(new Int32Array(this.#slots.width))
    this.#followed = this.#shared ? own.slice() : own
    this.#shared = false
    return this.#followed
  }

  #keep(set: Int32Array): Int32Array {
    this.#kept += set.byteLength
    this.#ledger.keep(set.byteLength)
    return set
  }
}
