import { isUlid } from '../base/identity.js'
import { isNodeName } from '../overlay/member.js'

/** What travels between the two ends of a virtual connection, one message of the broker each. */
export const PACKET = {
  /** Body: the port, the window, the dialler's name. */
  OPEN: 1,
  /** Value: the window. */
  ACCEPT: 2,
  /** Value: its number. */
  DATA: 3,
  /** Value: bytes read since the connection stands. */
  WINDOW: 4,
  /** Nothing follows from this end. Value: as DATA. */
  END: 5,
  /** This end is gone. Value: as DATA. */
  GONE: 6,
  /** There is no such connection, or it broke. */
  RESET: 7,
  /** Concerns no connection: the body was published to all. */
  PUBLISHED: 8,
} as const
export type PacketKind = (typeof PACKET)[keyof typeof PACKET]

export interface Packet {
  readonly kind: PacketKind
  /** The sender opened the connection: it is named by the sender's number, else by the receiver's. */
  readonly byDialler: boolean
  /** Incarnation of the sender. */
  readonly from: string
  /** Of the connection, drawn by who opened it. */
  readonly number: number
  readonly value: number
  readonly body: Uint8Array
}

export type PacketHead = Omit<Packet, 'body'>

const FROM_BYTES = 26
export const PACKET_HEAD_BYTES = 1 + FROM_BYTES + 6 + 6
const BY_DIALLER = 0x80
const NUMBER_MAX = 2 ** 48 - 1

/** The head, then the parts of the body, in one piece of memory. */
export function encodePacket(head: PacketHead, parts: readonly Uint8Array[] = []): Uint8Array {
  let size = PACKET_HEAD_BYTES
  for (const part of parts) size += part.length
  const bytes = Buffer.allocUnsafe(size)
  bytes.writeUInt8(head.kind | (head.byDialler ? BY_DIALLER : 0), 0)
  bytes.write(head.from, 1, FROM_BYTES, 'latin1')
  bytes.writeUIntBE(head.number, 1 + FROM_BYTES, 6)
  bytes.writeUIntBE(head.value, 7 + FROM_BYTES, 6)
  let at = PACKET_HEAD_BYTES
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** The packet in a message of the broker, or undefined when it is none. */
export function readPacket(bytes: Uint8Array): Packet | undefined {
  if (bytes.length < PACKET_HEAD_BYTES) return undefined
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const first = view.readUInt8(0)
  const kind = first & ~BY_DIALLER
  if (kind < PACKET.OPEN || kind > PACKET.PUBLISHED) return undefined
  const from = view.toString('latin1', 1, 1 + FROM_BYTES)
  if (!isUlid(from)) return undefined
  return {
    kind: kind as PacketKind,
    byDialler: (first & BY_DIALLER) !== 0,
    from,
    number: view.readUIntBE(1 + FROM_BYTES, 6),
    value: view.readUIntBE(7 + FROM_BYTES, 6),
    body: view.subarray(PACKET_HEAD_BYTES),
  }
}

/** What an OPEN carries. */
export interface Opening {
  readonly port: number
  readonly window: number
  /** Of the node that dials, for logs. */
  readonly name: string
}

const OPENING_MIN_BYTES = 8
/** As much as a node's name and incarnation can have. */
const NAME_MAX_BYTES = 512

export function encodeOpening({ port, window, name }: Opening): Uint8Array {
  const bytes = Buffer.alloc(OPENING_MIN_BYTES + Buffer.byteLength(name))
  bytes.writeUInt16BE(port, 0)
  bytes.writeUIntBE(Math.min(window, NUMBER_MAX), 2, 6)
  bytes.write(name, OPENING_MIN_BYTES)
  return bytes
}

export function readOpening(body: Uint8Array): Opening | undefined {
  const size = body.length
  if (size < OPENING_MIN_BYTES || size > OPENING_MIN_BYTES + NAME_MAX_BYTES) return undefined
  const view = Buffer.from(body.buffer, body.byteOffset, size)
  const name = view.toString('utf8', OPENING_MIN_BYTES)
  if (!isNodeName(name)) return undefined
  return { port: view.readUInt16BE(0), window: view.readUIntBE(2, 6), name }
}
