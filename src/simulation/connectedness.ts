import type { Node } from '../node/node.js'
import type { Overlay } from '../overlay/overlay.js'

/** The events after which a node may have a way that it had not before. */
const NEWS = ['nodeUp', 'nodeDown', 'peerUp', 'peerDown', 'memberJoined'] as const

/**
 * Whether messages can travel between all nodes of a cluster that starts. Where an overlay connects all
 * directly, each node has to reach each. Where views are partial each has a neighbour it is connected
 * to, and all connections together leave nobody apart.
 */
export class Connectedness {
  readonly #names: readonly string[]
  /** The neighbours that each node is connected to, where views are partial. */
  readonly #ways = new Map<string, readonly string[]>()
  /** Who has no way yet. */
  readonly #lacking: Set<string>
  readonly #ends: (() => void)[] = []
  #whole: (() => void) | undefined

  constructor(names: readonly string[]) {
    this.#names = names
    this.#lacking = new Set(names)
  }

  /** A node listens. */
  add(node: Node, overlay: Overlay): void {
    const { events } = node
    const look = (): void => this.#look(node, overlay)
    for (const event of NEWS) {
      events.on(event, look)
      this.#ends.push(() => events.off(event, look))
    }
    look()
  }

  /** Resolves when nobody is apart. */
  whole(): Promise<void> {
    return new Promise((resolve) => {
      const whole = (): void => {
        for (const end of this.#ends.splice(0)) end()
        this.#ways.clear()
        resolve()
      }
      this.#whole = whole
      this.#settle()
    })
  }

  /** What is missing, for people; undefined when nothing is. */
  get missing(): string | undefined {
    if (this.#lacking.size > 0) return `no way yet for ${[...this.#lacking].join(', ')}`
    const apart = this.#apart()
    return apart === undefined ? undefined : `no way yet from ${this.#names[0]} to ${apart}`
  }

  #look(node: Node, overlay: Overlay): void {
    const { name } = node
    let has: boolean
    if (overlay.capabilities.direct) has = this.#names.every((other) => node.isUp(other))
    else {
      const ways = connected(node, overlay)
      this.#ways.set(name, ways)
      has = ways.length > 0 || this.#names.length === 1
    }
    if (has) this.#lacking.delete(name)
    else this.#lacking.add(name)
    this.#settle()
  }

  #settle(): void {
    if (this.#whole === undefined || this.missing !== undefined) return
    const whole = this.#whole
    this.#whole = undefined
    whole()
  }

  /** A node to which no connections lead from the first; a connection carries messages both ways. */
  #apart(): string | undefined {
    if (this.#ways.size === 0) return undefined
    const both = new Map<string, string[]>(this.#names.map((name) => [name, []]))
    for (const [name, peers] of this.#ways) {
      for (const peer of peers) {
        both.get(name)?.push(peer)
        both.get(peer)?.push(name)
      }
    }
    const [first = ''] = this.#names
    const reached = new Set([first])
    for (const name of reached) for (const peer of both.get(name) ?? []) reached.add(peer)
    return this.#names.find((name) => !reached.has(name))
  }
}

/** The neighbours to which lanes stand. */
function connected(node: Node, overlay: Overlay): string[] {
  const lanes = node.stats().transport.lanes.filter((lane) => lane.connected)
  const up = new Set(lanes.map(({ peer }) => peer))
  return overlay.neighbours().filter((peer) => up.has(peer))
}
