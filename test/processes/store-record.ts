/** So many keys are written over and over. */
const KEYS = 50

export const keyOf = (number: number): string => `record/${number % KEYS}`

/** Says which number it is, and fills some bytes by it. */
export function bytesOf(number: number): Uint8Array {
  const bytes = new Uint8Array(8 + (number % 900)).fill(number & 255)
  new DataView(bytes.buffer).setFloat64(0, number)
  return bytes
}

export const numberOf = (bytes: Uint8Array): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0)

/** The numbers that may lie at the key of `number` once all up to `number` are durable: that, or a later one. */
export const lastOf = (key: number, durable: number): number =>
  durable - ((((durable - key) % KEYS) + KEYS) % KEYS)

export const allKeys = Array.from({ length: KEYS }, (_, key) => key)
