import { ByteBatch, OVERFLOW } from './byte-batch.js'
import {
  COST_BIGINT,
  COST_STRING,
  EXT_BIGINT,
  EXT_BOX,
  EXT_UNDEFINED,
  MAX_BIGINT_BYTES,
} from './value-format.js'

/**
 * The words of MessagePack, written in place. Heads may be a byte or two longer than they need be:
 * nothing that is written is ever moved for them.
 */
export class TokenWriter extends ByteBatch {
  /** What the record in progress costs its receiver so far, see COST_LIMIT. */
  cost = 0
  /** Bytes that belong to the record in progress but lie elsewhere. */
  liftedBytes = 0

  /** Bytes of the record in progress, those that lie elsewhere included. */
  get size(): number {
    return this.at - this.start + this.liftedBytes
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.at++] = value
  }

  undefined(): void {
    this.reserve(3)
    this.buffer[this.at++] = 0xd4
    this.buffer[this.at++] = EXT_UNDEFINED
    this.buffer[this.at++] = 0
  }

  number(value: number): void {
    this.reserve(9)
    const buffer = this.buffer
    const at = this.at
    if (value === (value | 0) && (value !== 0 || 1 / value > 0)) {
      if (value >= -32 && value < 128) {
        buffer[at] = value
        this.at = at + 1
      } else if (value >= -128 && value < 256) {
        buffer[at] = value < 0 ? 0xd0 : 0xcc
        buffer[at + 1] = value
        this.at = at + 2
      } else if (value >= -32768 && value < 65536) {
        buffer[at] = value < 0 ? 0xd1 : 0xcd
        buffer[at + 1] = value >> 8
        buffer[at + 2] = value
        this.at = at + 3
      } else {
        buffer[at] = 0xd2
        this.view.setInt32(at + 1, value)
        this.at = at + 5
      }
    } else if (value === value >>> 0 && value !== 0) {
      buffer[at] = 0xce
      this.view.setUint32(at + 1, value)
      this.at = at + 5
    } else {
      buffer[at] = 0xcb
      this.view.setFloat64(at + 1, value)
      this.at = at + 9
    }
  }

  /** False for half a surrogate pair, which UTF-8 cannot hold: nothing is written then. */
  text(value: string): boolean {
    const length = value.length
    if (length > 31) return this.#longText(value)
    this.reserve(32)
    const buffer = this.buffer
    let at = this.at
    buffer[at++] = 0xa0 | length
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) return this.#longText(value)
      buffer[at++] = code
    }
    this.at = at
    this.cost += COST_STRING
    return true
  }

  #longText(value: string): boolean {
    if (!(value as WellFormed).isWellFormed()) return false
    this.cost += COST_STRING
    let room = value.length * 3
    if (room > 0xffff || this.size + room > this.limit) room = Buffer.byteLength(value, 'utf8')
    this.mustFit(room)
    this.reserve(room + 5)
    const head = room < 256 ? 2 : room < 65536 ? 3 : 5
    const at = this.at
    const bytes = this.buffer.write(value, at + head, 'utf8')
    this.buffer[at] = head === 2 ? 0xd9 : head === 3 ? 0xda : 0xdb
    if (head === 2) this.buffer[at + 1] = bytes
    else if (head === 3) this.view.setUint16(at + 1, bytes)
    else this.view.setUint32(at + 1, bytes)
    this.at = at + head + bytes
    return true
  }

  /** False beyond MAX_BIGINT_BYTES: nothing is written then. */
  bigint(value: bigint): boolean {
    if (value < INT64_MIN || value > UINT64_MAX) return this.#longBigint(value)
    this.reserve(9)
    this.cost += COST_BIGINT
    const at = this.at
    this.buffer[at] = value > INT64_MAX ? 0xcf : 0xd3
    if (value > INT64_MAX) this.view.setBigUint64(at + 1, value)
    else this.view.setBigInt64(at + 1, value)
    this.at = at + 9
    return true
  }

  #longBigint(value: bigint): boolean {
    if (value > BIGINT_MAX || value < -BIGINT_MAX) return false
    const digits = (value < 0n ? -value : value).toString(16).length
    const bytes = (digits >> 1) + 1
    const complement = BigInt.asUintN(8 * bytes, value).toString(16)
    this.cost += COST_BIGINT + (bytes >> 3)
    this.mustFit(bytes)
    this.reserve(bytes + 6)
    const at = this.at
    this.buffer[at] = 0xc9
    this.view.setUint32(at + 1, bytes)
    this.buffer[at + 5] = EXT_BIGINT
    this.buffer.write(complement.padStart(2 * bytes, '0'), at + 6, 'hex')
    this.at = at + 6 + bytes
    return true
  }

  bytes(value: Uint8Array): void {
    const { length } = value
    this.mustFit(length)
    this.reserve(length + 5)
    if (length < 256) {
      this.buffer[this.at++] = 0xc4
      this.buffer[this.at++] = length
    } else this.#head(0xc5, length)
    this.buffer.set(value, this.at)
    this.at += length
  }

  arrayHead(count: number): void {
    this.reserve(5)
    if (count < 16) this.buffer[this.at++] = 0x90 | count
    else this.#head(0xdc, count)
  }

  mapHead(count: number): void {
    this.reserve(5)
    if (count < 16) this.buffer[this.at++] = 0x80 | count
    else this.#head(0xde, count)
  }

  /** A box with `count` items after its kind. */
  boxHead(kind: number, count: number): void {
    this.reserve(9)
    this.buffer[this.at++] = 0xd4
    this.buffer[this.at++] = EXT_BOX
    this.buffer[this.at++] = 0
    this.arrayHead(count + 1)
    this.buffer[this.at++] = kind
  }

  /** A head of 16 bits, or with the next token 32. Room is reserved. */
  #head(token: number, count: number): void {
    if (count < 65536) {
      this.buffer[this.at] = token
      this.view.setUint16(this.at + 1, count)
      this.at += 3
    } else {
      this.buffer[this.at] = token + 1
      this.view.setUint32(this.at + 1, count)
      this.at += 5
    }
  }

  /** Before anything large is reserved or kept. @throws OVERFLOW */
  mustFit(more: number): void {
    if (this.size + more > this.limit) throw OVERFLOW
  }
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const UINT64_MAX = 2n ** 64n - 1n
const BIGINT_MAX = 2n ** BigInt(8 * MAX_BIGINT_BYTES - 1) - 1n

type WellFormed = string & { isWellFormed(): boolean }
