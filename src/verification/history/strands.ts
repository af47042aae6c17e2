import type { HistoryOp } from './history.js'

/** An operation must come after the first `count` of that strand. */
export interface Need {
  readonly strand: number
  readonly count: number
}

/**
 * The order of each process: an operation comes after those of its process that had returned when it was called. A strand is
 * a list of operations of which each comes after the one before it. A process that does one after another is one strand;
 * what nobody knows the outcome of is one of its own, for nothing comes after it.
 */
export class Strands {
  /** Places in the list of operations. */
  readonly strands: readonly (readonly number[])[]
  readonly #strandOf: number[] = []
  readonly #indexOf: number[] = []
  readonly #needs: (readonly Need[])[] = []

  /** In the order of their calls. */
  constructor(ops: readonly HistoryOp[]) {
    const strands: number[][] = []
    const byProcess = new Map<number | string, number[]>()
    for (const [place, op] of ops.entries()) {
      const own = byProcess.get(op.process) ?? []
      byProcess.set(op.process, own)
      const needs = own.flatMap((strand) => {
        const count = returnedBefore(strands[strand] as number[], ops, op.calledAt)
        return count === 0 ? [] : [{ strand, count }]
      })
      // one whose last has returned goes on
      const next = needs.find(({ strand, count }) => count === strands[strand]?.length)
      const strand = next?.strand ?? strands.push([]) - 1
      if (next === undefined) own.push(strand)
      const list = strands[strand] as number[]
      this.#strandOf[place] = strand
      this.#indexOf[place] = list.length
      this.#needs[place] = needs.filter((need) => need.strand !== strand)
      list.push(place)
    }
    this.strands = strands
  }

  strandOf(op: number): number {
    return this.#strandOf[op] as number
  }

  /** Its place in its strand. */
  indexOf(op: number): number {
    return this.#indexOf[op] as number
  }

  /** What it must come after in other strands. */
  needsOf(op: number): readonly Need[] {
    return this.#needs[op] as readonly Need[]
  }

  /** All that it comes right after. */
  before(op: number): number[] {
    const own = this.strands[this.strandOf(op)]?.[this.indexOf(op) - 1]
    const others = this.needsOf(op).map(
      ({ strand, count }) => this.strands[strand]?.[count - 1] as number,
    )
    return own === undefined ? others : [own, ...others]
  }
}

/** How many of a strand had returned then. */
function returnedBefore(strand: readonly number[], ops: readonly HistoryOp[], at: number): number {
  let count = strand.length
  while (count > 0 && (ops[strand[count - 1] as number] as HistoryOp).returnedAt >= at) count--
  return count
}
