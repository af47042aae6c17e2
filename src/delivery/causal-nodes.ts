import { nodeId } from './causal-clock.js'
import { CausalNode, PRESENT } from './causal-node.js'

/** The dense number of the node itself. */
export const SELF = 0
/** Stands for a node that departed and was forgotten. */
export const DEPARTED = -1

/** Ids of departed nodes that are remembered: what others still say of them is not taken in again. */
const DEPARTED_MAX = 4_096
/** `nodeId`s kept by name. */
const ID_CACHE = 8_192

/** The nodes of one causal order, by dense number, by id and by name (incarnation). */
export class CausalNodes<M> {
  readonly #max: number
  readonly #nodes: (CausalNode<M> | undefined)[] = []
  readonly #indices = new Map<number, number>()
  readonly #free: number[] = []
  readonly #byName = new Map<string, CausalNode<M>>()
  readonly #ids = new Map<string, number>()
  readonly #departed = new Set<number>()

  constructor(self: string, max: number) {
    this.#max = max
    this.#intern(this.idOf(self))
  }

  get size(): number {
    return this.#indices.size
  }

  at(index: number): CausalNode<M> | undefined {
    return this.#nodes[index]
  }

  /** The `nodeId` of a dense number in use. */
  idAt(index: number): number {
    return (this.#nodes[index] as CausalNode<M>).id
  }

  indexOf(id: number): number {
    return this.#indices.get(id) ?? DEPARTED
  }

  /** The `nodeId` of a name. */
  idOf(name: string): number {
    let id = this.#ids.get(name)
    if (id === undefined) {
      if (this.#ids.size >= ID_CACHE) this.#ids.clear()
      id = nodeId(name)
      this.#ids.set(name, id)
    }
    return id
  }

  find(name: string): CausalNode<M> | undefined {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const node = this.#nodes[this.indexOf(this.idOf(name))]
    if (node !== undefined) this.#nameIt(name, node)
    return node
  }

  hasDeparted(name: string): boolean {
    return this.#departed.has(this.idOf(name))
  }

  /** The node of that name, made known, and with it those of other ids: all or none. */
  know(name: string, others: readonly number[]): CausalNode<M> | undefined {
    const known = this.find(name)
    if (known !== undefined && others.length <= 1) return known
    const id = this.idOf(name)
    let fresh = known === undefined ? 1 : 0
    for (const other of others) if (other !== id && this.#isFresh(other)) fresh++
    if (fresh > 0 && this.#indices.size + fresh > this.#max) return undefined
    if (known === undefined) this.#intern(id)
    if (fresh > 0) for (const other of others) if (this.#isFresh(other)) this.#intern(other)
    return this.find(name)
  }

  depart(name: string): void {
    this.#departed.add(this.idOf(name))
    if (this.#departed.size <= DEPARTED_MAX) return
    this.#departed.delete(this.#departed.values().next().value as number)
  }

  comeBack(name: string): void {
    this.#departed.delete(this.idOf(name))
  }

  forget(node: CausalNode<M>): void {
    node.forgotten = true
    this.#byName.delete(node.name)
    this.#indices.delete(node.id)
    this.#nodes[node.index] = undefined
    this.#free.push(node.index)
  }

  /** Those that are gone. */
  absent(): CausalNode<M>[] {
    return this.#nodes.filter(
      (node) => node !== undefined && node.absence !== PRESENT,
    ) as CausalNode<M>[]
  }

  /** The dense numbers that a message which waits here names, or comes from. */
  namedByArrivals(): Set<number> {
    const named = new Set<number>()
    for (const node of this.#nodes) {
      if (node === undefined) continue
      for (const arrival of node.arrivals()) {
        named.add(node.index)
        for (const index of arrival.nodes) named.add(index)
      }
    }
    return named
  }

  #isFresh(id: number): boolean {
    return !this.#indices.has(id) && !this.#departed.has(id)
  }

  #intern(id: number): number {
    const index = this.#free.pop() ?? this.#nodes.length
    this.#nodes[index] = new CausalNode(index, id)
    this.#indices.set(id, index)
    return index
  }

  #nameIt(name: string, node: CausalNode<M>): void {
    this.#byName.set(name, node)
    node.name = name
  }
}
