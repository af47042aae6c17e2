import { type DeliveryPlan, PLAIN } from '../delivery/delivery-plan.js'
import type { Slot } from '../delivery/monotonic.js'
import { decodeStamp } from '../delivery/stamp.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, Envelope } from '../wire/envelope.js'
import { KeptEnvelope } from '../wire/kept-envelope.js'
import { ReceivedBody } from '../wire/received-body.js'
import { type EnvelopeStamp, StampSlice } from '../wire/stamp-slice.js'

/**
 * The envelope, as one that may be kept and sent more than once: its arguments are bytes of its own.
 * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
 */
export function stored(envelope: Envelope, codec: Codec): Envelope {
  let body = envelope.body ?? codec.storeArgs(envelope.args ?? NO_ARGS)
  const { payloads } = body
  if (payloads.length > 0) {
    body = { head: body.head, payloads: payloads.map((bytes) => new Uint8Array(bytes)) }
  }
  if (envelope.body !== undefined) {
    const { kind, to, method, callId, key } = envelope
    return new Envelope(kind, to, method, callId, key, undefined, body, undefined)
  }
  envelope.body = body
  envelope.args = undefined
  return envelope
}

/** The message with its stamp; nothing but the stamp where there is no message. */
export function stamped(
  kept: Kept | undefined,
  key: number,
  stamp: Uint8Array | undefined,
): Envelope {
  const slice = stamp && StampSlice.of(stamp)
  if (kept === undefined) {
    return new Envelope(ENVELOPE.STAMP, 0, 0, 0, key, NO_ARGS, undefined, slice)
  }
  const { kind, to, method, callId, body } = envelopeOf(kept)
  return new Envelope(kind, to, method, callId, key, undefined, body, slice)
}

/** What the pipeline keeps of a message. */
export type Kept = Envelope | KeptEnvelope

export const envelopeOf = (kept: Kept): Envelope =>
  kept instanceof KeptEnvelope ? kept.read() : kept

/** Small messages that wait must not keep the large buffer in memory in which they came. */
const COPY_UP_TO_BYTES = 16 * 1024

/** An envelope that came in and may have to wait. */
export function kept(envelope: Envelope): Envelope {
  const { kind, to, method, callId, key, body, stamp } = envelope
  const own = stamp?.slice.copy()
  if (!(body instanceof ReceivedBody) || body.end - body.start > COPY_UP_TO_BYTES) {
    return new Envelope(kind, to, method, callId, key, undefined, body, own)
  }
  const { start, headEnd, end } = body
  const bytes = Buffer.from(body.bytes.subarray(start, end))
  const copy = new ReceivedBody(bytes, 0, headEnd - start, end - start)
  return new Envelope(kind, to, method, callId, key, undefined, copy, own)
}

export function bodyBytes(kept: Kept): number {
  if (kept instanceof KeptEnvelope) return kept.size
  const { body } = kept
  if (body === undefined) return 0
  if (body instanceof ReceivedBody) return body.end - body.start
  let bytes = body.head.length
  for (const payload of body.payloads) bytes += payload.length
  return bytes
}

/** What a newer message replaces: the same receiver, method and key. Undefined for what is answered. */
export function slotOf({ kind, to, method, key }: Envelope): Slot | undefined {
  if (kind !== ENVELOPE.TELL && kind !== ENVELOPE.FORWARD) return undefined
  return `${typeof to === 'number' ? '#' : '@'}${to} ${method} ${key}`
}

/** The stages of the answer to a question that came with that stamp. */
export function answerPlan(stamp: EnvelopeStamp): DeliveryPlan | undefined {
  const question = decodeStamp(stamp.slice.view())
  if (question?.kind !== 'data') return undefined
  return { ...PLAIN, acknowledged: true, label: question.label }
}

const NO_ARGS: readonly unknown[] = Object.freeze([])
