import {
  COST_BIGINT,
  COST_BOX,
  COST_CONTAINER,
  COST_LIMIT,
  COST_STRING,
  EXT_BIGINT,
  EXT_BOX,
  EXT_UNDEFINED,
  MAX_BIGINT_BYTES,
  MAX_DEPTH,
} from './value-format.js'

/**
 * Walks over encoded values before msgpackr sees them, and allocates nothing: every length within
 * bounds, depth and cost within theirs, string keys only and none of them `__proto__`, and no token
 * but those of value-format.ts. So no record definitions, which msgpackr obeys even when it should
 * not, and no extension that reads more extensions.
 *
 * Reads past the end give undefined, 0 or NaN, and a position that is past the end or NaN: it is
 * compared before anything depends on it, always so that NaN fails.
 */
export class ValueScan {
  /** Boxes in the bytes scanned last. */
  boxes = 0
  #fault = ''
  #cost = 0
  /** Why these bytes are not exactly one value; '' when they are. */
  fault(bytes: Uint8Array, start: number, end: number): string {
    let at = start
    let depth = 0
    let left = 1
    let inMap = false
    this.boxes = 0
    this.#cost = 0
    this.#fault = ''
    for (;;) {
      while (left === 0) {
        if (depth === 0) return this.#faultAtEnd(at, end)
        left = missing[--depth] as number
        inMap = left < 0
        if (inMap) left = -left
      }
      if (!(at < end)) return 'it ends too early'
      const token = bytes[at++] as number
      if (inMap && (left & 1) === 0 && !isKey(bytes, at - 1, token))
        return 'a key is no plain string'
      left--
      const fixed = FIXED[token] as number
      if (fixed >= 0) {
        at += fixed
        this.#cost += COST[token] as number
        continue
      }
      if (!isContainer(token)) {
        if (token === 0xd4 && bytes[at] === EXT_BOX) left++ // its array stands for it
        at += this.#variable(token, bytes, at)
        if (this.#fault !== '') return this.#fault
        continue
      }
      let count = containerCount(token, bytes, at)
      at += containerHead(token)
      if (isMap(token)) count *= 2
      if (!(count <= end - at)) return 'a container promises more than there is'
      this.#cost += COST_CONTAINER + count
      if (this.#cost > COST_LIMIT) return TOO_MUCH
      if (depth > MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} levels`
      missing[depth++] = inMap ? -left : left
      left = count
      inMap = isMap(token)
    }
  }

  #faultAtEnd(at: number, end: number): string {
    if (at !== end) return 'it does not end where it should'
    return this.#cost > COST_LIMIT ? TOO_MUCH : ''
  }

  /** Bytes that follow the token of a bin, a long string or an extension. */
  #variable(token: number, bytes: Uint8Array, at: number): number {
    switch (token) {
      case 0xd9: // str, then bin
      case 0xda:
      case 0xdb:
        this.#cost += COST_STRING
        return lengthAnd(token - 0xd9, bytes, at)
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return lengthAnd(token - 0xc4, bytes, at)
      case 0xd4:
        return this.#small(bytes, at)
      case 0xd8:
        return bytes[at] === EXT_BIGINT ? this.#bigint(16) + 1 : this.#refuse(EXTENSION)
      case 0xc7: // ext
      case 0xc8:
      case 0xc9: {
        const after = lengthAnd(token - 0xc7, bytes, at)
        const width = 1 << (token - 0xc7)
        return bytes[at + width] === EXT_BIGINT
          ? width + 1 + this.#bigint(after - width)
          : this.#refuse(EXTENSION)
      }
      default:
        return this.#refuse('a byte begins no value')
    }
  }

  /** An extension of one byte: undefined, or a box, whose array comes next. */
  #small(bytes: Uint8Array, at: number): number {
    if (bytes[at] === EXT_UNDEFINED) return 2
    if (bytes[at] !== EXT_BOX) return this.#refuse(EXTENSION)
    const next = bytes[at + 2] as number
    if (!isContainer(next) || isMap(next)) return this.#refuse('a box is no array')
    this.boxes++
    this.#cost += COST_BOX
    return 2
  }

  #bigint(size: number): number {
    if (!(size > 0 && size <= MAX_BIGINT_BYTES)) return this.#refuse('a bigint is too long')
    this.#cost += COST_BIGINT + (size >> 3)
    return size
  }

  #refuse(fault: string): number {
    this.#fault = fault
    return 0
  }
}

/** Values still missing in each container around the one at hand; of maps, negative. No scan meets another. */
const missing = new Int32Array(MAX_DEPTH + 2)

const EXTENSION = 'an extension is unknown'
const TOO_MUCH = 'it holds too many values'

/** Bytes after a token whose length the token alone decides; -1 for the others. */
const FIXED = new Int8Array(256).fill(-1)
const COST = new Uint8Array(256)
for (let token = 0; token < 0x80; token++) FIXED[token] = 0
for (let token = 0xe0; token < 0x100; token++) FIXED[token] = 0
for (let token = 0xa0; token < 0xc0; token++) {
  FIXED[token] = token - 0xa0
  COST[token] = COST_STRING
}
for (const token of [0xc0, 0xc2, 0xc3]) FIXED[token] = 0 // nil, false, true
for (const token of [0xcc, 0xd0]) FIXED[token] = 1 // unsigned and signed integers
for (const token of [0xcd, 0xd1]) FIXED[token] = 2
for (const token of [0xce, 0xd2, 0xca]) FIXED[token] = 4 // and float32
for (const token of [0xcf, 0xd3, 0xcb]) FIXED[token] = 8 // and float64
COST[0xcf] = COST[0xd3] = COST_BIGINT

const isContainer = (token: number): boolean =>
  (token >= 0x80 && token < 0xa0) || (token >= 0xdc && token < 0xe0)

const isMap = (token: number): boolean =>
  (token >= 0x80 && token < 0x90) || token === 0xde || token === 0xdf

function containerCount(token: number, bytes: Uint8Array, at: number): number {
  if (token < 0xa0) return token & 0x0f
  return token === 0xdc || token === 0xde ? u16(bytes, at) : u32(bytes, at)
}

const containerHead = (token: number): number =>
  token < 0xa0 ? 0 : token === 0xdc || token === 0xde ? 2 : 4

/** A length of 1, 2 or 4 bytes (`log` 0, 1, 2) and what it promises. */
function lengthAnd(log: number, bytes: Uint8Array, at: number): number {
  if (log === 0) return 1 + (bytes[at] as number)
  return log === 1 ? 2 + u16(bytes, at) : 4 + u32(bytes, at)
}

const u16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 8) | (bytes[at + 1] as number)

const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 65536 + u16(bytes, at + 2)

/** A string, and not `__proto__`. */
function isKey(bytes: Uint8Array, at: number, token: number): boolean {
  if (token >= 0xa0 && token < 0xc0) return token !== 0xa9 || !isProto(bytes, at + 1)
  if (token < 0xd9 || token > 0xdb) return false
  const after = lengthAnd(token - 0xd9, bytes, at + 1)
  const width = 1 << (token - 0xd9)
  return after !== width + 9 || !isProto(bytes, at + 1 + width)
}

function isProto(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 9; i++) if (bytes[at + i] !== PROTO[i]) return false
  return true
}

const PROTO = Buffer.from('__proto__', 'latin1')
