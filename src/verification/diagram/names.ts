/** Gives names their indices, in the order in which they are met. */
export class Names {
  readonly list: string[] = []
  readonly #index = new Map<string, number>()

  constructor(names: readonly string[] = []) {
    for (const name of names) this.index(name)
  }

  index(name: string): number {
    const known = this.#index.get(name)
    if (known !== undefined) return known
    this.#index.set(name, this.list.length)
    return this.list.push(name) - 1
  }

  find(name: string): number | undefined {
    return this.#index.get(name)
  }
}
