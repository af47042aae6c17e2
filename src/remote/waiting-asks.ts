import { TroupeError } from '../base/errors.js'
import type { Carrier, DeliveryPlan } from '../cluster/carrier.js'
import { FULL } from '../cluster/carrier.js'
import type { Codec } from '../wire/codec.js'
import { Envelope } from '../wire/envelope.js'
import type { Clock } from '../world/clock.js'
import type { RemoteCall } from './calls.js'

interface WaitingAsk {
  readonly call: RemoteCall
  readonly envelope: Envelope
  readonly plan: DeliveryPlan | undefined
  readonly deadlineMs: number
}

/** Asks of one channel and key to one node incarnation. */
interface Line {
  readonly name: string
  asks: WaitingAsk[]
}

/** How soon it is tried again where nobody tells when there is room: on the way through other nodes. */
const RETRY_MS = 50

/**
 * Asks that wait for room because their channel has the policy `wait`: those of one key in the order
 * they were asked, each until its deadline. Their arguments are bytes already.
 */
export class WaitingAsks {
  readonly #carrier: Carrier
  readonly #codec: Codec
  readonly #clock: Clock
  readonly #most: number
  readonly #lines = new Map<string, Line>()
  #size = 0

  constructor(parts: {
    readonly carrier: Carrier
    readonly codec: Codec
    readonly clock: Clock
    /** Asks that may wait on this node. */
    readonly most: number
  }) {
    this.#carrier = parts.carrier
    this.#codec = parts.codec
    this.#clock = parts.clock
    this.#most = parts.most
  }

  get size(): number {
    return this.#size
  }

  /** True when an ask of that key waits: what comes later must not overtake it. */
  holds(incarnation: string, channel: number, key: number): boolean {
    return this.#size > 0 && this.#lines.has(nameOf(incarnation, channel, key))
  }

  /**
   * Lets an ask wait. False when as many wait as may.
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  add(
    call: RemoteCall,
    asked: Envelope,
    plan: DeliveryPlan | undefined,
    timeoutMs: number,
  ): boolean {
    if (this.#size >= this.#most) return false
    const { kind, to, method, callId, key, args = [] } = asked
    const { head, payloads } = asked.body ?? this.#codec.encodeArgs(args)
    const body = { head, payloads: payloads.map((bytes) => new Uint8Array(bytes)) }
    const envelope = new Envelope(kind, to, method, callId, key, undefined, body, undefined)
    const ask = { call, envelope, plan, deadlineMs: this.#clock.now() + timeoutMs }
    const name = nameOf(call.peer.incarnation, call.channel, key)
    const known = this.#lines.get(name)
    const line = known ?? { name, asks: [] }
    line.asks.push(ask)
    this.#size++
    call.onAbandoned(() => this.#drop(line, ask))
    if (known === undefined) {
      this.#lines.set(name, line)
      void this.#serve(line)
    }
    return true
  }

  async #serve(line: Line): Promise<void> {
    while (line.asks.length > 0) {
      const { call, envelope } = line.asks[0] as WaitingAsk
      try {
        await this.#carrier.ready(call.peer.name, call.channel, envelope.key, 'ask')
      } catch (error) {
        for (const { call } of this.#take(line, line.asks.length)) fail(call, error)
        break
      }
      if (!this.#sendSome(line)) {
        await new Promise<void>((resolve) => void this.#clock.after(RETRY_MS, resolve, true))
      }
    }
    this.#lines.delete(line.name)
  }

  /** Sends as many as there is room for. False when that is not even one. */
  #sendSome(line: Line): boolean {
    let done = 0
    for (const { call, envelope, plan, deadlineMs } of line.asks) {
      if (!call.settled) {
        const leftMs = Math.max(1, deadlineMs - this.#clock.now())
        try {
          const sent = this.#carrier.send(
            call.peer.name,
            call.channel,
            envelope,
            plan && expiring(plan, leftMs),
          )
          if (sent === FULL) break
        } catch (error) {
          fail(call, error)
        }
      }
      done++
    }
    this.#take(line, done)
    return done > 0
  }

  #take(line: Line, count: number): WaitingAsk[] {
    const taken = line.asks.slice(0, count)
    line.asks = line.asks.slice(count)
    this.#size -= taken.length
    return taken
  }

  #drop(line: Line, ask: WaitingAsk): void {
    const at = line.asks.indexOf(ask)
    if (at < 0) return
    line.asks.splice(at, 1)
    this.#size--
  }
}

/** A question is of no use after its deadline. */
export const expiring = (plan: DeliveryPlan, timeoutMs: number): DeliveryPlan =>
  plan.acknowledged && timeoutMs < plan.expireAfterMs ? { ...plan, expireAfterMs: timeoutMs } : plan

const nameOf = (incarnation: string, channel: number, key: number): string =>
  `${incarnation} ${channel} ${key}`

function fail(call: RemoteCall, error: unknown): void {
  call.peer.calls.delete(call.id)
  if (!call.settled) call.fail(error as TroupeError)
}

export const laneFull = (node: string, who: { toString(): string }): TroupeError =>
  new TroupeError('ERR_LANE_FULL', `the lane to node ${node} is full: ${who} was not asked`)
