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
import { ReceivedBody } from './received-body.js'

/**
 * The envelope in the body of an ENVELOPE frame (envelope-head.ts). Its head is checked; its
 * arguments stay as they are until the codec decodes them, and share the frame's memory.
 *
 * @throws TroupeError ERR_BAD_FRAME, and nothing else
 */
export function readEnvelope(bytes: Uint8Array, start: number, end: number): Envelope {
  const head = new HeadReader(
    Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    start,
    end,
  )
  const kind = head.u8()
  if (!(kind >= ENVELOPE.TELL && kind <= ENVELOPE.FORWARD)) throw bad('its kind is unknown')
  const flags = head.u8()
  if ((flags & ~ALL_FLAGS) !== 0) throw bad('its flags are unknown')
  const to = flags & TO_NAME ? head.text() : head.varint()
  const method = flags & METHOD_NAME ? head.text() : head.varint()
  const callId = flags & CALL ? head.varint() : 0
  const key = flags & KEY ? head.u32() : 0
  const stamp = flags & STAMP ? head.stamp() : undefined
  const headBytes = flags & PAYLOADS ? head.u32() : end - head.at
  const headEnd = head.at + headBytes
  if (headBytes < 1 || headEnd > end) throw bad('its arguments are missing')
  if (flags & PAYLOADS && headEnd === end) throw bad('its payloads are missing')
  const body = new ReceivedBody(head.bytes, head.at, headEnd, end)
  return new Envelope(kind as EnvelopeKind, to, method, callId, key, undefined, body, stamp)
}

class HeadReader {
  readonly bytes: Buffer
  at: number
  readonly #end: number

  constructor(bytes: Buffer, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.#end = end
  }

  u8(): number {
    return this.bytes[this.#take(1)] as number
  }

  u16(): number {
    const at = this.#take(2)
    return (this.bytes[at] as number) | ((this.bytes[at + 1] as number) << 8)
  }

  u32(): number {
    return this.u16() + this.u16() * 65536
  }

  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw bad('a number is too large')
  }

  text(): string {
    const length = this.u16()
    if (length > NAME_LIMIT) throw bad('a name is too long')
    const at = this.#take(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  stamp(): Uint8Array {
    const length = this.u16()
    if (length > STAMP_LIMIT) throw bad('its stamp is too long')
    const at = this.#take(length)
    return this.bytes.subarray(at, at + length)
  }

  #take(count: number): number {
    const at = this.at
    if (at + count > this.#end) throw bad('it ends too early')
    this.at = at + count
    return at
  }
}

const bad = (detail: string): TroupeError =>
  new TroupeError('ERR_BAD_FRAME', `an envelope is malformed: ${detail}`)
