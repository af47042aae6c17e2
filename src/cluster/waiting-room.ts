/** Something that waits until a node can be reached. */
export interface Waiting {
  readonly bytes: number
  /** It waits for a word from that node, not only for a way to it. */
  readonly forWord: boolean
  go(): void
  /** There is no way to that node. */
  fail(): void
}

export interface WaitingRoomBounds {
  readonly perNode: number
  readonly perNodeBytes: number
  readonly all: number
  readonly allBytes: number
}

/** What waits for one node, by the neighbour it came from; what is this node's own by none. */
class Lines {
  readonly byOrigin = new Map<string | undefined, Waiting[]>()
  items = 0
  bytes = 0
}

/**
 * What waits for a way, by destination and origin: for one origin in its order. Bounded, for one
 * destination and in all.
 */
export class WaitingRoom {
  readonly #bounds: WaitingRoomBounds
  readonly #nodes = new Map<string, Lines>()
  #items = 0
  #bytes = 0

  constructor(bounds: WaitingRoomBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#items
  }

  /** True when something waits for that node that came from there. */
  has(node: string, origin?: string): boolean {
    return this.#nodes.get(node)?.byOrigin.has(origin) ?? false
  }

  /** False when there is no room. One alone may be larger than the bound of its node. */
  add(node: string, item: Waiting, origin?: string): boolean {
    const { perNode, perNodeBytes, all, allBytes } = this.#bounds
    const known = this.#nodes.get(node)
    if (this.#items >= all || this.#bytes + item.bytes > allBytes) return false
    if (known !== undefined) {
      if (known.items >= perNode || known.bytes + item.bytes > perNodeBytes) return false
    }
    const lines = known ?? new Lines()
    const line = lines.byOrigin.get(origin)
    if (line === undefined) lines.byOrigin.set(origin, [item])
    else line.push(item)
    lines.items++
    lines.bytes += item.bytes
    this.#items++
    this.#bytes += item.bytes
    if (known === undefined) this.#nodes.set(node, lines)
    return true
  }

  /** Takes out all that waits for a node. */
  take(node: string): readonly Waiting[] {
    const lines = this.#nodes.get(node)
    if (lines === undefined) return []
    this.#nodes.delete(node)
    this.#items -= lines.items
    this.#bytes -= lines.bytes
    return [...lines.byOrigin.values()].flat()
  }

  /** Takes out what came from there and waits for a way only; what is behind one that waits for a word stays. */
  takeForWay(node: string, origin?: string): readonly Waiting[] {
    const lines = this.#nodes.get(node)
    const line = lines?.byOrigin.get(origin)
    if (lines === undefined || line === undefined) return []
    const first = line.findIndex(({ forWord }) => forWord)
    const taken = line.splice(0, first < 0 ? line.length : first)
    const bytes = taken.reduce((sum, item) => sum + item.bytes, 0)
    lines.items -= taken.length
    lines.bytes -= bytes
    this.#items -= taken.length
    this.#bytes -= bytes
    if (line.length === 0) lines.byOrigin.delete(origin)
    if (lines.byOrigin.size === 0) this.#nodes.delete(node)
    return taken
  }

  nodes(): string[] {
    return [...this.#nodes.keys()]
  }
}
