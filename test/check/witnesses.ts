/** Sets of faults of which each is enough to break a protocol, and none contains another. */
export class Witnesses {
  readonly #sets: (readonly string[])[] = []

  add(faults: readonly string[]): void {
    const within = (one: readonly string[], other: readonly string[]): boolean =>
      one.every((fault) => other.includes(fault))
    if (this.#sets.some((set) => within(set, faults))) return
    for (let at = this.#sets.length - 1; at >= 0; at--) {
      if (within(faults, this.#sets[at] as readonly string[])) this.#sets.splice(at, 1)
    }
    this.#sets.push([...faults].sort())
  }

  /** The smaller first. */
  get sets(): readonly (readonly string[])[] {
    return [...this.#sets].sort((a, b) => a.length - b.length || (String(a) < String(b) ? -1 : 1))
  }
}
