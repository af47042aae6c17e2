/** As many as a node's busy actors and methods have, many times over. */
const SLOTS = 256
/** A longer one is decoded each time. */
const BYTES_MAX = 32

/**
 * Names of actors and methods as they lie in envelopes. The same few come with every message, and decoding one costs
 * more than finding that it is the one that came before; a string that was kept also knows its hash. A slot
 * holds what came last, so that whoever sends many names only makes others decode theirs again.
 */
const names: (string | undefined)[] = new Array(SLOTS).fill(undefined)

/** UTF-8, as `Buffer.toString` reads it. */
export function readName(bytes: Buffer, start: number, end: number): string {
  const length = end - start
  if (length > BYTES_MAX) return bytes.toString('utf8', start, end)
  let hash = length
  let bits = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number
    hash = (Math.imul(hash, 31) + byte) | 0
    bits |= byte
  }
  if (bits > 0x7f) return bytes.toString('utf8', start, end)
  const slot = (hash ^ (hash >>> 8)) & (SLOTS - 1)
  const known = names[slot]
  if (known?.length === length && isAt(bytes, start, known)) return known
  const name = bytes.toString('latin1', start, end)
  names[slot] = name
  return name
}

function isAt(bytes: Buffer, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (bytes[start + i] !== name.charCodeAt(i)) return false
  }
  return true
}
