import type { TroupeError } from '../base/errors.js'
import type { Acknowledged } from '../delivery/acknowledged.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { Flow } from '../delivery/flow.js'
import type { Pipeline } from '../delivery/pipeline.js'
import type { Received } from '../delivery/received.js'
import { ShortStamp } from '../delivery/short-stamp.js'
import type { Member } from '../overlay/overlay.js'
import { SENT, type SendOutcome, SLOW } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'
import type { StampSlice } from '../wire/stamp-slice.js'
import type { DeliveryGround } from './delivery-driver.js'
import type { DeliveryPeer, DeliveryPeers, DeliveryWay } from './delivery-peer.js'
import type { DeliverySender } from './delivery-sender.js'
import { DeliveryShelf } from './delivery-shelf.js'
import type { Kept } from './stored-envelope.js'

/**
 * The way of most acknowledged messages, without events and effects: to a flow that is under way and has
 * room, from one of which nothing is missing; with a label, where the clock is that of the message before.
 * What is not so simple is left to the pipeline. Both ways lead through the same stages, with stamps
 * that say the same. Who is at the other end is looked up once for what goes there, or comes from there, in a row.
 */
export class DeliveryShortcut {
  readonly #ground: DeliveryGround
  readonly #pipeline: Pipeline<Kept>
  readonly #peers: DeliveryPeers
  readonly #sender: DeliverySender
  readonly #ackSoon: (way: DeliveryWay) => void
  readonly #stamp = new ShortStamp()
  readonly #turnOver = (): void => {
    this.#turning = false
    this.#to = undefined
  }
  /** Time and destination are forgotten at the end of the turn. */
  #turning = false
  #nowMs = 0
  #to: Sent | undefined
  #from: Got | undefined

  constructor(
    parts: {
      readonly ground: DeliveryGround
      readonly pipeline: Pipeline<Kept>
      readonly peers: DeliveryPeers
      readonly sender: DeliverySender
    },
    ackSoon: (way: DeliveryWay) => void,
  ) {
    this.#ground = parts.ground
    this.#pipeline = parts.pipeline
    this.#peers = parts.peers
    this.#sender = parts.sender
    this.#ackSoon = ackSoon
  }

  /** Who is where may have changed. */
  forget(): void {
    this.#to = undefined
    this.#from = undefined
  }

  /** True when there is a short way right now: `send` may be tried. */
  leadsTo(node: string, channel: number): boolean {
    const to = this.#to
    if (to !== undefined && to.node === node && to.channel === channel) return true
    return this.#lookUp(node, channel)
  }

  /** Right after `leadsTo`. Undefined: nothing was done. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
  send(envelope: Envelope, plan: DeliveryPlan): SendOutcome | undefined {
    const to = this.#to
    const nowMs = this.#nowMs
    const expiresMs = nowMs + plan.expireAfterMs
    if (to?.sender.takes(0, expiresMs, nowMs) !== true) return undefined
    const { sender, flow } = to
    const { key } = envelope
    const labelled =
      plan.label === undefined ? undefined : this.#pipeline.labelled(flow, plan.label)
    const causal = labelled?.nextMark(sender.tag, sender.session)
    if (plan.label !== undefined && causal === undefined) return undefined
    const inOrder = plan.inOrder && causal === undefined
    const kept = to.shelf.keep(envelope, sender, inOrder, causal)
    // What was called to encode it may have changed anything.
    if (kept === undefined || this.#to !== to) return undefined
    const { size } = kept
    if (!sender.takes(size, expiresMs, nowMs)) return undefined
    labelled?.send()
    const id = sender.take(kept, size, key, inOrder, causal, expiresMs, nowMs)
    envelope.args = undefined
    envelope.body = envelope.stamp = kept
    try {
      const outcome = this.#sender.first(to.peer, to.way, envelope, id)
      return outcome === SENT && sender.congested ? SLOW : outcome
    } catch (error) {
      return this.#sender.failedAtOnce(to.way, kept, id, error as TroupeError)
    }
  }

  /** False: nothing was done. Not to be called while effects are performed. */
  receive(member: Member, channel: number, envelope: Envelope): boolean {
    const stamp = this.#stamp
    if (!stamp.read(envelope.stamp as StampSlice)) return false
    let from = this.#from
    if (from === undefined || from.member !== member || from.channel !== channel) {
      from = this.#lookUpSender(member, channel)
    }
    if (from?.receiver.isNext(stamp) !== true) return false
    return stamp.label === 0 ? this.#deliver(from, envelope) : this.#deliverNext(from, envelope)
  }

  #deliver({ peer, channel, receiver, way }: Got, envelope: Envelope): boolean {
    const { counters } = this.#sender
    if (!this.#ground.deliver(peer.member, channel, envelope, true)) {
      counters.returned++
      return true
    }
    counters.delivered++
    if (receiver.tookNext()) this.#ackSoon(way)
    return true
  }

  /** One with a label: its order goes on, whether it is taken or not. */
  #deliverNext({ peer, channel, receiver, way, flow }: Got, envelope: Envelope): boolean {
    const { label, seq, before } = this.#stamp
    const labelled = this.#pipeline.labelled(flow, label)
    if (labelled?.stage.takesNext(labelled.node, seq, before) !== true) return false
    if (receiver.tookNext()) this.#ackSoon(way)
    this.#ground.deliver(peer.member, channel, envelope, false)
    this.#sender.counters.delivered++
    return true
  }

  #lookUp(node: string, channel: number): boolean {
    const { channels, router } = this.#ground
    const incarnation = this.#ground.member(node)?.incarnation
    const peer = incarnation === undefined ? undefined : this.#peers.get(incarnation)
    const way = peer?.find(channels.name(channel))
    const flow = way && this.#flow(way)
    const { sender } = flow ?? {}
    this.#to = undefined
    if (peer === undefined || way === undefined || flow === undefined || sender === undefined) {
      return false
    }
    if (peer.gone || this.#pipeline.isGone(way.incarnation) || !router.isOpen(node)) return false
    way.shelf ??= new DeliveryShelf(this.#ground.codec)
    this.#to = { node, channel, peer, way, flow, sender, shelf: way.shelf }
    this.#untilTurnIsOver()
    return true
  }

  #lookUpSender(member: Member, channel: number): Got | undefined {
    const { incarnation, name } = member
    this.#from = undefined
    const peer = this.#peers.get(incarnation)
    if (peer === undefined || peer.gone || this.#pipeline.isGone(incarnation)) return undefined
    if (this.#ground.member(name)?.incarnation !== incarnation) return undefined
    const way = peer.find(this.#ground.channels.name(channel))
    const flow = way && this.#flow(way)
    const { receiver } = flow ?? {}
    if (way === undefined || flow === undefined || receiver === undefined) return undefined
    this.#from = { member, channel, peer, way, flow, receiver }
    return this.#from
  }

  #flow(way: DeliveryWay): Flow<Kept> | undefined {
    if (way.flow === undefined || way.flow.forgotten) {
      way.flow = this.#pipeline.flow(way.incarnation, way.channel)
    }
    return way.flow
  }

  /** What is sent in a row was sent at the same time. */
  #untilTurnIsOver(): void {
    if (this.#turning) return
    this.#turning = true
    this.#nowMs = this.#ground.clock.now()
    this.#ground.turn.micro(this.#turnOver)
  }
}

/** Where messages go. */
interface Sent {
  readonly node: string
  readonly channel: number
  readonly peer: DeliveryPeer
  readonly way: DeliveryWay
  readonly flow: Flow<Kept>
  readonly sender: Acknowledged<Kept>
  readonly shelf: DeliveryShelf
}

/** Where messages come from. */
interface Got {
  readonly member: Member
  readonly channel: number
  readonly peer: DeliveryPeer
  readonly way: DeliveryWay
  readonly flow: Flow<Kept>
  readonly receiver: Received<Kept>
}
