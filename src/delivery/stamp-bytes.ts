/** So few bytes are copied faster one by one. */
const LOOP_MAX = 48
const SLAB_BYTES = 8 * 1024

/** Writes small binary records into memory of its own; `take` gives bytes that nobody writes to again. */
export class StampWriter {
  #bytes = new Uint8Array(1024)
  #at = 0
  /** Small records are taken as views of it: an array with memory of its own is twice as large. */
  #slab = new Uint8Array(0)
  #used = SLAB_BYTES

  begin(): void {
    this.#at = 0
  }

  u8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  u32(value: number): void {
    this.#reserve(4)
    const bytes = this.#bytes
    bytes[this.#at++] = value
    bytes[this.#at++] = value >>> 8
    bytes[this.#at++] = value >>> 16
    bytes[this.#at++] = value >>> 24
  }

  /** 48 bits, the lowest byte first. */
  u48(value: number): void {
    this.u32(value >>> 0)
    const high = Math.floor(value / 2 ** 32)
    this.u8(high)
    this.u8(high >>> 8)
  }

  /** 7 bits a byte, the lowest first, in the shortest form; at most 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#at++] = rest
  }

  raw(bytes: Uint8Array): void {
    const { length } = bytes
    this.#reserve(length)
    if (length > LOOP_MAX) this.#bytes.set(bytes, this.#at)
    else for (let i = 0; i < length; i++) this.#bytes[this.#at + i] = bytes[i] as number
    this.#at += length
  }

  take(): Uint8Array {
    const length = this.#at
    if (length > LOOP_MAX) return this.#bytes.slice(0, length)
    if (this.#used + length > SLAB_BYTES) {
      this.#slab = new Uint8Array(SLAB_BYTES)
      this.#used = 0
    }
    const slab = this.#slab
    const used = this.#used
    for (let i = 0; i < length; i++) slab[used + i] = this.#bytes[i] as number
    this.#used = used + length
    return new Uint8Array(slab.buffer, used, length)
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + count))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

/**
 * Reads what a peer wrote and never throws: what is not there or not by the rules reads as 0, and
 * `failed` tells in the end.
 */
export class StampReader {
  readonly #bytes: Uint8Array
  #at: number
  #failed = false

  constructor(bytes: Uint8Array, start = 0) {
    this.#bytes = bytes
    this.#at = start
  }

  get failed(): boolean {
    return this.#failed
  }

  /** Bytes that were not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** True when all was by the rules and nothing is left. */
  get complete(): boolean {
    return !this.#failed && this.left === 0
  }

  u8(): number {
    if (this.left < 1) return this.#fail()
    return this.#bytes[this.#at++] as number
  }

  u32(): number {
    if (this.left < 4) return this.#fail()
    const bytes = this.#bytes
    const at = this.#at
    this.#at += 4
    const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
    return low + ((bytes[at + 2] as number) | ((bytes[at + 3] as number) << 8)) * 65_536
  }

  u48(): number {
    if (this.left < 6) return this.#fail()
    const low = this.u32()
    return low + (this.u8() + this.u8() * 256) * 2 ** 32
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8 && this.#at < this.#bytes.length; i++) {
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if ((byte === 0 && i > 0) || value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    return this.#fail()
  }

  /** Where the next byte is read. */
  get at(): number {
    return this.#at
  }

  #fail(): number {
    this.#failed = true
    this.#at = this.#bytes.length
    return 0
  }
}
