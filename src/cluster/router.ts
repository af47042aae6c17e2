import { TroupeError } from '../base/errors.js'
import { compareIncarnations } from '../overlay/member.js'
import type { Member } from '../overlay/overlay.js'
import { DEFAULT_CHANNEL, isChannelName, MEMBERSHIP } from '../peer/channel-table.js'
import { FULL, SENT, type SendOutcome, type Sends } from '../peer/transport.js'
import { Envelope } from '../wire/envelope.js'
import { FRAME } from '../wire/frame.js'
import { readEnvelope } from '../wire/read-envelope.js'
import { Allowance } from './allowance.js'
import { RecentSet } from './recent-set.js'
import {
  encodeRelay,
  headAgain,
  headBack,
  headOf,
  type RelayFrame,
  type RelayHead,
  readRelay,
  relayedEnvelope,
} from './relay-frame.js'
import type { RelayStats } from './relay-stats.js'
import { memberOf } from './route-message.js'
import type { RouterGround } from './router-ground.js'

const RECENT_MAX = 8_192
/** Messages for earlier starts of this node that go back in a second, and in a burst. */
const REFUSE_RATE = [200, 400] as const

/** Destination to next hop: straight to a neighbour, back to this node, or through others (RELAY). */
export class Router {
  readonly stats: RelayStats = {
    sent: 0,
    forwarded: 0,
    delivered: 0,
    duplicates: 0,
    expired: 0,
    noRoute: 0,
    full: 0,
    returned: 0,
    stale: 0,
    refused: 0,
  }
  readonly #ground: RouterGround
  readonly #direct: boolean
  readonly #recent = new RecentSet(RECENT_MAX)
  readonly #refuseRate = new Allowance(...REFUSE_RATE)
  #relayed = 0
  /** The room of what waits for a way took no more. */
  #crowded = false

  constructor(ground: RouterGround) {
    this.#ground = ground
    this.#direct = ground.overlay.capabilities.direct
  }

  /**
   * A neighbour that is down takes nothing until it is up again; one that was never up is waited for.
   * @throws TroupeError ERR_UNKNOWN_NODE, ERR_NODE_DOWN, ERR_NO_ROUTE, ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  send(node: string, channel: number, envelope: Envelope): SendOutcome {
    const { overlay, transport, self } = this.#ground
    const hop = overlay.nextHop(node)
    if (hop === node && (this.#direct || transport.isUp(node))) {
      if (this.#ground.isDown(node)) throw nodeIsDown(node)
      return transport.send(node, channel, envelope)
    }
    if (node === self.name) return this.#loop(channel, envelope)
    if (!this.#direct || hop !== undefined) {
      return this.#sendFar(node, hop, this.#ground.member(node), channel, envelope)
    }
    // A connected peer of which the overlay has not heard yet can be answered all the same.
    if (this.#ground.member(node) === undefined) throw unknownNode(node)
    if (transport.isUp(node)) return transport.send(node, channel, envelope)
    throw noRoute(node)
  }

  /** What a lane gave back goes to that very start of the node, another way. */
  resend(to: Member, channel: number, envelope: Envelope): SendOutcome {
    return this.#sendFar(to.name, undefined, to, channel, envelope)
  }

  /** Resolves when the way to a node takes what is to be sent. @throws TroupeError ERR_NODE_DOWN */
  ready(node: string, channel: number, key: number, sends: Sends = 'tell'): Promise<void> {
    const { transport, self } = this.#ground
    if (node === self.name) return Promise.resolve()
    if (this.#ground.isDown(node)) return Promise.reject(nodeIsDown(node))
    if (this.isDirect(node)) {
      const ready = transport.ready(node, channel, key, sends)
      return this.#direct ? ready : this.#readyOrLost(node, ready)
    }
    return this.#readyOnTheWay(node)
  }

  async #readyOnTheWay(node: string): Promise<void> {
    const { transport, reach } = this.#ground
    if (this.#crowded) await reach.room()
    this.#crowded = false
    const hop = reach.hop(node)
    if (hop !== undefined) await this.#readyOrLost(node, transport.ready(hop, MEMBERSHIP, 0))
  }

  /** A lane that is lost is no reason where there are other ways. */
  async #readyOrLost(node: string, ready: Promise<void>): Promise<void> {
    try {
      await ready
    } catch (error) {
      if (this.#ground.isDown(node)) throw error
    }
  }

  /** True when messages to a node can leave right now: straight, by a neighbour, or once a way is found. */
  isOpen(node: string): boolean {
    const { overlay, transport, self } = this.#ground
    if (node === self.name) return true
    if (this.#direct) return transport.isUp(overlay.nextHop(node) ?? node)
    return !this.#ground.isDown(node)
  }

  /** True when what is sent to a node now need not wait for a way to it. */
  isFree(node: string): boolean {
    if (this.#direct || !this.isOpen(node)) return this.isOpen(node)
    const { self, reach } = this.#ground
    return node === self.name || reach.hop(node) !== undefined
  }

  /** True when messages to a node go over lanes of its own. */
  isDirect(node: string): boolean {
    const { overlay, transport } = this.#ground
    const hop = overlay.nextHop(node)
    if (this.#direct || hop !== undefined) return (hop ?? node) === node
    return transport.isUp(node)
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
      this.#circle(frame.head)
    } else if (!this.#recent.add(`${frame.head.sourceIncarnation}/${frame.head.id}`)) {
      this.stats.duplicates++
      this.#circle(frame.head)
    } else if (frame.head.destination === self.name) {
      this.#arrived(from, frame)
    } else this.#forward(from, frame)
  }

  /** What comes by a second time came twice, or the way found for it is none. */
  #circle({ destination }: RelayHead): void {
    const { reach, self } = this.#ground
    if (destination !== self.name) reach.feed({ type: 'stuck', node: destination })
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

  #sendFar(
    node: string,
    hop: string | undefined,
    member: Member | undefined,
    channel: number,
    envelope: Envelope,
  ): SendOutcome {
    const { self, codec, channels, relayTtl, transport, reach } = this.#ground
    if (this.#ground.isDown(node)) {
      this.#ground.used(node, false)
      throw nodeIsDown(node)
    }
    const way = hop !== undefined && transport.isUp(hop) ? hop : undefined
    const straight = (way ?? node) === node && reach.isConnected(node, member?.incarnation)
    if (straight && transport.isUp(node) && !reach.waits(node)) {
      return transport.send(node, channel, envelope)
    }
    if (member === undefined && hop === undefined && !reach.searches) throw unknownNode(node)
    const head: RelayHead = {
      ...headOf(self, ++this.#relayed, relayTtl),
      channel: channels.name(channel),
      destination: node,
      destinationIncarnation: member?.incarnation ?? '',
    }
    const frame = { head, envelope: relayedEnvelope(envelope, codec) }
    this.#ground.used(node, true)
    const outcome = this.#pass(frame, undefined)
    if (outcome !== FULL) this.stats.sent++
    return outcome
  }

  /** Sends a frame, own or another's, to the next hop, or lets it wait until there is one. */
  #pass(frame: RelayFrame, from: string | undefined): SendOutcome {
    const { reach } = this.#ground
    const { destination } = frame.head
    const hop = reach.waits(destination, from) ? undefined : reach.hop(destination, from)
    if (hop !== undefined) return this.#transmit(hop, frame, from)
    const item = {
      bytes: frame.envelope.length,
      forWord: false,
      go: (): void =>
        this.#try(frame, () => {
          const found = reach.hop(destination, from)
          return found === undefined ? undefined : this.#found(found, frame, from)
        }),
      fail: (): void => this.#lost(frame, noRoute(destination)),
    }
    this.#crowded = !reach.hold(destination, item, from)
    return this.#crowded ? FULL : SENT
  }

  /** Nobody hears of a throw here: what cannot be sent is lost. Undefined: there is no way. */
  #try(frame: RelayFrame, send: () => SendOutcome | undefined): void {
    const { destination } = frame.head
    try {
      const outcome = send()
      if (outcome === undefined) this.#lost(frame, noRoute(destination))
      else if (outcome === FULL) this.#lost(frame, laneIsFull(destination))
    } catch (error) {
      this.#lost(frame, error as TroupeError)
    }
  }

  /** What waited for a connection leaves over its lanes, so that what follows does not overtake it. */
  #found(hop: string, frame: RelayFrame, from: string | undefined): SendOutcome {
    const { transport, channels } = this.#ground
    const { destination, destinationIncarnation: wanted, channel, returnedFrom } = frame.head
    const own = from === undefined && returnedFrom === ''
    const same = this.#ground.reach.isConnected(destination, wanted === '' ? undefined : wanted)
    const index = own && same && hop === destination ? channels.find(channel) : undefined
    if (index === undefined) return this.#transmit(hop, frame, from)
    const envelope = readEnvelope(frame.envelope, 0, frame.envelope.length)
    return transport.send(destination, index, envelope)
  }

  #transmit(hop: string, frame: RelayFrame, from: string | undefined): SendOutcome {
    const { transport, codec } = this.#ground
    const outcome = transport.sendControl(hop, FRAME.RELAY, encodeRelay(frame, codec))
    if (outcome !== FULL && from !== undefined) this.stats.forwarded++
    return outcome
  }

  /** It will not arrive: its sender is told, here or where it came from. */
  #lost(frame: RelayFrame, reason: TroupeError): void {
    const { head } = frame
    if (reason.code === 'ERR_LANE_FULL') this.stats.full++
    else this.stats.noRoute++
    if (head.returnedFrom !== '') return
    if (head.source === this.#ground.self.name) {
      const { destination, destinationIncarnation } = head
      const to = this.#ground.member(destination)
      this.#comesBack(to ?? memberOf(destination, destinationIncarnation, 0), frame, reason)
    } else this.#return(frame)
  }

  /** Sends a frame back to who sent it. */
  #return({ head, envelope }: RelayFrame): void {
    const { self, relayTtl } = this.#ground
    const returned = { head: headBack(head, self, ++this.#relayed, relayTtl), envelope }
    this.#try(returned, () => this.#pass(returned, undefined))
  }

  /** An own message, on its way no more. */
  #comesBack(to: Member, frame: RelayFrame, reason: TroupeError): void {
    try {
      const envelope = readEnvelope(frame.envelope, 0, frame.envelope.length)
      this.#ground.undelivered(to, frame.head.channel, envelope, reason)
    } catch (error) {
      this.#ground.badMessage(frame.head.source, (error as Error).message)
    }
  }

  #arrived(from: Member, frame: RelayFrame): void {
    const { self, reach } = this.#ground
    const { head } = frame
    const wanted = head.destinationIncarnation
    const told = memberOf(head.source, head.sourceIncarnation, head.sourceGeneration)
    const source = this.#sourceOf(told)
    const late = wanted !== '' && wanted !== self.incarnation
    reach.passed(told, from.name)
    if (source === undefined || late) {
      this.stats.stale++
      if (source !== undefined && head.returnedFrom === '') this.#refuse(frame)
      return
    }
    if (head.returnedFrom !== '') {
      this.#returned(frame, told)
      return
    }
    this.#ground.contact(told)
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

  /** For an earlier start of this node: by what comes back its sender hears that there is a newer one. */
  #refuse(frame: RelayFrame): void {
    if (!this.#refuseRate.take(this.#ground.clock.now())) return
    this.stats.refused++
    this.#return(frame)
  }

  /** An own message, from a node that knew no way on, or from the next start of the one it was for. */
  #returned(frame: RelayFrame, told: Member): void {
    const { reach, member } = this.#ground
    const node = frame.head.returnedFrom
    this.stats.returned++
    const known = member(node)
    const age = known === undefined ? 0 : compareIncarnations(told, known)
    if (told.name !== node || age < 0) {
      reach.feed({ type: 'stuck', node })
      if (frame.head.again || this.#ground.isDown(node)) {
        this.#comesBack(known ?? memberOf(node, '', 0), frame, noRoute(node))
      } else this.#sendAgain(frame)
      return
    }
    const to = known !== undefined && age > 0 ? known : memberOf(node, '', 0)
    this.#comesBack(to, frame, startedAnew(node))
    this.#ground.contact(told)
  }

  /**
   * Once more, by another way: it came back since those on the way took each other for the next hop. The
   * search that it waits for now shows all of them one way.
   */
  #sendAgain({ head, envelope }: RelayFrame): void {
    const { self, relayTtl } = this.#ground
    const again = { head: headAgain(head, self, ++this.#relayed, relayTtl), envelope }
    this.#try(again, () => this.#pass(again, undefined))
  }

  /** Stamps count by the names of channels: one that only the source has is taken in for them. */
  #channelOf({ channel }: RelayHead, { stamp }: Envelope): number {
    const { channels } = this.#ground
    const known = channels.find(channel)
    if (known !== undefined || stamp === undefined) return known ?? DEFAULT_CHANNEL
    return (isChannelName(channel) ? channels.learn(channel) : undefined) ?? DEFAULT_CHANNEL
  }

  #forward(from: Member, { head, envelope }: RelayFrame): void {
    const { reach } = this.#ground
    const told = memberOf(head.source, head.sourceIncarnation, head.sourceGeneration)
    reach.passed(told, from.name)
    const frame = { head: { ...head, ttl: head.ttl - 1 }, envelope }
    if (head.ttl <= 1) {
      this.stats.expired++
      this.#lost(frame, noRoute(head.destination))
    } else this.#try(frame, () => this.#pass(frame, from.name))
  }

  /** Who sent it: as a member if known, else as far as the head tells; undefined if that is history. */
  #sourceOf(told: Member): Member | undefined {
    const known = this.#ground.member(told.name)
    if (known === undefined) return told
    const age = compareIncarnations(told, known)
    return age < 0 ? undefined : age === 0 ? known : told
  }
}

const nodeIsDown = (node: string): TroupeError =>
  new TroupeError('ERR_NODE_DOWN', `node ${node} is down`, { data: { node } })

const startedAnew = (node: string): TroupeError =>
  new TroupeError('ERR_NODE_DOWN', `node ${node} has started anew`, { data: { node } })

export const unknownNode = (node: string): TroupeError =>
  new TroupeError('ERR_UNKNOWN_NODE', `no member named ${node} is known here`)

export const noRoute = (node: string): TroupeError =>
  new TroupeError('ERR_NO_ROUTE', `no way to node ${node} is known right now`, { data: { node } })

export const laneIsFull = (node: string): TroupeError =>
  new TroupeError('ERR_LANE_FULL', `a lane on the way to node ${node} is full`, { data: { node } })
