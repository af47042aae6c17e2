import { TroupeError } from './errors.js'
import { type Check, check, durationMs, type Fields, isBoolean, readOptions } from './options.js'

/** What a channel, a class, a method or one send asks of delivery. What is left out is decided one level below. */
export interface DeliveryOptions {
  /** Acknowledged, sent again until then, once while both incarnations live. Default false. */
  readonly reliable?: boolean
  /** In causal order with all messages of this label, 1 to 64 characters; implies `reliable`. False: of no label. */
  readonly causal?: string | false
  /** Of an actor, a method and a key only the newest waits while the lane is congested; tells only. Default false. */
  readonly monotonic?: boolean
  /** False: what is reliable may pass what was sent before it with its key. Default true. */
  readonly inOrder?: boolean
  /** What is reliable is given up, and reported, when it was not acknowledged by then. Default: never. */
  readonly expireAfterMs?: number
}

/** What a channel may ask of delivery. */
export interface ChannelDelivery extends DeliveryOptions {
  /**
   * Reliable across restarts: kept in the sender's store until the receiver's node has handled it and
   * remembers that in its own store. For the whole channel: no message of it asks for less, for a
   * causal label or for `monotonic`. Default false.
   */
  readonly durable?: boolean
}

export const isCausalLabel: Check<string | false> = check(
  'a label of 1 to 64 characters, or false',
  (v) => v === false || (typeof v === 'string' && v.length >= 1 && v.length <= 64),
)

/** Every option may be absent: then the next level decides. */
export const DELIVERY_FIELDS = {
  reliable: { fallback: undefined, check: isBoolean },
  causal: { fallback: undefined, check: isCausalLabel },
  monotonic: { fallback: undefined, check: isBoolean },
  inOrder: { fallback: undefined, check: isBoolean },
  expireAfterMs: { fallback: undefined, check: durationMs(1) },
} as unknown as Fields<DeliveryOptions>

export const CHANNEL_DELIVERY_FIELDS = {
  ...DELIVERY_FIELDS,
  durable: { fallback: undefined, check: isBoolean },
} as unknown as Fields<ChannelDelivery>

/**
 * Reads what a channel asks for.
 * @throws TroupeError ERR_BAD_OPTION, also for what does not go with `durable`
 */
export function readChannelDelivery(of: string, given: unknown): ChannelDelivery {
  const read = readOptions(of, CHANNEL_DELIVERY_FIELDS, given)
  checkDelivery(of, read)
  if (read.durable) checkDurable(of, read)
  return read
}

/** @throws TroupeError ERR_BAD_OPTION for what a message of a durable channel cannot have */
export function checkDurable(of: string, { reliable, causal, monotonic }: DeliveryOptions): void {
  const wrong =
    reliable === false
      ? 'reliable: false'
      : typeof causal === 'string'
        ? `causal: ${JSON.stringify(causal)}`
        : monotonic
          ? 'monotonic: true'
          : undefined
  if (wrong === undefined) return
  throw new TroupeError('ERR_BAD_OPTION', `${of}: a durable channel does not go with ${wrong}`)
}

/**
 * Reads what one level asks for.
 * @throws TroupeError ERR_BAD_OPTION, also for a label on what is explicitly not reliable
 */
export function readDelivery(of: string, given: unknown): DeliveryOptions {
  const read = readOptions(of, DELIVERY_FIELDS, given)
  checkDelivery(of, read)
  return read
}

/** @throws TroupeError ERR_BAD_OPTION for options of one level that exclude each other */
export function checkDelivery(of: string, { reliable, causal }: DeliveryOptions): void {
  if (reliable !== false || typeof causal !== 'string') return
  throw new TroupeError(
    'ERR_BAD_OPTION',
    `${of}.reliable must not be false with a causal label, got ${JSON.stringify(causal)}`,
  )
}

/** True when any of them is there. */
export const asksDelivery = (options: DeliveryOptions): boolean =>
  options.reliable !== undefined ||
  options.causal !== undefined ||
  options.monotonic !== undefined ||
  options.inOrder !== undefined ||
  options.expireAfterMs !== undefined

/** Only these options of an object that may have others. */
export function deliveryPart(options: ChannelDelivery): ChannelDelivery | undefined {
  if (!asksDelivery(options) && options.durable === undefined) return undefined
  const part: Record<string, unknown> = {}
  for (const name of Object.keys(CHANNEL_DELIVERY_FIELDS)) {
    const value = options[name as keyof ChannelDelivery]
    if (value !== undefined) part[name] = value
  }
  return part
}
