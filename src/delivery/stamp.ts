import { hashText } from '../base/random.js'
import { StampReader, StampWriter } from './stamp-bytes.js'

/**
 * What delivery stages put into an envelope's head (`envelope.stamp`):
 *
 *     u8      version and kind    version in the high four bits, kind in the low ones
 *     u8      flags               OPEN, ORDER, LABEL, SAME; 0 in what is not DATA or FILLER
 *     u32 LE  tag                 of sender, receiver and channel, see `flowTag`
 *     varint  session             numbering within the two incarnations, from 1
 *
 *     DATA, FILLER:
 *     varint  id                  from 1, without gaps
 *     varint  id - after          with ORDER: not before that message was handed over
 *     u32 LE  label               with LABEL: which causal order it belongs to
 *     …       clock               with LABEL: see causal-clock.ts
 *                                 with SAME: no more of it than its two numbers
 *
 *     ACK:
 *     varint  floor               all ids up to this one were handed over
 *     varint  count of ranges, and for each of them
 *         varint  ids between it and what came before: not here
 *         varint  2 × length + 1 where they only wait to be handed over
 *
 *     RESET: nothing; the receiver knows nothing of this session
 *
 * Most messages follow right behind the one before them, or have its clock. Their stamps are shorter:
 *
 *     u8      version and kind    NEXT, NEXT_SAME
 *     varint  session             one of which something was acknowledged
 *     varint  id
 *
 *     NEXT: nothing; not before the message id - 1 was handed over
 *
 *     NEXT_SAME:
 *     u32 LE  label
 *     …       clock               as with SAME
 *
 * They have no tag: whoever brings them says which incarnation sent it to which, on which channel.
 *
 * A FILLER takes the place of a message that expired: it has its number and its clock and no message.
 */
export const STAMP_VERSION = 1

export const STAMP = { DATA: 1, FILLER: 2, ACK: 3, RESET: 4, NEXT: 5, NEXT_SAME: 6 } as const

export const NEXT = (STAMP_VERSION << 4) | STAMP.NEXT
export const NEXT_SAME = (STAMP_VERSION << 4) | STAMP.NEXT_SAME

/** In place of the tag of a stamp that has none: that of the flow it came on. */
export const OF_FLOW = -1

export const OPEN = 1
export const ORDER = 2
export const LABEL = 4
/** With LABEL: the clock is that of the message before it in the label, to the same receiver. */
export const SAME = 8
const ALL_FLAGS = 15

/** Ids that may lie between the oldest unsettled message of a sender and its newest. */
export const MAX_WINDOW = 65_536
/** Ranges in one acknowledgement. */
export const MAX_RANGES = 4_096

/** A message's place in a causal order. */
export interface CausalMark {
  /** `labelId` of the label. */
  readonly label: number
  /** Counts the messages of the label from this sender to this receiver. */
  readonly seq: number
  /** The encoded clock (causal-clock.ts); holds `seq` too. Undefined: the same as that of message `after`. */
  readonly clock: Uint8Array | undefined
  /** The one before it in the label, to the same receiver; without meaning where there is a clock. */
  readonly after?: number
}

export interface DataStamp {
  readonly kind: 'data'
  /** `flowTag`, or OF_FLOW. */
  readonly tag: number
  readonly session: number
  readonly id: number
  /** The id that must have been handed over before, or 0. */
  readonly after: number
  /** True as long as nothing of this session was acknowledged: the receiver may not know it yet. */
  readonly open: boolean
  /** True when the message expired and only its number is left. */
  readonly filler: boolean
  readonly label: number | undefined
  /** With a label: all that was to be said of its clock was said by the message before it. */
  readonly same: boolean
  /** The stamp as it came, and where in it the clock begins; only with a label. */
  readonly bytes: Uint8Array
  readonly clockAt: number
}

/** Ids from `from` to `to`, both included; `held`: they are there and wait to be handed over. */
export interface AckRange {
  readonly from: number
  readonly to: number
  readonly held: boolean
}

export interface AckStamp {
  readonly kind: 'ack'
  readonly tag: number
  readonly session: number
  readonly floor: number
  /** Rising, without overlap, all above `floor`. */
  readonly ranges: readonly AckRange[]
}

export interface ResetStamp {
  readonly kind: 'reset'
  readonly tag: number
  readonly session: number
}

export type Stamp = DataStamp | AckStamp | ResetStamp

/**
 * 32 bits that tell one flow from all others: messages and acknowledgements of an earlier incarnation
 * of either side, or of another channel, do not have it.
 */
export const flowTag = (sender: string, receiver: string, channel: string): number =>
  hashText(`${sender}>${receiver}/${channel}`)

/** A label on the wire. Two labels of one hash would wait for each other and lose nothing. */
export const labelId = (label: string): number => hashText(label)

const writer = new StampWriter()

export function encodeData(
  tag: number,
  session: number,
  id: number,
  after: number,
  open: boolean,
  filler: boolean,
  causal: CausalMark | undefined,
): Uint8Array {
  writer.begin()
  writer.u8((STAMP_VERSION << 4) | (filler ? STAMP.FILLER : STAMP.DATA))
  writer.u8(flagsOf(after, open, causal))
  writer.u32(tag)
  writer.varint(session)
  writer.varint(id)
  if (after > 0) writer.varint(id - after)
  if (causal !== undefined) {
    const { label, seq, clock, after: before = 0 } = causal
    writer.u32(label)
    if (clock !== undefined) writer.raw(clock)
    else {
      writer.varint(seq)
      writer.varint(seq - before)
    }
  }
  return writer.take()
}

export const flagsOf = (after: number, open: boolean, causal: CausalMark | undefined): number =>
  (open ? OPEN : 0) |
  (after > 0 ? ORDER : 0) |
  (causal === undefined ? 0 : causal.clock === undefined ? LABEL | SAME : LABEL)

/** The ranges beyond MAX_RANGES are left out: what they tell is told again or sent again. */
export function encodeAck(ack: AckStamp): Uint8Array {
  begin(STAMP.ACK, ack)
  writer.varint(ack.floor)
  const count = Math.min(ack.ranges.length, MAX_RANGES)
  writer.varint(count)
  let last = ack.floor
  for (let i = 0; i < count; i++) {
    const { from, to, held } = ack.ranges[i] as AckRange
    writer.varint(from - last - 1)
    writer.varint(2 * (to - from + 1) + (held ? 1 : 0))
    last = to
  }
  return writer.take()
}

export function encodeReset(reset: ResetStamp): Uint8Array {
  begin(STAMP.RESET, reset)
  return writer.take()
}

function begin(kind: number, of: AckStamp | ResetStamp): void {
  writer.begin()
  writer.u8((STAMP_VERSION << 4) | kind)
  writer.u8(0)
  writer.u32(of.tag)
  writer.varint(of.session)
}

/** Reads a stamp that a peer sent; undefined when any of it is not by the rules. Never throws. */
export function decodeStamp(bytes: Uint8Array): Stamp | undefined {
  const reader = new StampReader(bytes)
  const first = reader.u8()
  if (first === NEXT || first === NEXT_SAME) return readNext(bytes, reader, first === NEXT_SAME)
  const flags = reader.u8()
  const tag = reader.u32()
  const session = reader.varint()
  if (reader.failed || first >> 4 !== STAMP_VERSION || session === 0) return undefined
  const kind = first & 15
  if (kind === STAMP.DATA || kind === STAMP.FILLER) {
    return readData(bytes, reader, flags, tag, session, kind === STAMP.FILLER)
  }
  if (flags !== 0) return undefined
  if (kind === STAMP.ACK) return readAck(reader, tag, session)
  if (kind === STAMP.RESET && reader.complete) return { kind: 'reset', tag, session }
  return undefined
}

function readNext(bytes: Uint8Array, reader: StampReader, same: boolean): DataStamp | undefined {
  const session = reader.varint()
  const id = reader.varint()
  const label = same ? reader.u32() : undefined
  if (reader.failed || session === 0 || id === 0) return undefined
  if (!same && (id < 2 || !reader.complete)) return undefined
  const numbers = { tag: OF_FLOW, session, id, after: same ? 0 : id - 1 }
  const others = { open: false, filler: false, label, same }
  return { kind: 'data', ...numbers, ...others, bytes, clockAt: reader.at }
}

function readData(
  bytes: Uint8Array,
  reader: StampReader,
  flags: number,
  tag: number,
  session: number,
  filler: boolean,
): DataStamp | undefined {
  if ((flags & ~ALL_FLAGS) !== 0 || (flags & (LABEL | SAME)) === SAME) return undefined
  const id = reader.varint()
  const distance = flags & ORDER ? reader.varint() : id
  if (reader.failed || id === 0 || distance === 0 || distance > id) return undefined
  // A label has an order of its own.
  if (flags & ORDER && (distance === id || flags & LABEL)) return undefined
  const label = flags & LABEL ? reader.u32() : undefined
  if (reader.failed || (label === undefined && !reader.complete)) return undefined
  const open = (flags & OPEN) !== 0
  const after = id - distance
  const clockAt = reader.at
  const same = (flags & SAME) !== 0
  return { kind: 'data', tag, session, id, after, open, filler, label, same, bytes, clockAt }
}

function readAck(reader: StampReader, tag: number, session: number): AckStamp | undefined {
  const floor = reader.varint()
  const count = reader.varint()
  if (reader.failed || count > MAX_RANGES) return undefined
  const ranges: AckRange[] = []
  let last = floor
  for (let i = 0; i < count; i++) {
    const gap = reader.varint()
    const length = reader.varint()
    const from = last + gap + 1
    const to = from + Math.floor(length / 2) - 1
    if (reader.failed || to < from || !Number.isSafeInteger(to)) return undefined
    if (gap === 0 && i === 0 && length % 2 === 0) return undefined
    ranges.push({ from, to, held: length % 2 === 1 })
    last = to
  }
  return reader.complete ? { kind: 'ack', tag, session, floor, ranges } : undefined
}
