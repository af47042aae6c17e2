import { ByteBatch, OVERFLOW } from './byte-batch.js'
import { type Step, WIRE } from './trail.js'
import {
  BOX,
  BYTES_KINDS,
  COST_BIGINT,
  COST_BOX,
  COST_CONTAINER,
  COST_ERROR,
  COST_LIMIT,
  COST_STRING,
  ERROR_CAUSE,
  ERROR_CODE,
  ERROR_DATA,
  ERROR_STACK,
  EXT_BIGINT,
  EXT_BOX,
  EXT_UNDEFINED,
  LIFT_ABOVE,
  MAX_BIGINT_BYTES,
  MAX_DEPTH,
  type RegisteredClass,
  type WriterPorts,
} from './value-format.js'

/** Thrown inside `write` for a value that cannot cross; `refusal` and the trail say more. */
export const REFUSED: unique symbol = Symbol('refused')

/**
 * Checks values and writes them in one pass, in place. It leaves a trail of the way to the value it
 * is at, one step a level, so that a refusal can name the path without a second walk; `refusal` then
 * completes "arguments[0].a …". Depth and cost bound cycles and shared structures, with no set of
 * ancestors.
 */
export class ValueWriter extends ByteBatch {
  /** Byte payloads lifted out of the record in progress, in the order they were met. */
  lifts: Uint8Array[] = []
  liftedBytes = 0
  refusal = ''
  /** Steps of the trail that lead to the value refused, or to where code of users was last called. */
  reached = 0
  readonly trail: Step[] = new Array<Step>(MAX_DEPTH + 2).fill('')
  #cost = 0
  #lift = true
  #ports: WriterPorts = NO_PORTS

  /** Bytes of the record in progress, payloads included. */
  get size(): number {
    return this.at - this.start + this.liftedBytes
  }

  /** Must precede the `list` or `write` of every record. Without `lift` all bytes stay in line. */
  open(ports: WriterPorts, lift: boolean): void {
    this.#ports = ports
    this.#lift = lift
    this.#cost = 0
    this.liftedBytes = 0
    if (this.lifts.length > 0) this.lifts = []
  }

  /** The cost of the last record must not exceed what its reader will take. @throws REFUSED */
  close(): void {
    if (this.#cost > COST_LIMIT) throw this.refuse(0, TOO_MUCH)
  }

  /** An array. @throws REFUSED, OVERFLOW */
  list(values: readonly unknown[], depth: number): void {
    const count = values.length
    if ((this.#cost += COST_CONTAINER + count) > COST_LIMIT) throw this.refuse(depth, TOO_MUCH)
    this.arrayHead(count)
    const trail = this.trail
    for (let i = 0; i < count; i++) {
      trail[depth] = i
      const value = values[i]
      if (value === undefined && !(i in values)) throw this.refuse(depth + 1, HOLE)
      this.write(value, depth + 1)
    }
  }

  /** Any value; `depth` counts the containers around it. @throws REFUSED, OVERFLOW */
  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        return this.text(value, depth)
      case 'number':
        return this.number(value)
      case 'object':
        return value === null ? this.byte(0xc0) : this.#object(value, depth)
      case 'boolean':
        return this.byte(value ? 0xc3 : 0xc2)
      case 'undefined':
        this.reserve(3)
        this.buffer[this.at++] = 0xd4
        this.buffer[this.at++] = EXT_UNDEFINED
        this.buffer[this.at++] = 0
        return
      case 'bigint':
        return this.#bigint(value, depth)
      default:
        throw this.refuse(depth, `is a ${typeof value}, which cannot cross the wire`)
    }
  }

  /** Notes why and where; the caller throws what this returns. */
  refuse(depth: number, refusal: string): typeof REFUSED {
    this.refusal = refusal
    this.reached = depth
    return REFUSED
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.at++] = value
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

  text(value: string, depth: number): void {
    const length = value.length
    if (length > 31) return this.#longText(value, depth)
    this.reserve(32)
    const buffer = this.buffer
    let at = this.at
    buffer[at++] = 0xa0 | length
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 127) return this.#longText(value, depth)
      buffer[at++] = code
    }
    this.at = at
    this.#cost += COST_STRING
  }

  arrayHead(count: number): void {
    this.reserve(5)
    if (count < 16) this.buffer[this.at++] = 0x90 | count
    else this.#head(0xdc, count)
  }

  /** Where a head may be a byte longer than needed, it is: nothing is ever moved. */
  #longText(value: string, depth: number): void {
    if (!(value as WellFormed).isWellFormed()) throw this.refuse(depth, SURROGATE)
    this.#cost += COST_STRING
    let room = value.length * 3
    if (room > 0xffff) room = Buffer.byteLength(value, 'utf8')
    this.#mustFit(room)
    this.reserve(room + 5)
    const head = room < 256 ? 2 : room < 65536 ? 3 : 5
    const at = this.at
    const bytes = this.buffer.write(value, at + head, 'utf8')
    this.buffer[at] = head === 2 ? 0xd9 : head === 3 ? 0xda : 0xdb
    if (head === 2) this.buffer[at + 1] = bytes
    else if (head === 3) this.view.setUint16(at + 1, bytes)
    else this.view.setUint32(at + 1, bytes)
    this.at = at + head + bytes
  }

  #bigint(value: bigint, depth: number): void {
    this.#cost += COST_BIGINT
    this.reserve(9)
    const at = this.at
    if (value >= INT64_MIN && value <= UINT64_MAX) {
      this.buffer[at] = value > INT64_MAX ? 0xcf : 0xd3
      if (value > INT64_MAX) this.view.setBigUint64(at + 1, value)
      else this.view.setBigInt64(at + 1, value)
      this.at = at + 9
      return
    }
    if (value > BIGINT_MAX || value < -BIGINT_MAX) {
      throw this.refuse(depth, `is a bigint of more than ${MAX_BIGINT_BYTES} bytes`)
    }
    const digits = (value < 0n ? -value : value).toString(16).length
    const bytes = (digits >> 1) + 1
    const hex = BigInt.asUintN(8 * bytes, value).toString(16).padStart(2 * bytes, '0')
    this.#cost += bytes >> 3
    this.#mustFit(bytes)
    this.reserve(bytes + 6)
    this.buffer[this.at++] = 0xc9
    this.view.setUint32(this.at, bytes)
    this.buffer[this.at + 4] = EXT_BIGINT
    this.buffer.write(hex, this.at + 5, 'hex')
    this.at += 5 + bytes
  }

  #object(value: object, depth: number): void {
    if (depth > MAX_DEPTH) throw this.refuse(depth, TOO_DEEP)
    const prototype: object | null = Object.getPrototypeOf(value)
    if (prototype === Array.prototype) return this.list(value as unknown[], depth)
    if (prototype === Object.prototype || prototype === null) return this.#record(value, depth)
    if (prototype === Map.prototype) return this.#map(value as Map<unknown, unknown>, depth)
    if (prototype === Set.prototype) return this.#set(value as Set<unknown>, depth)
    if (prototype === Date.prototype) {
      this.#box(BOX.DATE, 1, depth)
      return this.number((value as Date).getTime())
    }
    const bytesKind = BYTES_KINDS.get(prototype)
    if (bytesKind !== undefined) return this.#bytes(value as Bytes, bytesKind, depth)
    const known = this.#ports.classes.get(prototype)
    if (known !== undefined) return this.#instance(value, known, depth)
    if (this.#ports.refs?.isRef(value)) return this.#ref(value, this.#ports.refs, depth)
    if (value instanceof Error) return this.#error(value, depth)
    throw this.refuse(depth, `is ${describe(value)}, whose class is not registered with the codec`)
  }

  #record(value: object, depth: number): void {
    const keys = Object.keys(value)
    const count = keys.length
    this.#cost += COST_CONTAINER + 2 * count
    if (this.#cost > COST_LIMIT) throw this.refuse(depth, TOO_MUCH)
    this.reserve(5)
    if (count < 16) this.buffer[this.at++] = 0x80 | count
    else this.#head(0xde, count)
    const trail = this.trail
    for (let i = 0; i < count; i++) {
      const key = keys[i] as string
      trail[depth] = key
      this.reached = depth + 1
      if (key === '__proto__') throw this.refuse(depth + 1, 'is a property that would be a prototype')
      this.text(key, depth + 1)
      this.write((value as Record<string, unknown>)[key], depth + 1)
    }
  }

  #map(map: Map<unknown, unknown>, depth: number): void {
    const { size } = map
    this.#box(BOX.MAP, 2 * size, depth)
    let index = 0
    for (const [key, value] of map) {
      this.trail[depth] = { of: 'key', index }
      this.write(key, depth + 1)
      this.trail[depth] = { of: 'value', index }
      this.write(value, depth + 1)
      index++
    }
    if (index !== size) throw this.refuse(depth, CHANGED)
  }

  #set(set: Set<unknown>, depth: number): void {
    const { size } = set
    this.#box(BOX.SET, size, depth)
    let index = 0
    for (const item of set) {
      this.trail[depth] = { of: 'item', index }
      this.write(item, depth + 1)
      index++
    }
    if (index !== size) throw this.refuse(depth, CHANGED)
  }

  #bytes(value: Bytes, kind: number, depth: number): void {
    const { byteLength } = value
    const bytes =
      value instanceof ArrayBuffer
        ? new Uint8Array(value)
        : new Uint8Array(value.buffer, value.byteOffset, byteLength)
    this.#box(byteLength >= LIFT_ABOVE && this.#lift ? BOX.LIFT : BOX.BYTES, 2, depth)
    this.number(kind)
    if (byteLength >= LIFT_ABOVE && this.#lift) {
      this.number(byteLength)
      this.lifts.push(bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice())
      this.liftedBytes += byteLength
      return this.#mustFit(0)
    }
    this.#mustFit(byteLength)
    this.reserve(byteLength + 5)
    if (byteLength < 256) {
      this.buffer[this.at++] = 0xc4
      this.buffer[this.at++] = byteLength
    } else this.#head(0xc5, byteLength)
    this.buffer.set(bytes, this.at)
    this.at += byteLength
  }

  #instance(value: object, known: RegisteredClass, depth: number): void {
    this.reached = depth
    this.#box(BOX.CLASS, 2, depth)
    this.text(known.name, depth)
    this.trail[depth] = WIRE
    this.write(known.codec.toWire(value), depth + 1)
  }

  #ref(value: object, refs: NonNullable<WriterPorts['refs']>, depth: number): void {
    this.reached = depth
    const wire = refs.toWire(value)
    this.#box(BOX.REF, wire.length, depth)
    this.trail[depth] = WIRE
    for (const part of wire) this.write(part, depth + 1)
  }

  #error(error: Error & { code?: unknown; data?: unknown }, depth: number): void {
    this.#cost += COST_ERROR
    const { code, data } = error
    const hasStack = this.#ports.errorStacks && typeof error.stack === 'string'
    const bits =
      (code === undefined ? 0 : ERROR_CODE) |
      (Object.hasOwn(error, 'cause') ? ERROR_CAUSE : 0) |
      (data === undefined ? 0 : ERROR_DATA) |
      (hasStack ? ERROR_STACK : 0)
    this.#box(BOX.ERROR, 3 + countBits(bits), depth)
    this.number(bits)
    this.text(String(error.name), depth)
    this.text(String(error.message), depth)
    if (bits & ERROR_CODE) this.#field('code', code, depth)
    if (bits & ERROR_CAUSE) this.#field('cause', error.cause, depth)
    if (bits & ERROR_DATA) this.#field('data', data, depth)
    if (bits & ERROR_STACK) this.#field('stack', String(error.stack), depth)
  }

  #field(name: string, value: unknown, depth: number): void {
    this.trail[depth] = name
    this.write(value, depth + 1)
  }

  /** The head of a box with `count` items after its kind. */
  #box(kind: number, count: number, depth: number): void {
    this.#cost += COST_BOX + COST_CONTAINER + 1 + count
    if (this.#cost > COST_LIMIT) throw this.refuse(depth, TOO_MUCH)
    this.reserve(9)
    const buffer = this.buffer
    buffer[this.at++] = 0xd4
    buffer[this.at++] = EXT_BOX
    buffer[this.at++] = 0
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

  /** Before anything large is reserved or kept. */
  #mustFit(more: number): void {
    if (this.at - this.start + this.liftedBytes + more > this.limit) throw OVERFLOW
  }
}

const NO_PORTS: WriterPorts = { refs: undefined, classes: new Map(), errorStacks: false }
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const UINT64_MAX = 2n ** 64n - 1n
const BIGINT_MAX = 2n ** BigInt(8 * MAX_BIGINT_BYTES - 1) - 1n

const TOO_DEEP = `lies deeper than ${MAX_DEPTH} levels`
const TOO_MUCH = 'holds too many values for one message (or a part shared very often)'
const HOLE = 'is a hole in a sparse array'
const SURROGATE = 'is a string with half a surrogate pair, which UTF-8 cannot hold'
const CHANGED = 'changed while it was encoded'

type Bytes = ArrayBuffer | (ArrayBufferView & { readonly buffer: ArrayBuffer })
type WellFormed = string & { isWellFormed(): boolean }

const countBits = (bits: number): number =>
  (bits & 1) + ((bits >> 1) & 1) + ((bits >> 2) & 1) + ((bits >> 3) & 1)

function describe(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object'
}
