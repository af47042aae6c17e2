import { TroupeError } from '../base/errors.js'
import type { Codec } from './codec.js'
import type { EncodedBody, Envelope } from './envelope.js'
import {
  CALL,
  KEY,
  METHOD_NAME,
  NAME_LIMIT,
  PAYLOADS,
  STAMP,
  STAMP_LIMIT,
  TO_NAME,
} from './envelope-head.js'
import { FRAGMENT_ABOVE } from './frame.js'
import { ReceivedBody } from './received-body.js'
import type { StampSlice } from './stamp-slice.js'
import type { ValueWriter } from './value-writer.js'

/** Writes an envelope in place (envelope-head.ts) and returns what belongs behind it. @throws OVERFLOW, and as `Codec.writeArgs` */
export function writeBody(
  out: ValueWriter,
  envelope: Envelope,
  codec: Codec,
): readonly Uint8Array[] {
  const { body } = envelope
  const flagsAt = out.at + 1 - out.start
  writeHead(out, envelope)
  const payloads =
    body === undefined ? putArgs(out, envelope.args ?? NO_ARGS, codec) : putBody(out, body)
  const hasPayloads = body === undefined ? payloads.length > 0 : body.payloads.length > 0
  if (hasPayloads) {
    const at = out.start + flagsAt
    out.buffer[at] = (out.buffer[at] as number) | PAYLOADS
  }
  return payloads
}

/** What comes before the arguments, where no payloads will be apart. */
export function writeHead(out: ValueWriter, envelope: Envelope): void {
  const { to, method, callId, key, stamp } = envelope
  const flags =
    (typeof to === 'string' ? TO_NAME : 0) |
    (typeof method === 'string' ? METHOD_NAME : 0) |
    (callId === 0 ? 0 : CALL) |
    (key === 0 ? 0 : KEY) |
    (stamp === undefined ? 0 : STAMP)
  out.reserve(2)
  out.buffer[out.at] = envelope.kind
  out.buffer[out.at + 1] = flags
  out.at += 2
  if (typeof to === 'number') putVarint(out, to)
  else putName(out, to)
  if (typeof method === 'number') putVarint(out, method)
  else putName(out, method)
  if (callId !== 0) putVarint(out, callId)
  if (key !== 0) putU32(out, key)
  if (stamp !== undefined) putStamp(out, stamp.slice)
}

/** Arguments, encoded where they are to lie. Only with payloads do they move, by four bytes. */
function putArgs(out: ValueWriter, args: readonly unknown[], codec: Codec): readonly Uint8Array[] {
  const before = out.at - out.start
  codec.writeArgs(out, args)
  if (out.lifts.length === 0) return NONE
  const headBytes = out.at - out.start - before
  out.reserve(4)
  const at = out.start + before
  out.buffer.copyWithin(at + 4, at, at + headBytes)
  out.at = at
  putU32(out, headBytes)
  out.at += headBytes
  return out.lifts
}

/** Arguments encoded before: copied when the frame will be small, else handed on. */
function putBody(out: ValueWriter, body: EncodedBody): readonly Uint8Array[] {
  if (body instanceof ReceivedBody && body.headEnd === body.end && body.size <= FRAGMENT_ABOVE) {
    copyPart(out, body.bytes, body.start, body.end)
    return NONE
  }
  const { head, payloads } = body
  let bytes = head.length
  for (const payload of payloads) bytes += payload.length
  if (payloads.length > 0) putU32(out, head.length)
  if (bytes > FRAGMENT_ABOVE) return [head, ...payloads]
  copyInto(out, head)
  for (const payload of payloads) copyInto(out, payload)
  return NONE
}

function putVarint(out: ValueWriter, value: number): void {
  out.reserve(8)
  let rest = value
  while (rest > 127) {
    out.buffer[out.at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  out.buffer[out.at++] = rest
}

function putU32(out: ValueWriter, value: number): void {
  out.reserve(4)
  out.view.setUint32(out.at, value, true)
  out.at += 4
}

function putName(out: ValueWriter, name: string): void {
  if (name.length <= SHORT_NAME && putShortName(out, name)) return
  const bytes = Buffer.byteLength(name, 'utf8')
  if (bytes > NAME_LIMIT) {
    throw new TroupeError('ERR_TOO_LARGE', `a name has ${bytes} bytes, above ${NAME_LIMIT}`)
  }
  out.reserve(bytes + 2)
  out.view.setUint16(out.at, bytes, true)
  out.buffer.write(name, out.at + 2, 'utf8')
  out.at += bytes + 2
}

/** A loop is quicker than two calls into Node for most names. False, and nothing written, for one that is not ASCII. */
function putShortName(out: ValueWriter, name: string): boolean {
  const { length } = name
  out.reserve(length + 2)
  const { buffer, at } = out
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i)
    if (code > 127) return false
    buffer[at + 2 + i] = code
  }
  buffer[at] = length
  buffer[at + 1] = 0
  out.at = at + 2 + length
  return true
}

function putStamp(out: ValueWriter, { bytes, start, end }: StampSlice): void {
  const length = end - start
  if (length > STAMP_LIMIT) {
    throw new TroupeError('ERR_TOO_LARGE', `a stamp has ${length} bytes, above ${STAMP_LIMIT}`)
  }
  out.reserve(2)
  out.buffer[out.at] = length
  out.buffer[out.at + 1] = length >>> 8
  out.at += 2
  copyPart(out, bytes, start, end)
}

/** Few bytes are copied faster one by one. */
function copyPart(out: ValueWriter, bytes: Uint8Array, start: number, end: number): void {
  const length = end - start
  out.reserve(length)
  const { buffer, at } = out
  if (length > LOOP_MAX) buffer.set(bytes.subarray(start, end), at)
  else for (let i = 0; i < length; i++) buffer[at + i] = bytes[start + i] as number
  out.at = at + length
}

export function copyInto(out: ValueWriter, bytes: Uint8Array): void {
  out.reserve(bytes.length)
  out.buffer.set(bytes, out.at)
  out.at += bytes.length
}

const SHORT_NAME = 32
const LOOP_MAX = 48
const NONE: readonly Uint8Array[] = []
const NO_ARGS: readonly unknown[] = []
