import { OPEN, ORDER, STAMP, STAMP_VERSION } from './stamp.js'

/** What most messages carry: no label, no filler. One that is used again and again. */
export class PlainStamp {
  tag = 0
  session = 0
  id = 0

  /** False, and without meaning, for every other stamp, malformed ones included. */
  read(bytes: Uint8Array): boolean {
    const { length } = bytes
    if (length > PLAIN_MAX || bytes[0] !== ((STAMP_VERSION << 4) | STAMP.DATA)) return false
    const flags = bytes[1] as number
    if ((flags & ~(OPEN | ORDER)) !== 0) return false
    this.tag = ((bytes[2] as number) | ((bytes[3] as number) << 8)) + high(bytes, 4)
    at = 6
    this.session = varint(bytes)
    this.id = varint(bytes)
    if (!(this.session > 0 && this.id > 0)) return false
    const distance = flags & ORDER ? varint(bytes) : 1
    return at === length && distance > 0 && (distance < this.id || (flags & ORDER) === 0)
  }
}

/** Three numbers of four bytes; longer ones take the long way. */
const PLAIN_MAX = 6 + 12
let at = 0

const high = (bytes: Uint8Array, from: number): number =>
  ((bytes[from] as number) | ((bytes[from + 1] as number) << 8)) * 65_536

/** 0 for one that is longer than four bytes, or not in the shortest form, or goes on behind the end. */
function varint(bytes: Uint8Array): number {
  let value = 0
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++] as number
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return byte === 0 && shift > 0 ? 0 : value
  }
  return 0
}
