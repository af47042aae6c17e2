import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { AntiEntropy } from './anti-entropy.js'
import type { Broadcast, BroadcastEffect, BroadcastEvent } from './broadcast.js'
import {
  type BroadcastMessage,
  broadcastMessageFromWire,
  type Gossip,
  type Repaired,
  wire,
} from './broadcast-message.js'
import type { KeepOptions } from './broadcast-options.js'
import { AGE_MAX, type LoggedMessage, MessageLog } from './message-log.js'

/** What all protocols have in common: the log of messages, its ageing, and anti-entropy behind them. */
export abstract class Disseminator implements Broadcast {
  abstract readonly name: string
  protected readonly log: MessageLog
  protected readonly peers = new Set<string>()
  readonly #self: string
  readonly #random: Random
  readonly #options: KeepOptions
  readonly #repair: AntiEntropy
  readonly #timers = new Set<string>()
  #effects: BroadcastEffect[] = []
  #counter = 0
  /** Messages for which there was no room. */
  #refused = 0

  constructor(self: string, random: Random, options: KeepOptions) {
    this.#self = self
    this.#random = random
    this.#options = options
    this.log = new MessageLog(options)
    this.#repair = new AntiEntropy(this.log, random)
  }

  step(event: BroadcastEvent): readonly BroadcastEffect[] {
    this.#handle(event)
    if (this.#effects.length === 0) return NO_EFFECTS
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  neighbours(): readonly string[] {
    return [...this.peers]
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      protocol: this.name,
      neighbours: this.neighbours().toSorted(),
      broadcasts: this.#counter,
      kept: this.log.size,
      keptBytes: this.log.bytes,
      origins: this.log.origins.size,
      refused: this.#refused,
    }
  }

  /** Sends a new message on; it came from `message.parent`, or was broadcast here. */
  protected abstract spread(message: LoggedMessage, body: unknown): void
  protected abstract duplicate(gossip: Gossip, from: string): void
  /** What only steers the protocol. */
  protected abstract control(
    from: string,
    message: Extract<BroadcastMessage, { type: 'announce' | 'prune' | 'graft' }>,
  ): void
  /** It came past the protocol. */
  protected abstract repaired(message: LoggedMessage): void
  protected abstract timer(name: string): void
  protected abstract peerLost(peer: string): void
  protected abstract aged(): void
  protected abstract roundTrip(ms: number): void
  /** Whether the next broadcast of this node travels on a tree of its own. */
  protected abstract ownTree(): boolean

  protected emit(effect: BroadcastEffect): void {
    this.#effects.push(effect)
  }

  protected send(to: string, body: unknown, payloads = 0): void {
    this.#effects.push({ type: 'send', to, body, payloads })
  }

  protected bad(from: string, detail: string): void {
    this.emit({ type: 'badMessage', from, detail })
  }

  /** The message over one link more. */
  protected gossip(message: LoggedMessage, body: unknown): unknown {
    const { origin, counter, hops, own } = message
    const age = this.log.ageOf(message)
    return wire.gossip(origin.incarnation, counter, hops + 1, age, own, body)
  }

  #handle(event: BroadcastEvent): void {
    switch (event.type) {
      case 'neighbourUp':
        this.#neighbourUp(event.peer)
        break
      case 'neighbourDown':
        if (this.peers.delete(event.peer)) this.peerLost(event.peer)
        break
      case 'broadcast':
        this.#broadcast(event.body, event.bytes)
        break
      case 'message':
        this.#message(event.from, broadcastMessageFromWire(event.body))
        break
      case 'roundTrip':
        this.roundTrip(event.ms)
        break
      case 'timer':
        if (event.name === AGE) this.#age()
        else if (event.name === REPAIR) this.#exchange()
        else if (event.name === NEWS) this.#spreadNews()
        else this.timer(event.name)
        break
      default:
        unreachable(event)
    }
  }

  /** It may have been away: what it missed need not wait for the next round. */
  #neighbourUp(peer: string): void {
    if (this.peers.has(peer)) return
    this.peers.add(peer)
    if (this.#options.repairMs > 0 && this.log.size > 0) this.#repair.begin(peer, this.#effects)
  }

  #broadcast(body: unknown, bytes: number): void {
    const counter = ++this.#counter
    const of = { bytes, own: this.ownTree(), body, hops: 0, parent: undefined, repaired: false }
    this.#deliver(counter, this.#self, body, 0)
    const message = this.log.add(this.#self, counter, 0, of)
    this.#arm()
    if (message !== undefined) this.spread(message, body)
    else this.#refused++
  }

  #message(from: string, message: BroadcastMessage | undefined): void {
    switch (message?.type) {
      case undefined:
        this.bad(from, 'not a message of this protocol')
        break
      case 'gossip':
        this.#gossip(from, message)
        break
      case 'announce':
      case 'prune':
      case 'graft':
        this.control(from, message)
        break
      case 'digest':
        this.#repair.onDigest(from, message, this.#effects)
        break
      case 'repair': {
        let news = 0
        for (const item of message.messages) news += this.#repaired(from, item) ? 1 : 0
        if (news > 0) this.#news(from, message)
        break
      }
      default:
        unreachable(message)
    }
  }

  #gossip(from: string, gossip: Gossip): void {
    const { origin, counter, age, own, body, hops } = gossip
    if (this.isForged(from, origin, counter)) return
    if (this.log.seen(origin, counter)) {
      this.duplicate(gossip, from)
      return
    }
    const of = { bytes: bytesOf(body), own, body, hops, parent: from, repaired: false }
    const message = this.log.add(origin, counter, age, of)
    if (message === undefined) {
      this.#refused++
      return
    }
    this.#deliver(counter, origin, body, hops)
    this.#arm()
    this.spread(message, body)
  }

  /** True when it was new. */
  #repaired(from: string, { origin, counter, age, body }: Repaired): boolean {
    if (this.isForged(from, origin, counter) || this.log.seen(origin, counter)) return false
    const of = { bytes: bytesOf(body), own: false, body, hops: 0, parent: from, repaired: true }
    const message = this.log.add(origin, counter, age, of)
    if (message === undefined) {
      this.#refused++
      return false
    }
    this.#deliver(counter, origin, body, undefined)
    this.#arm()
    this.repaired(message)
    return true
  }

  /** No id in this node's name that it did not give, and none far beyond all that its origin can have given. */
  protected isForged(from: string, origin: string, counter: number): boolean {
    const forged =
      origin === this.#self
        ? counter > this.#counter
        : this.log.origin(origin)?.isAbsurd(counter) === true
    if (forged) this.bad(from, `message ${counter} of ${origin} cannot be`)
    return forged
  }

  #deliver(counter: number, origin: string, body: unknown, hops: number | undefined): void {
    this.emit({ type: 'deliver', origin, counter, body, hops })
  }

  #age(): void {
    this.#timers.delete(AGE)
    this.log.tick()
    this.aged()
    this.#arm()
  }

  #exchange(): void {
    this.#timers.delete(REPAIR)
    this.#repair.exchange(this.neighbours(), this.#effects)
    this.#arm()
  }

  #news(from: string, repair: Parameters<AntiEntropy['onNews']>[1]): void {
    this.#repair.onNews(from, repair, this.#effects)
    if (!this.#timers.has(NEWS)) this.#spreadNews()
  }

  /** What comes soon after is asked about together. */
  #spreadNews(): void {
    this.#timers.delete(NEWS)
    if (!this.#repair.spread(this.neighbours(), this.#effects)) return
    this.#start(NEWS, Math.min(NEWS_MS, this.#options.repairMs / 10))
  }

  /** A node that keeps nothing is at rest. */
  #arm(): void {
    const { keepMs, repairMs } = this.#options
    if (!this.#timers.has(AGE) && this.log.origins.size > 0) this.#start(AGE, keepMs / AGE_MAX)
    if (this.#timers.has(REPAIR) || this.log.size === 0 || repairMs === 0) return
    this.#start(REPAIR, repairMs * (0.75 + 0.5 * this.#random.float()))
  }

  #start(name: string, delayMs: number): void {
    this.#timers.add(name)
    this.emit({ type: 'startTimer', name, delayMs })
  }
}

const NO_EFFECTS: readonly BroadcastEffect[] = Object.freeze([])
const AGE = 'age'
const REPAIR = 'repair'
const NEWS = 'news'
const NEWS_MS = 250

/** Opaque values count as little: where they matter, bodies are bytes. */
const bytesOf = (body: unknown): number => (body instanceof Uint8Array ? body.length : 64)
