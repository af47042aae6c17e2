import type { EncodedBody, Envelope } from './envelope.js'
import { HEAD_BYTES } from './frame.js'
import { readEnvelope } from './read-envelope.js'
import type { ReceivedBody } from './received-body.js'
import type { EnvelopeStamp, StampSlice } from './stamp-slice.js'

/**
 * The frame of an envelope with a stamp, kept to be sent more than once. It is body and stamp of the envelope
 * that is sent first: lanes write that as it lies here. Has no payloads.
 */
export class KeptEnvelope implements EncodedBody, EnvelopeStamp {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.start = start
    this.end = end
  }

  /** Bytes of the envelope. */
  get size(): number {
    return this.end - this.start - HEAD_BYTES
  }

  get head(): Uint8Array {
    return (this.read().body as ReceivedBody).head
  }

  get payloads(): readonly Uint8Array[] {
    return NONE
  }

  get slice(): StampSlice {
    return this.read().stamp?.slice as StampSlice
  }

  /** The envelope, over the same memory. */
  read(): Envelope {
    return readEnvelope(this.bytes, this.start + HEAD_BYTES, this.end)
  }
}

const NONE: readonly Uint8Array[] = []
