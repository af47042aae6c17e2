import { TroupeError } from '../base/errors.js'
import { ENVELOPE, Envelope, type EnvelopeKind } from './envelope.js'
import {
  ALL_FLAGS,
  CALL,
  KEY,
  METHOD_NAME,
  NAME_LIMIT,
  PAYLOADS,
  STAMP,
  STAMP_LIMIT,
  TO_NAME,
} from './envelope-head.js'
import { readName } from './name-cache.js'
import { ReceivedBody } from './received-body.js'
import { StampSlice } from './stamp-slice.js'

/**
 * The envelope in the body of an ENVELOPE frame (envelope-head.ts). Its head is checked; its
 * arguments stay as they are until the codec decodes them, and share the frame's memory.
 *
 * @throws TroupeError ERR_BAD_FRAME, and nothing else
 */
export function readEnvelope(bytes: Uint8Array, start: number, end: number): Envelope {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!(end - start > 2)) throw bad('it ends too early')
  const kind = buffer[start] as number
  if (!(kind >= ENVELOPE.TELL && kind <= ENVELOPE.DURABLE_ACK)) throw bad('its kind is unknown')
  const flags = buffer[start + 1] as number
  if ((flags & ~ALL_FLAGS) !== 0) throw bad('its flags are unknown')
  let at = start + 2
  const to = flags & TO_NAME ? text(buffer, at, end) : varint(buffer, at)
  at += typeof to === 'string' ? 2 + u16(buffer, at) : varintBytes(to)
  const method = flags & METHOD_NAME ? text(buffer, at, end) : varint(buffer, at)
  at += typeof method === 'string' ? 2 + u16(buffer, at) : varintBytes(method)
  const callId = flags & CALL ? varint(buffer, at) : 0
  if (flags & CALL) at += varintBytes(callId)
  const key = flags & KEY ? u32(buffer, at) : 0
  if (flags & KEY) at += 4
  const stamp = flags & STAMP ? stampAt(buffer, at, end) : undefined
  if (stamp !== undefined) at = stamp.end
  let headEnd = end
  if (flags & PAYLOADS) {
    headEnd = at + 4 + u32(buffer, at)
    at += 4
    if (headEnd >= end) throw bad('its payloads are missing')
  }
  if (at >= headEnd) throw bad('its arguments are missing')
  const body = new ReceivedBody(buffer, at, headEnd, end)
  return new Envelope(kind as EnvelopeKind, to, method, callId, key, undefined, body, stamp)
}

/*
 * What is read below may lie behind `end`, or behind the bytes (then as 0 or without an end): in the
 * end `at` tells, which only grows.
 */

/** The shortest form only, so that `varintBytes` tells how long it was. */
function varint(bytes: Buffer, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return first
  let value = first & 0x7f
  let scale = 128
  for (let i = 1; i < 8; i++) {
    const byte = bytes[at + i] as number
    value += (byte & 0x7f) * scale
    if (byte < 0x80) {
      if (byte === 0 || value > Number.MAX_SAFE_INTEGER) break
      return value
    }
    scale *= 128
  }
  throw bad('a number is malformed')
}

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

function text(bytes: Buffer, at: number, end: number): string {
  const length = u16(bytes, at)
  if (length > NAME_LIMIT || at + 2 + length > end) throw bad('a name is too long')
  return readName(bytes, at + 2, at + 2 + length)
}

function stampAt(bytes: Buffer, at: number, end: number): StampSlice {
  const length = u16(bytes, at)
  if (length > STAMP_LIMIT || at + 2 + length > end) throw bad('its stamp is too long')
  return new StampSlice(bytes, at + 2, at + 2 + length)
}

const u16 = (bytes: Buffer, at: number): number =>
  (bytes[at] as number) | ((bytes[at + 1] as number) << 8)

const u32 = (bytes: Buffer, at: number): number => u16(bytes, at) + u16(bytes, at + 2) * 65536

const bad = (detail: string): TroupeError =>
  new TroupeError('ERR_BAD_FRAME', `an envelope is malformed: ${detail}`)
