import { isCount, isOutbox } from '../delivery/durable-incoming.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, Envelope, type EnvelopeKind } from '../wire/envelope.js'

/** Which message of which flow this is. */
export interface DurableNumber {
  /** Names the outbox for good, through all starts of its node. */
  readonly outbox: string
  /** Numbers the flows of an outbox: one receiver and channel, one numbering. */
  readonly epoch: number
  readonly seq: number
}

/**
 * A tell or a forward with its number before its arguments, all in bytes of its own.
 * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
 */
export function numbered(
  { kind, to, method, key, args, body }: Envelope,
  { outbox, epoch, seq }: DurableNumber,
  codec: Codec,
): Envelope {
  const given = args ?? (body === undefined ? [] : codec.decodeArgs(body))
  const { head, payloads } = codec.encodeArgs([[outbox, epoch, seq, kind], ...given])
  const own = { head, payloads: payloads.map((bytes) => new Uint8Array(bytes)) }
  return new Envelope(ENVELOPE.DURABLE, to, method, 0, key, undefined, own, undefined)
}

/** As it is sent now: `low` is the lowest number that is not settled. */
export const withLow = ({ kind, to, method, key, body }: Envelope, low: number): Envelope =>
  new Envelope(kind, to, method, low, key, undefined, body, undefined)

/** The number of a message, and the message as it was. */
export interface Unnumbered {
  readonly number: DurableNumber
  readonly kind: EnvelopeKind
  readonly args: readonly unknown[]
}

/** Undefined when it is not by the rules. @throws TroupeError ERR_DECODE */
export function unnumbered({ body, args }: Envelope, codec: Codec): Unnumbered | undefined {
  const [head, ...rest] = args ?? (body === undefined ? [] : codec.decodeArgs(body))
  if (!Array.isArray(head) || head.length !== 4) return undefined
  const [outbox, epoch, seq, kind] = head as unknown[]
  if (!isOutbox(outbox) || !isCount(epoch) || !isCount(seq) || seq === 0) return undefined
  if (kind !== ENVELOPE.TELL && kind !== ENVELOPE.FORWARD) return undefined
  return { number: { outbox, epoch, seq }, kind, args: rest }
}

/** The message without its number; `receipt` names it to who says that it was handled. */
export const plain = (
  { to, method, key }: Envelope,
  { kind, args }: Unnumbered,
  receipt: number,
): Envelope => new Envelope(kind, to, method, receipt, key, args, undefined, undefined)

/** What is kept of a message in the store; `kept` makes the message of it. */
export function keeping(
  { to, method, key, body }: Envelope,
  incarnation: string,
  expiresAtMs: number,
): readonly unknown[] {
  const until = expiresAtMs === Number.POSITIVE_INFINITY ? 0 : expiresAtMs
  return [to, method, key, incarnation, until, body?.head, ...(body?.payloads ?? [])]
}

export interface Kept {
  readonly message: Envelope
  readonly incarnation: string
  readonly expiresAtMs: number
}

/** Undefined when it is not by the rules. */
export function kept(value: unknown): Kept | undefined {
  if (!Array.isArray(value)) return undefined
  const [to, method, key, incarnation, until, head, ...payloads] = value as unknown[]
  if (!isAddress(to) || !isAddress(method) || !isCount(key) || !isCount(until)) return undefined
  if (typeof incarnation !== 'string' || !isBytes(head) || !payloads.every(isBytes))
    return undefined
  const body = { head: new Uint8Array(head), payloads: payloads.map((one) => new Uint8Array(one)) }
  const message = new Envelope(ENVELOPE.DURABLE, to, method, 0, key, undefined, body, undefined)
  return { message, incarnation, expiresAtMs: until === 0 ? Number.POSITIVE_INFINITY : until }
}

const isAddress = (value: unknown): value is string | number =>
  typeof value === 'string' || isCount(value)

const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
