import { RingQueue } from '../base/ring-queue.js'
import type { Codec } from '../wire/codec.js'
import { isCreditedFrame } from '../wire/credited-frame.js'
import type { Envelope } from '../wire/envelope.js'
import { bodyLimit, FRAGMENT_ABOVE, type FrameKind, HEAD_BYTES } from '../wire/frame.js'
import { type EncodedFrame, encodeEnvelopeFrame, FrameWriter } from '../wire/frame-writer.js'
import { Batch, envelopeIn } from './batch.js'
import { BulkItem, BulkQueue, type Helping } from './bulk-queue.js'
import { type QueuedFrame, queuedFrames } from './held-queue.js'

/** What made room for something newer. */
export interface Dropped {
  /** The message, if it was one. */
  readonly envelope: Envelope | undefined
  readonly bytes: number
  /** It had needed credit. */
  readonly credited: boolean
}

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

  /** Small frames in a row that were encoded before. */
  pushBatch(batch: Batch): void {
    if (!this.#bulk.empty) {
      for (const { frame, key, envelope } of queuedFrames(batch)) {
        this.pushEncoded(frame, key, envelope)
      }
      return
    }
    this.seal()
    this.#sealed.push(batch)
    this.messages += batch.messages
    this.bytes += batch.bytes
  }

  /** Makes room: takes out the oldest frame and gives its message, if it is one. */
  dropOldest(): Dropped | undefined {
    this.seal()
    const batch = this.#sealed.peek()
    const dropped = batch === undefined ? this.#dropBulk() : this.#dropSmall(batch)
    if (dropped === undefined) return undefined
    this.bytes -= dropped.bytes
    this.messages--
    return dropped
  }

  /** How many of its frames need credit, and their bytes. */
  credited(): { readonly messages: number; readonly bytes: number } {
    this.seal()
    let messages = 0
    let bytes = 0
    const count = (head: Uint8Array, length: number): void => {
      if (!isCreditedFrame(head)) return
      messages++
      bytes += length
    }
    for (const batch of this.#sealed) {
      for (const frame of batch.frames()) count(frame, frame.length)
    }
    for (const { frame } of this.#bulk.items()) count(frame.chunks[0] as Uint8Array, frame.bytes)
    return { messages, bytes }
  }

  /** Takes out everything, in an order that keeps each key's. */
  *drain(): Generator<QueuedFrame> {
    for (let batch = this.takeSmall(); batch !== undefined; batch = this.takeSmall()) {
      yield* queuedFrames(batch)
    }
    for (const [key, item] of this.#bulk.drain()) {
      yield { frame: item.frame, key, envelope: item.envelope }
    }
    this.bytes = this.messages = 0
  }

  #dropSmall(batch: Batch): Dropped {
    const { parts, bytes } = batch.split(1, 0)
    if (batch.messages === 0) this.#sealed.shift()
    const frame = parts[0] as Uint8Array
    return { envelope: envelopeIn(frame), bytes, credited: isCreditedFrame(frame) }
  }

  #dropBulk(): Dropped | undefined {
    const item = this.#bulk.dropOldest()
    if (item === undefined) return undefined
    const { frame, envelope } = item
    const credited = isCreditedFrame(frame.chunks[0] as Uint8Array)
    return { envelope, bytes: frame.bytes, credited }
  }

  #pushBulk(key: number, frame: EncodedFrame, envelope: Envelope | undefined): void {
    this.#bulk.push(key, new BulkItem(frame, envelope))
    this.messages++
    this.bytes += frame.bytes
  }
}
