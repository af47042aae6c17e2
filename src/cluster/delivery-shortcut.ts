import type { TroupeError } from '../base/errors.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { Flow } from '../delivery/flow.js'
import type { Pipeline } from '../delivery/pipeline.js'
import { PlainStamp } from '../delivery/plain-stamp.js'
import type { Member } from '../overlay/overlay.js'
import { SENT, type SendOutcome, SLOW } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'
import type { DeliveryGround } from './delivery-driver.js'
import type { DeliveryPeer, DeliveryPeers, DeliveryWay } from './delivery-peer.js'
import type { DeliverySender } from './delivery-sender.js'
import { bodyBytes } from './stored-envelope.js'

/**
 * The way of most acknowledged messages, without events and effects: to a flow that is under way and has
 * room, from one of which nothing is missing. What is not so simple is left to the pipeline. Both ways lead
 * through the same stages and write the same stamps.
 */
export class DeliveryShortcut {
  readonly #ground: DeliveryGround
  readonly #pipeline: Pipeline<Envelope>
  readonly #peers: DeliveryPeers
  readonly #sender: DeliverySender
  readonly #ackSoon: (way: DeliveryWay) => void
  readonly #stamp = new PlainStamp()
  #nowMs: number | undefined

  constructor(
    parts: {
      readonly ground: DeliveryGround
      readonly pipeline: Pipeline<Envelope>
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

  /** Undefined: nothing was done. @throws TroupeError ERR_TOO_LARGE */
  send(
    peer: DeliveryPeer,
    way: DeliveryWay,
    message: Envelope,
    plan: DeliveryPlan,
  ): SendOutcome | undefined {
    const sender = this.#flow(way)?.sender
    if (sender === undefined || this.#pipeline.isGone(way.incarnation)) return undefined
    const nowMs = this.#now()
    const bytes = bodyBytes(message)
    const expiresMs = nowMs + plan.expireAfterMs
    const entry = sender.take(message, bytes, message.key, plan.inOrder, expiresMs, nowMs)
    if (entry === undefined) return undefined
    message.stamp = sender.stamp(entry)
    try {
      const outcome = this.#sender.first(peer, way, message, entry.id)
      return outcome === SENT && sender.congested ? SLOW : outcome
    } catch (error) {
      return this.#sender.failedAtOnce(way, message, entry.id, error as TroupeError)
    }
  }

  /** False: nothing was done. Not to be called while effects are performed. */
  receive({ incarnation }: Member, channel: number, envelope: Envelope): boolean {
    if (!this.#stamp.read(envelope.stamp as Uint8Array)) return false
    const peer = this.#peers.get(incarnation)
    if (peer === undefined || peer.gone || this.#pipeline.isGone(incarnation)) return false
    const way = peer.find(this.#ground.channels.name(channel))
    const receiver = way && this.#flow(way)?.receiver
    if (way === undefined || !receiver?.isNext(this.#stamp)) return false
    const { counters } = this.#sender
    if (!this.#ground.deliver(peer.member, channel, envelope, true)) {
      counters.returned++
      return true
    }
    counters.delivered++
    if (receiver.tookNext()) this.#ackSoon(way)
    return true
  }

  #flow(way: DeliveryWay): Flow<Envelope> | undefined {
    if (way.flow === undefined || way.flow.forgotten) {
      way.flow = this.#pipeline.flow(way.incarnation, way.channel)
    }
    return way.flow
  }

  /** The time, read once a turn: what is sent in a row was sent at the same time. */
  #now(): number {
    if (this.#nowMs === undefined) {
      this.#nowMs = this.#ground.clock.now()
      this.#ground.turn.micro(() => {
        this.#nowMs = undefined
      })
    }
    return this.#nowMs
  }
}
