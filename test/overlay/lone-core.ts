import { seededRandom } from '../../src/base/random.js'
import { memberToWire } from '../../src/overlay/member.js'
import type {
  Member,
  Overlay,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../../src/overlay/overlay.js'
import { addressOf, incarnationFor } from './core-network.js'

/** A member as tests need one; the generation makes its incarnation, too. */
export const memberFor = (name: string, generation = 1, tags: readonly string[] = []): Member => ({
  name,
  incarnation: incarnationFor(generation * 1_000 + (name.codePointAt(0) ?? 0)),
  generation,
  addresses: [addressOf(name)],
  tags,
})

export const wireFor = (member: Member): unknown => memberToWire(member)

/** One core, fed by hand. */
export class LoneCore {
  readonly self: Member
  readonly overlay: Overlay
  /** Of the last step. */
  effects: readonly OverlayEffect[] = []

  constructor(factory: OverlayFactory, seed: number | string = 1, name = 'me') {
    this.self = memberFor(name)
    this.overlay = factory.create(this.self, seededRandom(seed))
    this.step({ type: 'start' })
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.effects = this.overlay.step(event)
    return this.effects
  }

  up(peer: Member): readonly OverlayEffect[] {
    return this.step({ type: 'peerUp', peer })
  }

  down({ name, incarnation }: Member): readonly OverlayEffect[] {
    return this.step({ type: 'peerDown', peer: name, incarnation })
  }

  says(from: Member, ...body: unknown[]): readonly OverlayEffect[] {
    return this.step({ type: 'message', from, body })
  }

  fires(name: string): readonly OverlayEffect[] {
    return this.step({ type: 'timer', name })
  }

  /** Bodies of the last step to that peer, in order. */
  sentTo(name: string): unknown[] {
    return this.effects.flatMap((effect) => {
      if (effect.type === 'send' && effect.to === name) return [effect.body]
      return effect.type === 'sendOnce' && effect.to.name === name ? [effect.body] : []
    })
  }

  /** Names of peers that effects of that type in the last step are about. */
  named(type: 'connect' | 'release' | 'disconnect' | 'measure'): string[] {
    return this.effects.flatMap((effect) => {
      if (effect.type !== type) return []
      const { peer } = effect as { peer: string | Member }
      return [typeof peer === 'string' ? peer : peer.name]
    })
  }

  has(type: OverlayEffect['type']): boolean {
    return this.effects.some((effect) => effect.type === type)
  }

  view(of: 'active' | 'passive' | 'lost' | 'asking'): string[] {
    return [...(this.overlay.snapshot()[of] as string[])].sort()
  }
}
