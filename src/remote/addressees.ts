import type { Definition } from '../actor/definition.js'

/** An actor of another node as refs here name it. */
export interface Addressee {
  /** ULID of its node's start. */
  readonly incarnation: string
  readonly definition: Definition
  /** Its serial number, or its name. */
  readonly to: number | string
  /** What methods are called on the wire, by their index in `definition`, once that is known. */
  readonly wires: readonly (number | string)[] | undefined
}

/**
 * Who was written to lately. An envelope on a lane says neither the class of its receiver nor, as a
 * rule, the name of the method; what becomes a dead letter there finds both again here.
 */
export class Addressees {
  readonly #latest = new Map<string, Addressee>()

  remember(addressee: Addressee): void {
    const key = keyOf(addressee.incarnation, addressee.to)
    if (this.#latest.get(key)?.wires !== undefined) return
    this.#latest.set(key, addressee)
    if (this.#latest.size <= LATEST_MAX) return
    for (const oldest of this.#latest.keys()) {
      this.#latest.delete(oldest)
      return
    }
  }

  /** The type of the receiver, `?` when it is forgotten, and the name of the method, or its index then. */
  describe(
    incarnation: string,
    to: number | string,
    method: number | string,
  ): { readonly type: string; readonly method: string } {
    const addressee = this.#latest.get(keyOf(incarnation, to))
    if (addressee === undefined) return { type: '?', method: String(method) }
    const { definition, wires } = addressee
    const index = typeof method === 'number' ? (wires?.indexOf(method) ?? -1) : -1
    const name = definition.methods[index]?.name ?? String(method)
    return { type: definition.type, method: name }
  }
}

/** Kept at most. */
const LATEST_MAX = 10_000

const keyOf = (incarnation: string, to: number | string): string =>
  typeof to === 'number' ? `${incarnation} ${to}` : `${incarnation} name:${to}`
