/** The first slab, out of Node's pool: many a lane never writes more. */
const FIRST_SLAB = 1024
const SLAB_MIN = 4 * 1024
const SLAB_MAX = 128 * 1024

/** Thrown by `reserve` when the record in progress outgrew its limit; never leaves `wire/`. */
export const OVERFLOW: unique symbol = Symbol('overflow')

/**
 * Bytes written one record (a frame, a body) after the other into slabs that are never written again
 * once taken. A record that does not fit its slab moves to a new one by itself: what was finished
 * before it stays where it is, so growth copies each byte at most about twice. What is taken are
 * views; the rest of the slab serves the records that follow.
 */
export class ByteBatch {
  /** The slab being filled. Write to it only below what `reserve` promised. */
  buffer: Buffer = EMPTY
  view: DataView = EMPTY_VIEW
  /** Where the next byte goes. */
  at = 0
  /** Where the record in progress begins. */
  start = 0
  /** Bytes the record in progress may have. */
  limit = Number.MAX_SAFE_INTEGER
  #segment = 0
  #sealed: Uint8Array[] = []
  #sealedBytes = 0
  /** Records of another batch, one behind the other there, that follow all others. */
  #run: Buffer | undefined = undefined
  #runStart = 0
  #runEnd = 0

  /** Bytes of finished records that nobody took yet. */
  get finishedBytes(): number {
    return this.#sealedBytes + this.start - this.#segment + this.#runEnd - this.#runStart
  }

  /** Begins a record of at most `limit` bytes. The one before must be finished or dropped. */
  begin(limit: number): void {
    if (this.#run !== undefined) this.#endRun()
    this.start = this.at
    this.limit = limit
  }

  /** The record in progress becomes part of the batch. */
  finish(): void {
    this.start = this.at
  }

  /** The record in progress never was. */
  drop(): void {
    this.at = this.start
    if (this.buffer.length > SLAB_MAX && this.#segment === this.start) this.#forget()
  }

  /** Makes room for `count` more bytes. @throws OVERFLOW when the record is over its limit already */
  reserve(count: number): void {
    if (this.at + count > this.buffer.length) this.#grow(count)
  }

  /** Takes the record in progress out of the batch: a view nobody writes to again. */
  detach(): Uint8Array {
    this.#endRun()
    this.#seal(this.start)
    const record = this.buffer.subarray(this.start, this.at)
    this.start = this.#segment = this.at
    if (this.buffer.length > SLAB_MAX) this.#forget()
    return record
  }

  /** Puts finished bytes behind all others without copying them. */
  append(bytes: Uint8Array): void {
    this.#endRun()
    this.#seal(this.start)
    this.#sealed.push(bytes)
    this.#sealedBytes += bytes.length
  }

  /** The same for part of a buffer; what follows what was put last is put with it. */
  appendPart(bytes: Buffer, start: number, end: number): void {
    if (bytes !== this.#run || start !== this.#runEnd) {
      this.#endRun()
      this.#seal(this.start)
      this.#run = bytes
      this.#runStart = start
    }
    this.#runEnd = end
  }

  #endRun(): void {
    if (this.#run === undefined) return
    this.#sealed.push(this.#run.subarray(this.#runStart, this.#runEnd))
    this.#sealedBytes += this.#runEnd - this.#runStart
    this.#run = undefined
    this.#runStart = this.#runEnd = 0
  }

  /** Takes all finished records, oldest first. */
  take(): Uint8Array[] {
    if (this.#run !== undefined) this.#endRun()
    const taken = this.#sealedBytes === 0 ? this.#takeOnly() : this.#takeSealed()
    if (this.buffer.length > SLAB_MAX && this.at === this.start) this.#forget()
    return taken
  }

  /** The common case: all of it lies in one slab. */
  #takeOnly(): Uint8Array[] {
    const from = this.#segment
    this.#segment = this.start
    return from === this.start ? [] : [this.buffer.subarray(from, this.start)]
  }

  #takeSealed(): Uint8Array[] {
    this.#seal(this.start)
    const taken = this.#sealed
    this.#sealed = []
    this.#sealedBytes = 0
    return taken
  }

  #seal(end: number): void {
    if (end === this.#segment) return
    this.#sealed.push(this.buffer.subarray(this.#segment, end))
    this.#sealedBytes += end - this.#segment
    this.#segment = end
  }

  /** A slab as large as the traffic of this tick suggests: 4 KiB for a quiet lane, and 1 KiB to begin with. */
  #grow(count: number): void {
    const used = this.at - this.start
    if (used > this.limit) throw OVERFLOW
    this.#seal(this.start)
    const busy = Math.min(2 * this.#sealedBytes, SLAB_MAX)
    const size = Math.max(SLAB_MIN, used + count, 2 * used, busy)
    const slab =
      this.buffer === EMPTY && used + count <= FIRST_SLAB
        ? Buffer.allocUnsafe(FIRST_SLAB)
        : Buffer.allocUnsafeSlow(Math.ceil(size / SLAB_MIN) * SLAB_MIN)
    this.buffer.copy(slab, 0, this.start, this.at)
    this.buffer = slab
    this.view = new DataView(slab.buffer, slab.byteOffset, slab.byteLength)
    this.#segment = this.start = 0
    this.at = used
  }

  /** An extraordinarily large slab is not kept for small records. */
  #forget(): void {
    this.buffer = EMPTY
    this.view = EMPTY_VIEW
    this.at = this.start = this.#segment = 0
  }
}

const EMPTY = Buffer.alloc(0)
const EMPTY_VIEW = new DataView(EMPTY.buffer, EMPTY.byteOffset, 0)
