import { readOptions } from '../base/options.js'
import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type { StampSlice } from '../wire/stamp-slice.js'
import type { AcknowledgedEffect, AcknowledgedEvent } from './acknowledged-event.js'
import {
  ACKNOWLEDGED_FIELDS,
  type AcknowledgedOptions,
  type FlowEnds,
} from './acknowledged-options.js'
import { ENTRY, type MarkRun, Outstanding } from './outstanding.js'
import { RetryWait } from './retry-wait.js'
import { encodeShort } from './short-stamp.js'
import { NO_EFFECTS, type Outcome, type RefusalReason, Refusals, type Stage } from './stage.js'
import { type AckStamp, type CausalMark, flowTag, type ResetStamp } from './stamp.js'

/**
 * The sending half of acknowledged delivery to one peer on one channel (protocols: acknowledgement and
 * retransmission). A message is stored before its first attempt and sent again, oldest first, until
 * it is acknowledged, expires or the peer is gone. A message that expires leaves its number behind as
 * a filler, so that the receiver never waits for it.
 */
export class Acknowledged<M> implements Stage<AcknowledgedEvent<M>, AcknowledgedEffect<M>> {
  readonly #wait: RetryWait
  readonly #options: AcknowledgedOptions
  readonly #channel: string
  readonly #tells: boolean
  readonly #self: string
  readonly #outstanding = new Outstanding<M>()
  #peer: string
  #tag: number
  #session: number
  /** Nothing of this session was acknowledged yet. */
  #open = true
  #wasFull = false
  /** The marked message that was acknowledged last, by an acknowledgement that is being read. */
  #settledRun: MarkRun | undefined
  #settledId = 0
  #timerAtMs = Number.POSITIVE_INFINITY
  readonly refusals = new Refusals()
  /** First attempts, and all later ones. */
  sent = 0
  resent = 0
  readonly outcomes: Record<Outcome, number> = {
    delivered: 0,
    peerGone: 0,
    expired: 0,
    unsendable: 0,
  }

  /**
   * `session` must be higher than any used before between these ends. `tells`: each message that was
   * delivered is an effect; else it is only counted in `outcomes`.
   */
  constructor(
    ends: FlowEnds,
    session: number,
    random: Random,
    options: Partial<AcknowledgedOptions> = {},
    tells = true,
  ) {
    this.#tells = tells
    this.#self = ends.self
    this.#peer = ends.peer
    this.#channel = ends.channel
    this.#tag = flowTag(ends.self, ends.peer, ends.channel)
    this.#session = session
    this.#options = readOptions('acknowledged', ACKNOWLEDGED_FIELDS, options)
    const { retryMs, maxRetryMs } = this.#options
    this.#wait = new RetryWait(retryMs, maxRetryMs, random)
  }

  get pending(): number {
    return this.#outstanding.unsettled
  }

  get pendingBytes(): number {
    return this.#outstanding.bytes
  }

  get session(): number {
    return this.#session
  }

  get tag(): number {
    return this.#tag
  }

  /** Above half of the window: accepted, but slow down. */
  get congested(): boolean {
    return this.#outstanding.isOver(this.#options, 2)
  }

  /** No more than a quarter of the window is used: whoever slowed down may go on. */
  get relieved(): boolean {
    return !this.#outstanding.isOver(this.#options, 4)
  }

  /** Would a message of that size be taken now? If not, `drained` follows when there is room. */
  hasRoom(bytes: number): boolean {
    const { windowMessages, windowBytes } = this.#options
    const { span, bytes: waiting } = this.#outstanding
    return span < windowMessages && (waiting === 0 || waiting + bytes <= windowBytes)
  }

  step(event: AcknowledgedEvent<M>): readonly AcknowledgedEffect<M>[] {
    switch (event.type) {
      case 'send':
        return this.#onSend(event)
      case 'ack':
        return this.#onAck(event.ack, event.nowMs)
      case 'reset':
        return this.#onReset(event.reset)
      case 'timer':
        return this.#onTimer(event.nowMs)
      case 'unsent':
        return this.#onUnsent(event.id)
      case 'unsendable':
        return this.#onUnsendable(event.id, event.nowMs)
      case 'writable':
        return this.#resendAll(event.nowMs, ENTRY.UNSENT)
      case 'peerUp':
        return this.#onPeerUp(event.incarnation, event.nowMs)
      case 'peerGone':
        return this.#giveUp()
      default:
        return unreachable(event)
    }
  }

  #onSend(event: AcknowledgedEvent<M> & { type: 'send' }): readonly AcknowledgedEffect<M>[] {
    const { message, bytes, key, inOrder, causal, expiresMs, nowMs } = event
    if (!this.hasRoom(bytes)) {
      this.#wasFull = true
      return message === undefined ? NO_EFFECTS : [{ type: 'full', message }]
    }
    const id = this.#outstanding.add(message, bytes, key, inOrder, causal, expiresMs)
    const effects: AcknowledgedEffect<M>[] = [this.#transmit(id, nowMs)]
    this.sent++
    this.#arm(Math.min(nowMs + this.#wait.ms, expiresMs), nowMs, effects)
    return effects
  }

  /** Does such a message need no more than `take`? */
  takes(bytes: number, expiresMs: number, nowMs: number): boolean {
    const dueMs = nowMs + this.#wait.ms
    return dueMs >= this.#timerAtMs && expiresMs >= this.#timerAtMs && this.hasRoom(bytes)
  }

  /**
   * The short way of `send`, where `takes` says so: the id. The first attempt, with `nextStamp`, is up to
   * the caller.
   */
  take(
    message: M,
    bytes: number,
    key: number,
    inOrder: boolean,
    causal: CausalMark | undefined,
    expiresMs: number,
    nowMs: number,
  ): number {
    const id = this.#outstanding.add(message, bytes, key, inOrder, causal, expiresMs)
    this.#outstanding.attempt(id, nowMs)
    this.sent++
    return id
  }

  /** The id of the next message. */
  get next(): number {
    return this.#outstanding.next
  }

  /** Nothing of the session was acknowledged yet. */
  get open(): boolean {
    return this.#open
  }

  /** What the next message of that key must not pass, or 0. */
  lastOpenOf(key: number): number {
    return this.#ifOpen(this.#outstanding.lastOf(key))
  }

  /** The stamp of the message that `take` takes next. It lies where the next stamp will. */
  nextStamp(after: number, causal: CausalMark | undefined): StampSlice {
    return encodeShort(this.#tag, this.#session, this.#outstanding.next, after, this.#open, causal)
  }

  #ifOpen(id: number): number {
    return this.#outstanding.isOpen(id) ? id : 0
  }

  #transmit(id: number, nowMs: number): AcknowledgedEffect<M> {
    const attempt = this.#outstanding.attempt(id, nowMs)
    if (attempt > 1) this.resent++
    return {
      type: 'send',
      session: this.#session,
      id,
      after: this.#ifOpen(this.#outstanding.previousOf(id)),
      open: this.#open,
      key: this.#outstanding.keyOf(id),
      message: this.#outstanding.messageOf(id),
      causal: this.#outstanding.markOf(id),
      attempt,
    }
  }

  #onAck(ack: AckStamp, nowMs: number): readonly AcknowledgedEffect<M>[] {
    const last = ack.ranges.length === 0 ? ack.floor : (ack.ranges.at(-1)?.to ?? 0)
    const reason = this.#refusalOf(ack, last)
    if (reason !== undefined) return this.#refuse(reason)
    const effects: AcknowledgedEffect<M>[] = []
    this.#open = false
    for (let id = this.#outstanding.base; id <= ack.floor; id++) this.#settle(id, effects)
    for (const { from, to, held } of ack.ranges) {
      for (let id = from; id <= to; id++) {
        if (held) this.#outstanding.hold(id)
        else this.#settle(id, effects)
      }
    }
    this.#tellSettled(effects)
    // What the receiver had and could not take is sent again.
    if (this.#outstanding.held > 0 && this.#outstanding.unhold(ack, nowMs)) {
      this.#arm(nowMs + this.#wait.ms, nowMs, effects)
    }
    this.#outstanding.trim()
    this.#tellDrained(effects)
    if (this.#wait.heard() && this.pending > 0) {
      this.#arm(nowMs + this.#wait.slackMs, nowMs, effects)
    }
    return effects
  }

  #refusalOf(of: AckStamp | ResetStamp, last: number): RefusalReason | undefined {
    if (of.tag !== this.#tag) return 'otherIncarnation'
    if (of.session < this.#session) return 'staleSession'
    if (of.session > this.#session || last >= this.#outstanding.next) return 'neverSent'
    return undefined
  }

  #settle(id: number, effects: AcknowledgedEffect<M>[]): void {
    if (!this.#outstanding.isOpen(id)) return
    const message = this.#outstanding.messageOf(id)
    const run = this.#outstanding.runOf(id)
    this.#outstanding.settle(id)
    if (message !== undefined) this.outcomes.delivered++
    if (this.#tells) {
      if (message === undefined && run === undefined) return
      const causal = run?.markOf(id)
      effects.push({ type: 'outcome', outcome: 'delivered', id, message, causal })
    } else if (run !== undefined) {
      if (run.label !== this.#settledRun?.label) this.#tellSettled(effects)
      this.#settledRun = run
      this.#settledId = id
    }
  }

  /** Of many with one label, one after the other, the last tells for all. */
  #tellSettled(effects: AcknowledgedEffect<M>[]): void {
    const id = this.#settledId
    const causal = this.#settledRun?.markOf(id)
    if (causal === undefined) return
    this.#settledRun = undefined
    effects.push({ type: 'outcome', outcome: 'delivered', id, message: undefined, causal })
  }

  #onReset(reset: ResetStamp): readonly AcknowledgedEffect<M>[] {
    const reason = this.#refusalOf(reset, 0)
    // Who never acknowledged anything cannot have forgotten anything.
    if (reason !== undefined || this.#open) return this.#refuse(reason ?? 'neverSent')
    return this.#giveUp()
  }

  #refuse(reason: RefusalReason): readonly AcknowledgedEffect<M>[] {
    this.refusals[reason]++
    return [{ type: 'refused', reason }]
  }

  #onTimer(nowMs: number): readonly AcknowledgedEffect<M>[] {
    const effects: AcknowledgedEffect<M>[] = []
    const most = this.#wait.roundMax
    let again = 0
    let nextMs = Number.POSITIVE_INFINITY
    this.#timerAtMs = Number.POSITIVE_INFINITY
    for (let id = this.#outstanding.base; id < this.#outstanding.next; id++) {
      const state = this.#outstanding.stateOf(id)
      if (state === ENTRY.SETTLED) continue
      const alive = this.#outstanding.messageOf(id) !== undefined
      const expiresMs = this.#outstanding.expiresMs(id)
      if (alive && expiresMs <= nowMs) {
        this.#giveUpOne(id, 'expired', nowMs, effects)
        continue
      }
      if (alive) nextMs = Math.min(nextMs, expiresMs)
      const waitMs = state === ENTRY.HELD ? this.#wait.heldMs : this.#wait.ms
      const dueMs = this.#outstanding.sentMs(id) + waitMs
      if (dueMs > nowMs) nextMs = Math.min(nextMs, dueMs)
      else if (again < most) {
        effects.push(this.#transmit(id, nowMs))
        again++
      }
    }
    if (again > 0) this.#wait.round()
    if (this.pending > 0) {
      const roundMs = effects.length > 0 ? nowMs + this.#wait.ms : nextMs
      this.#arm(Math.max(Math.min(nextMs, roundMs), nowMs + this.#wait.slackMs), nowMs, effects)
    }
    return effects
  }

  /** The number stays, goes out at once, and is sent until it is acknowledged. */
  #giveUpOne(
    id: number,
    outcome: 'expired' | 'unsendable',
    nowMs: number,
    effects: AcknowledgedEffect<M>[],
  ): void {
    const message = this.#outstanding.messageOf(id)
    this.outcomes[outcome]++
    this.#outstanding.empty(id)
    effects.push({ type: 'outcome', outcome, id, message, causal: undefined })
    effects.push(this.#transmit(id, nowMs))
    this.#tellDrained(effects)
  }

  #onUnsendable(id: number, nowMs: number): readonly AcknowledgedEffect<M>[] {
    if (!this.#outstanding.isOpen(id) || this.#outstanding.messageOf(id) === undefined) {
      return NO_EFFECTS
    }
    const effects: AcknowledgedEffect<M>[] = []
    this.#giveUpOne(id, 'unsendable', nowMs, effects)
    return effects
  }

  #onUnsent(id: number): readonly AcknowledgedEffect<M>[] {
    const outstanding = this.#outstanding
    if (!outstanding.has(id) || outstanding.stateOf(id) !== ENTRY.SENT) return NO_EFFECTS
    if (outstanding.unsent(id) > 0) this.resent--
    return NO_EFFECTS
  }

  /** Sends again at once all that is in a state up to `state`. */
  #resendAll(nowMs: number, state: number): readonly AcknowledgedEffect<M>[] {
    const effects: AcknowledgedEffect<M>[] = []
    for (let id = this.#outstanding.base; id < this.#outstanding.next; id++) {
      if (this.#outstanding.stateOf(id) <= state) effects.push(this.#transmit(id, nowMs))
    }
    if (effects.length === 0) return NO_EFFECTS
    this.#arm(nowMs + this.#wait.ms, nowMs, effects)
    return effects
  }

  #onPeerUp(incarnation: string, nowMs: number): readonly AcknowledgedEffect<M>[] {
    if (incarnation === this.#peer) {
      this.#wait.heard()
      return this.#resendAll(nowMs, ENTRY.HELD)
    }
    const effects = this.#giveUp()
    this.#peer = incarnation
    this.#tag = flowTag(this.#self, incarnation, this.#channel)
    return effects
  }

  /** Reports all that is outstanding and begins a new numbering. */
  #giveUp(): readonly AcknowledgedEffect<M>[] {
    const effects: AcknowledgedEffect<M>[] = []
    if (this.#timerAtMs < Number.POSITIVE_INFINITY) effects.push({ type: 'cancelTimer' })
    for (let id = this.#outstanding.base; id < this.#outstanding.next; id++) {
      if (!this.#outstanding.isOpen(id)) continue
      const message = this.#outstanding.messageOf(id)
      const causal = this.#outstanding.markOf(id)
      if (message === undefined && causal === undefined) continue
      if (message !== undefined) this.outcomes.peerGone++
      effects.push({ type: 'outcome', outcome: 'peerGone', id, message, causal })
    }
    this.#outstanding.clear()
    this.#session++
    this.#open = true
    this.#timerAtMs = Number.POSITIVE_INFINITY
    this.#wait.heard()
    this.#tellDrained(effects)
    return effects
  }

  #tellDrained(effects: AcknowledgedEffect<M>[]): void {
    if (!this.#wasFull || this.congested) return
    this.#wasFull = false
    effects.push({ type: 'drained' })
  }

  #arm(atMs: number, nowMs: number, effects: AcknowledgedEffect<M>[]): void {
    if (atMs >= this.#timerAtMs) return
    this.#timerAtMs = atMs
    effects.push({ type: 'startTimer', delayMs: Math.max(0, atMs - nowMs) })
  }
}
