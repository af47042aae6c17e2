import type {
  Member,
  Overlay,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../../src/overlay/overlay.js'

/** An overlay of set links between nodes whose host is their name: each knows its neighbours and no others. */
export function linked(
  links: readonly (readonly [string, string])[],
  port = 9_000,
): OverlayFactory {
  const factory: OverlayFactory = {
    name: 'linked',
    create: (self) => {
      const wanted = links.flatMap(([a, b]) => (a === self.name ? [b] : b === self.name ? [a] : []))
      return new Linked(self, wanted, port)
    },
  }
  return factory
}

/** Each node is linked to the next, the last to the first. */
export const ring = (names: readonly string[]): OverlayFactory =>
  linked(names.map((name, at) => [name, names[(at + 1) % names.length] as string] as const))

class Linked implements Overlay {
  readonly name = 'linked'
  readonly capabilities = { membership: 'partial', direct: false } as const
  readonly #self: Member
  readonly #wanted: readonly string[]
  readonly #port: number
  readonly #known = new Map<string, Member>()

  constructor(self: Member, wanted: readonly string[], port: number) {
    this.#self = self
    this.#wanted = wanted
    this.#port = port
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    switch (event.type) {
      case 'start':
        return this.#wanted
          .filter((name) => this.#self.name < name)
          .map((host) => ({ type: 'connectAddress', address: { host, port: this.#port } }))
      case 'introduced':
      case 'peerUp':
        return this.#admit(event.peer)
      case 'nodeDown':
        return [{ type: 'connectAddress', address: { host: event.peer, port: this.#port } }]
      default:
        return []
    }
  }

  members(): readonly Member[] {
    return [this.#self, ...this.#known.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  neighbours(): readonly string[] {
    return [...this.#known.keys()]
  }

  nextHop(destination: string): string | undefined {
    return this.#known.has(destination) ? destination : undefined
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { neighbours: this.neighbours() }
  }

  #admit(peer: Member): readonly OverlayEffect[] {
    const before = this.#known.get(peer.name)
    if (!this.#wanted.includes(peer.name) || before?.incarnation === peer.incarnation) return []
    this.#known.set(peer.name, peer)
    const joined: OverlayEffect[] = [
      { type: 'memberJoined', member: peer },
      { type: 'connect', peer },
    ]
    if (before === undefined) return joined
    return [{ type: 'memberLeft', member: before, reason: 'replaced' }, ...joined]
  }
}
