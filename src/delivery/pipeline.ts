import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type { AcknowledgedEffect, AcknowledgedOptions } from './acknowledged.js'
import { Causal, type CausalEffect, type CausalOptions } from './causal.js'
import { type Flow, Handed } from './flow.js'
import { FlowTable } from './flow-table.js'
import { Monotonic, type MonotonicEffect, type MonotonicOptions } from './monotonic.js'
import type { PipelineEffect, PipelineEvent, SendEvent } from './pipeline-event.js'
import type { ReceivedEffect, ReceivedOptions } from './received.js'
import { NO_EFFECTS, type RefusalReason, Refusals, type Stage } from './stage.js'
import {
  type AckStamp,
  type CausalMark,
  type DataStamp,
  decodeStamp,
  encodeAck,
  encodeData,
  encodeReset,
  type ResetStamp,
} from './stamp.js'

export interface PipelineOptions {
  readonly acknowledged: Partial<AcknowledgedOptions>
  readonly received: Partial<ReceivedOptions>
  readonly causal: Partial<CausalOptions>
  readonly monotonic: Partial<MonotonicOptions>
  /** Labels that peers may bring; those this node sends with come on top. Default 1,024. */
  readonly maxLabels: number
}

/** What a timer's name begins with. */
const RETRY = 'retry '
const WINDOW = 'window '
const LINGER = 'linger '

type Effects<M> = PipelineEffect<M>[]

/**
 * All delivery stages of one node. What is sent goes through the stages of its plan (monotonic, then
 * causal, then acknowledged) and comes out as `transmit` with its stamp; what is received goes the
 * other way and comes out as `deliver`. `self` and all peers are incarnations, so that nothing of an
 * earlier life of a node is ever taken for its present one, and nothing sent again to a new one.
 */
export class Pipeline<M> implements Stage<PipelineEvent<M>, PipelineEffect<M>> {
  readonly #self: string
  readonly #options: Partial<PipelineOptions>
  readonly #flows: FlowTable<M>
  readonly #labels = new Map<number, Causal<Handed<M>>>()
  readonly refusals = new Refusals()

  constructor(self: string, random: Random, options: Partial<PipelineOptions> = {}) {
    this.#self = self
    this.#flows = new FlowTable(self, random)
    this.#options = options
  }

  get pending(): number {
    let pending = 0
    for (const flow of this.#flows.all()) pending += flow.pending
    return pending
  }

  /** The stages of one channel to and from a peer, for figures; undefined before anything passed. */
  flow(peer: string, channel: string): Flow<M> | undefined {
    return this.#flows.find(peer, channel)
  }

  /** The causal stage of a label by its `labelId`, for figures. */
  label(label: number): Causal<Handed<M>> | undefined {
    return this.#labels.get(label)
  }

  /** Would an acknowledged message of that size be taken now? */
  hasRoom(to: string, channel: string, bytes: number): boolean {
    return this.flow(to, channel)?.sender?.hasRoom(bytes) ?? true
  }

  /** Above half of the window of acknowledged messages: accepted, but slow down. */
  isCongested(to: string, channel: string): boolean {
    return this.flow(to, channel)?.sender?.congested ?? false
  }

  step(event: PipelineEvent<M>): readonly PipelineEffect<M>[] {
    switch (event.type) {
      case 'send':
        return this.#onSend(event)
      case 'received':
        return this.#onReceived(event)
      case 'ackDue':
        return this.#onAckDue(event.from, event.channel)
      case 'timer':
        return this.#onTimer(event.timer, event.nowMs)
      case 'unsent':
        this.flow(event.to, event.channel)?.sender?.step(event)
        return NO_EFFECTS
      case 'writable':
        return this.#onWritable(event.to, event.channel, event.nowMs)
      case 'peerUp':
        return this.#onPeerUp(event.incarnation, event.nowMs)
      case 'peerGone':
        return this.#onPeerGone(event.incarnation, event.nowMs)
      default:
        return unreachable(event)
    }
  }

  #onSend(event: SendEvent<M>): readonly PipelineEffect<M>[] {
    const { to, channel, plan, message, bytes, slot, nowMs } = event
    if (this.#flows.isGone(to))
      return [{ type: 'outcome', outcome: 'peerGone', to, channel, message }]
    const effects: Effects<M> = []
    const flow = this.#flows.get(to, channel)
    if (plan.monotonic && slot !== undefined) {
      const congested = event.congested || (plan.acknowledged && this.isCongested(to, channel))
      flow.monotonic ??= new Monotonic(this.#options.monotonic)
      const send = { type: 'send', slot, message: event, bytes, congested, nowMs } as const
      this.#afterMonotonic(flow, flow.monotonic.step(send), nowMs, effects)
    } else this.#dispatch(flow, event, nowMs, effects)
    return effects
  }

  #afterMonotonic(
    flow: Flow<M>,
    done: readonly MonotonicEffect<SendEvent<M>>[],
    nowMs: number,
    effects: Effects<M>,
  ): void {
    const { peer: to, channel, name } = flow
    for (const effect of done) {
      switch (effect.type) {
        case 'send':
          this.#dispatch(flow, effect.message, nowMs, effects)
          break
        case 'dropped': {
          const reason = effect.reason === 'cleared' ? 'peerGone' : effect.reason
          effects.push({ type: 'dropped', reason, to, channel, message: effect.message.message })
          break
        }
        case 'full':
          effects.push({
            type: 'full',
            reason: 'window',
            to,
            channel,
            message: effect.message.message,
          })
          break
        case 'startTimer':
          effects.push({ type: 'startTimer', timer: WINDOW + name, delayMs: effect.delayMs })
          break
        default:
          unreachable(effect)
      }
    }
  }

  /** Behind the monotonic stage: on its way for good, or refused as a whole. */
  #dispatch(flow: Flow<M>, event: SendEvent<M>, nowMs: number, effects: Effects<M>): void {
    const { to, channel, key, plan, message, bytes } = event
    if (!plan.acknowledged) {
      effects.push({
        type: 'transmit',
        to,
        channel,
        key,
        id: 0,
        attempt: 1,
        stamp: undefined,
        message,
      })
      return
    }
    const sender = this.#flows.sender(flow, this.#options.acknowledged)
    let causal: CausalMark | undefined
    if (plan.label !== undefined && sender.hasRoom(bytes)) {
      causal = this.#mark(plan.label, to)
      if (causal === undefined) {
        effects.push({ type: 'full', reason: 'clock', to, channel, message })
        return
      }
    }
    const inOrder = plan.inOrder && plan.label === undefined
    const expiresMs = nowMs + plan.expireAfterMs
    const send = { type: 'send', message, bytes, key, inOrder, causal, expiresMs, nowMs } as const
    this.#afterSender(flow, sender.step(send), effects)
  }

  /** The next place in a label's order; undefined when its clock is full. */
  #mark(label: number, to: string): CausalMark | undefined {
    const stamped = this.#causal(label).step({ type: 'send', to })[0]
    if (stamped?.type !== 'stamped') return undefined
    return { label, seq: stamped.seq, clock: stamped.clock }
  }

  #afterSender(flow: Flow<M>, done: readonly AcknowledgedEffect<M>[], effects: Effects<M>): void {
    const { peer: to, channel, name } = flow
    for (const effect of done) {
      switch (effect.type) {
        case 'send': {
          const { session, id, after, open, key, message, causal, attempt } = effect
          const tag = flow.sender?.tag ?? 0
          const filler = message === undefined
          const stamp = encodeData(tag, session, id, after, open, filler, causal)
          effects.push({ type: 'transmit', to, channel, key, id, attempt, stamp, message })
          break
        }
        case 'outcome':
          this.#onOutcome(flow, effect, effects)
          break
        case 'full':
          effects.push({ type: 'full', reason: 'window', to, channel, message: effect.message })
          break
        case 'drained':
          effects.push({ type: 'drained', to, channel })
          break
        case 'startTimer':
          effects.push({ type: 'startTimer', timer: RETRY + name, delayMs: effect.delayMs })
          break
        case 'cancelTimer':
          effects.push({ type: 'cancelTimer', timer: RETRY + name })
          break
        case 'refused':
          this.#refuse(to, effect.reason, effects)
          break
        default:
          unreachable(effect)
      }
    }
  }

  #onOutcome(
    flow: Flow<M>,
    effect: AcknowledgedEffect<M> & { type: 'outcome' },
    effects: Effects<M>,
  ): void {
    const { outcome, message, causal } = effect
    const { peer: to, channel } = flow
    if (causal !== undefined && outcome !== 'expired') {
      this.#causal(causal.label).step({ type: 'settled', to, seq: causal.seq })
      if (outcome === 'peerGone') flow.abandoned.add(causal.label)
    }
    if (message !== undefined) effects.push({ type: 'outcome', outcome, to, channel, message })
  }

  /** Tells the peer, who may have missed nothing, not to wait for what was given up. */
  #bridge(flow: Flow<M>, nowMs: number, effects: Effects<M>): void {
    const sender = flow.sender
    if (sender === undefined) return
    for (const label of flow.abandoned) {
      const causal = sender.hasRoom(0) ? this.#mark(label, flow.peer) : undefined
      if (causal === undefined) continue
      flow.abandoned.delete(label)
      this.#afterSender(flow, sender.step({ ...FILLER, causal, nowMs }), effects)
    }
  }

  #onReceived(event: PipelineEvent<M> & { type: 'received' }): readonly PipelineEffect<M>[] {
    const { from, channel, message, bytes, nowMs } = event
    const effects: Effects<M> = []
    const stamp = decodeStamp(event.stamp)
    if (stamp === undefined) this.#refuse(from, 'malformed', effects)
    else if (this.#flows.isGone(from)) this.#refuse(from, 'gone', effects)
    else if (stamp.kind === 'data') {
      const confirm = stamp.label !== undefined
      const flow = this.#flows.get(from, channel)
      const receiver = this.#flows.receiver(flow, this.#options.received)
      const data = { type: 'data', stamp, message, bytes, confirm } as const
      this.#afterReceiver(flow, receiver.step(data), effects)
    } else this.#onAnswer(from, channel, stamp, nowMs, effects)
    return effects
  }

  #onAnswer(
    from: string,
    channel: string,
    stamp: AckStamp | ResetStamp,
    nowMs: number,
    effects: Effects<M>,
  ): void {
    const flow = this.#flows.find(from, channel)
    if (flow?.sender === undefined) this.#refuse(from, 'neverSent', effects)
    else if (stamp.kind === 'ack') {
      this.#afterSender(flow, flow.sender.step({ type: 'ack', ack: stamp, nowMs }), effects)
    } else {
      this.#afterSender(flow, flow.sender.step({ type: 'reset', reset: stamp }), effects)
      this.#bridge(flow, nowMs, effects)
    }
  }

  #afterReceiver(flow: Flow<M>, done: readonly ReceivedEffect<M>[], effects: Effects<M>): void {
    const { peer, channel } = flow
    for (const effect of done) {
      switch (effect.type) {
        case 'deliver': {
          const { session, id, message, bytes, stamp } = effect
          if (stamp.label !== undefined) {
            this.#order(stamp, new Handed(flow, session, id, message), bytes, effects)
          } else if (message !== undefined) {
            effects.push({ type: 'deliver', from: peer, channel, message })
          }
          break
        }
        case 'ackSoon':
          effects.push({ type: 'ackSoon', from: peer, channel })
          break
        case 'ack':
          effects.push({ type: 'acknowledge', to: peer, channel, stamp: encodeAck(effect.ack) })
          break
        case 'reset':
          effects.push({ type: 'acknowledge', to: peer, channel, stamp: encodeReset(effect.reset) })
          break
        case 'refused':
          this.#refuse(peer, effect.reason, effects)
          break
        default:
          unreachable(effect)
      }
    }
  }

  /** Through the causal stage of its label. */
  #order(stamp: DataStamp, message: Handed<M>, bytes: number, effects: Effects<M>): void {
    const { maxLabels = 1_024 } = this.#options
    const label = stamp.label as number
    const clock = stamp.clock as Uint8Array
    const from = message.flow.peer
    if (!this.#labels.has(label) && this.#labels.size >= maxLabels) {
      this.#giveBack(message)
      this.#refuse(from, 'tooManyLabels', effects)
      return
    }
    const done = this.#causal(label).step({ type: 'receive', from, clock, message, bytes })
    this.#afterCausal(label, done, effects)
  }

  #giveBack({ flow, session, id }: Handed<M>): void {
    flow.receiver?.step({ type: 'returned', session, id })
  }

  #afterCausal(label: number, done: readonly CausalEffect<Handed<M>>[], effects: Effects<M>): void {
    for (const effect of done) {
      switch (effect.type) {
        case 'deliver':
          this.#take(effect.message, true, effects)
          break
        case 'dropped':
          if (effect.reason === 'duplicate') this.#take(effect.message, false, effects)
          else this.#giveBack(effect.message)
          break
        case 'refused':
          if (effect.message === undefined) break
          this.#giveBack(effect.message)
          this.#refuse(effect.message.flow.peer, effect.reason, effects)
          break
        case 'startTimer':
          effects.push({ type: 'startTimer', timer: LINGER + label, delayMs: effect.delayMs })
          break
        case 'stamped':
          break
        default:
          unreachable(effect)
      }
    }
  }

  #take(handed: Handed<M>, deliver: boolean, effects: Effects<M>): void {
    const { flow, session, id, message } = handed
    if (deliver && message !== undefined) {
      effects.push({ type: 'deliver', from: flow.peer, channel: flow.channel, message })
    }
    const done = flow.receiver?.step({ type: 'taken', session, id }) ?? NO_EFFECTS
    this.#afterReceiver(flow, done, effects)
  }

  #onAckDue(from: string, channel: string): readonly PipelineEffect<M>[] {
    const flow = this.#flows.find(from, channel)
    const done = flow?.receiver?.step({ type: 'ackDue' }) ?? NO_EFFECTS
    if (flow === undefined || done.length === 0) return NO_EFFECTS
    const effects: Effects<M> = []
    this.#afterReceiver(flow, done, effects)
    return effects
  }

  #onTimer(timer: string, nowMs: number): readonly PipelineEffect<M>[] {
    const effects: Effects<M> = []
    const space = timer.indexOf(' ') + 1
    const kind = timer.slice(0, space)
    const name = timer.slice(space)
    if (kind === LINGER) {
      const label = Number(name)
      const done = this.#labels.get(label)?.step({ type: 'timer' }) ?? NO_EFFECTS
      this.#afterCausal(label, done, effects)
      return effects
    }
    const flow = this.#flows.named(name)
    if (kind === RETRY && flow?.sender !== undefined) {
      this.#afterSender(flow, flow.sender.step({ type: 'timer', nowMs }), effects)
    } else if (kind === WINDOW && flow?.monotonic !== undefined) {
      this.#afterMonotonic(flow, flow.monotonic.step({ type: 'timer', nowMs }), nowMs, effects)
    }
    return effects
  }

  #onWritable(to: string, channel: string, nowMs: number): readonly PipelineEffect<M>[] {
    const flow = this.#flows.find(to, channel)
    if (flow === undefined) return NO_EFFECTS
    const effects: Effects<M> = []
    const sent = flow.sender?.step({ type: 'writable', nowMs }) ?? NO_EFFECTS
    this.#afterSender(flow, sent, effects)
    const waited = flow.monotonic?.step({ type: 'writable' }) ?? NO_EFFECTS
    this.#afterMonotonic(flow, waited, nowMs, effects)
    return effects
  }

  #onPeerUp(incarnation: string, nowMs: number): readonly PipelineEffect<M>[] {
    const effects: Effects<M> = []
    if (this.#flows.isGone(incarnation)) {
      this.#flows.setBack(incarnation)
      for (const causal of this.#labels.values()) causal.step({ type: 'back', node: incarnation })
    }
    for (const flow of this.#flows.of(incarnation)) {
      const done = flow.sender?.step({ type: 'peerUp', incarnation, nowMs }) ?? NO_EFFECTS
      this.#afterSender(flow, done, effects)
      this.#bridge(flow, nowMs, effects)
    }
    return effects
  }

  #onPeerGone(incarnation: string, nowMs: number): readonly PipelineEffect<M>[] {
    if (this.#flows.isGone(incarnation)) return NO_EFFECTS
    const effects: Effects<M> = []
    this.#flows.setGone(incarnation)
    for (const flow of this.#flows.of(incarnation)) {
      const waited = flow.monotonic?.step({ type: 'clear' }) ?? NO_EFFECTS
      this.#afterMonotonic(flow, waited, nowMs, effects)
      this.#afterSender(flow, flow.sender?.step({ type: 'peerGone' }) ?? NO_EFFECTS, effects)
      flow.receiver?.step({ type: 'senderGone' })
    }
    for (const [label, causal] of this.#labels) {
      this.#afterCausal(label, causal.step({ type: 'gone', node: incarnation }), effects)
    }
    return effects
  }

  #causal(label: number): Causal<Handed<M>> {
    let causal = this.#labels.get(label)
    if (causal === undefined) {
      causal = new Causal<Handed<M>>(this.#self, this.#options.causal)
      this.#labels.set(label, causal)
    }
    return causal
  }

  #refuse(from: string, reason: RefusalReason, effects: Effects<M>): void {
    this.refusals[reason]++
    effects.push({ type: 'refused', from, reason })
  }
}

const FILLER = {
  type: 'send',
  message: undefined,
  bytes: 0,
  key: 0,
  inOrder: false,
  expiresMs: Number.POSITIVE_INFINITY,
} as const
