import type { Logger } from '../base/logger.js'
import { integer, readOptions } from '../base/options.js'
import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type { Broadcast, BroadcastEffect, BroadcastEvent } from '../broadcast/broadcast.js'
import { type PlumtreeOptions, readPlumtreeOptions } from '../broadcast/broadcast-options.js'
import { plumtree } from '../broadcast/plumtree.js'
import type { Member, Overlay } from '../overlay/overlay.js'
import { FULL, type Transport } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import { CONTROL_LIMIT, FRAME } from '../wire/frame.js'
import type { Clock, Timer } from '../world/clock.js'
import type { Turn } from '../world/turn.js'
import type { BroadcastHandlers } from './broadcast-handlers.js'
import { BroadcastQueue } from './broadcast-queue.js'
import { EventLine } from './event-line.js'
import { meshLinks } from './mesh-links.js'

/** Times and bounds of broadcasts. */
export interface BroadcastOptions extends PlumtreeOptions {
  /** The largest broadcast, in bytes; larger ones throw ERR_TOO_LARGE. Default 256 KiB, at most 1,020 KiB. */
  readonly messageBytesMax: number
}

export type GivenBroadcastOptions = Partial<BroadcastOptions>

/** What a frame has besides a message, at most. */
const HEAD_BYTES = 4 * 1024
const SIZE_FIELDS = {
  messageBytesMax: { fallback: 256 * 1024, check: integer(1_024, CONTROL_LIMIT - HEAD_BYTES) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export function readBroadcastOptions(
  given: GivenBroadcastOptions = {},
  of = 'broadcast',
): BroadcastOptions {
  const { messageBytesMax, ...rest } = given
  const sizes = readOptions(
    of,
    SIZE_FIELDS,
    messageBytesMax === undefined ? {} : { messageBytesMax },
  )
  return { ...readPlumtreeOptions(rest, of), ...sizes }
}

/** What the driver of broadcasts stands on. */
export interface BroadcastGround {
  readonly self: Member
  readonly overlay: Overlay
  readonly transport: Pick<Transport, 'isUp' | 'sendControl' | 'rttMs'>
  readonly codec: Codec
  readonly clock: Clock
  readonly turn: Turn
  readonly random: Random
  readonly logger: Logger
  readonly options: BroadcastOptions
  readonly handlers: BroadcastHandlers
  badMessage(from: string, detail: string): void
}

/** What became of broadcasts since the start of the node. */
export interface BroadcastStats {
  /** Of this node. */
  readonly sent: number
  /** Handed to a handler; those about process groups are among them, and those of this node. */
  readonly handled: number
  /** To names that nobody handles here. */
  readonly unhandled: number
  /** From an incarnation of a node that is history. */
  readonly stale: number
  /** Frames that found no room on the way to a slow neighbour. */
  readonly dropped: number
}

/** Pause before a connection that took nothing is tried again. */
const RETRY_MS = 50

/**
 * Feeds Plumtree with neighbours and frames and performs its effects. Neighbours are those of the overlay
 * that are connected (of a full mesh some of them, see mesh-links.ts), and peers that take this node
 * for one: a connection is used both ways, also where views are not symmetric.
 */
export class BroadcastDriver {
  readonly #ground: BroadcastGround
  readonly #core: Broadcast
  readonly #line = new EventLine<BroadcastEvent>((event) => {
    for (const effect of this.#core.step(event)) this.#perform(effect)
  })
  readonly #timers = new Map<string, Timer>()
  /** Neighbours the core knows of, with what waits for them. */
  readonly #peers = new Map<string, BroadcastQueue>()
  /** Those among them that are so by their own wish. */
  readonly #guests = new Set<string>()
  #retry: Timer | undefined
  #sent = 0
  #dropped = 0
  #encoded: { readonly body: unknown; readonly bytes: Uint8Array } | undefined

  constructor(ground: BroadcastGround) {
    this.#ground = ground
    const { messageBytesMax: _, ...options } = ground.options
    this.#core = plumtree(options).create(ground.self, ground.random)
  }

  /**
   * True when all neighbours take more.
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  broadcast(handler: string, message: unknown): boolean {
    const { handlers, self, options, codec } = this.#ground
    const most = Math.min(options.messageBytesMax, codec.maxMessageBytes >> 1)
    const body = handlers.encode(self, handler, message, most)
    this.#sent++
    this.#feed({ type: 'broadcast', body, bytes: body.length })
    return this.#retry === undefined
  }

  /** The body of a BROADCAST frame. */
  receive(from: Member, bytes: Uint8Array): void {
    let body: unknown
    try {
      body = this.#ground.codec.decodeValue(bytes)
    } catch (error) {
      this.#ground.badMessage(from.name, (error as Error).message)
      return
    }
    if (!this.#peers.has(from.name) && this.#ground.transport.isUp(from.name)) {
      this.#guests.add(from.name)
      this.#neighbourUp(from.name)
    }
    this.#feed({ type: 'message', from: from.name, body })
  }

  /** The overlay wants other neighbours, or one has connected. */
  refresh(): void {
    const { overlay, transport, self } = this.#ground
    const { direct } = overlay.capabilities
    const up = overlay.neighbours().filter((peer) => transport.isUp(peer))
    const wanted = new Set(direct ? meshLinks(self.name, up) : up)
    if (direct) this.#guests.clear() // whose view was another one may have come to see it as it is
    for (const peer of [...this.#peers.keys()]) {
      if (!wanted.has(peer) && !this.#guests.has(peer)) this.#neighbourDown(peer)
    }
    for (const peer of wanted) {
      this.#guests.delete(peer)
      if (!this.#peers.has(peer)) this.#neighbourUp(peer)
    }
  }

  peerDown(peer: string): void {
    this.#guests.delete(peer)
    if (this.#peers.has(peer)) this.#neighbourDown(peer)
    this.refresh()
  }

  get stats(): BroadcastStats {
    return { sent: this.#sent, dropped: this.#dropped, ...this.#ground.handlers.stats }
  }

  /** The core's own picture of itself. */
  snapshot(): Readonly<Record<string, unknown>> {
    return this.#core.snapshot()
  }

  stop(): void {
    this.#line.stop()
    this.#retry?.cancel()
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }

  #neighbourUp(peer: string): void {
    this.#peers.set(peer, new BroadcastQueue())
    this.#feed({ type: 'neighbourUp', peer })
    this.#tellRoundTrip()
  }

  #neighbourDown(peer: string): void {
    this.#peers.delete(peer)
    this.#feed({ type: 'neighbourDown', peer })
  }

  /** The slowest neighbour's: timers are to wait for all. */
  #tellRoundTrip(): void {
    let ms = 0
    for (const peer of this.#peers.keys())
      ms = Math.max(ms, this.#ground.transport.rttMs(peer) ?? 0)
    if (ms > 0) this.#feed({ type: 'roundTrip', ms })
  }

  #feed(event: BroadcastEvent): void {
    if (this.#line.feed(event)) this.#encoded = undefined
  }

  #perform(effect: BroadcastEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.to, effect.body)
        break
      case 'deliver': {
        const { origin, body, hops } = effect
        if (hops === 0) this.#ground.turn.micro(() => this.#deliver(origin, body, false))
        else this.#deliver(origin, body, hops === undefined)
        break
      }
      case 'startTimer':
        this.#startTimer(effect.name, effect.delayMs)
        break
      case 'cancelTimer':
        this.#cancelTimer(effect.name)
        break
      case 'badMessage':
        this.#ground.badMessage(effect.from, effect.detail)
        break
      default:
        unreachable(effect)
    }
  }

  #deliver(origin: string, body: unknown, late: boolean): void {
    if (this.#line.stopped) return
    this.#ground.handlers.deliver(origin, body, late)
  }

  #send(to: string, body: unknown): void {
    const queue = this.#peers.get(to)
    const bytes = this.#bytesOf(body)
    if (bytes === undefined) return
    if (queue?.empty === false || !this.#write(to, bytes)) {
      if (queue === undefined || !this.#ground.transport.isUp(to)) return
      this.#dropped += queue.push(bytes)
      this.#retry ??= this.#ground.clock.after(RETRY_MS, () => this.#drain(), true)
    }
  }

  /** One body goes to many, one after the other. */
  #bytesOf(body: unknown): Uint8Array | undefined {
    if (this.#encoded?.body === body) return this.#encoded?.bytes
    try {
      const bytes = this.#ground.codec.encodeValue(body)
      this.#encoded = { body, bytes }
      return bytes
    } catch (err) {
      this.#ground.logger.error({ err }, 'a broadcast could not be encoded')
      return undefined
    }
  }

  /** True also where the peer takes only smaller ones: it would not take it later either. */
  #write(to: string, bytes: Uint8Array): boolean {
    const { transport, logger } = this.#ground
    try {
      return transport.sendControl(to, FRAME.BROADCAST, bytes) !== FULL
    } catch (err) {
      logger.warn({ err, to }, 'a broadcast could not be sent to a neighbour')
      return true
    }
  }

  #drain(): void {
    this.#retry = undefined
    let left = false
    for (const [peer, queue] of this.#peers) {
      queue.drain((bytes) => this.#write(peer, bytes))
      left ||= !queue.empty
    }
    if (left) this.#retry = this.#ground.clock.after(RETRY_MS, () => this.#drain(), true)
  }

  #startTimer(name: string, delayMs: number): void {
    this.#cancelTimer(name)
    const fire = (): void => {
      this.#timers.delete(name)
      this.#tellRoundTrip()
      this.#feed({ type: 'timer', name })
    }
    this.#timers.set(name, this.#ground.clock.after(delayMs, fire, true))
  }

  #cancelTimer(name: string): void {
    this.#timers.get(name)?.cancel()
    this.#timers.delete(name)
  }
}
