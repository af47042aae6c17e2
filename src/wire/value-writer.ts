import { TokenWriter } from './token-writer.js'
import { type Step, WIRE } from './trail.js'
import {
  BOX,
  BYTES_KINDS,
  COST_BOX,
  COST_CONTAINER,
  COST_ERROR,
  COST_LIMIT,
  ERROR_CAUSE,
  ERROR_CODE,
  ERROR_DATA,
  ERROR_STACK,
  LIFT_ABOVE,
  MAX_BIGINT_BYTES,
  MAX_DEPTH,
  type RefPort,
  type RegisteredClass,
  type WriterPorts,
} from './value-format.js'

/** Thrown inside `write` for a value that cannot cross; `refusal` and the trail say more. */
export const REFUSED: unique symbol = Symbol('refused')

/**
 * Checks values and writes them in one pass, in place. It leaves a trail of the way to the value it
 * is at, one step a level, so that a refusal can name the path without a second walk; `refusal` then
 * completes "arguments[0].a …". Depth and cost bound cycles and shared structures, with no set of
 * ancestors. All of it throws REFUSED, and OVERFLOW beyond the limit of the record.
 */
export class ValueWriter extends TokenWriter {
  /** Byte payloads lifted out of the record in progress, in the order they were met. */
  lifts: Uint8Array[] = []
  refusal = ''
  /** Steps of the trail that lead to the value refused, or to where code of users was last called. */
  reached = 0
  readonly trail: Step[] = []
  #lift = true
  #ports: WriterPorts = NO_PORTS

  /** Must precede the `list` or `write` of every record. Without `lift` all bytes stay in line. */
  open(ports: WriterPorts, lift: boolean): void {
    this.#ports = ports
    this.#lift = lift
    this.cost = 0
    this.reached = 0
    this.liftedBytes = 0
    if (this.lifts.length > 0) this.lifts = []
  }

  /** Must follow: the whole record must not cost more than its reader will take. */
  close(): void {
    this.#charge(0, 0)
  }

  /** An array. */
  list(values: readonly unknown[], depth: number): void {
    const count = values.length
    this.#charge(COST_CONTAINER + count, depth)
    this.arrayHead(count)
    const trail = this.trail
    for (let i = 0; i < count; i++) {
      trail[depth] = i
      const value = values[i]
      if (value === undefined && !(i in values)) throw this.#refuse(depth + 1, HOLE)
      this.write(value, depth + 1)
    }
  }

  /** Any value; `depth` counts the containers around it. */
  write(value: unknown, depth: number): void {
    switch (typeof value) {
      case 'string':
        if (!this.text(value)) throw this.#refuse(depth, SURROGATE)
        break
      case 'number':
        this.number(value)
        break
      case 'object':
        if (value === null) this.byte(0xc0)
        else this.#object(value, depth)
        break
      case 'boolean':
        this.byte(value ? 0xc3 : 0xc2)
        break
      case 'undefined':
        this.undefined()
        break
      case 'bigint':
        if (!this.bigint(value)) throw this.#refuse(depth, LONG_BIGINT)
        break
      default:
        throw this.#refuse(depth, `is a ${typeof value}, which cannot cross the wire`)
    }
  }

  #object(value: object, depth: number): void {
    this.reached = depth
    if (depth > MAX_DEPTH) throw this.#refuse(depth, TOO_DEEP)
    const prototype: object | null = Object.getPrototypeOf(value)
    if (prototype === Array.prototype && Array.isArray(value)) this.list(value, depth)
    else if (prototype === Object.prototype || prototype === null) this.#record(value, depth)
    else this.#boxed(value, prototype, depth)
  }

  #record(value: object, depth: number): void {
    const keys = Object.keys(value)
    const count = keys.length
    this.#charge(COST_CONTAINER + 2 * count, depth)
    this.mapHead(count)
    const trail = this.trail
    for (let i = 0; i < count; i++) {
      const key = keys[i] as string
      trail[depth] = key
      this.reached = depth + 1
      if (key === '__proto__') throw this.#refuse(depth + 1, PROTO)
      if (!this.text(key)) throw this.#refuse(depth + 1, SURROGATE)
      this.write((value as Record<string, unknown>)[key], depth + 1)
    }
  }

  #boxed(value: object, prototype: object, depth: number): void {
    const { classes, refs } = this.#ports
    const bytesKind = BYTES_KINDS.get(prototype)
    const known = classes.get(prototype)
    if (prototype === Map.prototype) this.#map(value as Map<unknown, unknown>, depth)
    else if (prototype === Set.prototype) this.#set(value as Set<unknown>, depth)
    else if (prototype === Date.prototype) this.#date(value as Date, depth)
    else if (bytesKind !== undefined) this.#bytes(value as Bytes, bytesKind, depth)
    else if (known !== undefined) this.#instance(value, known, depth)
    else if (refs?.isRef(value)) this.#ref(value, refs, depth)
    else if (value instanceof Error) this.#error(value, depth)
    else throw this.#refuse(depth, `is ${describe(value)}: its class is not registered`)
  }

  #date(value: Date, depth: number): void {
    this.#box(BOX.DATE, 1, depth)
    this.number(value.getTime())
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
    if (index !== size) throw this.#refuse(depth, CHANGED)
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
    if (index !== size) throw this.#refuse(depth, CHANGED)
  }

  #bytes(value: Bytes, kind: number, depth: number): void {
    const bytes =
      value instanceof ArrayBuffer
        ? new Uint8Array(value)
        : new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    const lift = this.#lift && bytes.length >= LIFT_ABOVE
    this.#box(lift ? BOX.LIFT : BOX.BYTES, 2, depth)
    this.number(kind)
    if (!lift) {
      this.bytes(bytes)
      return
    }
    this.number(bytes.length)
    this.lifts.push(bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice())
    this.liftedBytes += bytes.length
    this.mustFit(0)
  }

  #instance(value: object, known: RegisteredClass, depth: number): void {
    this.#box(BOX.CLASS, 2, depth)
    this.text(known.name)
    const wire = known.codec.toWire(value)
    this.trail[depth] = WIRE
    this.write(wire, depth + 1)
  }

  #ref(value: object, refs: RefPort, depth: number): void {
    const wire = refs.toWire(value)
    this.#box(BOX.REF, wire.length, depth)
    this.trail[depth] = WIRE
    for (const part of wire) this.write(part, depth + 1)
  }

  #error(error: Error & { code?: unknown; data?: unknown }, depth: number): void {
    const { code, data } = error
    const stack = this.#ports.errorStacks ? error.stack : undefined // reading it costs its formatting
    const bits =
      (code === undefined ? 0 : ERROR_CODE) |
      (Object.hasOwn(error, 'cause') ? ERROR_CAUSE : 0) |
      (data === undefined ? 0 : ERROR_DATA) |
      (typeof stack === 'string' ? ERROR_STACK : 0)
    this.cost += COST_ERROR
    this.#box(BOX.ERROR, 3 + countBits(bits), depth)
    this.number(bits)
    this.#field('name', String(error.name), depth)
    this.#field('message', String(error.message), depth)
    if (bits & ERROR_CODE) this.#field('code', code, depth)
    if (bits & ERROR_CAUSE) this.#field('cause', error.cause, depth)
    if (bits & ERROR_DATA) this.#field('data', data, depth)
    if (bits & ERROR_STACK) this.#field('stack', stack, depth)
  }

  #field(name: string, value: unknown, depth: number): void {
    this.trail[depth] = name
    this.write(value, depth + 1)
  }

  #box(kind: number, count: number, depth: number): void {
    this.#charge(COST_BOX + COST_CONTAINER + 1 + count, depth)
    this.boxHead(kind, count)
  }

  #charge(cost: number, depth: number): void {
    this.cost += cost
    if (this.cost > COST_LIMIT) throw this.#refuse(depth, TOO_MUCH)
  }

  /** Notes why and where; the caller throws what this returns. */
  #refuse(depth: number, refusal: string): typeof REFUSED {
    this.refusal = refusal
    this.reached = depth
    return REFUSED
  }
}

const NO_PORTS: WriterPorts = { refs: undefined, classes: new Map(), errorStacks: false }

const TOO_DEEP = `lies deeper than ${MAX_DEPTH} levels`
const TOO_MUCH = 'holds too many values for one message, or a part shared very often'
const HOLE = 'is a hole in a sparse array'
const PROTO = 'is a property that would become a prototype'
const SURROGATE = 'is a string with half a surrogate pair, which UTF-8 cannot hold'
const LONG_BIGINT = `is a bigint of more than ${MAX_BIGINT_BYTES} bytes`
const CHANGED = 'changed while it was encoded'

type Bytes = ArrayBuffer | (ArrayBufferView & { readonly buffer: ArrayBuffer })

const countBits = (bits: number): number =>
  (bits & 1) + ((bits >> 1) & 1) + ((bits >> 2) & 1) + ((bits >> 3) & 1)

function describe(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${name}` : 'an object'
}
