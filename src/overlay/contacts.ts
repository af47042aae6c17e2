/** Contacts this node asked to let it in, and how often it may still ask each of them. */
export class Contacts {
  readonly #left = new Map<string, number>()
  readonly #most: number
  readonly #attempts: number

  /** At most `most` contacts at a time, each asked `attempts` times. */
  constructor(most: number, attempts: number) {
    this.#most = most
    this.#attempts = attempts
  }

  get size(): number {
    return this.#left.size
  }

  has(name: string): boolean {
    return this.#left.has(name)
  }

  names(): IterableIterator<string> {
    return this.#left.keys()
  }

  asked(name: string): void {
    if (this.#left.size < this.#most || this.#left.has(name)) this.#left.set(name, this.#attempts)
  }

  delete(name: string): void {
    this.#left.delete(name)
  }

  clear(): void {
    this.#left.clear()
  }

  /** Counts one more attempt at each, forgets those that had their last one and returns them. */
  countAttempt(): string[] {
    const spent: string[] = []
    for (const [name, left] of this.#left) {
      if (left > 1) this.#left.set(name, left - 1)
      else spent.push(name)
    }
    for (const name of spent) this.#left.delete(name)
    return spent
  }
}
