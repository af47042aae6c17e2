import { ReceivedBody } from './received-body.js'

const SLAB_BYTES = 8 * 1024
/** Larger ones have memory of their own. */
const SHARED_MAX = 1024
/** So few bytes are copied faster one by one. */
const LOOP_MAX = 48

/**
 * Bodies that are kept for a while, copied one behind the other into slabs: a small one costs one small
 * object and no buffer. A slab lives as long as one of its bodies does.
 */
export class BodyStore {
  #slab = Buffer.alloc(0)
  #at = 0

  keep(bytes: Buffer, start: number, end: number): ReceivedBody {
    const length = end - start
    if (length > SHARED_MAX) {
      const own = Buffer.allocUnsafeSlow(length)
      bytes.copy(own, 0, start, end)
      return new ReceivedBody(own, 0, length, length)
    }
    if (this.#at + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#at = 0
    }
    const slab = this.#slab
    const at = this.#at
    if (length > LOOP_MAX) bytes.copy(slab, at, start, end)
    else for (let i = 0; i < length; i++) slab[at + i] = bytes[start + i] as number
    this.#at = at + length
    return new ReceivedBody(slab, at, at + length, at + length)
  }
}
