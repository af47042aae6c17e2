import { RingQueue } from '../base/ring-queue.js'
import type { Codec } from '../wire/codec.js'
import type { Envelope } from '../wire/envelope.js'
import { bodyLimit, FRAGMENT_ABOVE, FRAME, type FrameKind, HEAD_BYTES } from '../wire/frame.js'
import { type EncodedFrame, encodeEnvelopeFrame, FrameWriter } from '../wire/frame-writer.js'
import { readEnvelope } from '../wire/read-envelope.js'
import { BulkItem, BulkQueue, type Helping } from './bulk-queue.js'

/** Small frames in a row, taken from the writer together. */
export class Batch {
  readonly parts: Uint8Array[]
  messages: number
  bytes: number

  constructor(parts: Uint8Array[], messages: number, bytes: number) {
    this.parts = parts
    this.messages = messages
    this.bytes = bytes
  }
}

/** Bytes after which a batch is closed, so that a long queue can be written piece by piece. */
export const BATCH_BYTES = 64 * 1024

/**
 * What a lane has still to write. Small frames are encoded in place, one behind the other, and cost
 * no object each; large ones wait apart. Both survive the connection they were meant for.
 */
export class LaneQueue {
  bytes = 0
  messages = 0
  readonly #codec: Codec
  readonly #writer = new FrameWriter()
  #open = 0
  readonly #sealed = new RingQueue<Batch>()
  readonly #bulk: BulkQueue

  constructor(codec: Codec) {
    this.#codec = codec
    this.#bulk = new BulkQueue(codec.maxMessageBytes)
  }

  /** The largest message that may be queued. */
  get maxMessageBytes(): number {
    return this.#bulk.maxMessageBytes
  }

  /** Takes and gives back what is larger than that. */
  limit(maxMessageBytes: number): Envelope[] {
    const refused: Envelope[] = []
    if (maxMessageBytes === this.maxMessageBytes) return refused
    const waiting = [...this.drain()]
    this.#bulk.maxMessageBytes = maxMessageBytes
    for (const { frame, key, envelope } of waiting) {
      const kind = frame.chunks[0]?.[5] as number
      if (frame.bytes - HEAD_BYTES <= bodyLimit(kind, maxMessageBytes)) {
        this.pushEncoded(frame, key, envelope)
      } else if (envelope !== undefined) refused.push(envelope)
    }
    return refused
  }

  get empty(): boolean {
    return this.messages === 0
  }

  /** Bytes in the batch that is being filled. */
  get pendingBytes(): number {
    return this.#writer.pendingBytes
  }

  get hasBulk(): boolean {
    return !this.#bulk.empty
  }

  /** @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, with nothing queued */
  pushEnvelope(envelope: Envelope): void {
    if (!this.#bulk.empty && this.#bulk.has(envelope.key)) {
      const frame = encodeEnvelopeFrame(envelope, this.#codec, this.maxMessageBytes)
      this.#pushBulk(envelope.key, frame, envelope)
      return
    }
    const bytes = this.#writer.writeEnvelope(envelope, this.#codec, this.maxMessageBytes)
    if (bytes > FRAGMENT_ABOVE) {
      this.#pushBulk(envelope.key, this.#writer.takeLarge() as EncodedFrame, envelope)
      return
    }
    this.#open++
    this.messages++
    this.bytes += bytes
  }

  /** @throws TroupeError ERR_TOO_LARGE, with nothing queued */
  pushFrame(kind: FrameKind, body: Uint8Array): void {
    if (!this.#bulk.empty && this.#bulk.has(-kind)) {
      const writer = new FrameWriter()
      const bytes = writer.writeFrame(kind, body, this.maxMessageBytes)
      this.#pushBulk(-kind, { bytes, chunks: writer.take() }, undefined)
      return
    }
    const bytes = this.#writer.writeFrame(kind, body, this.maxMessageBytes)
    if (bytes > FRAGMENT_ABOVE) {
      this.#pushBulk(-kind, this.#writer.takeLarge() as EncodedFrame, undefined)
      return
    }
    this.#open++
    this.messages++
    this.bytes += bytes
  }

  /** A frame that was encoded before; frames of one key keep their order. */
  pushEncoded(frame: EncodedFrame, key: number, envelope: Envelope | undefined): void {
    if (frame.bytes > FRAGMENT_ABOVE || this.#bulk.has(key)) {
      this.#pushBulk(key, frame, envelope)
      return
    }
    this.#writer.writeEncoded(frame)
    this.#open++
    this.messages++
    this.bytes += frame.bytes
  }

  /** Closes the batch that is being filled. */
  seal(): void {
    const bytes = this.#writer.pendingBytes
    if (bytes === 0) return
    this.#sealed.push(new Batch(this.#writer.take(), this.#open, bytes))
    this.#open = 0
  }

  /** Takes the oldest batch of small frames. */
  takeSmall(): Batch | undefined {
    let batch = this.#sealed.shift()
    if (batch === undefined) {
      const bytes = this.#writer.pendingBytes
      if (bytes === 0) return undefined
      batch = new Batch(this.#writer.take(), this.#open, bytes)
      this.#open = 0
    }
    this.bytes -= batch.bytes
    this.messages -= batch.messages
    return batch
  }

  /** Takes the next fragment of the large ones. */
  takeBulk(maxBytes: number): Helping | undefined {
    const helping = this.#bulk.next(maxBytes)
    if (helping === undefined) return undefined
    this.bytes -= helping.bytes
    if (helping.completes) this.messages--
    return helping
  }

  /** The connection broke: large frames that were under way begin anew. */
  rewind(): void {
    this.bytes += this.#bulk.rewind()
  }

  /** Makes room: takes out the oldest frame and gives its message, if it is one. */
  dropOldest(): { readonly envelope: Envelope | undefined } | undefined {
    this.seal()
    const batch = this.#sealed.peek()
    if (batch === undefined) {
      const item = this.#bulk.dropOldest()
      if (item === undefined) return undefined
      this.bytes -= item.frame.bytes
      this.messages--
      return { envelope: item.envelope }
    }
    const part = batch.parts[0] as Uint8Array
    const end = frameEnd(part, 0)
    if (end < part.length) batch.parts[0] = part.subarray(end)
    else batch.parts.shift()
    batch.bytes -= end
    batch.messages--
    if (batch.messages === 0) this.#sealed.shift()
    this.bytes -= end
    this.messages--
    return { envelope: envelopeAt(part, 0, end) }
  }

  /** Takes out everything, in an order that keeps each key's. */
  *drain(): Generator<{ frame: EncodedFrame; key: number; envelope: Envelope | undefined }> {
    for (let batch = this.takeSmall(); batch !== undefined; batch = this.takeSmall()) {
      for (const part of batch.parts) {
        for (let at = 0; at < part.length; ) {
          const end = frameEnd(part, at)
          const envelope = envelopeAt(part, at, end)
          const frame = { bytes: end - at, chunks: [part.subarray(at, end)] }
          yield { frame, key: envelope?.key ?? -(part[at + 5] as number), envelope }
          at = end
        }
      }
    }
    for (const [key, item] of this.#bulk.drain()) {
      yield { frame: item.frame, key, envelope: item.envelope }
    }
    this.bytes = this.messages = 0
  }

  #pushBulk(key: number, frame: EncodedFrame, envelope: Envelope | undefined): void {
    this.#bulk.push(key, new BulkItem(frame, envelope))
    this.messages++
    this.bytes += frame.bytes
  }
}

function frameEnd(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
  const high = (bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)
  return at + HEAD_BYTES + low + high * 65536
}

const envelopeAt = (bytes: Uint8Array, at: number, end: number): Envelope | undefined =>
  bytes[at + 5] === FRAME.ENVELOPE ? readEnvelope(bytes, at + HEAD_BYTES, end) : undefined
