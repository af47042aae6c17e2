import { unreachable } from '../base/unreachable.js'
import type { Member, Overlay } from '../overlay/overlay.js'
import type { Transport } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import { FRAME } from '../wire/frame.js'
import type { Clock, Timer } from '../world/clock.js'
import { EventLine } from './event-line.js'
import {
  type FinderEffect,
  type FinderEvent,
  RouteFinder,
  type RouteStats,
} from './route-finder.js'
import { type Waiting, WaitingRoom } from './waiting-room.js'

/** What reaching nodes without a connection stands on. */
export interface ReachGround {
  readonly self: Member
  readonly overlay: Overlay
  readonly transport: Pick<Transport, 'sendControl'>
  readonly codec: Codec
  readonly clock: Clock
  /** Hops of searches and pings. */
  readonly ttl: number
  /** That node gave a sign of life over others; `sought`: that was searched for. */
  alive(node: Member, sought: boolean): void
  /** It said that it stops. */
  bye(node: Member): void
  badMessage(from: string, detail: string): void
}

const MEBIBYTE = 1024 * 1024
const BOUNDS = {
  perNode: 16_384,
  perNodeBytes: 32 * MEBIBYTE,
  all: 65_536,
  allBytes: 128 * MEBIBYTE,
}
/** Where a lane was full: how soon it is worth trying again. */
const ROOM_MS = 50

/** Drives the route finder, and keeps what waits for a way. */
export class Reach {
  readonly #ground: ReachGround
  readonly #finder: RouteFinder
  readonly #room = new WaitingRoom(BOUNDS)
  readonly #line = new EventLine<FinderEvent>((event) => {
    for (const effect of this.#finder.step(event)) this.#perform(effect)
  })
  readonly #timers = new Map<string, Timer>()

  constructor(ground: ReachGround) {
    const { self, overlay, ttl } = ground
    this.#ground = ground
    this.#finder = new RouteFinder(
      self,
      { ttl },
      {
        hop: (node) => overlay.nextHop(node),
        relays: (peer) => overlay.relays?.(peer) ?? true,
      },
    )
  }

  get stats(): Readonly<RouteStats> {
    return this.#finder.stats
  }

  /** True when a name that nobody here knows may belong to somebody. */
  get searches(): boolean {
    return this.#ground.overlay.capabilities.membership === 'partial'
  }

  /** The connected peer through which a node is reached, but for `except`. */
  hop(node: string, except?: string): string | undefined {
    return this.#finder.hop(node, this.#ground.clock.now(), except)
  }

  /** True when that very start of a node is connected; without one, any. */
  isConnected(node: string, incarnation: string | undefined): boolean {
    const peer = this.#finder.peer(node)
    return peer !== undefined && (incarnation === undefined || peer.incarnation === incarnation)
  }

  /** True when something waits for a way to that node: what comes later queues behind it. */
  waits(node: string): boolean {
    return this.#room.has(node)
  }

  /** Lets something wait until there is a way, but for `except`. False when there is no room. */
  hold(node: string, item: Waiting, except?: string): boolean {
    return this.#hold(node, item, except, false)
  }

  /** Lets something wait for a word from that node. False when there is no room. */
  search(node: string, item: Waiting): boolean {
    return this.#hold(node, item, undefined, true)
  }

  #hold(node: string, item: Waiting, except: string | undefined, fresh: boolean): boolean {
    if (this.#line.stopped || !this.#room.add(node, item)) return false
    this.feed({ type: 'want', node, except, fresh, nowMs: this.#ground.clock.now() })
    return true
  }

  ping(node: string, fresh: boolean): void {
    this.feed({ type: 'ping', node, fresh, nowMs: this.#ground.clock.now() })
  }

  bye(node: string): void {
    this.feed({ type: 'bye', node, nowMs: this.#ground.clock.now() })
  }

  passed(source: Member, from: string): void {
    this.feed({ type: 'passed', source, from, nowMs: this.#ground.clock.now() })
  }

  /** The body of a ROUTE frame. */
  receive(from: Member, bytes: Uint8Array): void {
    if (this.#ground.overlay.capabilities.direct) {
      this.#ground.badMessage(from.name, 'looks for ways though this overlay connects all directly')
      return
    }
    let body: unknown
    try {
      body = this.#ground.codec.decodeValue(bytes)
    } catch (error) {
      this.#ground.badMessage(from.name, (error as Error).message)
      return
    }
    this.feed({ type: 'message', from: from.name, body, nowMs: this.#ground.clock.now() })
  }

  feed(event: FinderEvent): void {
    this.#line.feed(event)
  }

  /** Resolves when a lane that was full is worth another try. */
  room(): Promise<void> {
    return new Promise((resolve) => void this.#ground.clock.after(ROOM_MS, resolve, true))
  }

  /** What waits will not arrive. */
  stop(): void {
    this.#line.stop()
    for (const node of this.#room.nodes()) for (const item of this.#room.take(node)) item.fail()
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #perform(effect: FinderEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect)
        break
      case 'found':
        for (const item of this.#room.take(effect.node)) item.go()
        break
      case 'failed':
        this.#failed(effect.node)
        break
      case 'alive':
        this.#ground.alive(effect.node, effect.sought)
        break
      case 'bye':
        this.#ground.bye(effect.node)
        break
      case 'startTimer':
        this.#startTimer(effect.node, effect.delayMs)
        break
      case 'cancelTimer':
        this.#timers.get(effect.node)?.cancel()
        this.#timers.delete(effect.node)
        break
      case 'badMessage':
        this.#ground.badMessage(effect.from, effect.detail)
        break
      default:
        unreachable(effect)
    }
  }

  /** The overlay may have learned of a way meanwhile. */
  #failed(node: string): void {
    const there = this.hop(node) !== undefined
    for (const item of this.#room.take(node)) there ? item.go() : item.fail()
  }

  #send({ to, body }: FinderEffect & { type: 'send' }): void {
    const { transport, codec } = this.#ground
    transport.sendControl(to, FRAME.ROUTE, codec.encodeValue(body))
  }

  #startTimer(node: string, delayMs: number): void {
    const { clock } = this.#ground
    this.#timers.get(node)?.cancel()
    const fire = (): void => {
      this.#timers.delete(node)
      this.feed({ type: 'timer', node, nowMs: clock.now() })
    }
    this.#timers.set(node, clock.after(delayMs, fire, true))
  }
}
