/**
 * A number in [0, 1) that follows from its arguments alone (the finalizer of MurmurHash3). What one
 * node draws changes nothing for the others.
 */
export function hashedDraw(salt: number, a: number, b: number, c: number): number {
  return mix(mix(mix(salt ^ a) ^ b) ^ c) / 2 ** 32
}

function mix(value: number): number {
  let h = (value + 0x9e3779b9) | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
