/**
 * A first-in first-out queue on a ring that doubles when full and never moves its elements on a pop.
 * An empty queue owns no ring, so that a million idle ones cost little.
 */
export class RingQueue<T> {
  #ring: (T | undefined)[] = EMPTY
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = item
    this.#size++
  }

  /** Puts an item before all others. */
  unshift(item: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    this.#head = (this.#head - 1) & (this.#ring.length - 1)
    this.#ring[this.#head] = item
    this.#size++
  }

  /** Takes the oldest item, or undefined. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#ring[this.#head]
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#size--
    return item
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#ring[this.#head]
  }

  /** The newest item, or undefined. */
  last(): T | undefined {
    if (this.#size === 0) return undefined
    return this.#ring[(this.#head + this.#size - 1) & (this.#ring.length - 1)]
  }

  clear(): void {
    this.#ring = EMPTY
    this.#head = 0
    this.#size = 0
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#size; i++) {
      yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T
    }
  }

  #grow(): void {
    const grown: (T | undefined)[] = new Array(Math.max(8, this.#ring.length * 2))
    for (let i = 0; i < this.#size; i++) {
      grown[i] = this.#ring[(this.#head + i) & (this.#ring.length - 1)]
    }
    this.#ring = grown
    this.#head = 0
  }
}

const EMPTY: undefined[] = []
