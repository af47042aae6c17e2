import type { Envelope } from '../wire/envelope.js'
import { FRAME, HEAD_BYTES } from '../wire/frame.js'
import { readEnvelope } from '../wire/read-envelope.js'

/** Bytes after which a batch is closed, so that a long queue can be written piece by piece. */
export const BATCH_BYTES = 64 * 1024

/** Small frames in a row, taken from a writer together; each lies within one part. */
export class Batch {
  parts: Uint8Array[]
  messages: number
  bytes: number

  constructor(parts: Uint8Array[], messages: number, bytes: number) {
    this.parts = parts
    this.messages = messages
    this.bytes = bytes
  }

  /** Takes out the oldest frames: so many at most, and no further one once they have `maxBytes`; at least one. */
  split(maxMessages: number, maxBytes: number): Batch {
    const part = this.parts[0] as Uint8Array
    let messages = 0
    let at = 0
    do {
      at = frameEnd(part, at)
      messages++
    } while (at < part.length && messages < maxMessages && at < maxBytes)
    if (at < part.length) this.parts[0] = part.subarray(at)
    else this.parts.shift()
    this.messages -= messages
    this.bytes -= at
    return new Batch([part.subarray(0, at)], messages, at)
  }

  *frames(): Generator<Uint8Array> {
    for (const part of this.parts) {
      for (let at = 0; at < part.length; ) {
        const end = frameEnd(part, at)
        yield part.subarray(at, end)
        at = end
      }
    }
  }
}

function frameEnd(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  const high = (bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)
  return at + HEAD_BYTES + low + high * 65536
}

/** The message in a whole frame; undefined in one without. */
export const envelopeIn = (frame: Uint8Array): Envelope | undefined =>
  frame[5] === FRAME.ENVELOPE ? readEnvelope(frame, HEAD_BYTES, frame.length) : undefined
