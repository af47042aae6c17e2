/**
 * How values look on the wire: MessagePack, and one extension of our own for what MessagePack has no
 * word for. Such a *box* is `d4 01 00` followed by an array `[kind, …]`:
 *
 *     DATE   milliseconds (NaN: an invalid date)
 *     MAP    key, value, key, value, …
 *     SET    item, item, …
 *     ERROR  bits, name, message, then those of code, cause, data, stack that `bits` names
 *     REF    whatever the ref port made of a reference
 *     CLASS  registered name, what its `toWire` gave
 *     BYTES  bytes kind, bin
 *     LIFT   bytes kind, byte length: the next bytes of the payload that follows the head
 *
 * Integers beyond 32 bits and -0 travel as float64, bigints as int64, uint64 or msgpackr's extension
 * 0x42 (two's complement, big-endian), undefined as `d4 00 00`.
 */
export const BOX = {
  DATE: 0,
  MAP: 1,
  SET: 2,
  ERROR: 3,
  REF: 4,
  CLASS: 5,
  BYTES: 6,
  LIFT: 7,
} as const

export const EXT_UNDEFINED = 0
export const EXT_BOX = 1
export const EXT_BIGINT = 0x42

/** In the `bits` of an ERROR box: which optional fields follow, in this order. */
export const ERROR_CODE = 1
export const ERROR_CAUSE = 2
export const ERROR_DATA = 4
export const ERROR_STACK = 8

/** Bytes of this length and more are lifted out of the head and travel behind it, uncopied. */
export const LIFT_ABOVE = 64 * 1024

/** Containers within containers, the array of arguments not counted. */
export const MAX_DEPTH = 100

/** The largest bigint, in bytes of two's complement: longer ones take too long to read. */
export const MAX_BIGINT_BYTES = 128 * 1024

/**
 * What a message may cost its receiver beyond its bytes, in units of very roughly eight bytes of
 * heap. Writer and scan count alike, so what was sent is not refused for its cost on arrival. The
 * largest message costs 256 MB or so; eight megabytes of empty maps would cost 600.
 */
export const COST_LIMIT = 2 ** 25
export const COST_CONTAINER = 8
export const COST_BOX = 24
export const COST_STRING = 4
export const COST_BIGINT = 4
/** Of an Error above its box; it captures a stack when it is made. */
export const COST_ERROR = 512

/** Every class of bytes; its index is the *bytes kind* on the wire. Elements are little-endian. */
export const BYTES_CLASSES = [
  Buffer,
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
  ArrayBuffer,
] as const

/** Bytes kind by prototype. */
export const BYTES_KINDS: ReadonlyMap<object, number> = new Map(
  BYTES_CLASSES.map((Class, kind) => [Class.prototype as object, kind]),
)

/**
 * References to actors, as the codec sees them; `remote/` fills it in. `toWire` gives encodable
 * values; `fromWire` gets what a peer sent, checks it, and throws when it is no reference.
 */
export interface RefPort {
  isRef(value: object): boolean
  toWire(ref: object): unknown[]
  fromWire(wire: readonly unknown[]): unknown
}

/** How instances of one class cross the wire. */
export interface ClassCodec<T> {
  /** An encodable value: plain objects, arrays, Maps, other registered classes, … */
  toWire(value: T): unknown
  /** Gets what arrived, which a peer made up for all we know; throws when it does not fit. */
  fromWire(wire: unknown): T
}

/** A class and its name on the wire. */
export interface RegisteredClass {
  readonly name: string
  readonly codec: ClassCodec<unknown>
}

/** What a writer of values needs to know of the codec it writes for. */
export interface WriterPorts {
  readonly refs: RefPort | undefined
  readonly classes: ReadonlyMap<object, RegisteredClass>
  readonly errorStacks: boolean
}
