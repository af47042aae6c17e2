import { TroupeError } from '../base/errors.js'
import { BodyStore } from './body-store.js'
import { OVERFLOW } from './byte-batch.js'
import type { EncodedBody } from './envelope.js'
import { CONTROL_LIMIT } from './frame.js'
import { ReceivedBody } from './received-body.js'
import { cycleIn, pathText, type Step } from './trail.js'
import {
  BYTES_KINDS,
  type ClassCodec,
  MAX_DEPTH,
  type RefPort,
  type RegisteredClass,
} from './value-format.js'
import { damaged, ValueReader } from './value-reader.js'
import { REFUSED, ValueWriter } from './value-writer.js'

export type { ClassCodec, RefPort } from './value-format.js'

export interface CodecOptions {
  /** Bytes of one message at most, its head and payloads together; default 64 MiB. */
  readonly maxMessageBytes?: number
  /** Errors cross with their stacks; default false. */
  readonly errorStacks?: boolean
  readonly refs?: RefPort
}

export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
const MAX_NAME = 255
const HALF_PAIR = /\p{Surrogate}/u

/**
 * Values to bytes and back; one for each node. Plain values travel as MessagePack, the rest in boxes
 * (value-format.ts). What arrives is equal to what was sent, with these exceptions: an Error keeps
 * name, message, code, cause and data only; properties that are symbols, not enumerable, or extra on
 * an array stay behind; an object without prototype arrives as a plain one; an object that occurs
 * twice arrives twice. Bytes of 64 KiB and more must not be changed until they are written.
 *
 * Refused with ERR_NOT_SERIALIZABLE and the path to the value: functions, symbols, cycles, instances
 * of classes nobody registered, sparse arrays, `__proto__` as a key, half surrogate pairs, more than
 * 100 levels, bigints of more than 128 KiB, and so many values that they would flood the receiver.
 */
export class Codec {
  readonly maxMessageBytes: number
  readonly errorStacks: boolean
  /** References to actors; `remote/` hands them in. */
  refs: RefPort | undefined
  readonly #classes = new Map<object, RegisteredClass>()
  readonly #classesByName = new Map<string, ClassCodec<unknown>>()
  readonly #writer = new ValueWriter()
  readonly #reader: ValueReader
  readonly #store = new BodyStore()
  #writing = false

  constructor(options: CodecOptions = {}) {
    this.maxMessageBytes = options.maxMessageBytes ?? MAX_MESSAGE_BYTES
    this.errorStacks = options.errorStacks ?? false
    this.refs = options.refs
    this.#reader = new ValueReader(this)
  }

  /** Registered classes by prototype, for writers. */
  get classes(): ReadonlyMap<object, RegisteredClass> {
    return this.#classes
  }

  /** How to read registered classes, by name. */
  get classesByName(): ReadonlyMap<string, ClassCodec<unknown>> {
    return this.#classesByName
  }

  /**
   * Instances of exactly this class (not of its subclasses) cross the wire from now on, to nodes that
   * registered the same name. `toWire` and `fromWire` must not use the codec themselves.
   *
   * @throws TroupeError ERR_BAD_DEFINITION for a name or class that is taken, or built in
   */
  register<T extends object>(
    name: string,
    Class: abstract new (...args: never[]) => T,
    codec: ClassCodec<T>,
  ): void {
    const prototype: object = Class.prototype
    const why =
      name === '' || name.length > MAX_NAME || HALF_PAIR.test(name)
        ? `its name must have 1 to ${MAX_NAME} characters and no half surrogate pairs`
        : this.#classesByName.has(name)
          ? 'another class has that name'
          : this.#classes.has(prototype)
            ? `it is registered as ${this.#classes.get(prototype)?.name} already`
            : BUILT_IN.has(prototype) || BYTES_KINDS.has(prototype)
              ? 'it is built in'
              : ''
    if (why !== '') {
      throw new TroupeError(
        'ERR_BAD_DEFINITION',
        `class ${Class.name} cannot be registered with the codec as ${JSON.stringify(name)}: ${why}`,
      )
    }
    this.#classes.set(prototype, { name, codec: codec as ClassCodec<unknown> })
    this.#classesByName.set(name, codec as ClassCodec<unknown>)
  }

  /** Arguments as bytes of their own. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
  encodeArgs(args: readonly unknown[]): EncodedBody {
    const writer = this.#writer
    const head = this.#encode(args, true, this.maxMessageBytes)
    const payloads = writer.lifts
    writer.lifts = []
    return { head, payloads }
  }

  /** The same for what is kept for a while. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE */
  storeArgs(args: readonly unknown[]): EncodedBody {
    const writer = this.#writer
    this.#fill(args, true, this.maxMessageBytes)
    const body = this.#store.keep(writer.buffer, writer.start, writer.at)
    writer.drop()
    if (writer.lifts.length === 0) return body
    const payloads = writer.lifts
    writer.lifts = []
    return { head: body.head, payloads }
  }

  /** @throws TroupeError ERR_DECODE, and nothing else */
  decodeArgs(body: EncodedBody): unknown[] {
    const args =
      body instanceof ReceivedBody
        ? this.#reader.read(body.bytes, body.start, body.headEnd, body.payloads)
        : this.#reader.read(asBuffer(body.head), 0, body.head.length, body.payloads)
    if (!Array.isArray(args)) throw damaged('arguments are no array')
    return args
  }

  /** Arguments as another node would get them. @throws as encodeArgs and decodeArgs */
  copyArgs(args: readonly unknown[]): unknown[] {
    const { head, payloads } = this.encodeArgs(args)
    return this.decodeArgs({ head, payloads: payloads.map((bytes) => Uint8Array.from(bytes)) })
  }

  /**
   * One value for a control frame, all in one piece. The default limit is that of control frames, 1 MiB,
   * or of messages, whichever is larger.
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  encodeValue(
    value: unknown,
    limitBytes: number = Math.max(CONTROL_LIMIT, this.maxMessageBytes),
  ): Uint8Array {
    return this.#encode(value, false, limitBytes)
  }

  /** The default limit is that of control frames, 1 MiB. @throws TroupeError ERR_DECODE, and nothing else */
  decodeValue(bytes: Uint8Array, limitBytes: number = CONTROL_LIMIT): unknown {
    if (bytes.length > limitBytes) throw damaged(`it has more than ${limitBytes} bytes`)
    return this.#reader.read(asBuffer(bytes), 0, bytes.length, NONE)
  }

  /**
   * Writes arguments into the record that a writer has in progress; byte payloads end up in its
   * `lifts`. When it throws, the record holds rubbish and must be dropped.
   *
   * @throws TroupeError ERR_NOT_SERIALIZABLE, and OVERFLOW beyond the limit of the record
   */
  writeArgs(writer: ValueWriter, args: readonly unknown[]): void {
    this.#enter()
    writer.open(this, true)
    try {
      writer.list(args, 0)
      writer.close()
    } catch (error) {
      throw error === OVERFLOW ? error : this.#explain(error, writer, 'arguments', args)
    } finally {
      this.#writing = false
    }
  }

  /** Everything goes through one writer: code of users that is called in between must not come back. */
  #enter(): void {
    if (this.#writing) {
      throw new TroupeError(
        'ERR_NOT_SERIALIZABLE',
        'a toWire or a getter used the codec of its node',
      )
    }
    this.#writing = true
  }

  #encode(value: unknown, args: boolean, limit: number): Buffer {
    const writer = this.#writer
    this.#fill(value, args, limit)
    const copy = copyOf(writer.buffer, writer.start, writer.at)
    writer.drop()
    return copy
  }

  /** What is left in the writer is to be copied, and then dropped. */
  #fill(value: unknown, args: boolean, limit: number): void {
    this.#enter()
    const writer = this.#writer
    writer.begin(limit)
    writer.open(this, args)
    try {
      if (args) writer.list(value as readonly unknown[], 0)
      else writer.write(value, 0)
      writer.close()
      if (writer.size > limit) throw OVERFLOW
    } catch (error) {
      writer.drop()
      if (error === OVERFLOW) throw tooLarge(limit)
      throw this.#explain(error, writer, args ? 'arguments' : 'value', value)
    } finally {
      this.#writing = false
    }
  }

  #explain(error: unknown, writer: ValueWriter, root: string, value: unknown): TroupeError {
    const steps = writer.trail.slice(0, writer.reached)
    if (error !== REFUSED) return refusal(root, steps, 'could not be read', error)
    const cycle = steps.length > MAX_DEPTH ? cycleIn(value, steps) : undefined
    return cycle === undefined
      ? refusal(root, steps, writer.refusal)
      : refusal(
          root,
          steps.slice(0, cycle),
          'leads back to what holds it: a cycle cannot cross the wire',
        )
  }
}

export function tooLarge(limit: number): TroupeError {
  return new TroupeError('ERR_TOO_LARGE', `a message has more than ${limit} bytes`)
}

function refusal(root: string, steps: readonly Step[], why: string, cause?: unknown): TroupeError {
  const path = pathText(root, steps)
  const options = cause === undefined ? { data: { path } } : { data: { path }, cause }
  return new TroupeError('ERR_NOT_SERIALIZABLE', `${path} ${why}`, options)
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

function copyOf(buffer: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafe(end - start)
  buffer.copy(copy, 0, start, end)
  return copy
}

const NONE: readonly Uint8Array[] = []

const BUILT_IN: ReadonlySet<object> = new Set<object>(
  [Object, Array, Map, Set, Date, Error, EvalError, RangeError, ReferenceError, SyntaxError]
    .concat([TypeError, URIError] as never)
    .map((Class) => Class.prototype as object),
)
