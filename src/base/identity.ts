import { decodeTime, encodeTime } from 'ulid'

/**
 * Identities of node incarnations and actors, all of them ULIDs. A node draws one at its start, its
 * *incarnation*: 48 bits of time, 40 random bits, 40 zero bits. The actors it spawns carry the same
 * 88 bits and their serial number in the last 40: monotonic ULIDs, as the ULID specification counts
 * them up within a millisecond. So an actor's id names its node's incarnation too, sorts by age,
 * travels as a small integer to the node that made it, and costs nothing until somebody reads it.
 */
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const PREFIX_CHARS = 18
const SERIAL_CHARS = 8

/** Serial numbers run from 1 to this. */
export const MAX_SERIAL = 2 ** 40 - 1

/** A new incarnation id. `random` must hold at least 5 bytes. */
export function newIncarnation(wallMs: number, random: Uint8Array): string {
  let text = encodeTime(wallMs, 10)
  let bits = 0n
  for (let i = 0; i < 5; i++) bits = (bits << 8n) | BigInt(random[i] ?? 0)
  for (let i = 7; i >= 0; i--) text += CROCKFORD[Number((bits >> BigInt(5 * i)) & 31n)]
  return text + '0'.repeat(SERIAL_CHARS)
}

/** The id of the actor with that serial on that incarnation. */
export function actorId(incarnation: string, serial: number): string {
  let rest = serial
  let text = ''
  for (let i = 0; i < SERIAL_CHARS; i++) {
    text = CROCKFORD[rest % 32] + text
    rest = Math.floor(rest / 32)
  }
  return incarnation.slice(0, PREFIX_CHARS) + text
}

/** The incarnation of the node that made this actor id. */
export const incarnationOf = (id: string): string =>
  id.slice(0, PREFIX_CHARS) + '0'.repeat(SERIAL_CHARS)

/** The serial number within an actor id; 0 for an incarnation's own id. */
export function serialOf(id: string): number {
  let serial = 0
  for (let i = PREFIX_CHARS; i < id.length; i++) {
    serial = serial * 32 + CROCKFORD.indexOf(id.charAt(i))
  }
  return serial
}

/** When the incarnation began, in milliseconds of wall time. */
export const bornMs = (id: string): number => decodeTime(id)

/** True for the 26 characters of a ULID in capitals. */
export const isUlid = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)
