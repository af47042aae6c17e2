import { Call, type CallCounters } from '../actor/call.js'
import type { Deadlines } from '../actor/deadlines.js'
import { TroupeError } from '../base/errors.js'
import type { Carrier, DeliveryPlan } from '../cluster/carrier.js'
import { ENVELOPE, Envelope } from '../wire/envelope.js'
import { decodeFailure } from './failure.js'
import type { RemotePeer } from './remote-peer.js'

/** One ask of this node that another node is to answer. */
export class RemoteCall extends Call {
  readonly id: number
  readonly peer: RemotePeer
  readonly channel: number
  readonly to: number | string
  readonly key: number
  /** The stages of its question; what is told of it afterwards must not overtake it. */
  plan: DeliveryPlan | undefined = undefined

  constructor(
    deadlines: Deadlines,
    counters: CallCounters,
    who: { toString(): string },
    method: string,
    id: number,
    peer: RemotePeer,
    channel: number,
    to: number | string,
    key: number,
  ) {
    super(deadlines, counters, who, method)
    this.id = id
    this.peer = peer
    this.channel = channel
    this.to = to
    this.key = key
  }
}

/**
 * The asks of this node that others are to answer, numbered within this incarnation. A call leaves
 * with its answer, at its deadline, when its signal aborts, or when its node goes down.
 */
export class Calls {
  readonly #deadlines: Deadlines
  readonly #counters: CallCounters
  readonly #carrier: Carrier
  readonly #limit: number
  /** Hears that calls to an incarnation are not waited for any more. */
  onGivenUp: (incarnation: string, calls: number) => void = () => {}
  #last = 0

  /** `limit`: unanswered calls to one node. */
  constructor(deadlines: Deadlines, counters: CallCounters, carrier: Carrier, limit: number) {
    this.#deadlines = deadlines
    this.#counters = counters
    this.#carrier = carrier
    this.#limit = limit
  }

  /** Begins a call; the text of `who` says in errors who was asked. The caller sends the envelope. */
  open(
    peer: RemotePeer,
    channel: number,
    to: number | string,
    key: number,
    who: { toString(): string },
    method: string,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): RemoteCall {
    const id = ++this.#last
    const call = new RemoteCall(
      this.#deadlines,
      this.#counters,
      who,
      method,
      id,
      peer,
      channel,
      to,
      key,
    )
    if (peer.calls.size >= this.#limit) {
      const detail = `${this.#limit} calls to node ${peer.name} wait for their answers`
      call.fail(new TroupeError('ERR_LANE_FULL', detail))
      return call
    }
    peer.calls.set(id, call)
    call.onAbandoned(() => this.#abandoned(call))
    call.start(timeoutMs, signal)
    return call
  }

  /** Fails a call that could not be sent. */
  refuse(call: RemoteCall, error: unknown): void {
    call.peer.calls.delete(call.id)
    call.fail(error)
  }

  /** A peer answered. Late and made-up answers are counted and dropped. */
  reply(peer: RemotePeer, callId: number, value: unknown): void {
    this.#take(peer, callId)?.reply(value)
  }

  fail(peer: RemotePeer, callId: number, failure: unknown): void {
    this.#take(peer, callId)?.fail(decodeFailure(failure))
  }

  /** An answer came that could not be read. */
  undecodable(peer: RemotePeer, callId: number, error: unknown): void {
    this.#take(peer, callId)?.fail(error)
  }

  /** Nothing that was asked of this incarnation will be answered. */
  nodeDown(peer: RemotePeer, reason: TroupeError): void {
    const calls = [...peer.calls.values()]
    peer.calls.clear()
    this.onGivenUp(peer.incarnation, calls.length)
    for (const call of calls) call.fail(nodeDownError(peer.name, reason))
  }

  /** The question was accepted and never written. */
  undelivered(peer: RemotePeer, callId: number, reason: TroupeError): void {
    const call = peer.calls.get(callId)
    if (call !== undefined) this.refuse(call, reason)
  }

  #take(peer: RemotePeer, callId: number): RemoteCall | undefined {
    const call = peer.calls.get(callId)
    if (call === undefined) this.#counters.lateAnswers++
    else peer.calls.delete(callId)
    return call
  }

  /** Its deadline came, or its signal aborted: the other side need not go on. */
  #abandoned(call: RemoteCall): void {
    const { peer } = call
    if (!peer.calls.delete(call.id) || peer.gone) return
    this.onGivenUp(peer.incarnation, 1)
    try {
      const { to, id, key } = call
      const abort = new Envelope(ENVELOPE.ABORT, to, '', id, key, NO_ARGS, undefined, undefined)
      this.#carrier.send(peer.name, call.channel, abort, call.plan)
    } catch {
      // No way to that node: it will not hear of it, and what it answers comes late.
    }
  }
}

export const NO_ARGS: readonly unknown[] = Object.freeze([])

export const nodeDownError = (node: string, reason: unknown): TroupeError =>
  new TroupeError('ERR_NODE_DOWN', `node ${node} went down before it answered`, {
    cause: reason,
    data: { node },
  })
