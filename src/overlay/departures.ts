import type { Member } from './overlay.js'

/** Members that left, as of which epoch, so that late news does not bring them back. */
export class Departures {
  readonly #gone = new Map<string, { readonly incarnation: string; readonly epoch: number }>()
  readonly #most: number

  /** Remembers the latest `most` of them. */
  constructor(most: number) {
    this.#most = most
  }

  add({ name, incarnation }: Member, epoch: number): void {
    this.#gone.delete(name)
    this.#gone.set(name, { incarnation, epoch })
    if (this.#gone.size <= this.#most) return
    for (const oldest of this.#gone.keys()) {
      this.#gone.delete(oldest)
      return
    }
  }

  /** The epoch as of which this very incarnation is out; undefined when nothing is known of that. */
  epochOf({ name, incarnation }: Member): number | undefined {
    const gone = this.#gone.get(name)
    return gone?.incarnation === incarnation ? gone.epoch : undefined
  }

  delete(name: string): void {
    this.#gone.delete(name)
  }

  clear(): void {
    this.#gone.clear()
  }
}
