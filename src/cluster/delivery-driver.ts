import type { TroupeError } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { RingQueue } from '../base/ring-queue.js'
import { unreachable } from '../base/unreachable.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import { Pipeline } from '../delivery/pipeline.js'
import type { PipelineEffect, PipelineEvent } from '../delivery/pipeline-event.js'
import type { GivenPipelineOptions } from '../delivery/pipeline-options.js'
import { decodeStamp } from '../delivery/stamp.js'
import { compareIncarnations } from '../overlay/member.js'
import type { Member } from '../overlay/overlay.js'
import { type ChannelTable, DEFAULT_CHANNEL } from '../peer/channel-table.js'
import { SENT, type SendOutcome, SLOW } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import type { Envelope } from '../wire/envelope.js'
import type { StampSlice } from '../wire/stamp-slice.js'
import type { Clock, Timer } from '../world/clock.js'
import type { Turn } from '../world/turn.js'
import { type DeliveryPeer, DeliveryPeers, type DeliveryWay } from './delivery-peer.js'
import { type Attempt, DeliverySender } from './delivery-sender.js'
import { DeliveryShortcut } from './delivery-shortcut.js'
import { DeliveryCounters, type DeliveryStats, deliveryStats } from './delivery-stats.js'
import type { DurableStats } from './durable-ground.js'
import { type Router, unknownNode } from './router.js'
import { bodyBytes, envelopeOf, type Kept, kept, slotOf, stored } from './stored-envelope.js'

/** What the delivery stages of a node stand on. */
export interface DeliveryGround {
  readonly self: Member
  readonly clock: Clock
  readonly turn: Turn
  readonly random: Random
  readonly codec: Codec
  readonly channels: ChannelTable
  readonly router: Pick<Router, 'send' | 'ready' | 'isOpen' | 'isFree' | 'isDirect'>
  readonly options?: GivenPipelineOptions | undefined
  /** The newest known incarnation of a node that can be sent to, or undefined. */
  member(node: string): Member | undefined
  /** False, only with `again`: there is no room for it now, it is to come again. */
  deliver(from: Member, channel: number, envelope: Envelope, again: boolean): boolean
  /** A message that was accepted will not arrive, or may not have arrived. */
  undelivered(to: Member, channel: string, envelope: Envelope, reason: TroupeError): void
  badMessage(from: string, detail: string): void
}

type Event = PipelineEvent<Kept>
type Effect = PipelineEffect<Kept>

/**
 * Feeds the pipeline of a node with what is sent and received and with news of peers, and performs
 * its effects. Messages without a stage never come here. A message lives as long as both incarnations
 * do: it is given up when its peer left or was replaced, not when that is only out of reach.
 */
export class DeliveryDriver {
  readonly #ground: DeliveryGround
  readonly #pipeline: Pipeline<Kept>
  readonly #counters = new DeliveryCounters()
  readonly #peers = new DeliveryPeers()
  readonly #sender: DeliverySender
  readonly #shortcut: DeliveryShortcut
  readonly #timers = new Map<string, Timer>()
  readonly #events = new RingQueue<Event>()
  /** Where somebody waits for room. */
  readonly #waiting = new Set<DeliveryWay>()
  readonly #drains = new Set<() => void>()
  #running = false
  #stopped = false

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(ground: DeliveryGround) {
    this.#ground = ground
    this.#pipeline = new Pipeline(ground.self.incarnation, ground.random, ground.options, false)
    this.#sender = new DeliverySender(ground, this.#peers, this.#counters, (event) => {
      this.#feed(event)
    })
    const parts = { ground, pipeline: this.#pipeline, peers: this.#peers, sender: this.#sender }
    this.#shortcut = new DeliveryShortcut(parts, (way) => this.#ackSoonOn(way))
  }

  /** With those of durable delivery, which stands above. */
  stats(durable: DurableStats): DeliveryStats {
    return deliveryStats(this.#counters, this.#pipeline, durable)
  }

  /** @throws TroupeError ERR_UNKNOWN_NODE, ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
  send(node: string, channel: number, envelope: Envelope, plan: DeliveryPlan): SendOutcome {
    const { self, router, codec } = this.#ground
    if (plan.acknowledged && !plan.monotonic && this.#shortcut.leadsTo(node, channel)) {
      const outcome = this.#shortcut.send(envelope, plan)
      if (outcome !== undefined) return outcome
    }
    if (node === self.name) return router.send(node, channel, envelope)
    if (this.#ground.member(node) === undefined) throw unknownNode(node)
    return this.#send(node, channel, stored(envelope, codec), plan)
  }

  /** Through the pipeline. */
  #send(node: string, channel: number, message: Envelope, plan: DeliveryPlan): SendOutcome {
    const { router, channels, clock } = this.#ground
    const member = this.#ground.member(node)
    if (member === undefined) throw unknownNode(node)
    const way = this.#peer(member).way(channel, channels.name(channel))
    const attempt: Attempt = { message, outcome: SENT, error: undefined }
    const outer = this.#sender.attempt
    this.#sender.attempt = attempt
    try {
      this.#run({
        type: 'send',
        to: member.incarnation,
        channel: way.channel,
        key: message.key,
        plan,
        message,
        bytes: bodyBytes(message),
        slot: slotOf(message),
        congested: way.slow || !router.isFree(node),
        nowMs: clock.now(),
      })
    } finally {
      this.#sender.attempt = outer
    }
    if (attempt.error !== undefined) throw attempt.error
    if (attempt.outcome !== SENT || !plan.acknowledged) return attempt.outcome
    return this.#pipeline.isCongested(member.incarnation, way.channel) ? SLOW : SENT
  }

  /** Who is a member, or can be reached, may have changed. */
  changed(): void {
    this.#shortcut.forget()
  }

  /** An envelope with a stamp. */
  receive(from: Member, channel: number, envelope: Envelope): void {
    const { channels, clock } = this.#ground
    if (this.#stopped) return
    if (!this.#running && this.#shortcut.receive(from, channel, envelope)) return
    if (this.#ground.member(from.name)?.incarnation !== from.incarnation) {
      this.#counters.stale++
      return
    }
    const message = kept(envelope)
    const way = this.#peer(from).way(channel, channels.name(channel))
    this.#run({
      type: 'received',
      from: from.incarnation,
      channel: way.channel,
      stamp: (message.stamp as StampSlice).view(),
      message,
      bytes: bodyBytes(message),
      confirm: true,
      nowMs: clock.now(),
    })
    this.#wake()
  }

  /** A lane did not write it. True when it is one of these messages: it will be sent again. */
  unwritten(to: Member, channel: string, envelope: Envelope, reason: TroupeError): boolean {
    if (envelope.stamp === undefined) return false
    const stamp = decodeStamp(envelope.stamp.slice.view())
    const { incarnation } = to
    const session = this.#pipeline.flow(incarnation, channel)?.sender?.session
    if (stamp?.kind !== 'data' || stamp.session !== session) return true
    this.#sender.unsent(incarnation, channel, stamp.id, reason.code)
    return true
  }

  /** Resolves when so few messages to that node are unacknowledged that more may follow. */
  async ready(node: string, channel: number): Promise<void> {
    const { channels } = this.#ground
    const member = this.#ground.member(node)
    const peer = member && this.#peers.get(member.incarnation)
    const way = peer?.find(channels.name(channel))
    if (member === undefined || way === undefined) return
    if (!this.#pipeline.isCongested(member.incarnation, way.channel)) return
    while (!this.#stopped && !this.#pipeline.isRelieved(member.incarnation, way.channel)) {
      this.#waiting.add(way)
      await new Promise<void>((resolve) => way.waiters.push(resolve))
    }
  }

  /** A node can be reached: for the first time, or again. Earlier starts of it are history. */
  nodeUp(node: Member): void {
    this.changed()
    for (const { member } of [...this.#peers.all()]) {
      if (member.name === node.name && compareIncarnations(member, node) < 0) this.gone(member)
    }
    const peer = this.#peers.get(node.incarnation)
    const { clock, router } = this.#ground
    if (peer !== undefined) this.#peers.back(peer, node)
    this.#feed({ type: 'peerUp', incarnation: node.incarnation, nowMs: clock.now() })
    for (const each of this.#peers.all()) {
      if (each !== peer && !router.isOpen(each.member.name)) continue
      for (const way of each.ways()) {
        if (each === peer || way.blocked) this.#sender.writable(each, way)
      }
    }
    this.#wake()
  }

  /** That incarnation left or was replaced. */
  gone(node: Member): void {
    const { incarnation } = node
    const peer = this.#peers.get(incarnation)
    this.changed()
    if (peer?.gone) return
    if (peer !== undefined) peer.gone = true
    // Also of whom nothing came: others may have told of its messages.
    this.#feed({ type: 'peerGone', incarnation, nowMs: this.#ground.clock.now() })
    if (peer !== undefined) this.#peers.forget(peer)
    this.#wake()
  }

  /** True while something to or from that incarnation is not settled. */
  holds({ incarnation }: Member): boolean {
    const peer = this.#peers.get(incarnation)
    if (peer === undefined) return false
    for (const { channel } of peer.ways()) {
      if ((this.#pipeline.flow(incarnation, channel)?.sender?.pending ?? 0) > 0) return true
    }
    return false
  }

  /** Resolves when all own messages are acknowledged, at the latest after `timeoutMs`; undefined: they are. */
  drain(timeoutMs: number): Promise<void> | undefined {
    if (timeoutMs <= 0 || this.#pipeline.unsettled === 0) return undefined
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel()
        this.#drains.delete(done)
        resolve()
      }
      const timer = this.#ground.clock.after(timeoutMs, done)
      this.#drains.add(done)
    })
  }

  /** What is not acknowledged is reported; no timer is left. */
  stop(): void {
    this.#stopped = true
    this.changed()
    this.#sender.stopped = true
    for (const { member } of [...this.#peers.all()]) this.gone(member)
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    for (const done of [...this.#drains]) done()
  }

  /** The state of a peer that is a member now. */
  #peer(member: Member): DeliveryPeer {
    const { incarnation } = member
    const known = this.#peers.get(incarnation)
    if (known?.gone === false) return known
    if (known !== undefined) this.#peers.back(known, member)
    const peer = known ?? this.#peers.add(member)
    this.#run({ type: 'peerUp', incarnation, nowMs: this.#ground.clock.now() })
    return peer
  }

  /** An event whose effects may wait until those at hand are performed. */
  #feed(event: Event): void {
    if (this.#running) this.#events.push(event)
    else this.#run(event)
  }

  /** Performs at once; what comes up meanwhile waits, but for what is sent by whoever is called. */
  #run(event: Event): void {
    const outermost = !this.#running
    this.#running = true
    try {
      this.#perform(this.#pipeline.step(event))
      if (!outermost) return
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        this.#perform(this.#pipeline.step(next))
      }
    } finally {
      if (outermost) this.#running = false
    }
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#performOne(effect)
  }

  #performOne(effect: Effect): void {
    switch (effect.type) {
      case 'transmit':
        this.#sender.transmit(effect)
        break
      case 'acknowledge':
        this.#sender.acknowledge(effect.to, effect.channel, effect.stamp)
        break
      case 'deliver':
        this.#deliver(effect)
        break
      case 'outcome':
        this.#sender.settled(effect.to, effect.channel, effect.message, effect.outcome)
        break
      case 'full':
        this.#sender.full(effect.to, effect.channel, effect.message)
        break
      case 'dropped':
        if (effect.reason === 'superseded') this.#counters.superseded++
        else this.#sender.settled(effect.to, effect.channel, effect.message, effect.reason)
        break
      case 'ackSoon':
        this.#ackSoon(effect.from, effect.channel)
        break
      case 'startTimer':
        this.#startTimer(effect.timer, effect.delayMs)
        break
      case 'cancelTimer':
        this.#cancelTimer(effect.timer)
        break
      case 'refused':
        if (effect.reason === 'malformed') this.#malformed(effect.from)
        break
      case 'drained':
        break
      default:
        unreachable(effect)
    }
  }

  #deliver({ from, channel, message, receipt }: Effect & { type: 'deliver' }): void {
    const peer = this.#peers.get(from)
    if (peer === undefined) return
    const index = this.#ground.channels.find(channel) ?? DEFAULT_CHANNEL
    const taken = this.#ground.deliver(
      peer.member,
      index,
      envelopeOf(message),
      receipt !== undefined,
    )
    if (taken) this.#counters.delivered++
    else this.#counters.returned++
    if (receipt !== undefined) this.#feed({ type: taken ? 'taken' : 'returned', receipt })
  }

  #ackSoon(from: string, channel: string): void {
    const way = this.#peers.get(from)?.find(channel)
    if (way !== undefined) this.#ackSoonOn(way)
  }

  #ackSoonOn(way: DeliveryWay): void {
    if (way.ackDue) return
    way.ackDue = true
    const { incarnation: from, channel } = way
    this.#ground.turn.micro(() => {
      way.ackDue = false
      if (!this.#stopped) this.#feed({ type: 'ackDue', from, channel })
    })
  }

  #startTimer(name: string, delayMs: number): void {
    this.#timers.get(name)?.cancel()
    if (this.#stopped) return
    const { clock } = this.#ground
    const fire = (): void => {
      this.#timers.delete(name)
      this.#feed({ type: 'timer', timer: name, nowMs: clock.now() })
      this.#wake()
    }
    this.#timers.set(name, clock.after(delayMs, fire, true))
  }

  #cancelTimer(name: string): void {
    this.#timers.get(name)?.cancel()
    this.#timers.delete(name)
  }

  #malformed(from: string): void {
    const { name = from } = this.#peers.get(from)?.member ?? {}
    this.#ground.badMessage(name, 'a stamp of delivery is malformed')
  }

  /** Room may have come up: who waits for it looks again. */
  #wake(): void {
    for (const way of this.#waiting) {
      if (!this.#stopped && !this.#pipeline.isRelieved(way.incarnation, way.channel)) continue
      this.#waiting.delete(way)
      for (const resolve of way.waiters.splice(0)) resolve()
    }
    if (this.#drains.size === 0 || this.#pipeline.unsettled > 0) return
    for (const done of [...this.#drains]) done()
  }
}
