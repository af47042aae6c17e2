import type { Random } from '../../src/base/random.js'
import { unreachable } from '../../src/base/unreachable.js'
import {
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayEffect,
  type OverlayEvent,
  type OverlayFactory,
} from '../../src/overlay/overlay.js'

const DEGREE = 4
const SHUFFLE_MS = 10_000

/**
 * The smallest overlay that uses every kind of connection: a newcomer wants four random nodes that its
 * contact names; every cycle a node measures one neighbour, tells one it is not connected to that it is
 * there, and wants it in place of the measured one.
 */
export function randomViews(): OverlayFactory {
  return { name: 'random-views', create: (self, random) => new RandomViews(self, random) }
}

class RandomViews implements Overlay {
  readonly name = 'random-views'
  readonly capabilities = { membership: 'partial', direct: false } as const
  readonly #self: Member
  readonly #random: Random
  readonly #known = new Map<string, Member>()
  readonly #view = new Map<string, Member>()

  constructor(self: Member, random: Random) {
    this.#self = self
    this.#random = random
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    switch (event.type) {
      case 'start':
        return [timer]
      case 'join':
        return [{ type: 'send', to: event.contact.name, body: ['who'] }]
      case 'message':
        return this.#message(event.from, event.body as [string, ...Member[]])
      case 'timer':
        return [timer, ...this.#shuffle()]
      case 'roundTrip': {
        const old = this.#view.get(event.peer)
        if (old === undefined || this.#view.size <= DEGREE) return NO_EFFECTS
        this.#view.delete(event.peer)
        return [{ type: 'release', peer: event.peer }]
      }
      case 'nodeDown':
        if (!this.#view.delete(event.peer)) return NO_EFFECTS
        this.#known.delete(event.peer)
        return [{ type: 'disconnect', peer: event.peer, reason: 'it is dead' }, ...this.#fill()]
      case 'leave':
      case 'introduced':
      case 'peerUp':
      case 'peerDown':
      case 'connectFailed':
      case 'published':
        return NO_EFFECTS
      default:
        return unreachable(event)
    }
  }

  members(): readonly Member[] {
    return [this.#self, ...this.#known.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  neighbours(): readonly string[] {
    return [...this.#view.keys()]
  }

  nextHop(): undefined {
    return undefined
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return { passive: [...this.#known.keys()].filter((name) => !this.#view.has(name)) }
  }

  #message(from: Member, [kind, ...members]: [string, ...Member[]]): readonly OverlayEffect[] {
    const given = kind === 'who' ? this.#random.sample([...this.#known.values()], 3 * DEGREE) : []
    for (const member of [from, ...members]) {
      if (member.name !== this.#self.name) this.#known.set(member.name, member)
    }
    const answer = { type: 'send', to: from.name, body: ['these', this.#self, ...given] } as const
    const filled = this.#fill()
    if (kind === 'who') return [answer, ...filled]
    return this.#view.has(from.name) ? filled : [...filled, { type: 'release', peer: from.name }]
  }

  #fill(): OverlayEffect[] {
    const effects: OverlayEffect[] = []
    while (this.#view.size < DEGREE) {
      const peer = this.#unknownPeer()
      if (peer === undefined) break
      this.#view.set(peer.name, peer)
      effects.push({ type: 'connect', peer })
    }
    return effects
  }

  #shuffle(): OverlayEffect[] {
    const old = this.#random.sample([...this.#view.values()], 1)[0]
    const peer = this.#unknownPeer()
    if (old === undefined || peer === undefined) return []
    this.#view.set(peer.name, peer)
    const here = ['here', this.#self]
    return [
      { type: 'measure', peer: old },
      { type: 'sendOnce', to: peer, body: here },
      { type: 'connect', peer },
    ]
  }

  #unknownPeer(): Member | undefined {
    const others = [...this.#known.values()].filter((member) => !this.#view.has(member.name))
    return this.#random.sample(others, 1)[0]
  }
}

const timer: OverlayEffect = { type: 'startTimer', name: 'shuffle', delayMs: SHUFFLE_MS }
