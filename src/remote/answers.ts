import type { ActorCounters } from '../actor/actor-counters.js'
import { codeOf } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Carrier, DeliveryPlan } from '../cluster/carrier.js'
import { FULL } from '../cluster/carrier.js'
import { ENVELOPE, Envelope, type EnvelopeKind } from '../wire/envelope.js'
import { encodeFailure, plainFailure } from './failure.js'
import type { Answerer, InboundCall } from './inbound-call.js'
import type { AnswerElsewhere } from './ref-codec.js'
import type { RemotePeers } from './remote-peer.js'

/** Ways that say they are ready, and have no room, are not believed more often. */
const TRIES_MAX = 1_000

/** In `method` of a REPLY or FAILURE: `callId` numbers a deferred reply of the receiver, not a call. */
export const TO_REPLY_TABLE = 1

/**
 * Sends answers, on the channel and key of their question. One that cannot be serialised becomes a
 * failure that says so; on a full lane it waits until there is room.
 */
export class Answers implements Answerer, AnswerElsewhere {
  readonly #carrier: Carrier
  readonly #peers: RemotePeers
  readonly #counters: ActorCounters
  readonly #log: Logger
  readonly #stacks: boolean
  readonly #channel: number

  /** `stacks`: errors travel with the stack they have here. */
  constructor(
    carrier: Carrier,
    peers: RemotePeers,
    counters: ActorCounters,
    stacks: boolean,
    log: Logger,
  ) {
    this.#carrier = carrier
    this.#peers = peers
    this.#counters = counters
    this.#stacks = stacks
    this.#log = log
    this.#channel = carrier.channelIndex('default')
  }

  answer(call: InboundCall, value: unknown): void {
    if (call.peer.gone) return
    const { peer, channel, callId, key, plan } = call
    this.#reply(peer.name, channel, '', callId, key, value, plan)
  }

  refuse(call: InboundCall, error: unknown): void {
    if (call.peer.gone) return
    const { peer, channel, callId, key, plan } = call
    this.#fail(peer.name, channel, '', callId, key, error, plan)
  }

  late(): void {
    this.#counters.lateAnswers++
  }

  replyTo(node: string, incarnation: string, id: number, value: unknown): void {
    this.#elsewhere(node, incarnation, () =>
      this.#reply(node, this.#channel, TO_REPLY_TABLE, id, 0, value),
    )
  }

  failTo(node: string, incarnation: string, id: number, error: unknown): void {
    this.#elsewhere(node, incarnation, () =>
      this.#fail(node, this.#channel, TO_REPLY_TABLE, id, 0, error),
    )
  }

  /** Nobody waits for an answer at another start of that node. */
  #elsewhere(node: string, incarnation: string, send: () => void): void {
    const peer = this.#peers.named(node)
    if (peer?.incarnation === incarnation) send()
    else if (peer !== undefined || !this.#carrier.partial) this.late()
    else {
      const found = (): void => {
        if (this.#peers.named(node)?.incarnation === incarnation) send()
        else this.late()
      }
      this.#carrier.seek(node, 0, found, (error) => this.#lost(node, error))
    }
  }

  #reply(
    node: string,
    channel: number,
    method: number | string,
    callId: number,
    key: number,
    value: unknown,
    plan?: DeliveryPlan,
  ): void {
    try {
      this.#send(node, channel, ENVELOPE.REPLY, method, callId, key, [value], plan)
    } catch (error) {
      if (isValueFault(error)) this.#fail(node, channel, method, callId, key, error, plan)
      else this.#lost(node, error)
    }
  }

  #fail(
    node: string,
    channel: number,
    method: number | string,
    callId: number,
    key: number,
    error: unknown,
    plan?: DeliveryPlan,
  ): void {
    const failure = encodeFailure(error, this.#stacks)
    try {
      this.#send(node, channel, ENVELOPE.FAILURE, method, callId, key, [failure], plan)
    } catch (fault) {
      if (!isValueFault(fault)) {
        this.#lost(node, fault)
        return
      }
      try {
        const plain = plainFailure(failure)
        this.#send(node, channel, ENVELOPE.FAILURE, method, callId, key, [plain], plan)
      } catch (again) {
        this.#lost(node, again)
      }
    }
  }

  #send(
    node: string,
    channel: number,
    kind: EnvelopeKind,
    method: number | string,
    callId: number,
    key: number,
    args: readonly unknown[],
    plan: DeliveryPlan | undefined,
  ): void {
    const envelope = new Envelope(kind, 0, method, callId, key, args, undefined, undefined)
    if (this.#carrier.send(node, channel, envelope, plan) === FULL)
      this.#whenReady(node, channel, envelope, plan)
  }

  /**
   * Tried again whenever the lane has room, for others wait for that as well and those before may fill it: until it
   * is sent, or its node is given up. There are at most as many as questions under way.
   */
  #whenReady(
    node: string,
    channel: number,
    envelope: Envelope,
    plan: DeliveryPlan | undefined,
    tries = TRIES_MAX,
  ): void {
    const { kind, method, callId, key, args } = envelope
    this.#carrier
      .ready(node, channel, key, 'answer')
      .then(() => {
        const again = new Envelope(kind, 0, method, callId, key, args, undefined, undefined)
        if (this.#carrier.send(node, channel, again, plan) !== FULL) return
        if (tries > 1) this.#whenReady(node, channel, again, plan, tries - 1)
        else this.#lost(node, 'the lane is full')
      })
      .catch((error: unknown) => this.#lost(node, error))
  }

  #lost(node: string, error: unknown): void {
    this.#log.debug({ node, error }, 'an answer could not be sent')
  }
}

/** The value itself is the reason: it cannot travel, whatever the way. */
export function isValueFault(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ERR_NOT_SERIALIZABLE' || code === 'ERR_TOO_LARGE'
}
