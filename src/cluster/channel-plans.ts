import {
  asksDelivery,
  type ChannelDelivery,
  type DeliveryOptions,
} from '../base/delivery-options.js'
import { type DeliveryPlan, deliveryPlan, PLAIN } from '../delivery/delivery-plan.js'
import type { ChannelTable } from '../peer/channel-table.js'

/** Which stages messages go through: what one send asks for over its method over its channel. */
export class ChannelPlans {
  readonly #channels: (ChannelDelivery | undefined)[] = []
  /** Plans without options of one send, by what the method declares, then by channel. */
  readonly #declared = new Map<DeliveryOptions, (DeliveryPlan | undefined)[]>()
  /** The plan made last for the options of a send: those of one `with` come again and again. */
  readonly #asked = new WeakMap<DeliveryOptions, AskedPlan>()

  constructor(table: ChannelTable, given: Readonly<Record<string, ChannelDelivery>> = {}) {
    for (const [name, options] of Object.entries(given)) {
      if (asksDelivery(options) || options.durable) this.#channels[table.index(name)] = options
    }
  }

  /** Undefined for a message that goes through none. */
  of(
    channel: number,
    method: DeliveryOptions | undefined,
    send: DeliveryOptions | undefined,
  ): DeliveryPlan | undefined {
    const options = this.#channels[channel]
    if (options === undefined && method === undefined && send === undefined) return undefined
    if (send !== undefined) return this.#askedPlan(channel, options, method, send)
    const declared = method ?? NOTHING
    let plans = this.#declared.get(declared)
    if (plans === undefined) {
      plans = []
      if (this.#declared.size >= DECLARED_MAX) this.#declared.clear()
      this.#declared.set(declared, plans)
    }
    if (!(channel in plans)) plans[channel] = someStage(deliveryPlan(options, declared))
    return plans[channel]
  }

  #askedPlan(
    channel: number,
    options: DeliveryOptions | undefined,
    method: DeliveryOptions | undefined,
    send: DeliveryOptions,
  ): DeliveryPlan | undefined {
    const last = this.#asked.get(send)
    if (last?.channel === channel && last.method === method) return last.plan
    const plan = someStage(deliveryPlan(options, method, send))
    this.#asked.set(send, { channel, method, plan })
    return plan
  }
}

interface AskedPlan {
  readonly channel: number
  readonly method: DeliveryOptions | undefined
  readonly plan: DeliveryPlan | undefined
}

const NOTHING: DeliveryOptions = Object.freeze({})
/** Method tables that other nodes sent declare too: the map is bounded. */
const DECLARED_MAX = 10_000

const someStage = (plan: DeliveryPlan): DeliveryPlan | undefined =>
  plan === PLAIN ? undefined : plan
