import { TroupeError } from '../base/errors.js'
import { MAX_MESSAGE_BYTES } from './codec.js'
import { bodyLimit, FRAME, type FrameKind, HEAD_BYTES, WIRE_VERSION } from './frame.js'

/**
 * Called with a frame's kind and where its body lies: a view, which may be kept, but that of a
 * FRAGMENT, whose bytes are used again once the call is over.
 */
export type OnFrame = (kind: FrameKind, bytes: Buffer, start: number, end: number) => void

/** A frame in several chunks gets this much memory on its sender's word; more as it comes in. */
const ON_TRUST = 1024 * 1024

/**
 * The bytes of one connection to frames, whatever the pieces they come in. Until `open` only frames
 * of the handshake pass. Version, kind, length and reserved bits are checked before anything is
 * allocated. A frame within one chunk is a view on it; one over several is assembled in one buffer.
 */
export class FrameReader {
  readonly #limits: Float64Array
  #handshakeOnly = true
  #closed = false
  /** A head in several pieces. */
  readonly #head = Buffer.alloc(HEAD_BYTES)
  #headHave = 0
  /** A body in several pieces, of which `#have` of `#total` bytes are there. */
  #body: Buffer | undefined
  /** Where fragments in several chunks are put together; they are copied from there anyway. */
  #scratch: Buffer | undefined
  #kind = 0
  #have = 0
  #total = 0

  constructor(maxMessageBytes: number = MAX_MESSAGE_BYTES) {
    this.#limits = new Float64Array(256)
    for (let kind = 0; kind < 256; kind++) this.#limits[kind] = bodyLimit(kind, maxMessageBytes)
  }

  /** The handshake is done: all kinds of frames pass, from the next one on. */
  open(): void {
    this.#handshakeOnly = false
  }

  /** Nothing is read any more, also not of a chunk that is being read. */
  close(): void {
    this.#closed = true
    this.#body = undefined
  }

  /**
   * Calls `onFrame` for every frame that these bytes complete, in order.
   * @throws TroupeError ERR_BAD_FRAME, and nothing of its own else; close the connection then
   */
  push(chunk: Uint8Array, onFrame: OnFrame): void {
    const bytes = Buffer.isBuffer(chunk)
      ? chunk
      : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    const length = bytes.length
    let at = this.#headHave > 0 || this.#body !== undefined ? this.#resume(bytes, onFrame) : 0
    while (!this.#closed && length - at >= HEAD_BYTES) {
      const total = this.#check(bytes, at)
      const start = at + HEAD_BYTES
      if (total > length - start) break
      at = start + total
      onFrame(bytes[start - 3] as FrameKind, bytes, start, at)
    }
    if (!this.#closed && at < length) this.#keep(bytes, at)
  }

  /** Completes what an earlier chunk began, and says where the rest begins. */
  #resume(bytes: Buffer, onFrame: OnFrame): number {
    let at = 0
    if (this.#body === undefined) {
      at = Math.min(HEAD_BYTES - this.#headHave, bytes.length)
      bytes.copy(this.#head, this.#headHave, 0, at)
      this.#headHave += at
      if (this.#headHave < HEAD_BYTES) return at
      this.#begin(this.#head, 0)
    }
    at = this.#fill(bytes, at)
    if (this.#have < this.#total) return at
    const body = this.#body as Buffer
    this.#body = undefined
    onFrame(this.#kind as FrameKind, body, 0, this.#total)
    return at
  }

  /** Keeps the beginning of a frame that ends in a later chunk. */
  #keep(bytes: Buffer, at: number): void {
    const rest = bytes.length - at
    if (rest < HEAD_BYTES) {
      bytes.copy(this.#head, this.#headHave, at)
      this.#headHave += rest
      return
    }
    this.#begin(bytes, at)
    this.#fill(bytes, at + HEAD_BYTES)
  }

  #begin(bytes: Buffer, at: number): void {
    this.#total = this.#check(bytes, at)
    this.#kind = bytes[at + 5] as number
    this.#have = 0
    this.#headHave = 0
    this.#body =
      this.#kind === FRAME.FRAGMENT
        ? this.#fragmentBody()
        : Buffer.allocUnsafeSlow(Math.min(this.#total, ON_TRUST))
  }

  #fragmentBody(): Buffer {
    if (this.#scratch === undefined || this.#scratch.length < this.#total) {
      this.#scratch = Buffer.allocUnsafeSlow(Math.min(this.#total, ON_TRUST))
    }
    return this.#scratch
  }

  /** Copies what belongs to the body and says where the rest begins. */
  #fill(bytes: Buffer, at: number): number {
    const count = Math.min(this.#total - this.#have, bytes.length - at)
    let body = this.#body as Buffer
    if (this.#have + count > body.length) {
      const size = Math.min(this.#total, Math.max(2 * body.length, this.#have + count))
      body = Buffer.allocUnsafeSlow(size)
      this.#body?.copy(body, 0, 0, this.#have)
      this.#body = body
    }
    bytes.copy(body, this.#have, at, at + count)
    this.#have += count
    return at + count
  }

  /** The length of the body that a head announces. */
  #check(bytes: Buffer, at: number): number {
    const kind = bytes[at + 5] as number
    const total =
      (bytes[at] as number) +
      (bytes[at + 1] as number) * 0x100 +
      (bytes[at + 2] as number) * 0x10000 +
      (bytes[at + 3] as number) * 0x1000000
    if (bytes[at + 4] !== WIRE_VERSION) throw this.#bad(`its version is ${bytes[at + 4]}`)
    const limit = this.#limits[kind] as number
    if (limit === 0) throw this.#bad(`its kind ${kind} is unknown`)
    if (this.#handshakeOnly && kind > FRAME.REFUSE) {
      throw this.#bad(`kind ${kind} came before the handshake was done`)
    }
    if (total > limit) throw this.#bad(`it has ${total} bytes, above ${limit}`)
    if (bytes[at + 6] !== 0 || bytes[at + 7] !== 0) throw this.#bad('its reserved bits are set')
    return total
  }

  #bad(detail: string): TroupeError {
    this.close()
    return new TroupeError('ERR_BAD_FRAME', `a frame is malformed: ${detail}`)
  }
}
