import type { Acknowledged } from '../delivery/acknowledged.js'
import type { CausalMark } from '../delivery/stamp.js'
import { StampTemplate } from '../delivery/stamp-template.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import { EnvelopeStore } from '../wire/envelope-store.js'
import { FrameTemplate } from '../wire/frame-template.js'
import type { KeptEnvelope } from '../wire/kept-envelope.js'
import type { Kept } from './stored-envelope.js'

/**
 * Where the messages of one flow are kept, encoded. Of those in a row to one receiver and method the head is
 * encoded once.
 */
export class DeliveryShelf {
  readonly #store: EnvelopeStore
  readonly #frame = new FrameTemplate()
  readonly #stamp = new StampTemplate()
  /** The message whose head is in the template. */
  #valid = false
  #open = false
  #to: number | string = 0
  #method: number | string = 0
  #key = 0

  constructor(codec: Codec) {
    this.#store = new EnvelopeStore(codec)
  }

  /**
   * Encodes the next message of that sender. Undefined, and nothing done, for what has payloads apart, or came
   * encoded.
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  keep(
    envelope: Envelope,
    sender: Acknowledged<Kept>,
    inOrder: boolean,
    causal: CausalMark | undefined,
  ): KeptEnvelope | undefined {
    if (envelope.body !== undefined) return undefined
    const { kind, to, method, key } = envelope
    const { next: id, session, open } = sender
    const after = inOrder ? sender.lastOpenOf(key) : 0
    const like =
      this.#valid &&
      kind === ENVELOPE.TELL &&
      to === this.#to &&
      method === this.#method &&
      key === this.#key &&
      open === this.#open &&
      this.#stamp.next(this.#frame, session, id, after, causal)
    if (like) return this.#store.keep(envelope, this.#frame, true)
    this.#valid = false
    const stamp = sender.nextStamp(after, causal)
    const { length } = stamp
    envelope.stamp = stamp
    try {
      const kept = this.#store.keep(envelope, this.#frame, false)
      if (kept === undefined || kind !== ENVELOPE.TELL) return kept
      this.#valid = this.#stamp.take(this.#frame, length, session, id, after, causal)
      this.#open = open
      this.#to = to
      this.#method = method
      this.#key = key
      return kept
    } finally {
      envelope.stamp = undefined
    }
  }
}
