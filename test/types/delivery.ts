/** Compiled in both decorator modes; every `@ts-expect-error` must meet an error. */
import { Actor } from '../../src/actor/actor.js'
import { causal, monotonic, reliable } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import type { NodeOptions } from '../../src/node/node-options.js'

@reliable
@causal('room')
@monotonic
export class Room extends Actor {
  @reliable
  enter(_who: string): void {}

  @causal('room')
  say(_what: string): string {
    return ''
  }

  @monotonic
  cursor(_at: number): void {}

  // @ts-expect-error it takes a label
  @causal()
  leave(): void {}

  // @ts-expect-error the label is a text
  @causal(7)
  look(): void {}
}

export function options(room: ActorRef<Room>): NodeOptions {
  room.with({ reliable: true, causal: 'x', monotonic: true }).tell.enter('me')
  room.with({ causal: false, inOrder: false, expireAfterMs: 100 }).tell.enter('me')
  // @ts-expect-error a boolean
  room.with({ reliable: 'yes' })
  // @ts-expect-error a label or false
  room.with({ causal: true })
  // @ts-expect-error no such option
  room.with({ acknowledged: true })
  return {
    name: 'a',
    channels: {
      orders: { reliable: true, expireAfterMs: 1_000 },
      talk: { causal: 'talk', connections: 2 },
      gauges: { monotonic: true, policy: 'wait' },
      // @ts-expect-error no such policy
      wrong: { policy: 'block' },
    },
    delivery: { acknowledged: { windowMessages: 10 }, causal: { maxNodes: 10 } },
  }
}
