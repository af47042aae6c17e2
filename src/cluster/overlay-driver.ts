import type { Logger } from '../base/logger.js'
import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type {
  LeaveReason,
  Member,
  Overlay,
  OverlayEffect,
  OverlayEvent,
} from '../overlay/overlay.js'
import type { Transport } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import { FRAME } from '../wire/frame.js'
import type { Clock, Timer } from '../world/clock.js'
import { AddressDialer } from './address-dialer.js'
import { BorrowedPeers } from './borrowed-peers.js'
import { EventLine } from './event-line.js'
import type { Medium } from './medium.js'
import type { OverlayMemory } from './overlay-memory.js'

/** What the driver of an overlay stands on. */
export interface OverlayGround {
  readonly overlay: Overlay
  readonly transport: Transport
  readonly codec: Codec
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly memory: OverlayMemory
  /** What the overlay brought along, if anything. */
  readonly medium?: Medium | undefined
}

/** Who hears what an overlay decided about the membership. */
export interface MembershipSink {
  memberJoined(member: Member): void
  memberLeft(member: Member, reason: LeaveReason): void
  selfLeft(): void
  /** It wants other neighbours, or knows more of one. */
  neighboursChanged(): void
  /** The overlay has handled what came up: its neighbours may be others now. */
  stepped?(): void
  badMessage(from: string, detail: string): void
}

/**
 * Feeds an overlay and performs its effects. Events that come up while effects are performed wait
 * their turn, so that a step is over before the next begins.
 */
export class OverlayDriver {
  readonly #ground: OverlayGround
  readonly #sink: MembershipSink
  readonly #line = new EventLine<OverlayEvent>((event) => {
    const effects = this.#step(event)
    for (const effect of effects) this.#perform(effect)
    if (this.#hasOtherNeighbours(effects)) this.#sink.neighboursChanged()
  })
  readonly #timers = new Map<string, Timer>()
  readonly #dialer: AddressDialer
  readonly #borrowed: BorrowedPeers
  /** Peers the overlay wants to be connected to. */
  readonly #wanted = new Set<string>()
  #neighbours: readonly string[] = []

  constructor(ground: OverlayGround, sink: MembershipSink) {
    this.#ground = ground
    this.#sink = sink
    this.#dialer = new AddressDialer(ground, (address, peer) =>
      this.feed({ type: 'introduced', address, peer }),
    )
    const { transport, clock, medium } = ground
    medium?.subscribe((bytes) => this.#published(bytes))
    this.#borrowed = new BorrowedPeers({
      transport,
      clock,
      send: (to, body) => this.#send(to, body),
      release: (peer) => {
        if (!this.#wanted.has(peer)) this.#release(peer)
      },
      part: (peer) => {
        if (!this.#wanted.has(peer)) transport.disconnect(peer, 'this node left')
      },
      measured: ({ name, incarnation }, ms) =>
        this.feed({ type: 'roundTrip', peer: name, incarnation, ms }),
    })
  }

  /** Hands an event to the overlay, now or after those that wait. */
  feed(event: OverlayEvent): void {
    if (this.#line.stopped) return
    if (event.type === 'peerUp') this.#borrowed.peerUp(event.peer)
    if (this.#line.feed(event)) this.#sink.stepped?.()
  }

  /** The body of an OVERLAY frame. */
  receive(from: Member, bytes: Uint8Array): void {
    let body: unknown
    try {
      body = this.#ground.codec.decodeValue(bytes)
    } catch (error) {
      this.#sink.badMessage(from.name, (error as Error).message)
      return
    }
    this.feed({ type: 'message', from, body })
  }

  /** Anybody may have said it: what is no value is dropped. */
  #published(bytes: Uint8Array): void {
    let body: unknown
    try {
      body = this.#ground.codec.decodeValue(bytes)
    } catch (error) {
      this.#sink.badMessage('the medium', (error as Error).message)
      return
    }
    this.feed({ type: 'published', body })
  }

  /** A RELEASE frame: the other side does not want the connection any more. */
  released(by: Member): void {
    if (this.#wanted.has(by.name) || this.#borrowed.has(by.name)) return
    this.#ground.transport.disconnect(by.name, 'neither side needs the connection')
  }

  stop(): void {
    this.#line.stop()
    this.#dialer.stop()
    this.#borrowed.stop()
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  /** Partial views are short enough to be compared. */
  #hasOtherNeighbours(effects: readonly OverlayEffect[]): boolean {
    const { overlay } = this.#ground
    if (overlay.capabilities.direct) return effects.some(({ type }) => CONNECTING.has(type))
    const before = this.#neighbours
    this.#neighbours = overlay.neighbours()
    const { length } = this.#neighbours
    return length !== before.length || this.#neighbours.some((peer, at) => peer !== before[at])
  }

  /** An overlay must not throw; one that does loses the step and not the node. */
  #step(event: OverlayEvent): readonly OverlayEffect[] {
    try {
      return this.#ground.overlay.step(event)
    } catch (err) {
      const { overlay, logger } = this.#ground
      logger.error({ err, overlay: overlay.name, event: event.type }, 'the overlay threw')
      return []
    }
  }

  #perform(effect: OverlayEffect): void {
    const { transport, memory, overlay } = this.#ground
    switch (effect.type) {
      case 'connect':
        this.#wanted.add(effect.peer.name) // what a loan still has to carry is carried
        transport.connect(effect.peer, effect.patient)
        break
      case 'connectAddress':
        this.#dialer.dial(effect.address)
        break
      case 'disconnect':
        this.#wanted.delete(effect.peer)
        this.#borrowed.settle(effect.peer)
        transport.disconnect(effect.peer, effect.reason)
        break
      case 'release':
        this.#wanted.delete(effect.peer)
        this.#borrowed.settle(effect.peer)
        this.#release(effect.peer)
        break
      case 'send':
        this.#send(effect.to, effect.body)
        break
      case 'sendOnce':
        this.#borrowed.send(effect.to, effect.body)
        break
      case 'publish':
        this.#publish(effect.body)
        break
      case 'measure':
        this.#borrowed.measure(effect.peer)
        break
      case 'startTimer':
        this.#startTimer(effect.name, effect.delayMs)
        break
      case 'cancelTimer':
        this.#cancelTimer(effect.name)
        break
      case 'memberJoined':
        this.#sink.memberJoined(effect.member)
        break
      case 'memberLeft':
        this.#sink.memberLeft(effect.member, effect.reason)
        break
      case 'selfLeft':
        this.#dialer.clear()
        this.#borrowed.part()
        this.#sink.selfLeft()
        break
      case 'persist':
        memory.keep(() => overlay.stored?.())
        break
      case 'badMessage':
        this.#sink.badMessage(effect.from, effect.detail)
        break
      default:
        unreachable(effect)
    }
  }

  #send(to: string, body: unknown): void {
    const { codec, transport, overlay, logger } = this.#ground
    try {
      transport.sendControl(to, FRAME.OVERLAY, codec.encodeValue(body))
    } catch (err) {
      logger.error({ err, overlay: overlay.name, to }, 'an overlay message could not be sent')
    }
  }

  #publish(body: unknown): void {
    const { codec, medium, overlay, logger } = this.#ground
    try {
      medium?.publish(codec.encodeValue(body))
    } catch (err) {
      logger.error({ err, overlay: overlay.name }, 'an overlay message could not be published')
    }
  }

  #release(peer: string): void {
    const { transport } = this.#ground
    transport.release(peer)
    transport.sendControl(peer, FRAME.RELEASE, NOTHING)
  }

  #startTimer(name: string, delayMs: number): void {
    this.#cancelTimer(name)
    const fire = (): void => {
      this.#timers.delete(name)
      this.feed({ type: 'timer', name })
    }
    this.#timers.set(name, this.#ground.clock.after(delayMs, fire, true))
  }

  #cancelTimer(name: string): void {
    this.#timers.get(name)?.cancel()
    this.#timers.delete(name)
  }
}

const NOTHING = new Uint8Array(0)

/** Where all are neighbours, these tell that they have changed. */
const CONNECTING: ReadonlySet<OverlayEffect['type']> = new Set(['connect', 'disconnect', 'release'])
