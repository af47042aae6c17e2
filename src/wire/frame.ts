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
  // rooms of their own
  OVERLAY: 16,
  BROADCAST: 17,
  DELIVERY: 18,
  // messages
  ENVELOPE: 32,
  RELAY: 33,
  FRAGMENT: 34,
} as const

export type FrameKind = (typeof FRAME)[keyof typeof FRAME]

/** Body limits by kind, in bytes; ENVELOPE and RELAY are bounded by `maxMessageBytes` instead. */
export const HANDSHAKE_LIMIT = 16 * 1024
export const CONTROL_LIMIT = 1024 * 1024
/** A frame larger than this travels as fragments. */
export const FRAGMENT_ABOVE = 64 * 1024
