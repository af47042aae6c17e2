/** Who is being dialled; not too many at a time. */
export class Dials {
  readonly #periods = new Map<string, number>()
  readonly #most: number
  readonly #periodsMax: number

  /** One that has not ended after `periodsMax` periods makes way for others. */
  constructor(most: number, periodsMax: number) {
    this.#most = most
    this.#periodsMax = periodsMax
  }

  /** False: there are as many as may be. */
  begin(name: string): boolean {
    if (this.#periods.size >= this.#most) return false
    this.#periods.set(name, 0)
    return true
  }

  /** True when it was under way. */
  end(name: string): boolean {
    return this.#periods.delete(name)
  }

  /** A period goes by: those that have had their time. */
  overdue(): string[] {
    const names: string[] = []
    for (const [name, periods] of this.#periods) {
      if (periods >= this.#periodsMax) names.push(name)
      else this.#periods.set(name, periods + 1)
    }
    return names
  }
}
