/**
 * The body of an ENVELOPE frame:
 *
 *     u8       kind        one of ENVELOPE
 *     u8       flags       which of the following are there
 *     varint or text  to   a serial number, or with TO_NAME a name
 *     varint or text  method   an index, or with METHOD_NAME a name
 *     varint   callId      with CALL
 *     u32 LE   key         with KEY
 *     u16 LE + bytes  stamp    with STAMP
 *     u32 LE   headBytes   with PAYLOADS: bytes of the arguments' head; the payloads follow it
 *     …        arguments   a MessagePack array (value-format.ts)
 *
 * A varint has 7 bits a byte, the lowest first, at most 2^53 - 1; a text is a u16 LE and UTF-8.
 */
export const TO_NAME = 1
export const METHOD_NAME = 2
export const CALL = 4
export const KEY = 8
export const STAMP = 16
export const PAYLOADS = 32
export const ALL_FLAGS = 63

/** Bytes of a name in an envelope's head. */
export const NAME_LIMIT = 1024
/** Bytes of what delivery stages put into an envelope's head. */
export const STAMP_LIMIT = 32 * 1024
