import type { Codec } from '../wire/codec.js'
import { isCredited, isCreditedFrame } from '../wire/credited-frame.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { HEAD_BYTES } from '../wire/frame.js'
import type { EncodedFrame } from '../wire/frame-writer.js'
import { Batch } from './batch.js'
import type { ChannelCounters } from './channel-counters.js'
import { Credit, type CreditWindow } from './credit.js'
import { HeldQueue, type QueuedFrame, queuedFrames } from './held-queue.js'
import { type Dropped, LaneQueue } from './lane-queue.js'

/**
 * What a lane has still to write, in two parts: what may be written as soon as the connection takes
 * it, and messages that wait until the peer has granted credit for them. Those keep their order; what
 * needs no credit passes them.
 */
export class CreditedQueue {
  /** What may be written. */
  readonly open: LaneQueue
  /** What waits for credit. */
  heldMessages = 0
  heldBytes = 0
  readonly #codec: Codec
  readonly #credit: Credit
  readonly #counters: ChannelCounters
  #held: HeldQueue | undefined

  constructor(codec: Codec, window: CreditWindow, counters: ChannelCounters) {
    this.#counters = counters
    this.open = new LaneQueue(codec)
    this.#codec = codec
    this.#credit = new Credit(window)
  }

  get bytes(): number {
    return this.open.bytes + this.heldBytes
  }

  get messages(): number {
    return this.open.messages + this.heldMessages
  }

  get empty(): boolean {
    return this.messages === 0
  }

  /** @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, with nothing queued */
  pushEnvelope(envelope: Envelope, credited = isCredited(envelope)): void {
    const { open } = this
    if (!credited) {
      if (this.heldMessages === 0 || !this.#aborts(envelope)) open.pushEnvelope(envelope)
    } else if (this.heldMessages === 0 && this.#credit.isLeft) {
      const before = open.bytes
      open.pushEnvelope(envelope)
      this.#credit.use(1, open.bytes - before)
    } else {
      this.#hold().pushEnvelope(envelope, open.maxMessageBytes)
      this.#counters.held++
      this.#counted()
    }
  }

  /** A frame that was encoded before; frames of one key keep their order. */
  pushEncoded(frame: EncodedFrame, key: number, envelope: Envelope | undefined): void {
    if (!isCreditedFrame(frame.chunks[0] as Uint8Array)) {
      if (!this.#aborts(envelope)) this.open.pushEncoded(frame, key, envelope)
    } else if (this.heldMessages === 0 && this.#credit.isLeft) {
      this.open.pushEncoded(frame, key, envelope)
      this.#credit.use(1, frame.bytes)
    } else {
      this.#hold().pushEncoded(frame, key, envelope)
      this.#counters.held++
      this.#counted()
    }
  }

  /** The peer has granted so much in all. False: that cannot be. */
  grant(messages: number, bytes: number): boolean {
    if (!this.#credit.grant(messages, bytes)) return false
    this.#release()
    return true
  }

  /**
   * Makes room for a message: takes out the oldest. Of those that wait for credit, if `heldFirst`: while
   * a connection stands the others are about to be written.
   */
  dropOldest(heldFirst: boolean): Pick<Dropped, 'envelope'> | undefined {
    if (heldFirst && this.heldMessages > 0) return this.#dropHeld()
    const dropped = this.open.dropOldest()
    if (dropped === undefined) return this.#dropHeld()
    if (dropped.credited) {
      this.#credit.use(-1, -dropped.bytes)
      this.#release()
    }
    return dropped
  }

  /** What a session has agreed on. Gives back what is too large. No connection stands. */
  agree(maxMessageBytes: number, window: CreditWindow): Envelope[] {
    const before = this.open.maxMessageBytes
    const refused = this.open.limit(maxMessageBytes)
    this.#restart(window)
    if (maxMessageBytes < before) {
      for (const frame of this.#takeHeld()) {
        if (frame.frame.bytes - HEAD_BYTES <= maxMessageBytes) this.#repush(frame)
        else if (frame.envelope !== undefined) refused.push(frame.envelope)
      }
    }
    this.#release()
    return refused
  }

  /** The connection broke: what was let go and not written goes over the next one, with new credit. */
  rewind(): void {
    this.open.rewind()
    this.#restart()
    this.#release()
  }

  /** Takes out everything, in an order that keeps each key's. */
  *drain(): Generator<QueuedFrame> {
    yield* this.open.drain()
    this.#credit.restart(0, 0)
    if (this.#held === undefined) return
    yield* this.#held.drain()
    this.#counted()
  }

  #hold(): HeldQueue {
    this.#held ??= new HeldQueue(this.#codec)
    return this.#held
  }

  /** An ABORT must not pass its question: that goes with it. */
  #aborts(envelope: Envelope | undefined): boolean {
    if (envelope?.kind !== ENVELOPE.ABORT || this.#held === undefined) return false
    return this.#held.abort(envelope.callId)
  }

  #restart(window?: CreditWindow): void {
    const { messages, bytes } = this.open.credited()
    this.#credit.restart(messages, bytes, window)
  }

  #counted(): void {
    const { messages, bytes } = this.#hold()
    this.heldMessages = messages
    this.heldBytes = bytes
  }

  /** Lets go as much as there is credit for. */
  #release(): void {
    const held = this.#held
    const credit = this.#credit
    if (held === undefined) return
    while (!held.empty && credit.isLeft) {
      const taken = held.take(credit.leftMessages, credit.leftBytes)
      if (taken instanceof Batch) {
        credit.use(taken.messages, taken.bytes)
        this.open.pushBatch(taken)
      } else if (taken !== undefined) {
        credit.use(1, taken.frame.bytes)
        this.open.pushEncoded(taken.frame, taken.key, taken.envelope)
      }
    }
    this.#counted()
  }

  #dropHeld(): Pick<Dropped, 'envelope'> | undefined {
    const taken = this.#held?.take(1, 0)
    if (taken !== undefined) this.#counted()
    if (!(taken instanceof Batch)) return taken
    for (const { envelope } of queuedFrames(taken)) return { envelope }
    return undefined
  }

  #takeHeld(): readonly QueuedFrame[] {
    return this.#held === undefined ? [] : [...this.#held.drain()]
  }

  #repush({ frame, key, envelope }: QueuedFrame): void {
    this.#hold().pushEncoded(frame, key, envelope)
  }
}
