import { HEAD_BYTES } from './frame.js'
import type { ValueWriter } from './value-writer.js'

/** Longer heads, those with long names, are encoded anew each time. */
export const TEMPLATE_MAX = 128

/**
 * All that comes before the arguments in the frame of an envelope: what is sent in a row differs in a few
 * bytes of its stamp, which are changed in place.
 */
export class FrameTemplate {
  readonly bytes = new Uint8Array(TEMPLATE_MAX)
  /** How many of them are in use. */
  length = 0
  readonly #words = new Uint32Array(this.bytes.buffer)

  /** Takes the head of the record in progress. False, and without meaning, where it is too long. */
  take(out: ValueWriter): boolean {
    const length = out.at - out.start
    this.length = length
    if (length > TEMPLATE_MAX) return false
    for (let i = 0; i < length; i++) this.bytes[i] = out.buffer[out.start + i] as number
    return true
  }

  /** Four bytes at a time, so some rubbish behind it, too. */
  put(out: ValueWriter): void {
    out.reserve(TEMPLATE_MAX)
    const { view, at } = out
    const words = (this.length + 3) >> 2
    for (let i = 0; i < words; i++) {
      view.setUint32(at + 4 * i, this.#words[i] as number, LITTLE_ENDIAN)
    }
    out.at = at + this.length
  }

  /** Another number of as many bytes in the place of a varint. */
  setVarint(at: number, value: number): void {
    const { bytes } = this
    let i = at
    let rest = value
    while (rest > 127) {
      bytes[i++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[i] = rest
  }
}

/** As the words of an array lie in this machine's memory. */
const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

/** The length of the body is the first thing in a frame's head. */
export function putBodyBytes(out: ValueWriter): void {
  out.view.setUint32(out.start, out.at - out.start - HEAD_BYTES, true)
}
