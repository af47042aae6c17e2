import type { Ledger } from './budget.js'

/** Numbers of an edge: from, to, why. */
const WIDTH = 3
const FIRST_EDGES = 256

/** Edges as they come, many of them. */
export class EdgeList {
  readonly #ledger: Ledger
  #numbers = new Int32Array(WIDTH * FIRST_EDGES)
  #count = 0

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  put(from: number, to: number, why: number): void {
    if (from === to) return
    const at = WIDTH * this.#count
    if (at === this.#numbers.length) {
      const more = new Int32Array(2 * at)
      more.set(this.#numbers)
      this.#ledger.keep(more.byteLength)
      this.#numbers = more
    }
    this.#numbers[at] = from
    this.#numbers[at + 1] = to
    this.#numbers[at + 2] = why
    this.#count++
  }

  /** By where they begin, which is below `nodes`. */
  sorted(nodes: number): SortedEdges {
    this.#ledger.keep(8 * this.#count + 4 * nodes)
    const starts = new Int32Array(nodes + 1)
    const at = (edge: number, part: number): number => this.#numbers[WIDTH * edge + part] as number
    for (let edge = 0; edge < this.#count; edge++) {
      starts[at(edge, 0) + 1] = (starts[at(edge, 0) + 1] as number) + 1
    }
    for (let node = 0; node < nodes; node++) {
      starts[node + 1] = (starts[node + 1] as number) + (starts[node] as number)
    }
    const free = starts.slice()
    const ends = new Int32Array(this.#count)
    const reasons = new Int32Array(this.#count)
    for (let edge = 0; edge < this.#count; edge++) {
      const place = free[at(edge, 0)] as number
      free[at(edge, 0)] = place + 1
      ends[place] = at(edge, 1)
      reasons[place] = at(edge, 2)
    }
    return new SortedEdges(starts, ends, reasons)
  }
}

export class SortedEdges {
  readonly #starts: Int32Array
  readonly #ends: Int32Array
  readonly #reasons: Int32Array

  constructor(starts: Int32Array, ends: Int32Array, reasons: Int32Array) {
    this.#starts = starts
    this.#ends = ends
    this.#reasons = reasons
  }

  to(from: number): Int32Array {
    return this.#ends.subarray(this.#starts[from], this.#starts[from + 1])
  }

  /** Of an edge that is there: why. */
  why(from: number, to: number): number {
    const start = this.#starts[from] as number
    return this.#reasons[start + this.to(from).indexOf(to)] as number
  }
}
