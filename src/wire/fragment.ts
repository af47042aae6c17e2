import { TroupeError } from '../base/errors.js'
import { MAX_MESSAGE_BYTES } from './codec.js'
import { bodyLimit, CONTROL_LIMIT, FRAME, type FrameKind, HEAD_BYTES } from './frame.js'
import type { OnFrame } from './frame-reader.js'
import { type EncodedFrame, putHead } from './frame-writer.js'

/*
 * The body of a FRAGMENT frame:
 *
 *     0   u32 LE  stream   which large frame of this connection
 *     4   u32 LE  offset   where in that frame's body these bytes belong: fragments come in order
 *     8   u8      flags    FIRST, LAST
 *     9   u8      kind     with FIRST: kind of the large frame
 *     10  u32 LE  total    with FIRST: bytes of its body
 *     …           bytes    at least one
 */
const FIRST = 1
const LAST = 2
const SHORT = 9
const LONG = 14
/** The head of the longest FRAGMENT frame, up to where its bytes begin. */
export const FRAGMENT_HEAD_MAX = HEAD_BYTES + LONG

/** Large frames under way at a time on one connection. The sender keeps to it as the receiver does. */
export const MAX_STREAMS = 64
/** Bytes of all large frames under way on one connection, as a multiple of `maxMessageBytes`. */
const STREAM_BYTES_FACTOR = 2

/** True when another large frame of that size may begin beside `open` frames of `openBytes` in all. */
export function mayBegin(
  open: number,
  openBytes: number,
  bytes: number,
  maxMessageBytes: number = MAX_MESSAGE_BYTES,
): boolean {
  return open < MAX_STREAMS && openBytes + bytes <= budget(maxMessageBytes)
}

/** Control frames are cut too, however small the limit of messages. */
const budget = (maxMessageBytes: number): number =>
  STREAM_BYTES_FACTOR * Math.max(bodyLimit(FRAME.RELAY, maxMessageBytes), CONTROL_LIMIT)

/** Cuts one large frame into FRAGMENT frames, without copying its bytes. */
export class Fragmenter {
  readonly stream: number
  readonly #kind: number
  readonly #total: number
  readonly #chunks: readonly Uint8Array[]
  #chunk = 0
  #chunkAt = HEAD_BYTES
  #offset = 0

  /** `stream` numbers the large frames of a connection; `frame` is as `takeLarge` gave it, with its head. */
  constructor(stream: number, frame: EncodedFrame) {
    this.stream = stream >>> 0
    this.#chunks = frame.chunks
    this.#kind = frame.chunks[0]?.[5] ?? 0
    this.#total = frame.bytes - HEAD_BYTES
  }

  /** Bytes of the frame that are in no fragment yet. */
  get bytesLeft(): number {
    return this.#total - this.#offset
  }

  get done(): boolean {
    return this.#offset === this.#total
  }

  /**
   * The next fragment as a whole frame in pieces, carrying at most `maxBytes` (at least 1) of the
   * large frame.
   */
  next(maxBytes: number): Uint8Array[] {
    const count = Math.min(maxBytes, this.bytesLeft)
    const first = this.#offset === 0
    const head = Buffer.allocUnsafe(HEAD_BYTES + (first ? LONG : SHORT))
    putHead(head, 0, FRAME.FRAGMENT, head.length - HEAD_BYTES + count)
    head.writeUInt32LE(this.stream, HEAD_BYTES)
    head.writeUInt32LE(this.#offset, HEAD_BYTES + 4)
    if (first) {
      head[HEAD_BYTES + 9] = this.#kind
      head.writeUInt32LE(this.#total, HEAD_BYTES + 10)
    }
    const pieces: Uint8Array[] = [head]
    this.#cut(count, pieces)
    head[HEAD_BYTES + 8] = (first ? FIRST : 0) | (this.done ? LAST : 0)
    return pieces
  }

  #cut(count: number, into: Uint8Array[]): void {
    let left = count
    while (left > 0) {
      // Chunks shrink when their owner detaches them too soon: its message is lost then, not the line.
      const chunk = this.#chunks[this.#chunk] ?? new Uint8Array(left)
      const end = Math.max(this.#chunkAt, Math.min(chunk.length, this.#chunkAt + left))
      if (end > this.#chunkAt) into.push(chunk.subarray(this.#chunkAt, end))
      left -= end - this.#chunkAt
      this.#chunkAt = end
      if (end >= chunk.length) {
        this.#chunk++
        this.#chunkAt = 0
      }
    }
    this.#offset += count
  }
}

/**
 * Bytes of a FRAGMENT frame before those of the large one, of which `have` are there; only a lower
 * bound, above `have`, while that is too little to tell.
 */
export const fragmentHeadBytes = (bytes: Uint8Array, at: number, have: number): number =>
  have >= HEAD_BYTES + SHORT && ((bytes[at + HEAD_BYTES + 8] as number) & FIRST) !== 0
    ? HEAD_BYTES + LONG
    : HEAD_BYTES + SHORT

const NOTHING = Buffer.alloc(0)

/** A large frame under way: `have` of `total` bytes are in `body`. */
class Stream {
  have = 0
  body: Buffer
  constructor(
    readonly id: number,
    readonly kind: FrameKind,
    readonly total: number,
    /** Its memory was taken at once. */
    readonly trusted: boolean,
  ) {
    this.body = Buffer.allocUnsafeSlow(trusted ? total : Math.min(total, FIRST_STEP))
  }

  /**
   * The whole, which is not held any longer: a Map that outgrew its table leaves the old one pointing to what
   * it held and to its successor, so that one dead table which got old kept all that came after it alive.
   */
  release(): Buffer {
    const { body } = this
    this.body = NOTHING
    return body
  }

  /** Where the next bytes go; never empty while some are missing. */
  room(): Buffer {
    if (this.have === this.body.length) this.grow(this.have + 1)
    return this.body.subarray(this.have)
  }

  /** Room for `bytes` in all: doubles, so that memory follows what has come in. */
  grow(bytes: number): void {
    const size = Math.min(this.total, Math.max(2 * this.body.length, bytes))
    const body = Buffer.allocUnsafeSlow(size)
    this.body.copy(body, 0, 0, this.have)
    this.body = body
  }
}

/** All large frames under way on a connection get so much memory at once on their sender's word … */
const ON_TRUST = 16 * 1024 * 1024
/** … and beyond that each so much; the rest as bytes come in. */
const FIRST_STEP = 256 * 1024

/**
 * Puts the large frames of one connection together again: each byte is read to its place in the whole,
 * where the network can do that (`room`), or copied there once. Bounded in number and bytes by what `mayBegin` allows the
 * sender; memory follows what has come in, not what was announced. When the connection goes, so does
 * the assembler.
 */
export class Assembler {
  readonly #maxMessageBytes: number
  readonly #streams = new Map<number, Stream>()
  #openBytes = 0
  /** Bytes announced by frames whose memory was taken at once. */
  #trusted = 0
  /** The large frame that the fragment at hand belongs to. */
  #current: Stream | undefined
  /** Bytes of the fragment at hand that are still to come. */
  left = 0

  constructor(maxMessageBytes: number = MAX_MESSAGE_BYTES) {
    this.#maxMessageBytes = maxMessageBytes
  }

  /** Large frames of which a part has come in. */
  get open(): number {
    return this.#streams.size
  }

  /**
   * A fragment begins: its head lies at `at`, and its frame's body has `total` bytes. What follows
   * the head goes to `fill`, until `left` is 0.
   * @throws TroupeError ERR_BAD_FRAME; close the connection then
   */
  begin(bytes: Buffer, at: number, total: number): void {
    if (total < SHORT) throw bad('it is too short')
    const id = bytes.readUInt32LE(at)
    const flags = bytes[at + 8] as number
    if ((flags & ~(FIRST | LAST)) !== 0) throw bad('its flags are unknown')
    const first = (flags & FIRST) !== 0
    if (first && total < LONG) throw bad('it is too short')
    const stream = first ? this.#open(id, bytes, at) : this.#streams.get(id)
    if (stream === undefined) throw bad(`stream ${id} was never begun`)
    if (bytes.readUInt32LE(at + 4) !== stream.have) throw bad('it does not follow the last one')
    const count = total - (first ? LONG : SHORT)
    const have = stream.have + count
    if (count === 0) throw bad('it is empty')
    if (have > stream.total) throw bad('there is more than was announced')
    if ((have === stream.total) !== ((flags & LAST) !== 0)) throw bad('it ends in the wrong place')
    this.#current = stream
    this.left = count
  }

  /** Takes what belongs to the fragment at hand and says where the rest begins; `onFrame` when a large frame is complete. */
  fill(bytes: Buffer, at: number, onFrame: OnFrame): number {
    const stream = this.#current as Stream
    const end = at + Math.min(this.left, bytes.length - at)
    const have = stream.have + end - at
    if (have > stream.body.length) stream.grow(have)
    bytes.copy(stream.body, stream.have, at, end)
    this.filled(end - at, onFrame)
    return end
  }

  /** Memory that the rest of the fragment at hand belongs in, or a part of it. Only while `left` is above 0. */
  room(): Uint8Array {
    const room = (this.#current as Stream).room()
    return room.length > this.left ? room.subarray(0, this.left) : room
  }

  /** So many bytes were written to `room`. */
  filled(count: number, onFrame: OnFrame): void {
    const stream = this.#current as Stream
    stream.have += count
    this.left -= count
    if (stream.have !== stream.total) return
    this.#streams.delete(stream.id)
    this.#openBytes -= stream.total
    if (stream.trusted) this.#trusted -= stream.total
    this.#current = undefined
    onFrame(stream.kind, stream.release(), 0, stream.total)
  }

  #open(id: number, bytes: Buffer, at: number): Stream {
    if (this.#streams.has(id)) throw bad(`stream ${id} is begun twice`)
    const kind = bytes[at + 9] as number
    const total = bytes.readUInt32LE(at + 10)
    if (kind < FRAME.OVERLAY || kind === FRAME.FRAGMENT) throw bad(`kind ${kind} is never cut`)
    const limit = bodyLimit(kind, this.#maxMessageBytes)
    if (total === 0 || total > limit) throw bad(`it announces ${total} bytes, above ${limit}`)
    if (!mayBegin(this.#streams.size, this.#openBytes, total, this.#maxMessageBytes)) {
      throw bad(`too much is under way: ${this.#streams.size} frames, ${this.#openBytes} bytes`)
    }
    const trusted = this.#trusted + total <= ON_TRUST
    const stream = new Stream(id, kind as FrameKind, total, trusted)
    if (trusted) this.#trusted += total
    this.#streams.set(id, stream)
    this.#openBytes += total
    return stream
  }
}

const bad = (detail: string): TroupeError =>
  new TroupeError('ERR_BAD_FRAME', `a fragment is malformed: ${detail}`)
