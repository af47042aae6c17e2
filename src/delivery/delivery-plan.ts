import {
  type ChannelDelivery,
  checkDurable,
  type DeliveryOptions,
} from '../base/delivery-options.js'
import { labelId } from './stamp.js'

export { type DeliveryOptions, readDelivery } from '../base/delivery-options.js'

/** Which stages a message goes through. */
export interface DeliveryPlan {
  readonly acknowledged: boolean
  /** Kept in the store, too, across starts of both nodes. */
  readonly durable: boolean
  /** `labelId` of its causal label. */
  readonly label: number | undefined
  readonly monotonic: boolean
  readonly inOrder: boolean
  /** Infinity: never. */
  readonly expireAfterMs: number
}

/** No stage at all: the message carries no stamp. */
export const PLAIN: DeliveryPlan = Object.freeze({
  acknowledged: false,
  durable: false,
  label: undefined,
  monotonic: false,
  inOrder: true,
  expireAfterMs: Number.POSITIVE_INFINITY,
})

/**
 * The stages for a message: what its send asks for wins over its method, that over its channel. A
 * causal label implies acknowledgement, whoever asks for it. PLAIN itself when nobody asks for any.
 * @throws TroupeError ERR_BAD_OPTION for what does not go with a durable channel
 */
export function deliveryPlan(
  channel?: ChannelDelivery,
  method?: DeliveryOptions,
  send?: DeliveryOptions,
): DeliveryPlan {
  const durable = channel?.durable === true
  if (durable) {
    checkDurable('the method', method ?? NOTHING)
    checkDurable('the send', send ?? NOTHING)
  }
  const label = send?.causal ?? method?.causal ?? channel?.causal
  const causal = typeof label === 'string'
  const acknowledged =
    durable || causal || (send?.reliable ?? method?.reliable ?? channel?.reliable ?? false)
  const monotonic = send?.monotonic ?? method?.monotonic ?? channel?.monotonic ?? false
  if (!acknowledged && !monotonic) return PLAIN
  return Object.freeze({
    acknowledged,
    durable,
    label: causal ? labelId(label) : undefined,
    monotonic,
    inOrder: send?.inOrder ?? method?.inOrder ?? channel?.inOrder ?? true,
    expireAfterMs:
      send?.expireAfterMs ??
      method?.expireAfterMs ??
      channel?.expireAfterMs ??
      Number.POSITIVE_INFINITY,
  })
}

const NOTHING: DeliveryOptions = Object.freeze({})
