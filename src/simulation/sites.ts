import { hashText } from '../base/random.js'

/** Nodes in so many places, by their names: what travels between two of them takes a long way. */
export class Sites {
  readonly #seed: number | string
  readonly #count: number
  readonly #sites = new Map<string, number>()

  constructor(seed: number | string, count: number) {
    this.#seed = seed
    this.#count = count
  }

  /** From 0. */
  of(name: string): number {
    let site = this.#sites.get(name)
    if (site === undefined) {
      site = hashText(`${this.#seed}/site/${name}`) % this.#count
      this.#sites.set(name, site)
    }
    return site
  }

  apart(a: string, b: string): boolean {
    return this.of(a) !== this.of(b)
  }
}
