import {
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayEffect,
  type OverlayEvent,
  type OverlayFactory,
} from '../../src/overlay/overlay.js'

/**
 * A scripted overlay with partial views: each node dials the one that stands behind it in its ring, and
 * knows no way but to those beside it. Names in no ring dial nobody.
 */
export function ringOverlay(...rings: readonly (readonly string[])[]): OverlayFactory {
  return { name: 'ring', create: (self) => new Ring(self, rings) }
}

class Ring implements Overlay {
  readonly name = 'ring'
  readonly capabilities = { membership: 'partial', direct: false } as const
  readonly #self: Member
  readonly #next: string | undefined
  readonly #beside = new Set<string>()
  readonly #members = new Map<string, Member>()

  constructor(self: Member, rings: readonly (readonly string[])[]) {
    this.#self = self
    for (const ring of rings) {
      const at = ring.indexOf(self.name)
      if (at === -1) continue
      const names = [ring.at(at - 1), ring[(at + 1) % ring.length]] as string[]
      for (const name of names) if (name !== self.name) this.#beside.add(name)
      this.#next = names[1]
    }
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    switch (event.type) {
      case 'start':
        if (this.#next === undefined || this.#next === this.#self.name) return NO_EFFECTS
        return [{ type: 'connectAddress', address: { host: this.#next, port: 9_000 } }]
      case 'introduced':
        return [...this.#admit(event.peer), { type: 'connect', peer: event.peer }]
      case 'join':
        return this.#admit(event.contact)
      case 'peerUp':
        return this.#beside.has(event.peer.name) ? this.#admit(event.peer) : NO_EFFECTS
      default:
        return NO_EFFECTS
    }
  }

  members(): readonly Member[] {
    const all = [this.#self, ...this.#members.values()]
    return all.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  neighbours(): readonly string[] {
    return [...this.#members.keys()].filter((name) => this.#beside.has(name)).sort()
  }

  nextHop(destination: string): string | undefined {
    return this.neighbours().find((name) => name === destination)
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { overlay: this.name, neighbours: this.neighbours() }
  }

  #admit(member: Member): readonly OverlayEffect[] {
    if (this.#members.has(member.name)) return NO_EFFECTS
    this.#members.set(member.name, member)
    return [{ type: 'memberJoined', member }]
  }
}
