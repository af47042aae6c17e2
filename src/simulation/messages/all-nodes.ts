import { unreachable } from '../../base/unreachable.js'
import { compareIncarnations } from '../../overlay/member.js'
import {
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayCapabilities,
  type OverlayEffect,
  type OverlayEvent,
} from '../../overlay/overlay.js'

export const ALL_NODES = 'all-nodes'
const CAPABILITIES: OverlayCapabilities = { membership: 'all', direct: true }

/** The overlay of a world of messages: whoever is there is a member, at once, and nobody tells anybody. */
export class AllNodes implements Overlay {
  readonly name = ALL_NODES
  readonly capabilities = CAPABILITIES
  readonly #self: Member
  readonly #members = new Map<string, Member>()
  #sorted: readonly Member[] | undefined
  #out = false

  constructor(self: Member) {
    this.#self = self
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    switch (event.type) {
      case 'peerUp':
        return this.#out ? NO_EFFECTS : this.#admit(event.peer)
      case 'join':
        this.#out = false
        return this.#admit(event.contact)
      case 'leave':
        return this.#leave(event.name)
      case 'start':
      case 'introduced':
      case 'peerDown':
      case 'nodeDown':
      case 'connectFailed':
      case 'roundTrip':
      case 'message':
      case 'published':
      case 'timer':
        return NO_EFFECTS
      default:
        return unreachable(event)
    }
  }

  members(): readonly Member[] {
    this.#sorted ??= [this.#self, ...this.#members.values()].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )
    return this.#sorted
  }

  neighbours(): readonly string[] {
    return [...this.#members.keys()].sort()
  }

  nextHop(destination: string): string | undefined {
    return this.#members.has(destination) ? destination : undefined
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { overlay: this.name, self: this.#self.name, out: this.#out, members: this.neighbours() }
  }

  #admit(peer: Member): readonly OverlayEffect[] {
    const before = this.#members.get(peer.name)
    if (before !== undefined && compareIncarnations(peer, before) <= 0) return NO_EFFECTS
    this.#members.set(peer.name, peer)
    this.#sorted = undefined
    const joined: OverlayEffect[] = [
      { type: 'memberJoined', member: peer },
      { type: 'connect', peer },
    ]
    if (before === undefined) return joined
    return [{ type: 'memberLeft', member: before, reason: 'replaced' }, ...joined]
  }

  #leave(name: string): readonly OverlayEffect[] {
    if (name !== this.#self.name) return this.#drop(name)
    this.#out = true
    const gone = this.neighbours().flatMap((peer) => this.#drop(peer))
    return [...gone, { type: 'selfLeft' }]
  }

  #drop(name: string): readonly OverlayEffect[] {
    const member = this.#members.get(name)
    if (member === undefined) return NO_EFFECTS
    this.#members.delete(name)
    this.#sorted = undefined
    return [
      { type: 'memberLeft', member, reason: 'left' },
      { type: 'disconnect', peer: name, reason: 'it is no member any more' },
    ]
  }
}
