/** A map by two keys that keeps nothing for a first key without entries. */
export class TwoKeyMap<A, B, V> {
  readonly #maps = new Map<A, Map<B, V>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(a: A, b: B): V | undefined {
    return this.#maps.get(a)?.get(b)
  }

  set(a: A, b: B, value: V): void {
    let map = this.#maps.get(a)
    if (map === undefined) {
      map = new Map()
      this.#maps.set(a, map)
    }
    if (!map.has(b)) this.#size++
    map.set(b, value)
  }

  delete(a: A, b: B): void {
    const map = this.#maps.get(a)
    if (!map?.delete(b)) return
    this.#size--
    if (map.size === 0) this.#maps.delete(a)
  }

  /** How many entries there are for a first key. */
  count(a: A): number {
    return this.#maps.get(a)?.size ?? 0
  }

  /** The values for a first key, as a copy. */
  all(a: A): V[] {
    const map = this.#maps.get(a)
    return map === undefined ? [] : [...map.values()]
  }
}
