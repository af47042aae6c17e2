import { RingQueue } from '../base/ring-queue.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { FRAGMENT_ABOVE, HEAD_BYTES } from '../wire/frame.js'
import { type EncodedFrame, FrameWriter } from '../wire/frame-writer.js'
import { BATCH_BYTES, Batch, envelopeIn } from './batch.js'

/** A frame that was encoded on its own, with the message in it. */
export interface QueuedFrame {
  readonly frame: EncodedFrame
  readonly key: number
  readonly envelope: Envelope | undefined
}

/**
 * Messages of a lane that wait for credit, in the order in which they were sent: small ones one behind
 * the other in batches, large ones apart and uncopied.
 */
export class HeldQueue {
  messages = 0
  bytes = 0
  readonly #codec: Codec
  readonly #writer = new FrameWriter()
  #open = 0
  readonly #entries = new RingQueue<Batch | QueuedFrame>()
  /** Questions among them, and those that nobody asks any more. */
  readonly #asks = new Set<number>()
  readonly #aborted = new Set<number>()

  constructor(codec: Codec) {
    this.#codec = codec
  }

  get empty(): boolean {
    return this.messages === 0
  }

  /** @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, with nothing queued */
  pushEnvelope(envelope: Envelope, maxMessageBytes: number): void {
    const bytes = this.#writer.writeEnvelope(envelope, this.#codec, maxMessageBytes)
    this.#pushed(bytes, envelope.key, envelope)
  }

  /** A frame that was encoded before. */
  pushEncoded(frame: EncodedFrame, key: number, envelope: Envelope | undefined): void {
    this.#pushed(this.#writer.writeEncoded(frame), key, envelope)
  }

  /** The asker gave up: its question will be left out. False: it is not here. */
  abort(callId: number): boolean {
    if (!this.#asks.delete(callId)) return false
    this.#aborted.add(callId)
    return true
  }

  /** Takes the oldest: some small ones together, or one that is large. Bounds as those of `Batch.split`. */
  take(maxMessages: number, maxBytes: number): Batch | QueuedFrame | undefined {
    for (;;) {
      const taken = this.#aborted.size === 0 ? this.#next(maxMessages, maxBytes) : this.#next(1, 0)
      const aborted = taken !== undefined && this.#forget(taken)
      if (this.empty) {
        this.#asks.clear()
        this.#aborted.clear()
      }
      if (!aborted) return taken
    }
  }

  /** Takes out everything, oldest first. */
  *drain(): Generator<QueuedFrame> {
    for (;;) {
      const entry = this.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)
      if (entry === undefined) return
      if (entry instanceof Batch) yield* queuedFrames(entry)
      else yield entry
    }
  }

  #next(maxMessages: number, maxBytes: number): Batch | QueuedFrame | undefined {
    if (this.#entries.size === 0) this.#seal()
    const entry = this.#entries.peek()
    if (!(entry instanceof Batch)) {
      this.#entries.shift()
      if (entry !== undefined) this.#taken(1, entry.frame.bytes)
      return entry
    }
    const whole = entry.messages <= maxMessages && entry.bytes <= maxBytes
    const batch = whole ? entry : entry.split(maxMessages, maxBytes)
    if (whole || entry.messages === 0) this.#entries.shift()
    this.#taken(batch.messages, batch.bytes)
    return batch
  }

  /** What leaves is no question here any more. True for one that nobody asks. */
  #forget(taken: Batch | QueuedFrame): boolean {
    if (this.#asks.size === 0 && this.#aborted.size === 0) return false
    if (!(taken instanceof Batch)) return this.#forgetOne(taken.envelope)
    let aborted = false
    for (const frame of taken.frames()) {
      if (frame[HEAD_BYTES] === ENVELOPE.ASK) aborted = this.#forgetOne(envelopeIn(frame))
    }
    return aborted
  }

  #forgetOne(envelope: Envelope | undefined): boolean {
    if (envelope?.kind !== ENVELOPE.ASK) return false
    this.#asks.delete(envelope.callId)
    return this.#aborted.delete(envelope.callId)
  }

  #pushed(bytes: number, key: number, envelope: Envelope | undefined): void {
    this.messages++
    this.bytes += bytes
    if (envelope?.kind === ENVELOPE.ASK) this.#asks.add(envelope.callId)
    if (bytes > FRAGMENT_ABOVE) {
      const frame = this.#writer.takeLarge() as EncodedFrame
      this.#seal()
      this.#entries.push({ frame, key, envelope })
      return
    }
    this.#open++
    if (this.#writer.pendingBytes >= BATCH_BYTES) this.#seal()
  }

  #seal(): void {
    const bytes = this.#writer.pendingBytes
    if (bytes === 0) return
    this.#entries.push(new Batch(this.#writer.take(), this.#open, bytes))
    this.#open = 0
  }

  #taken(messages: number, bytes: number): void {
    this.messages -= messages
    this.bytes -= bytes
  }
}

/** The frames of a batch, each with its message. */
export function* queuedFrames(batch: Batch): Generator<QueuedFrame> {
  for (const bytes of batch.frames()) {
    const envelope = envelopeIn(bytes)
    const frame = { bytes: bytes.length, chunks: [bytes] }
    yield { frame, key: envelope?.key ?? -(bytes[5] as number), envelope }
  }
}
