import { TroupeError } from '../base/errors.js'
import { MAX_MESSAGE_BYTES } from './codec.js'
import { Assembler, FRAGMENT_HEAD_MAX, fragmentHeadBytes } from './fragment.js'
import { bodyLimit, FRAME, type FrameKind, HEAD_BYTES, WIRE_VERSION } from './frame.js'
import { unpackFrames } from './packed.js'

/** Called with a frame's kind and where its body lies, in bytes that may be kept. */
export type OnFrame = (kind: FrameKind, bytes: Buffer, start: number, end: number) => void

/** Never makes more than `maxBytes`, and throws where there is more. */
export type Inflate = (data: Uint8Array, maxBytes: number) => Uint8Array

/** A frame in several chunks gets this much memory on its sender's word; more as it comes in. */
const ON_TRUST = 1024 * 1024
/** The head of a fragment that is not the first of its frame. */
const SHORT_HEAD = FRAGMENT_HEAD_MAX - 5
/** Where the head of the next one is read to; copied out at once, so one serves all connections. */
const BETWEEN = Buffer.alloc(SHORT_HEAD)

/**
 * The bytes of one connection to frames, whatever the pieces they come in. Until `open` only frames
 * of the handshake pass. Version, kind, length and reserved bits are checked before anything is
 * allocated. A frame within one chunk is a view on it; one over several is put together in one
 * buffer, and so is one that came in fragments: nobody else sees those.
 */
export class FrameReader {
  readonly #limits: Float64Array
  #handshakeOnly = true
  #closed = false
  /** A head in several pieces, of a FRAGMENT frame with that of the fragment. */
  readonly #head = Buffer.alloc(FRAGMENT_HEAD_MAX)
  #headHave = 0
  /** A body in several pieces, of which `#have` of `#total` bytes are there. */
  #body: Buffer | undefined
  #kind = 0
  #have = 0
  #total = 0
  readonly #maxMessageBytes: number
  readonly #inflate: Inflate | undefined
  #assembler: Assembler | undefined
  /** How many fragments have begun. */
  fragments = 0

  /** How many of them are there whole. */
  get wholeFragments(): number {
    return this.#assembler === undefined || this.#assembler.left === 0
      ? this.fragments
      : this.fragments - 1
  }

  /** @param inflate without it PACKED frames are refused */
  constructor(maxMessageBytes: number = MAX_MESSAGE_BYTES, inflate?: Inflate) {
    this.#maxMessageBytes = maxMessageBytes
    this.#inflate = inflate
    this.#limits = limitsFor(maxMessageBytes)
  }

  /** The handshake is done: all kinds of frames pass, from the next one on. */
  open(): void {
    this.#handshakeOnly = false
  }

  /** Nothing is read any more, also not of a chunk that is being read. */
  close(): void {
    this.#closed = true
    this.#body = this.#assembler = undefined
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
    let at = this.#resume(bytes, onFrame)
    while (!this.#closed && length - at >= HEAD_BYTES) {
      const total = this.#check(bytes, at)
      const start = at + HEAD_BYTES
      if (bytes[start - 3] === FRAME.FRAGMENT) {
        const headBytes = fragmentHeadBytes(bytes, at, length - at)
        if (headBytes > length - at) break
        at = this.#fragment(bytes, at, total).fill(bytes, at + headBytes, onFrame)
        continue
      }
      if (total > length - start) break
      at = start + total
      if (bytes[start - 3] === FRAME.PACKED) this.#unpack(bytes, start, at, onFrame)
      else onFrame(bytes[start - 3] as FrameKind, bytes, start, at)
    }
    if (!this.#closed && at < length) this.#keep(bytes, at)
  }

  #inflated(body: Buffer, start: number, end: number): Buffer {
    if (this.#inflate === undefined) throw this.#bad('it is packed')
    try {
      return unpackFrames(body, start, end, this.#inflate)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * Memory the next bytes belong in, so that nothing of a large frame is copied: the place of a
   * fragment's bytes, and between two fragments just enough for the next one's head. Undefined where
   * that is not known; then `push` is for what comes.
   */
  room(): Uint8Array | undefined {
    const assembler = this.#assembler
    if (assembler === undefined || this.#closed || this.#body !== undefined) return undefined
    if (assembler.left > 0) return assembler.room()
    const have = this.#headHave
    if (have === SHORT_HEAD && this.#head[5] === FRAME.FRAGMENT) {
      return BETWEEN.subarray(0, FRAGMENT_HEAD_MAX - have)
    }
    return have === 0 && assembler.open > 0 ? BETWEEN : undefined
  }

  /** So many bytes were written to what `room` gave last. @throws TroupeError as `push` */
  filled(count: number, onFrame: OnFrame): void {
    const assembler = this.#assembler as Assembler
    if (assembler.left > 0) assembler.filled(count, onFrame)
    else this.push(Buffer.from(BETWEEN.subarray(0, count)), onFrame)
  }

  /** Goes on with what an earlier chunk began, and says where the rest begins. */
  #resume(bytes: Buffer, onFrame: OnFrame): number {
    if (this.#headHave > 0) return this.#resumeHead(bytes, onFrame)
    if (this.#body !== undefined) return this.#resumeBody(bytes, 0, onFrame)
    const assembler = this.#assembler
    return assembler !== undefined && assembler.left > 0 ? assembler.fill(bytes, 0, onFrame) : 0
  }

  #resumeHead(bytes: Buffer, onFrame: OnFrame): number {
    const head = this.#head
    let at = 0
    for (let need = this.#headNeed(); this.#headHave < need; need = this.#headNeed()) {
      if (at === bytes.length) return at
      const count = Math.min(need - this.#headHave, bytes.length - at)
      bytes.copy(head, this.#headHave, at, at + count)
      this.#headHave += count
      at += count
    }
    this.#headHave = 0
    if (head[5] !== FRAME.FRAGMENT) {
      this.#begin(head, 0)
      return this.#resumeBody(bytes, at, onFrame)
    }
    return this.#fragment(head, 0, this.#check(head, 0)).fill(bytes, at, onFrame)
  }

  /** Bytes that a head in several pieces has, as far as its beginning tells. */
  #headNeed(): number {
    const have = this.#headHave
    if (have < HEAD_BYTES || this.#head[5] !== FRAME.FRAGMENT) return HEAD_BYTES
    if (have === HEAD_BYTES) this.#check(this.#head, 0)
    return fragmentHeadBytes(this.#head, 0, have)
  }

  #resumeBody(bytes: Buffer, at: number, onFrame: OnFrame): number {
    const rest = this.#fill(bytes, at)
    if (this.#have < this.#total) return rest
    const body = this.#body as Buffer
    this.#body = undefined
    if (this.#kind === FRAME.PACKED) this.#unpack(body, 0, this.#total, onFrame)
    else onFrame(this.#kind as FrameKind, body, 0, this.#total)
    return rest
  }

  /** Frames that came compressed: whole ones only, and none that is itself PACKED. */
  #unpack(body: Buffer, start: number, end: number, onFrame: OnFrame): void {
    const bytes = this.#inflated(body, start, end)
    for (let at = 0; at < bytes.length && !this.#closed; ) {
      const left = bytes.length - at - HEAD_BYTES
      const kind = bytes[at + 5]
      const total = left < 0 ? 0 : this.#check(bytes, at)
      if (left < 0 || total > left) throw this.#bad('the last of those packed is cut short')
      if (kind === FRAME.PACKED) throw this.#bad('it is packed twice')
      const next = at + HEAD_BYTES + total
      if (kind === FRAME.FRAGMENT) {
        const assembler = this.#fragment(bytes, at, total)
        assembler.fill(bytes, next - assembler.left, onFrame)
      } else onFrame(kind as FrameKind, bytes, at + HEAD_BYTES, next)
      at = next
    }
  }

  /** The head of a fragment is there: what follows it is the assembler's. */
  #fragment(bytes: Buffer, at: number, total: number): Assembler {
    this.#assembler ??= new Assembler(this.#maxMessageBytes)
    const assembler = this.#assembler
    try {
      assembler.begin(bytes, at + HEAD_BYTES, total)
    } catch (error) {
      this.close()
      throw error
    }
    this.fragments++
    return assembler
  }

  /** Keeps the beginning of a frame that ends in a later chunk. */
  #keep(bytes: Buffer, at: number): void {
    const rest = bytes.length - at
    if (rest < HEAD_BYTES || bytes[at + 5] === FRAME.FRAGMENT) {
      bytes.copy(this.#head, 0, at)
      this.#headHave = rest
      return
    }
    this.#begin(bytes, at)
    this.#fill(bytes, at + HEAD_BYTES)
  }

  #begin(bytes: Buffer, at: number): void {
    this.#total = this.#check(bytes, at)
    this.#kind = bytes[at + 5] as number
    this.#have = 0
    this.#body = Buffer.allocUnsafe(Math.min(this.#total, ON_TRUST))
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

/** Limits by kind for the last size asked for: one for all connections of a node. */
let lastLimits = new Float64Array(0)
let lastMaxBytes = -1

function limitsFor(maxMessageBytes: number): Float64Array {
  if (maxMessageBytes === lastMaxBytes) return lastLimits
  const limits = new Float64Array(256)
  for (let kind = 0; kind < 256; kind++) limits[kind] = bodyLimit(kind, maxMessageBytes)
  lastMaxBytes = maxMessageBytes
  lastLimits = limits
  return limits
}
