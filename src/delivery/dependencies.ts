/**
 * What one node knows to be under way in a causal order: for each destination and sender the number
 * of the latest message that may not have arrived. Nodes are small dense numbers; a missing entry
 * is 0.
 */
export class Dependencies {
  readonly #rows: (number[] | undefined)[] = []
  readonly #counts: number[] = []
  #count = 0

  /** Entries in all. */
  get count(): number {
    return this.#count
  }

  /** Destinations run from 0 to this - 1. */
  get height(): number {
    return this.#rows.length
  }

  /** Entries of one destination. */
  countOf(destination: number): number {
    return this.#counts[destination] ?? 0
  }

  /** The numbers of one destination by sender. Read only, and only when `countOf` is not 0. */
  row(destination: number): readonly number[] {
    return this.#rows[destination] ?? NONE
  }

  get(destination: number, sender: number): number {
    return this.#rows[destination]?.[sender] ?? 0
  }

  /** 0 takes the entry away. */
  set(destination: number, sender: number, seq: number): void {
    let row = this.#rows[destination]
    if (row === undefined) {
      if (seq === 0) return
      while (this.#rows.length <= destination) {
        this.#rows.push(undefined)
        this.#counts.push(0)
      }
      row = this.#rows[destination] = []
    }
    if (sender >= row.length) {
      if (seq === 0) return
      while (row.length <= sender) row.push(0)
    }
    const before = row[sender] as number
    if (before === 0 && seq !== 0) this.#add(destination, 1)
    else if (before !== 0 && seq === 0) this.#add(destination, -1)
    row[sender] = seq
  }

  /** Another number in an entry that is there. */
  replace(destination: number, sender: number, seq: number): void {
    const row = this.#rows[destination] as number[]
    row[sender] = seq
  }

  raise(destination: number, sender: number, seq: number): void {
    if (seq > this.get(destination, sender)) this.set(destination, sender, seq)
  }

  clearDestination(destination: number): void {
    if (this.countOf(destination) === 0) return
    this.#count -= this.countOf(destination)
    this.#counts[destination] = 0
    this.#rows[destination]?.fill(0)
  }

  clearSender(sender: number): void {
    for (let destination = 0; destination < this.#rows.length; destination++) {
      if (this.get(destination, sender) !== 0) this.set(destination, sender, 0)
    }
  }

  #add(destination: number, by: number): void {
    this.#counts[destination] = (this.#counts[destination] as number) + by
    this.#count += by
  }
}

const NONE: readonly number[] = []
