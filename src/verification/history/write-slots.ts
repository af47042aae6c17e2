import type { HistoryKey } from './history.js'
import type { SessionGraph } from './session-graph.js'

/**
 * The writes of each strand to each key have a slot, in order; the slots of a key lie side by side. A set of writes, each with those
 * of its slot that come before it, is then a number for each slot: how many.
 */
export class WriteSlots {
  /** Slots. */
  readonly width: number
  readonly #writes: (readonly number[])[] = []
  readonly #ranges = new Map<HistoryKey, { readonly from: number; readonly to: number }>()
  readonly #slotOf: Int32Array
  readonly #countOf: Int32Array

  constructor(graph: SessionGraph) {
    this.#slotOf = new Int32Array(graph.ops.length)
    this.#countOf = new Int32Array(graph.ops.length)
    for (const [key, writes] of graph.writesOf) {
      const from = this.#writes.length
      const byStrand = new Map<number, number>()
      for (const write of writes) {
        const strand = graph.strands.strandOf(write)
        const slot = byStrand.get(strand) ?? this.#writes.push([]) - 1
        byStrand.set(strand, slot)
        this.#slotOf[write] = slot
        this.#countOf[write] = (this.#writes[slot] as number[]).push(write)
      }
      this.#ranges.set(key, { from, to: this.#writes.length })
    }
    this.width = this.#writes.length
  }

  /** The last of each slot of a key that is in a set; without those that are in `known`, too. */
  newest(key: HistoryKey, set: Int32Array, known?: Int32Array): number[] {
    const found: number[] = []
    const { from, to } = this.#ranges.get(key) ?? { from: 0, to: 0 }
    for (let slot = from; slot < to; slot++) {
      const count = set[slot] as number
      if (count === 0 || (known !== undefined && (known[slot] as number) >= count)) continue
      found.push((this.#writes[slot] as readonly number[])[count - 1] as number)
    }
    return found
  }

  /** Adds a write to a set. */
  see(set: Int32Array, write: number): void {
    const slot = this.#slotOf[write] as number
    set[slot] = Math.max(set[slot] as number, this.#countOf[write] as number)
  }

  /** Adds a set to a set. */
  raise(set: Int32Array, more: Int32Array | undefined): void {
    if (more === undefined) return
    for (let slot = 0; slot < set.length; slot++) {
      if ((more[slot] as number) > (set[slot] as number)) set[slot] = more[slot] as number
    }
  }
}
