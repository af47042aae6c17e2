/** Something that waits until a node can be reached. */
export interface Waiting {
  readonly bytes: number
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

class Line {
  readonly items: Waiting[] = []
  bytes = 0
}

/** What waits for a way, by destination and in its order: bounded, for one node and in all. */
export class WaitingRoom {
  readonly #bounds: WaitingRoomBounds
  readonly #lines = new Map<string, Line>()
  #items = 0
  #bytes = 0

  constructor(bounds: WaitingRoomBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#items
  }

  has(node: string): boolean {
    return this.#lines.has(node)
  }

  /** False when there is no room. One alone may be larger than the bound of its node. */
  add(node: string, item: Waiting): boolean {
    const { perNode, perNodeBytes, all, allBytes } = this.#bounds
    const line = this.#lines.get(node)
    if (this.#items >= all || this.#bytes + item.bytes > allBytes) return false
    if (line !== undefined) {
      if (line.items.length >= perNode || line.bytes + item.bytes > perNodeBytes) return false
    }
    const into = line ?? new Line()
    into.items.push(item)
    into.bytes += item.bytes
    this.#items++
    this.#bytes += item.bytes
    if (line === undefined) this.#lines.set(node, into)
    return true
  }

  /** Takes out all that waits for a node. */
  take(node: string): readonly Waiting[] {
    const line = this.#lines.get(node)
    if (line === undefined) return []
    this.#lines.delete(node)
    this.#items -= line.items.length
    this.#bytes -= line.bytes
    return line.items
  }

  nodes(): string[] {
    return [...this.#lines.keys()]
  }
}
