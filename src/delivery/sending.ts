import { unreachable } from '../base/unreachable.js'
import type { Acknowledged } from './acknowledged.js'
import type { AcknowledgedEffect } from './acknowledged-event.js'
import type { Flow } from './flow.js'
import type { FlowTable } from './flow-table.js'
import type { Labels } from './labels.js'
import { Monotonic, type MonotonicEffect } from './monotonic.js'
import type { PipelineEffect, SendEvent } from './pipeline-event.js'
import type { PipelineOptions } from './pipeline-options.js'
import { NO_EFFECTS } from './stage.js'
import { type AckStamp, type CausalMark, encodeData, type ResetStamp } from './stamp.js'

/** What the names of its timers begin with. */
const RETRY = 'retry '
const WINDOW = 'window '

type Effects<M> = PipelineEffect<M>[]

/** The half of a node's pipeline that sends: monotonic, then causal, then acknowledged. */
export class Sending<M> {
  readonly #flows: FlowTable<M>
  readonly #labels: Labels<M>
  readonly #options: PipelineOptions

  constructor(flows: FlowTable<M>, labels: Labels<M>, options: PipelineOptions) {
    this.#flows = flows
    this.#labels = labels
    this.#options = options
  }

  onSend(event: SendEvent<M>, effects: Effects<M>): void {
    const { to, channel, plan, message, bytes, slot, nowMs } = event
    if (this.#flows.isGone(to)) {
      effects.push({ type: 'outcome', outcome: 'peerGone', to, channel, message })
      return
    }
    const flow = this.#flows.get(to, channel)
    if (plan.monotonic && slot !== undefined) {
      flow.laneCongested = event.congested
      const congested = event.congested || (plan.acknowledged && (flow.sender?.congested ?? false))
      flow.monotonic ??= new Monotonic(this.#options.monotonic)
      const send = { type: 'send', slot, message: event, bytes, congested, nowMs } as const
      this.#afterMonotonic(flow, flow.monotonic.step(send), nowMs, effects)
    } else this.#dispatch(flow, event, nowMs, effects)
  }

  /** A timer of this half; `name` is its flow's. */
  onTimer(kind: string, name: string, nowMs: number, effects: Effects<M>): void {
    const flow = this.#flows.named(name)
    if (kind === RETRY && flow?.sender !== undefined) {
      this.#afterSender(flow, flow.sender.step({ type: 'timer', nowMs }), effects)
    } else if (kind === WINDOW && flow?.monotonic !== undefined) {
      this.#afterMonotonic(flow, flow.monotonic.step({ type: 'timer', nowMs }), nowMs, effects)
    }
  }

  onUnsendable(flow: Flow<M>, id: number, nowMs: number, effects: Effects<M>): void {
    const done = flow.sender?.step({ type: 'unsendable', id, nowMs }) ?? NO_EFFECTS
    this.#afterSender(flow, done, effects)
  }

  onWritable(flow: Flow<M>, nowMs: number, effects: Effects<M>): void {
    flow.laneCongested = false
    const sent = flow.sender?.step({ type: 'writable', nowMs }) ?? NO_EFFECTS
    this.#afterSender(flow, sent, effects)
    this.#letGo(flow, nowMs, effects)
  }

  /** The newest of each slot, all at once. */
  #letGo(flow: Flow<M>, nowMs: number, effects: Effects<M>): void {
    const waited = flow.monotonic?.step({ type: 'writable' }) ?? NO_EFFECTS
    this.#afterMonotonic(flow, waited, nowMs, effects)
  }

  onPeerUp(flow: Flow<M>, nowMs: number, effects: Effects<M>): void {
    const event = { type: 'peerUp', incarnation: flow.peer, nowMs } as const
    this.#afterSender(flow, flow.sender?.step(event) ?? NO_EFFECTS, effects)
    this.#bridge(flow, nowMs, effects)
  }

  onPeerGone(flow: Flow<M>, nowMs: number, effects: Effects<M>): void {
    const waited = flow.monotonic?.step({ type: 'clear' }) ?? NO_EFFECTS
    this.#afterMonotonic(flow, waited, nowMs, effects)
    this.#afterSender(flow, flow.sender?.step({ type: 'peerGone' }) ?? NO_EFFECTS, effects)
  }

  onAnswer(
    flow: Flow<M>,
    sender: Acknowledged<M>,
    stamp: AckStamp | ResetStamp,
    nowMs: number,
    effects: Effects<M>,
  ): void {
    if (stamp.kind === 'ack') {
      this.#afterSender(flow, sender.step({ type: 'ack', ack: stamp, nowMs }), effects)
      if (!flow.laneCongested && !sender.congested) this.#letGo(flow, nowMs, effects)
      return
    }
    this.#afterSender(flow, sender.step({ type: 'reset', reset: stamp }), effects)
    this.#bridge(flow, nowMs, effects)
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
      causal = this.#labels.mark(plan.label, to, sender)
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
          effects.push({ type: 'refused', from: to, reason: effect.reason })
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
    if (causal !== undefined && (outcome === 'delivered' || outcome === 'peerGone')) {
      this.#labels.get(causal.label).step({ type: 'settled', to, seq: causal.seq })
      if (outcome === 'peerGone') flow.abandoned.add(causal.label)
    }
    if (message !== undefined) effects.push({ type: 'outcome', outcome, to, channel, message })
  }

  /** Tells the peer, who may have missed nothing, not to wait for what was given up. */
  #bridge(flow: Flow<M>, nowMs: number, effects: Effects<M>): void {
    const sender = flow.sender
    if (sender === undefined) return
    for (const label of flow.abandoned) {
      const causal = sender.hasRoom(0) ? this.#labels.mark(label, flow.peer, sender) : undefined
      if (causal === undefined) continue
      flow.abandoned.delete(label)
      this.#afterSender(flow, sender.step({ ...FILLER, causal, nowMs }), effects)
    }
  }
}

/** Has a number and a clock, and no message. */
const FILLER = {
  type: 'send',
  message: undefined,
  bytes: 0,
  key: 0,
  inOrder: false,
  expiresMs: Number.POSITIVE_INFINITY,
} as const
