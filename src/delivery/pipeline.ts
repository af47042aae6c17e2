import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type { Causal } from './causal.js'
import type { Flow, Handed, LabelledFlow } from './flow.js'
import { FlowTable } from './flow-table.js'
import { Labels } from './labels.js'
import type { PipelineEffect, PipelineEvent } from './pipeline-event.js'
import { type GivenPipelineOptions, readPipelineOptions } from './pipeline-options.js'
import { LINGER, Receiving } from './receiving.js'
import { Sending } from './sending.js'
import { NO_EFFECTS, type RefusalReason, Refusals, type Stage } from './stage.js'
import { decodeStamp } from './stamp.js'

/**
 * All delivery stages of one node. What is sent goes through the stages of its plan (monotonic, then
 * causal, then acknowledged) and comes out as `transmit` with its stamp; what is received goes the
 * other way and comes out as `deliver`. `self` and all peers are incarnations, so that nothing of an
 * earlier life of a node is ever taken for its present one, and nothing sent again to a new one.
 */
export class Pipeline<M> implements Stage<PipelineEvent<M>, PipelineEffect<M>> {
  readonly #flows: FlowTable<M>
  readonly #labels: Labels<M>
  readonly #sending: Sending<M>
  readonly #receiving: Receiving<M>
  readonly refusals = new Refusals()

  /**
   * `tells`: each message that was delivered is an effect; else only those with a label, for themselves.
   * @throws TroupeError ERR_BAD_OPTION
   */
  constructor(self: string, random: Random, given: GivenPipelineOptions = {}, tells = true) {
    const options = readPipelineOptions(given)
    this.#flows = new FlowTable(self, random, tells)
    this.#labels = new Labels(self, options.causal, options.maxLabels)
    this.#sending = new Sending(this.#flows, this.#labels, options)
    this.#receiving = new Receiving(this.#flows, this.#labels, options)
  }

  get pending(): number {
    let pending = 0
    for (const flow of this.#flows.all()) pending += flow.pending
    return pending
  }

  /** Messages of one's own that are not settled. */
  get unsettled(): number {
    let unsettled = 0
    for (const flow of this.#flows.all()) unsettled += flow.sender?.pending ?? 0
    return unsettled
  }

  /** Messages of one's own that were delivered. */
  get delivered(): number {
    let { delivered } = this.#flows
    for (const flow of this.#flows.all()) delivered += flow.sender?.outcomes.delivered ?? 0
    return delivered
  }

  isGone(peer: string): boolean {
    return this.#flows.isGone(peer)
  }

  flows(): Iterable<Flow<M>> {
    return this.#flows.all()
  }

  /** The stages of one channel to and from a peer, for figures; undefined before anything passed. */
  flow(peer: string, channel: string): Flow<M> | undefined {
    return this.#flows.find(peer, channel)
  }

  /** The causal stage of a label by its `labelId`, for figures. */
  label(label: number): Causal<Handed<M>> | undefined {
    return this.#labels.find(label)
  }

  /** The label on a flow, for the short ways; undefined while its stage does not know the peer. */
  labelled(flow: Flow<M>, label: number): LabelledFlow<M> | undefined {
    return this.#labels.on(flow, label)
  }

  /** Would an acknowledged message of that size be taken now? */
  hasRoom(to: string, channel: string, bytes: number): boolean {
    return this.flow(to, channel)?.sender?.hasRoom(bytes) ?? true
  }

  /** Above half of the window of acknowledged messages: accepted, but slow down. */
  isCongested(to: string, channel: string): boolean {
    return this.flow(to, channel)?.sender?.congested ?? false
  }

  /** At most a quarter of that window is used: whoever waited may go on. */
  isRelieved(to: string, channel: string): boolean {
    return this.flow(to, channel)?.sender?.relieved ?? true
  }

  step(event: PipelineEvent<M>): readonly PipelineEffect<M>[] {
    const effects: PipelineEffect<M>[] = []
    switch (event.type) {
      case 'send':
        this.#sending.onSend(event, effects)
        break
      case 'received':
        this.#onReceived(event, effects)
        break
      case 'ackDue': {
        const flow = this.flow(event.from, event.channel)
        if (flow !== undefined) this.#receiving.onAckDue(flow, effects)
        break
      }
      case 'timer':
        this.#onTimer(event.timer, event.nowMs, effects)
        break
      case 'taken':
      case 'returned': {
        const flow = this.flow(event.receipt.from, event.receipt.channel)
        if (flow !== undefined) this.#receiving.onAnswer(flow, event.type, event.receipt, effects)
        break
      }
      case 'unsendable': {
        const flow = this.flow(event.to, event.channel)
        if (flow !== undefined) this.#sending.onUnsendable(flow, event.id, event.nowMs, effects)
        break
      }
      case 'unsent':
        this.flow(event.to, event.channel)?.sender?.step(event)
        break
      case 'writable': {
        const flow = this.flow(event.to, event.channel)
        if (flow !== undefined) this.#sending.onWritable(flow, event.nowMs, effects)
        break
      }
      case 'peerUp':
        this.#onPeerUp(event.incarnation, event.nowMs, effects)
        break
      case 'peerGone':
        this.#onPeerGone(event.incarnation, event.nowMs, effects)
        break
      default:
        unreachable(event)
    }
    return effects.length === 0 ? NO_EFFECTS : this.#counted(effects)
  }

  #onReceived(event: PipelineEvent<M> & { type: 'received' }, effects: PipelineEffect<M>[]): void {
    const { from, channel, message, bytes, confirm = false, nowMs } = event
    const stamp = decodeStamp(event.stamp)
    if (stamp === undefined) this.#refuse(from, 'malformed', effects)
    else if (this.#flows.isGone(from)) this.#refuse(from, 'gone', effects)
    else if (stamp.kind === 'data') {
      const flow = this.#flows.get(from, channel)
      this.#receiving.onData(flow, stamp, message, bytes, confirm, effects)
    } else {
      const flow = this.flow(from, channel)
      if (flow?.sender === undefined) this.#refuse(from, 'neverSent', effects)
      else this.#sending.onAnswer(flow, flow.sender, stamp, nowMs, effects)
    }
  }

  #onTimer(timer: string, nowMs: number, effects: PipelineEffect<M>[]): void {
    const space = timer.indexOf(' ') + 1
    const kind = timer.slice(0, space)
    const name = timer.slice(space)
    if (kind === LINGER) this.#receiving.onTimer(name, effects)
    else this.#sending.onTimer(kind, name, nowMs, effects)
  }

  #onPeerUp(incarnation: string, nowMs: number, effects: PipelineEffect<M>[]): void {
    if (this.#flows.isGone(incarnation)) {
      this.#flows.setBack(incarnation)
      this.#receiving.onPeerBack(incarnation)
    }
    for (const flow of this.#flows.of(incarnation)) this.#sending.onPeerUp(flow, nowMs, effects)
  }

  #onPeerGone(incarnation: string, nowMs: number, effects: PipelineEffect<M>[]): void {
    if (this.#flows.isGone(incarnation)) return
    for (const flow of this.#flows.of(incarnation)) this.#sending.onPeerGone(flow, nowMs, effects)
    this.#receiving.onPeerGone(incarnation, effects)
    this.#flows.setGone(incarnation)
  }

  #refuse(from: string, reason: RefusalReason, effects: PipelineEffect<M>[]): void {
    effects.push({ type: 'refused', from, reason })
  }

  #counted(effects: readonly PipelineEffect<M>[]): readonly PipelineEffect<M>[] {
    for (const effect of effects) if (effect.type === 'refused') this.refusals[effect.reason]++
    return effects
  }
}
