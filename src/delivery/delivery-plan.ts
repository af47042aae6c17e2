import { TroupeError } from '../base/errors.js'
import {
  type Check,
  check,
  durationMs,
  type Fields,
  isBoolean,
  readOptions,
} from '../base/options.js'
import { labelId } from './stamp.js'

/** What a channel, a method or one send asks of delivery. What is left out is decided one level below. */
export interface DeliveryOptions {
  /** Acknowledged, sent again until then, once while both incarnations live. Default false. */
  readonly reliable?: boolean
  /** In causal order with all messages of this label; implies `reliable`. False: of no label. */
  readonly causal?: string | false
  /** Of an actor, a method and a key only the newest waits while the lane is congested; tells only. Default false. */
  readonly monotonic?: boolean
  /** False: what is reliable may pass what was sent before it with its key. Default true. */
  readonly inOrder?: boolean
  /** What is reliable is given up, and reported, when it was not acknowledged by then. Default: never. */
  readonly expireAfterMs?: number
}

const isLabel: Check<string | false> = check(
  'a label of 1 to 64 characters, or false',
  (v) => v === false || (typeof v === 'string' && v.length >= 1 && v.length <= 64),
)

const FIELDS = {
  reliable: { fallback: undefined, check: isBoolean },
  causal: { fallback: undefined, check: isLabel },
  monotonic: { fallback: undefined, check: isBoolean },
  inOrder: { fallback: undefined, check: isBoolean },
  expireAfterMs: { fallback: undefined, check: durationMs(1) },
} as unknown as Fields<DeliveryOptions>

/**
 * Reads what one level asks for.
 * @throws TroupeError ERR_BAD_OPTION, also for a label on what is explicitly not reliable
 */
export function readDelivery(of: string, given: unknown): DeliveryOptions {
  const read = readOptions(of, FIELDS, given)
  if (read.reliable === false && typeof read.causal === 'string') {
    throw new TroupeError(
      'ERR_BAD_OPTION',
      `${of}.reliable must not be false with a causal label, got ${JSON.stringify(read.causal)}`,
    )
  }
  return read
}

/** Which stages a message goes through. */
export interface DeliveryPlan {
  readonly acknowledged: boolean
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
  label: undefined,
  monotonic: false,
  inOrder: true,
  expireAfterMs: Number.POSITIVE_INFINITY,
})

/**
 * The stages for a message: what its send asks for wins over its method, that over its channel. A
 * causal label implies acknowledgement, whoever asks for it. PLAIN itself when nobody asks for any.
 */
export function deliveryPlan(
  channel?: DeliveryOptions,
  method?: DeliveryOptions,
  send?: DeliveryOptions,
): DeliveryPlan {
  const label = send?.causal ?? method?.causal ?? channel?.causal
  const causal = typeof label === 'string'
  const acknowledged = causal || (send?.reliable ?? method?.reliable ?? channel?.reliable ?? false)
  const monotonic = send?.monotonic ?? method?.monotonic ?? channel?.monotonic ?? false
  if (!acknowledged && !monotonic) return PLAIN
  return Object.freeze({
    acknowledged,
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
