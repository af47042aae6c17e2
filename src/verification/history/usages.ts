/** By estimate: what a bag costs with its names, whatever is in it. */
const BAG_BYTES = 250

/**
 * How often each kind of open operation was made use of: bags of small numbers, each bag named by a
 * number, so that equal bags have equal names. The empty bag is 0.
 */
export class Usages {
  readonly #kinds: number
  /** The kinds of a bag in order, repeated as often as they are in it. */
  readonly #bags: (readonly number[])[] = [[]]
  readonly #names = new Map<string, number>([['', 0]])
  /** By bag and kind: the bag with one more of it. */
  readonly #more = new Map<number, number>()
  /** Numbers in all bags. */
  #held = 0

  constructor(kinds: number) {
    this.#kinds = kinds
  }

  /** Memory it keeps, by estimate. */
  get bytes(): number {
    return 8 * this.#held + BAG_BYTES * this.#bags.length
  }

  /** How often that kind is in it. */
  count(bag: number, kind: number): number {
    let count = 0
    for (const one of this.#bags[bag] as readonly number[]) if (one === kind) count++
    return count
  }

  with(bag: number, kind: number): number {
    const key = bag * this.#kinds + kind
    const known = this.#more.get(key)
    if (known !== undefined) return known
    const kinds = [...(this.#bags[bag] as readonly number[]), kind].sort((a, b) => a - b)
    const text = kinds.join()
    let name = this.#names.get(text)
    if (name === undefined) {
      name = this.#bags.push(kinds) - 1
      this.#names.set(text, name)
      this.#held += kinds.length
    }
    this.#more.set(key, name)
    return name
  }

  /** Whether all of the first bag is in the second. */
  within(small: number, large: number): boolean {
    if (small === large || small === 0) return true
    const few = this.#bags[small] as readonly number[]
    const many = this.#bags[large] as readonly number[]
    if (few.length >= many.length) return false
    let at = 0
    for (const kind of few) {
      while (at < many.length && (many[at] as number) < kind) at++
      if (many[at] !== kind) return false
      at++
    }
    return true
  }
}
