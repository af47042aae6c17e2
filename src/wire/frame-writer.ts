import { TroupeError } from '../base/errors.js'
import { OVERFLOW } from './byte-batch.js'
import { type Codec, tooLarge } from './codec.js'
import type { Envelope } from './envelope.js'
import { copyInto, writeBody } from './envelope-writer.js'
import {
  bodyLimit,
  FRAGMENT_ABOVE,
  FRAME,
  type FrameKind,
  HEAD_BYTES,
  RELAY_HEAD_LIMIT,
  WIRE_VERSION,
} from './frame.js'
import { KeptEnvelope } from './kept-envelope.js'
import { ValueWriter } from './value-writer.js'

/** A whole frame, or in `encodeEnvelopeBody` a whole body: `bytes` in all, in pieces nobody changes. */
export interface EncodedFrame {
  readonly bytes: number
  readonly chunks: readonly Uint8Array[]
}

/**
 * The batch of one lane: frames are encoded in place, one after the other, and taken once a tick.
 *
 * Every `write…` returns the bytes of its frame. More than FRAGMENT_ABOVE means: this frame is still
 * apart, and `takeLarge` takes it back out, uncopied, to be sent in fragments. Who does not ask gets
 * it with the batch, in its place. A write that throws leaves the batch as it was.
 */
export class FrameWriter {
  readonly #out = new ValueWriter()
  #large: EncodedFrame | undefined
  #writing = false

  /** Bytes written and not taken. */
  get pendingBytes(): number {
    return this.#out.finishedBytes + (this.#large?.bytes ?? 0)
  }

  /**
   * Encodes an envelope, its `args` or else its ready `body`.
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  writeEnvelope(envelope: Envelope, codec: Codec, limit = codec.maxMessageBytes): number {
    const { body, stamp } = envelope
    if (body instanceof KeptEnvelope && body === stamp) return this.#writeKept(body, limit)
    const out = this.#begin(limit)
    this.#writing = true
    try {
      return this.#finish(FRAME.ENVELOPE, writeBody(out, envelope, codec), limit)
    } catch (error) {
      out.drop()
      throw error === OVERFLOW ? tooLarge(limit) : error
    } finally {
      this.#writing = false
    }
  }

  /** As it lies, and uncopied. */
  #writeKept(kept: KeptEnvelope, limit: number): number {
    this.#enter()
    if (kept.size > limit) throw tooLarge(limit)
    const { bytes, start, end } = kept
    const frameBytes = end - start
    if (frameBytes <= FRAGMENT_ABOVE) this.#out.appendPart(bytes, start, end)
    else this.#large = { bytes: frameBytes, chunks: [bytes.subarray(start, end)] }
    return frameBytes
  }

  /**
   * A frame whose body is ready. Large bodies are not copied and must not change.
   * @throws TroupeError ERR_TOO_LARGE above the limit of that kind
   */
  writeFrame(kind: FrameKind, body: Uint8Array, maxMessageBytes = Number.MAX_SAFE_INTEGER): number {
    return this.#writeReady(kind, [body], bodyLimit(kind, maxMessageBytes))
  }

  /**
   * A RELAY frame: a head that `cluster/` made, and behind it the body of an envelope, as
   * `encodeEnvelopeBody` gave it or as it came in.
   * @throws TroupeError ERR_TOO_LARGE
   */
  writeRelay(head: Uint8Array, body: readonly Uint8Array[], maxMessageBytes: number): number {
    if (head.length > RELAY_HEAD_LIMIT) throw tooLarge(RELAY_HEAD_LIMIT)
    return this.#writeReady(FRAME.RELAY, [head, ...body], bodyLimit(FRAME.RELAY, maxMessageBytes))
  }

  /** A frame that was encoded before. */
  writeEncoded(frame: EncodedFrame): number {
    this.#enter()
    if (frame.bytes > FRAGMENT_ABOVE) this.#large = frame
    else {
      this.#out.begin(FRAGMENT_ABOVE)
      for (const chunk of frame.chunks) copyInto(this.#out, chunk)
      this.#out.finish()
    }
    return frame.bytes
  }

  /** The frame written last, if it is larger than FRAGMENT_ABOVE: it is no longer in the batch. */
  takeLarge(): EncodedFrame | undefined {
    const large = this.#large
    this.#large = undefined
    return large
  }

  /** All that was written, oldest first, for `connection.write`. Nobody writes to these bytes again. */
  take(): Uint8Array[] {
    this.#place()
    return this.#out.take()
  }

  /** Code of users runs while arguments are encoded: it must not write into the frame in progress. */
  #enter(): void {
    if (this.#writing) {
      throw new TroupeError(
        'ERR_NOT_SERIALIZABLE',
        'a toWire or a getter sent a message on the lane that was writing its own',
      )
    }
    if (this.#large !== undefined) this.#place()
  }

  #begin(limit: number): ValueWriter {
    this.#enter()
    const out = this.#out
    out.begin(limit + HEAD_BYTES)
    out.reserve(HEAD_BYTES)
    out.at += HEAD_BYTES
    return out
  }

  #writeReady(kind: FrameKind, parts: readonly Uint8Array[], limit: number): number {
    let bytes = 0
    for (const part of parts) bytes += part.length
    if (bytes > limit) throw tooLarge(limit)
    const out = this.#begin(limit)
    if (bytes + HEAD_BYTES > FRAGMENT_ABOVE) return this.#finish(kind, parts, limit)
    for (const part of parts) copyInto(out, part)
    return this.#finish(kind, NONE, limit)
  }

  /** Fills in the frame's head; `payloads` belong to its body and follow what is in place. */
  #finish(kind: FrameKind, payloads: readonly Uint8Array[], limit: number): number {
    const out = this.#out
    let body = out.at - out.start - HEAD_BYTES
    for (let i = 0; i < payloads.length; i++) body += (payloads[i] as Uint8Array).length
    if (body > limit) throw OVERFLOW
    putHead(out.buffer, out.start, kind, body)
    const bytes = body + HEAD_BYTES
    if (bytes > FRAGMENT_ABOVE) this.#large = { bytes, chunks: [out.detach(), ...payloads] }
    else out.finish()
    return bytes
  }

  /** A large frame nobody took stays where it was written. */
  #place(): void {
    const large = this.#large
    if (large === undefined) return
    this.#large = undefined
    for (const chunk of large.chunks) this.#out.append(chunk)
  }
}

/** An envelope as a frame of its own. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
export function encodeEnvelopeFrame(
  envelope: Envelope,
  codec: Codec,
  limit = codec.maxMessageBytes,
): EncodedFrame {
  const writer = new FrameWriter()
  const bytes = writer.writeEnvelope(envelope, codec, limit)
  return { bytes, chunks: writer.take() }
}

/** The same without the frame's head: for RELAY. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
export function encodeEnvelopeBody(envelope: Envelope, codec: Codec): EncodedFrame {
  const { bytes, chunks } = encodeEnvelopeFrame(envelope, codec)
  const first = (chunks[0] as Uint8Array).subarray(HEAD_BYTES)
  return { bytes: bytes - HEAD_BYTES, chunks: [first, ...chunks.slice(1)] }
}

export function putHead(bytes: Uint8Array, at: number, kind: number, bodyBytes: number): void {
  bytes[at] = bodyBytes
  bytes[at + 1] = bodyBytes >>> 8
  bytes[at + 2] = bodyBytes >>> 16
  bytes[at + 3] = bodyBytes >>> 24
  bytes[at + 4] = WIRE_VERSION
  bytes[at + 5] = kind
  bytes[at + 6] = 0
  bytes[at + 7] = 0
}

const NONE: readonly Uint8Array[] = []
