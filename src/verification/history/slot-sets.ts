/** Up to here a set is the bits of a number, which is its own name. */
const BITS = 30
/** By estimate: what a larger one costs, but for its bits. */
const SET_BYTES = 120

/** Sets of small numbers, each set named by a number: equal sets have equal names. The empty set is 0. */
export class SlotSets {
  readonly #wide: boolean
  readonly #width: number
  readonly #sets: bigint[] = [0n]
  readonly #names = new Map<bigint, number>([[0n, 0]])

  /** `width`: all numbers are below. */
  constructor(width: number) {
    this.#wide = width > BITS
    this.#width = width
  }

  /** Memory it keeps, by estimate. */
  get bytes(): number {
    return this.#sets.length * (SET_BYTES + this.#width / 8)
  }

  has(set: number, slot: number): boolean {
    if (!this.#wide) return ((set >> slot) & 1) === 1
    return (((this.#sets[set] as bigint) >> BigInt(slot)) & 1n) === 1n
  }

  with(set: number, slot: number): number {
    if (!this.#wide) return set | (1 << slot)
    return this.#nameOf((this.#sets[set] as bigint) | (1n << BigInt(slot)))
  }

  /** The set must have it. */
  without(set: number, slot: number): number {
    if (!this.#wide) return set & ~(1 << slot)
    return this.#nameOf((this.#sets[set] as bigint) ^ (1n << BigInt(slot)))
  }

  #nameOf(set: bigint): number {
    const known = this.#names.get(set)
    if (known !== undefined) return known
    const name = this.#sets.push(set) - 1
    this.#names.set(set, name)
    return name
  }
}
