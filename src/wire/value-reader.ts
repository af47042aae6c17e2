import { addExtension, Unpackr } from 'msgpackr'
import { TroupeError } from '../base/errors.js'
import {
  BOX,
  BYTES_CLASSES,
  type ClassCodec,
  COST_ERROR,
  COST_LIMIT,
  ERROR_CAUSE,
  ERROR_CODE,
  ERROR_DATA,
  ERROR_STACK,
  EXT_BOX,
  LIFT_ABOVE,
  type RefPort,
} from './value-format.js'
import { ValueScan } from './value-scan.js'

/**
 * Bytes that came in so small a piece are read from a copy: `unpack` makes a DataView for each buffer it
 * has not seen before, which costs more than to copy them.
 */
const SMALL_PIECE = 256
/** Fewer bytes are copied sooner by a loop than by a call into Node. */
const LOOP_BELOW = 48

/** What a reader of values needs to know of the codec it reads for. */
export interface ReaderPorts {
  readonly refs: RefPort | undefined
  readonly classesByName: ReadonlyMap<string, ClassCodec<unknown>>
}

/**
 * Bytes to values: the scan first, then msgpackr's `unpack`, which hands every box to `revive`. Bytes
 * in the head arrive as copies; lifted ones as views on what is read, consumed strictly in order.
 */
export class ValueReader {
  readonly #ports: ReaderPorts
  readonly #scan = new ValueScan()
  readonly #unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, copyBuffers: true })
  /** One object for all calls: `unpack` only reads it. */
  readonly #range = { start: 0, end: 0 }
  #small: Buffer | undefined
  #lifted: readonly Uint8Array[] = NONE
  #liftedIndex = 0
  #liftedAt = 0
  #boxes = 0
  #errors = 0
  #busy = false

  constructor(ports: ReaderPorts) {
    this.#ports = ports
  }

  /** Exactly one value from `start` to `end`. @throws TroupeError ERR_DECODE, and nothing else */
  read(bytes: Buffer, start: number, end: number, lifted: readonly Uint8Array[]): unknown {
    if (this.#busy) throw damaged('a fromWire used the codec of its node')
    const fault = this.#scan.fault(bytes, start, end)
    if (fault !== '') throw damaged(fault)
    const outer = reading.reader
    reading.reader = this
    this.#busy = true
    this.#begin(lifted)
    try {
      const value = this.#unpackr.unpack(this.#source(bytes, start, end), this.#range as never)
      this.#checkEnd()
      return value
    } catch (error) {
      if (error instanceof TroupeError && error.code === 'ERR_DECODE') throw error
      throw damaged('msgpackr refused it', error)
    } finally {
      reading.reader = outer
      this.#busy = false
      this.#lifted = NONE
    }
  }

  /** What `unpack` is to read, in `#range`. */
  #source(bytes: Buffer, start: number, end: number): Buffer {
    if (bytes.length > SMALL_PIECE) {
      this.#range.start = start
      this.#range.end = end
      return bytes
    }
    this.#small ??= Buffer.allocUnsafe(SMALL_PIECE)
    if (end - start > LOOP_BELOW) bytes.copy(this.#small, 0, start, end)
    else for (let i = start; i < end; i++) this.#small[i - start] = bytes[i] as number
    this.#range.start = 0
    this.#range.end = end - start
    return this.#small
  }

  #begin(lifted: readonly Uint8Array[]): void {
    this.#lifted = lifted
    this.#liftedIndex = 0
    this.#liftedAt = 0
    this.#boxes = 0
    this.#errors = 0
  }

  #checkEnd(): void {
    if (this.#boxes !== this.#scan.boxes) {
      throw damaged('another library took msgpackr extension 1 for itself')
    }
    if (this.#liftedIndex !== this.#lifted.length) throw damaged('payload bytes are left over')
  }

  /** What a box stands for. Everything in it was sent by a peer. */
  revive(wire: readonly unknown[]): unknown {
    this.#boxes++
    switch (wire[0]) {
      case BOX.DATE:
        return reviveDate(wire)
      case BOX.MAP:
        return reviveMap(wire)
      case BOX.SET:
        return new Set(wire.slice(1))
      case BOX.ERROR:
        this.#errors++
        if (this.#errors * COST_ERROR > COST_LIMIT) throw damaged('it holds too many errors')
        return reviveError(wire)
      case BOX.REF:
        return this.#ref(wire)
      case BOX.CLASS:
        return this.#instance(wire)
      case BOX.BYTES:
        return reviveBytes(wire[1], wire[2])
      case BOX.LIFT:
        return reviveBytes(wire[1], this.#take(wire[2]))
      default:
        throw damaged('a box is of no known kind')
    }
  }

  #ref(wire: readonly unknown[]): unknown {
    const { refs } = this.#ports
    if (refs === undefined) throw damaged('references to actors are not known here')
    reading.reader = undefined
    try {
      return refs.fromWire(wire.slice(1))
    } catch (error) {
      throw damaged('a reference to an actor could not be made', error)
    } finally {
      reading.reader = this
    }
  }

  /** Code of others runs with no reader at work, so that a box of its own is not taken for ours. */
  #instance(wire: readonly unknown[]): unknown {
    const name = wire[1]
    const codec = typeof name === 'string' ? this.#ports.classesByName.get(name) : undefined
    if (codec === undefined || wire.length !== 3) {
      throw damaged(`class ${JSON.stringify(name)?.slice(0, 100)} is not registered with the codec`)
    }
    reading.reader = undefined
    try {
      return codec.fromWire(wire[2])
    } catch (error) {
      throw damaged(`an instance of ${name} could not be made`, error)
    } finally {
      reading.reader = this
    }
  }

  #take(count: unknown): Uint8Array {
    const source = this.#lifted[this.#liftedIndex]
    if (typeof count !== 'number' || !(count >= LIFT_ABOVE) || !Number.isInteger(count)) {
      throw damaged('the length of a payload is wrong')
    }
    const end = this.#liftedAt + count
    if (source === undefined || !(end <= source.length)) throw damaged('a payload is missing')
    const taken = source.subarray(this.#liftedAt, end)
    this.#liftedAt = end
    if (end === source.length) {
      this.#liftedIndex++
      this.#liftedAt = 0
    }
    return taken
  }
}

/**
 * The reader whose `unpack` is running. msgpackr's extensions are not told, and belong to the process: so
 * does this, for where troupe is installed twice the last copy to load answers for all.
 */
const SLOT = Symbol.for('troupe.wire.reading')
const shared = globalThis as {
  [SLOT]?: { reader: { revive(wire: readonly unknown[]): unknown } | undefined }
}
shared[SLOT] ??= { reader: undefined }
const reading = shared[SLOT]

/** What msgpackr hands boxes to us by. */
export class Box {
  constructor(readonly wire: readonly unknown[]) {}
}

addExtension({
  Class: Box,
  type: EXT_BOX,
  write: (box: Box) => box.wire,
  read: (wire: readonly unknown[]) => {
    if (reading.reader === undefined) {
      throw new Error('MessagePack extension 1 belongs to troupe here')
    }
    return reading.reader.revive(wire)
  },
})

const NONE: readonly Uint8Array[] = []

export function damaged(detail: string, cause?: unknown): TroupeError {
  return new TroupeError(
    'ERR_DECODE',
    `what arrived cannot be decoded: ${detail}`,
    cause === undefined ? undefined : { cause },
  )
}

function reviveDate(wire: readonly unknown[]): Date {
  if (typeof wire[1] !== 'number') throw damaged('a date is no number')
  return new Date(wire[1])
}

function reviveMap(wire: readonly unknown[]): Map<unknown, unknown> {
  if (wire.length % 2 === 0) throw damaged('a map has a key without a value')
  const map = new Map<unknown, unknown>()
  for (let i = 1; i < wire.length; i += 2) map.set(wire[i], wire[i + 1])
  return map
}

/** Classes that an error is made of again; all other names arrive as an Error of that name. */
const ERRORS: ReadonlyMap<string, ErrorConstructor> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Class) => [
    Class.name,
    Class as ErrorConstructor,
  ]),
)

function reviveError(wire: readonly unknown[]): Error {
  const [, bits, name, message] = wire
  if (typeof bits !== 'number' || typeof name !== 'string' || typeof message !== 'string') {
    throw damaged('an error lacks its name or message')
  }
  const error = new (ERRORS.get(name) ?? Error)(message)
  let next = 4
  if (error.name !== name) hide(error, 'name', name)
  if (bits & ERROR_CODE) Object.assign(error, { code: wire[next++] })
  if (bits & ERROR_CAUSE) hide(error, 'cause', wire[next++])
  if (bits & ERROR_DATA) Object.assign(error, { data: wire[next++] })
  const stack = bits & ERROR_STACK ? wire[next++] : `${name}: ${message}\n    at another node`
  if (next !== wire.length || typeof stack !== 'string') throw damaged('an error has odd fields')
  error.stack = stack // own already, and hidden; to define it anew costs five times as much
  return error
}

function hide(error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  })
}

/** Elements must be aligned and an ArrayBuffer must be whole: copies where the bytes are not. */
function reviveBytes(kind: unknown, given: unknown): unknown {
  const Class = typeof kind === 'number' ? BYTES_CLASSES[kind] : undefined
  if (Class === undefined || !(given instanceof Uint8Array)) throw damaged('bytes are of no kind')
  if (Class === Buffer) return Buffer.from(given.buffer, given.byteOffset, given.length)
  const size = 'BYTES_PER_ELEMENT' in Class ? Class.BYTES_PER_ELEMENT : 1
  if (given.length % size !== 0) throw damaged(`bytes do not fill a ${Class.name}`)
  const whole = given.length === given.buffer.byteLength
  const fits = given.byteOffset % size === 0 && (Class !== ArrayBuffer || whole)
  const bytes = fits ? given : Uint8Array.prototype.slice.call(given)
  if (Class === ArrayBuffer) return bytes.buffer
  const Typed = Class as Uint8ArrayConstructor
  return new Typed(bytes.buffer, bytes.byteOffset, bytes.length / size)
}
