/**
 * The head of every frame on a lane, 8 bytes:
 *
 *     0  u32 LE  bodyBytes   what follows the head
 *     4  u8      version     WIRE_VERSION
 *     5  u8      kind        one of FRAME
 *     6  u16 LE  reserved    0
 *
 * Length and version are checked before anything is allocated.
 */
export const HEAD_BYTES = 8
export const WIRE_VERSION = 1

export const FRAME = {
  // handshake (bodies are small msgpack arrays, checked field by field)
  HELLO: 1,
  CHALLENGE: 2,
  PROOF: 3,
  WELCOME: 4,
  REFUSE: 5,
  // life of a peer
  PING: 8,
  PONG: 9,
  GOODBYE: 10,
  /** How much of each channel the peer may send, and questions about it; on the membership lane. */
  CREDIT: 11,
  /** How many fragments came in over a connection: see `peer/session.ts`. */
  ACK: 12,
  // rooms of their own
  OVERLAY: 16,
  BROADCAST: 17,
  DELIVERY: 18,
  /** The sender does not want this connection any more; whoever does not either closes it. */
  RELEASE: 19,
  /** Ways to nodes that are no neighbours, and signs of life from them. */
  ROUTE: 20,
  // messages
  ENVELOPE: 32,
  RELAY: 33,
  FRAGMENT: 34,
  /** Several frames, compressed. */
  PACKED: 35,
} as const

export type FrameKind = (typeof FRAME)[keyof typeof FRAME]

/** Body limits by kind, in bytes; ENVELOPE and RELAY are bounded by `maxMessageBytes` instead, see `bodyLimit`. */
export const HANDSHAKE_LIMIT = 16 * 1024
export const CONTROL_LIMIT = 1024 * 1024
/** What `cluster/` puts before the envelope in a RELAY body, at most. */
export const RELAY_HEAD_LIMIT = 4 * 1024
/** A frame larger than this travels as fragments. */
export const FRAGMENT_ABOVE = 64 * 1024

/** Bytes the body of a frame of that kind may have; 0 for a kind there is not. */
export function bodyLimit(kind: number, maxMessageBytes: number): number {
  switch (kind) {
    case FRAME.ENVELOPE:
      return maxMessageBytes
    case FRAME.RELAY:
      return maxMessageBytes + RELAY_HEAD_LIMIT
    case FRAME.HELLO:
    case FRAME.CHALLENGE:
    case FRAME.PROOF:
    case FRAME.WELCOME:
    case FRAME.REFUSE:
      return HANDSHAKE_LIMIT
    default:
      return KINDS.has(kind) ? CONTROL_LIMIT : 0
  }
}

const KINDS: ReadonlySet<number> = new Set(Object.values(FRAME))
