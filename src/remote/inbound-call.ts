import { both } from '../actor/call.js'
import type { ReplySink } from '../actor/reply-sink.js'
import type { DeliveryPlan } from '../cluster/carrier.js'
import type { RemotePeer } from './remote-peer.js'

/** Sends the answers of inbound calls. */
export interface Answerer {
  answer(call: InboundCall, value: unknown): void
  refuse(call: InboundCall, error: unknown): void
  /** Something was answered twice, or after the asker had lost interest. */
  late(): void
}

/** An ask of another node that an actor of this node is to answer. */
export class InboundCall implements ReplySink {
  readonly peer: RemotePeer
  readonly callId: number
  readonly channel: number
  readonly key: number
  /** The answer is as reliable as its question. */
  readonly plan: DeliveryPlan | undefined
  settled: boolean
  readonly #answerer: Answerer
  #abandon: ((reason: unknown) => void) | undefined
  /** Why the asker gave up, once it has. */
  #givenUp: { readonly reason: unknown } | undefined

  constructor(
    answerer: Answerer,
    peer: RemotePeer,
    callId: number,
    channel: number,
    key: number,
    plan?: DeliveryPlan,
  ) {
    this.#answerer = answerer
    this.peer = peer
    this.callId = callId
    this.channel = channel
    this.key = key
    this.plan = plan
    this.settled = false
    this.#abandon = undefined
    this.#givenUp = undefined
  }

  reply(value: unknown): void {
    if (this.#settle()) this.#answerer.answer(this, value)
    else this.#answerer.late()
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#answerer.refuse(this, error)
    else this.#answerer.late()
  }

  onAbandoned(run: (reason: unknown) => void): void {
    if (this.#givenUp !== undefined) {
      run(this.#givenUp.reason)
      return
    }
    const before = this.#abandon
    this.#abandon = before === undefined ? run : both(before, run)
  }

  /** The asker gave up, or its node went down. */
  abandon(reason: unknown): void {
    const abandon = this.#abandon
    if (!this.#settle()) return
    this.#givenUp = { reason }
    abandon?.(reason)
  }

  #settle(): boolean {
    if (this.settled) return false
    this.settled = true
    this.#abandon = undefined
    if (this.peer.inbound.get(this.callId) === this) this.peer.inbound.delete(this.callId)
    return true
  }
}
