import type {
  Member,
  Overlay,
  OverlayCapabilities,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../../src/overlay/overlay.js'

/** Who is to be connected to whom, by node name; each node is at `name:9000`. */
export type Graph = Readonly<Record<string, readonly string[]>>

const PORT = 9_000

/** A partial view by script: every node knows the neighbours it is given and nobody else. */
export class ScriptedOverlay implements Overlay {
  readonly name = 'scripted'
  readonly capabilities: OverlayCapabilities = { membership: 'partial', direct: false }
  readonly #self: Member
  readonly #wanted: Set<string>
  readonly #connected = new Map<string, Member>()

  constructor(self: Member, neighbours: readonly string[]) {
    this.#self = self
    this.#wanted = new Set(neighbours)
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    switch (event.type) {
      case 'start':
        return [...this.#wanted].map((host) => ({
          type: 'connectAddress' as const,
          address: { host, port: PORT },
        }))
      case 'introduced':
        return [{ type: 'connect', peer: event.peer }]
      case 'peerUp': {
        const { peer } = event
        const before = this.#connected.get(peer.name)
        this.#connected.set(peer.name, peer)
        if (before?.incarnation === peer.incarnation) return []
        return [{ type: 'memberJoined', member: peer }]
      }
      case 'peerDown':
        return this.#gone(event.peer)
      default:
        return []
    }
  }

  members(): readonly Member[] {
    return [this.#self, ...this.#connected.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  neighbours(): readonly string[] {
    return [...this.#connected.keys()].sort()
  }

  nextHop(destination: string): string | undefined {
    return this.#connected.has(destination) ? destination : undefined
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { overlay: this.name, neighbours: this.neighbours() }
  }

  /** It drops out of the view. It is dialled on, as the script wants it. */
  #gone(name: string): readonly OverlayEffect[] {
    const member = this.#connected.get(name)
    if (member === undefined) return []
    this.#connected.delete(name)
    return [
      { type: 'memberLeft', member, reason: 'forgotten' },
      { type: 'connectAddress', address: { host: name, port: PORT } },
    ]
  }
}

export const scripted = (graph: Graph): OverlayFactory => ({
  name: 'scripted',
  create: (self) => new ScriptedOverlay(self, graph[self.name] ?? []),
})

/** Each with the one before and the one behind it; `closed`: the ends, too. */
export function line(names: readonly string[], closed = false): Graph {
  const graph: Record<string, string[]> = {}
  const last = names.length - 1
  for (const [at, name] of names.entries()) {
    const before = at > 0 ? names[at - 1] : closed ? names[last] : undefined
    const behind = at < last ? names[at + 1] : closed ? names[0] : undefined
    graph[name] = [before, behind].filter((one) => one !== undefined)
  }
  return graph
}
