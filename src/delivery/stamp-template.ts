import { type FrameTemplate, TEMPLATE_MAX } from '../wire/frame-template.js'
import { type CausalMark, NEXT, NEXT_SAME } from './stamp.js'

/**
 * Where in the head of a message its numbers lie, so that the next of its flow, with the same receiver, need
 * not be encoded anew.
 */
export class StampTemplate {
  #idAt = 0
  #seqAt = 0
  /** From here on a number has more bytes. */
  #idEnd = 0
  #seqEnd = 0
  /** The numbers of the messages before it are so much lower; 0 for none. */
  #back = 0
  #backInLabel = 0
  #label = 0
  #session = 0

  /**
   * Reads the stamp of `stampBytes` bytes at the end of a head. False where there is nothing to go by: a stamp
   * with more in it, or with numbers above 2^28.
   */
  take(
    frame: FrameTemplate,
    stampBytes: number,
    session: number,
    id: number,
    after: number,
    causal: CausalMark | undefined,
  ): boolean {
    const short = frame.length <= TEMPLATE_MAX && session < 128 && id < MAX
    if (!short || (causal !== undefined && (causal.clock !== undefined || causal.seq >= MAX))) {
      return false
    }
    this.#session = session
    const stampAt = frame.length - stampBytes
    const first = frame.bytes[stampAt]
    this.#idAt = stampAt + (first === NEXT || first === NEXT_SAME ? ID_AT_NEXT : ID_AT)
    this.#idEnd = endOf(id)
    this.#back = after > 0 ? id - after : 0
    this.#label = causal?.label ?? NO_LABEL
    if (causal === undefined) return true
    this.#seqAt = this.#idAt + bytesOf(id) + LABEL_BYTES
    this.#seqEnd = endOf(causal.seq)
    this.#backInLabel = causal.seq - (causal.after ?? 0)
    return true
  }

  /** Puts the numbers of the next message in. False, and nothing done, where that does not suffice. */
  next(
    frame: FrameTemplate,
    session: number,
    id: number,
    after: number,
    causal: CausalMark | undefined,
  ): boolean {
    const back = after > 0 ? id - after : 0
    if (id >= this.#idEnd || back !== this.#back || session !== this.#session) return false
    if (causal === undefined) {
      if (this.#label !== NO_LABEL) return false
    } else {
      const { label, seq, clock, after: before = 0 } = causal
      const same = label === this.#label && seq - before === this.#backInLabel
      if (!same || clock !== undefined || seq >= this.#seqEnd) return false
      frame.setVarint(this.#seqAt, seq)
    }
    frame.setVarint(this.#idAt, id)
    return true
  }
}

/** In a stamp, behind what kind it is, flags, tag and a session of one byte. */
const ID_AT = 7
/** Behind kind and session. */
const ID_AT_NEXT = 2
const LABEL_BYTES = 4
const MAX = 2 ** 28
const NO_LABEL = -1

/** The first number that has more bytes as a varint. */
function endOf(value: number): number {
  let end = 128
  while (value >= end) end *= 128
  return end
}

function bytesOf(value: number): number {
  let bytes = 1
  for (let rest = value; rest > 127; rest >>>= 7) bytes++
  return bytes
}
