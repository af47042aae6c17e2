import { TroupeError } from '../base/errors.js'
import { compareIncarnations } from '../overlay/member.js'
import type { Member, Overlay } from '../overlay/overlay.js'
import { type ChannelTable, DEFAULT_CHANNEL, isChannelName } from '../peer/channel-table.js'
import { FULL, SENT, type SendOutcome, type Transport } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import { Envelope } from '../wire/envelope.js'
import { FRAME } from '../wire/frame.js'
import { readEnvelope } from '../wire/read-envelope.js'
import type { Turn } from '../world/turn.js'
import { RecentSet } from './recent-set.js'
import {
  encodeRelay,
  type RelayFrame,
  type RelayHead,
  readRelay,
  reencodeRelay,
} from './relay-frame.js'

/** What the router stands on. */
export interface RouterGround {
  readonly self: Member
  readonly overlay: Overlay
  readonly transport: Transport
  readonly channels: ChannelTable
  readonly codec: Codec
  readonly turn: Turn
  readonly relayTtl: number
  /** The newest known incarnation of a node that can be sent to, or undefined. */
  member(node: string): Member | undefined
  /** It was given up and is not up again. */
  isDown(node: string): boolean
  deliver(from: Member, channel: number, envelope: Envelope): void
  badMessage(from: string, detail: string): void
}

/** What became of relayed envelopes. */
export interface RelayStats {
  sent: number
  forwarded: number
  delivered: number
  /** Seen before. */
  duplicates: number
  /** Out of hops. */
  expired: number
  /** No neighbour knew the way, or its lane did not take it. */
  noRoute: number
  /** From or to an incarnation that is history. */
  stale: number
}

const RECENT_MAX = 8_192

/** Destination to next hop: straight to a neighbour, back to this node, or through others (RELAY). */
export class Router {
  readonly stats: RelayStats = {
    sent: 0,
    forwarded: 0,
    delivered: 0,
    duplicates: 0,
    expired: 0,
    noRoute: 0,
    stale: 0,
  }
  readonly #ground: RouterGround
  readonly #recent = new RecentSet(RECENT_MAX)
  #relayed = 0

  constructor(ground: RouterGround) {
    this.#ground = ground
  }

  /**
   * A neighbour that is down takes nothing until it is up again; one that was never up is waited for.
   * @throws TroupeError ERR_UNKNOWN_NODE, ERR_NODE_DOWN, ERR_NO_ROUTE, ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  send(node: string, channel: number, envelope: Envelope): SendOutcome {
    const { overlay, transport, self } = this.#ground
    const hop = overlay.nextHop(node)
    if (hop === node) {
      if (this.#ground.isDown(node)) throw nodeIsDown(node)
      return transport.send(node, channel, envelope)
    }
    if (node === self.name) return this.#loop(channel, envelope)
    if (hop !== undefined) return this.#relay(hop, node, channel, envelope)
    // A connected peer of which the overlay has not heard yet can be answered all the same.
    if (this.#ground.member(node) === undefined) throw unknownNode(node)
    if (transport.isUp(node)) return transport.send(node, channel, envelope)
    throw new TroupeError('ERR_NO_ROUTE', `no way to node ${node} is known right now`)
  }

  /** Resolves when the way to a node takes more. @throws TroupeError ERR_NODE_DOWN */
  ready(node: string, channel: number, key: number): Promise<void> {
    const { overlay, transport, self } = this.#ground
    const hop = overlay.nextHop(node)
    if (node === self.name || (hop !== undefined && hop !== node)) return Promise.resolve()
    if (this.#ground.isDown(node)) return Promise.reject(nodeIsDown(node))
    return transport.ready(node, channel, key)
  }

  /** True when messages to a node can leave right now, straight or by a neighbour. */
  isOpen(node: string): boolean {
    const { overlay, transport, self } = this.#ground
    if (node === self.name) return true
    return transport.isUp(overlay.nextHop(node) ?? node)
  }

  /** True when messages to a node go over lanes of its own. */
  isDirect(node: string): boolean {
    return (this.#ground.overlay.nextHop(node) ?? node) === node
  }

  /** The body of a RELAY frame. */
  receive(from: Member, body: Uint8Array): void {
    const { overlay, codec, self } = this.#ground
    const frame = readRelay(body, codec)
    if (frame === undefined) {
      this.#ground.badMessage(from.name, 'a relay frame is malformed')
    } else if (overlay.capabilities.direct) {
      const { source, destination } = frame.head
      const detail = `relays ${source} to ${destination} though this overlay connects all directly`
      this.#ground.badMessage(from.name, detail)
    } else if (frame.head.source === self.name) {
      this.stats.duplicates++ // our own, gone in a circle
    } else if (!this.#recent.add(`${frame.head.sourceIncarnation}/${frame.head.id}`)) {
      this.stats.duplicates++
    } else if (frame.head.destination === self.name) {
      this.#arrived(from, frame)
    } else this.#forward(from, frame)
  }

  /** To this very node: as if it came over the wire, copied and not before the running code ends. */
  #loop(channel: number, envelope: Envelope): SendOutcome {
    const { codec, turn, self } = this.#ground
    const { kind, to, method, callId, key, stamp } = envelope
    const { head, payloads } = envelope.body ?? codec.encodeArgs(envelope.args ?? [])
    const body = { head, payloads: payloads.map((bytes) => Uint8Array.from(bytes)) }
    const copy = new Envelope(kind, to, method, callId, key, undefined, body, stamp)
    turn.micro(() => this.#ground.deliver(self, channel, copy))
    return SENT
  }

  #relay(hop: string, node: string, channel: number, envelope: Envelope): SendOutcome {
    const { self, codec, channels, relayTtl, transport } = this.#ground
    const head: RelayHead = {
      id: ++this.#relayed,
      ttl: relayTtl,
      channel: channels.name(channel),
      source: self.name,
      sourceIncarnation: self.incarnation,
      sourceGeneration: self.generation,
      destination: node,
      destinationIncarnation: this.#ground.member(node)?.incarnation ?? '',
    }
    const body = encodeRelay(head, envelope, codec)
    if (!transport.isUp(hop)) {
      throw new TroupeError('ERR_NO_ROUTE', `${hop}, the way to node ${node}, is not connected`)
    }
    if (!transport.sendControl(hop, FRAME.RELAY, body)) return FULL
    this.stats.sent++
    return SENT
  }

  #arrived(from: Member, frame: RelayFrame): void {
    const { self } = this.#ground
    const { head } = frame
    const wanted = head.destinationIncarnation
    const source = this.#sourceOf(head)
    if (source === undefined || (wanted !== '' && wanted !== self.incarnation)) {
      this.stats.stale++
      return
    }
    let envelope: Envelope
    try {
      envelope = readEnvelope(frame.envelope, 0, frame.envelope.length)
    } catch (error) {
      this.#ground.badMessage(from.name, (error as Error).message)
      return
    }
    this.stats.delivered++
    this.#ground.deliver(source, this.#channelOf(head, envelope), envelope)
  }

  /** Stamps count by the names of channels: one that only the source has is taken in for them. */
  #channelOf({ channel }: RelayHead, { stamp }: Envelope): number {
    const { channels } = this.#ground
    const known = channels.find(channel)
    if (known !== undefined || stamp === undefined) return known ?? DEFAULT_CHANNEL
    return (isChannelName(channel) ? channels.learn(channel) : undefined) ?? DEFAULT_CHANNEL
  }

  #forward(from: Member, frame: RelayFrame): void {
    const { overlay, transport, codec } = this.#ground
    const { head } = frame
    if (head.ttl <= 1) {
      this.stats.expired++
      return
    }
    const hop = overlay.nextHop(head.destination)
    const onwards = hop !== undefined && hop !== from.name && transport.isUp(hop)
    const body = onwards && reencodeRelay({ ...head, ttl: head.ttl - 1 }, frame.envelope, codec)
    if (body && transport.sendControl(hop, FRAME.RELAY, body)) this.stats.forwarded++
    else this.stats.noRoute++
  }

  /** Who sent it: as a member if known, else as far as the head tells; undefined if that is history. */
  #sourceOf(head: RelayHead): Member | undefined {
    const told: Member = {
      name: head.source,
      incarnation: head.sourceIncarnation,
      generation: head.sourceGeneration,
      addresses: [],
      tags: [],
    }
    const known = this.#ground.member(head.source)
    if (known === undefined) return told
    const age = compareIncarnations(told, known)
    return age < 0 ? undefined : age === 0 ? known : told
  }
}

const nodeIsDown = (node: string): TroupeError =>
  new TroupeError('ERR_NODE_DOWN', `node ${node} is down`, { data: { node } })

export const unknownNode = (node: string): TroupeError =>
  new TroupeError('ERR_UNKNOWN_NODE', `no member named ${node} is known here`)
