import { StampSlice } from '../wire/stamp-slice.js'
import {
  type CausalMark,
  encodeData,
  flagsOf,
  LABEL,
  NEXT,
  NEXT_SAME,
  OF_FLOW,
  OPEN,
  ORDER,
  SAME,
  STAMP,
  STAMP_VERSION,
} from './stamp.js'

const DATA = (STAMP_VERSION << 4) | STAMP.DATA

/**
 * What most messages carry: no filler, and no label, or a clock that is the same as the one before. One
 * that is used again and again.
 */
export class ShortStamp {
  tag = 0
  session = 0
  id = 0
  /** 0 for none: a label of that very hash takes the long way. */
  label = 0
  /** With a label: see causal-clock.ts. */
  seq = 0
  before = 0

  /** False, and without meaning, for every other stamp, malformed ones included. */
  read({ bytes, start, end }: StampSlice): boolean {
    const first = bytes[start]
    if (first === NEXT || first === NEXT_SAME) {
      return this.#readNext(bytes, start + 1, end, first === NEXT_SAME)
    }
    if (end - start > SHORT_MAX || end - start < 8 || first !== DATA) return false
    const flags = bytes[start + 1] as number
    if ((flags & ~(OPEN | ORDER)) !== 0 && (flags & ~OPEN) !== (LABEL | SAME)) return false
    this.tag = u32(bytes, start + 2)
    const session = varint(bytes, start + 6)
    let at = start + 6 + varintBytes(session)
    const id = varint(bytes, at)
    at += varintBytes(id)
    this.session = session
    this.id = id
    this.label = 0
    if (session === 0 || id === 0) return false
    if (flags <= OPEN) return at === end
    if ((flags & LABEL) !== 0) return this.#readLabel(bytes, at, end)
    const distance = varint(bytes, at)
    return at + varintBytes(distance) === end && distance > 0 && distance < id
  }

  #readNext(bytes: Uint8Array, start: number, end: number, same: boolean): boolean {
    const session = varint(bytes, start)
    const idAt = start + varintBytes(session)
    const id = varint(bytes, idAt)
    const at = idAt + varintBytes(id)
    this.tag = OF_FLOW
    this.session = session
    this.id = id
    this.label = 0
    if (session === 0) return false
    return same ? id > 0 && this.#readLabel(bytes, at, end) : id > 1 && at === end
  }

  #readLabel(bytes: Uint8Array, start: number, end: number): boolean {
    const label = u32(bytes, start)
    const seq = varint(bytes, start + 4)
    const at = start + 4 + varintBytes(seq)
    const distance = varint(bytes, at)
    this.label = label
    this.seq = seq
    this.before = seq - distance
    return at + varintBytes(distance) === end && label !== 0 && distance > 0 && seq > distance
  }
}

/** Numbers of four bytes at most; longer ones take the long way. */
const NUMBER_MAX = 2 ** 28 - 1
const SHORT_MAX = 6 + 3 * 4 + 4 + 2 * 4

const u32 = (bytes: Uint8Array, from: number): number =>
  ((bytes[from] as number) | ((bytes[from + 1] as number) << 8)) +
  ((bytes[from + 2] as number) | ((bytes[from + 3] as number) << 8)) * 65_536

/** 0 for one that is longer than four bytes, or not in the shortest form, which is as long as `varintBytes` says. */
function varint(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return first
  const second = bytes[at + 1] as number
  const two = (first & 0x7f) | ((second & 0x7f) << 7)
  if (second < 0x80) return second === 0 ? 0 : two
  const third = bytes[at + 2] as number
  const three = two | ((third & 0x7f) << 14)
  if (third < 0x80) return third === 0 ? 0 : three
  const fourth = bytes[at + 3] as number
  return fourth > 0 && fourth < 0x80 ? three | (fourth << 21) : 0
}

const varintBytes = (value: number): number =>
  value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4

const written = new Uint8Array(SHORT_MAX)
const slices: readonly StampSlice[] = Array.from(
  { length: SHORT_MAX + 1 },
  (_, length) => new StampSlice(written, 0, length),
)

/** The shortest stamp for what is no filler. What it returns is overwritten by the next call. */
export function encodeShort(
  tag: number,
  session: number,
  id: number,
  after: number,
  open: boolean,
  causal: CausalMark | undefined,
): StampSlice {
  const long = causal !== undefined && (causal.clock !== undefined || causal.seq > NUMBER_MAX)
  if (long || id > NUMBER_MAX || session > NUMBER_MAX) {
    return StampSlice.of(encodeData(tag, session, id, after, open, false, causal))
  }
  if (causal === undefined && !open && after > 0 && after === id - 1) {
    written[0] = NEXT
    return slices[put(put(1, session), id)] as StampSlice
  }
  if (causal !== undefined && !open) {
    written[0] = NEXT_SAME
    return slices[putMark(put(put(1, session), id), causal)] as StampSlice
  }
  written[0] = DATA
  written[1] = flagsOf(after, open, causal)
  putU32(2, tag)
  let end = put(put(6, session), id)
  if (after > 0) end = put(end, id - after)
  if (causal !== undefined) end = putMark(end, causal)
  return slices[end] as StampSlice
}

function putMark(start: number, { label, seq, after = 0 }: CausalMark): number {
  putU32(start, label)
  return put(put(start + 4, seq), seq - after)
}

/** Up to NUMBER_MAX; returns where the next byte goes. */
function put(start: number, value: number): number {
  let at = start
  let rest = value
  while (rest > 127) {
    written[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  written[at] = rest
  return at + 1
}

function putU32(start: number, value: number): void {
  written[start] = value
  written[start + 1] = value >>> 8
  written[start + 2] = value >>> 16
  written[start + 3] = value >>> 24
}
