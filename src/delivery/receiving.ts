import { unreachable } from '../base/unreachable.js'
import type { CausalEffect } from './causal-event.js'
import { type Flow, Handed } from './flow.js'
import type { FlowTable } from './flow-table.js'
import type { Labels } from './labels.js'
import type { PipelineEffect, Receipt } from './pipeline-event.js'
import type { PipelineOptions } from './pipeline-options.js'
import type { ReceivedEffect } from './received.js'
import { NO_EFFECTS } from './stage.js'
import { type DataStamp, encodeAck, encodeReset } from './stamp.js'

/** What the names of its timers begin with. */
export const LINGER = 'linger '

type Effects<M> = PipelineEffect<M>[]

/** The half of a node's pipeline that receives: acknowledged, then causal. */
export class Receiving<M> {
  readonly #flows: FlowTable<M>
  readonly #labels: Labels<M>
  readonly #options: PipelineOptions

  constructor(flows: FlowTable<M>, labels: Labels<M>, options: PipelineOptions) {
    this.#flows = flows
    this.#labels = labels
    this.#options = options
  }

  /** `confirm`: what has no label waits for `onAnswer` too. */
  onData(
    flow: Flow<M>,
    stamp: DataStamp,
    message: M,
    bytes: number,
    confirm: boolean,
    effects: Effects<M>,
  ): void {
    const receiver = this.#flows.receiver(flow, this.#options.received)
    const confirmed = stamp.label !== undefined || (confirm && !stamp.filler)
    const data = { type: 'data', stamp, message, bytes, confirm: confirmed } as const
    this.#afterReceiver(flow, receiver.step(data), effects)
  }

  onAnswer(
    flow: Flow<M>,
    type: 'taken' | 'returned',
    { session, id }: Receipt,
    effects: Effects<M>,
  ): void {
    this.#afterReceiver(flow, flow.receiver?.step({ type, session, id }) ?? NO_EFFECTS, effects)
  }

  onAckDue(flow: Flow<M>, effects: Effects<M>): void {
    this.#afterReceiver(flow, flow.receiver?.step({ type: 'ackDue' }) ?? NO_EFFECTS, effects)
  }

  /** A timer of this half; `name` is its label. */
  onTimer(name: string, effects: Effects<M>): void {
    const label = Number(name)
    const done = this.#labels.find(label)?.step({ type: 'timer' }) ?? NO_EFFECTS
    this.#afterCausal(label, done, effects)
  }

  onPeerGone(peer: string, effects: Effects<M>): void {
    for (const flow of this.#flows.of(peer)) flow.receiver?.step({ type: 'senderGone' })
    for (const [label, stage] of this.#labels.all()) {
      this.#afterCausal(label, stage.step({ type: 'gone', node: peer }), effects)
    }
  }

  onPeerBack(peer: string): void {
    for (const [, stage] of this.#labels.all()) stage.step({ type: 'back', node: peer })
  }

  #afterReceiver(flow: Flow<M>, done: readonly ReceivedEffect<M>[], effects: Effects<M>): void {
    const { peer, channel } = flow
    for (const effect of done) {
      switch (effect.type) {
        case 'deliver': {
          const { session, id, message, bytes, stamp, confirm } = effect
          if (stamp.label !== undefined) {
            this.#order(stamp, new Handed(flow, session, id, message), bytes, effects)
          } else if (message !== undefined) {
            const receipt = confirm ? { from: peer, channel, session, id } : undefined
            effects.push({ type: 'deliver', from: peer, channel, message, receipt })
          } else if (confirm)
            this.onAnswer(flow, 'taken', { from: peer, channel, session, id }, effects)
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
          effects.push({ type: 'refused', from: peer, reason: effect.reason })
          break
        default:
          unreachable(effect)
      }
    }
  }

  /** Through the causal stage of its label. */
  #order(stamp: DataStamp, message: Handed<M>, bytes: number, effects: Effects<M>): void {
    const label = stamp.label as number
    const from = message.flow.peer
    const stage = this.#labels.admit(label)
    if (stage === undefined) {
      this.#giveBack(message, effects)
      effects.push({ type: 'refused', from, reason: 'tooManyLabels' })
      return
    }
    const { bytes: clock, clockAt, same } = stamp
    const done = stage.step({ type: 'receive', from, clock, clockAt, same, message, bytes })
    this.#afterCausal(label, done, effects)
  }

  #giveBack({ flow, session, id }: Handed<M>, effects: Effects<M>): void {
    const done = flow.receiver?.step({ type: 'returned', session, id }) ?? NO_EFFECTS
    this.#afterReceiver(flow, done, effects)
  }

  #afterCausal(label: number, done: readonly CausalEffect<Handed<M>>[], effects: Effects<M>): void {
    for (const effect of done) {
      switch (effect.type) {
        case 'deliver':
          this.#take(effect.message, true, effects)
          break
        case 'dropped':
          if (effect.reason === 'duplicate') this.#take(effect.message, false, effects)
          else this.#giveBack(effect.message, effects)
          break
        case 'refused':
          if (effect.message === undefined) break
          this.#giveBack(effect.message, effects)
          effects.push({ type: 'refused', from: effect.message.flow.peer, reason: effect.reason })
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
      const { peer: from, channel } = flow
      effects.push({ type: 'deliver', from, channel, message, receipt: undefined })
    }
    const done = flow.receiver?.step({ type: 'taken', session, id }) ?? NO_EFFECTS
    this.#afterReceiver(flow, done, effects)
  }
}
