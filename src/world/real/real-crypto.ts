import { hash, timingSafeEqual } from 'node:crypto'
import type { Crypto } from '../crypto.js'

const BLOCK_BYTES = 64

/**
 * HMAC as RFC 2104 makes it of two hashes. `hash` takes the bytes in one call; `createHmac` makes a stream
 * each time, which costs more than the hashing and keeps the garbage collector busy.
 */
function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = key.length > BLOCK_BYTES ? sha256(key) : key
  const inner = Buffer.allocUnsafe(BLOCK_BYTES + data.length).fill(0x36, 0, BLOCK_BYTES)
  const outer = Buffer.allocUnsafe(BLOCK_BYTES + 32).fill(0x5c, 0, BLOCK_BYTES)
  for (let i = 0; i < block.length; i++) {
    inner[i] = (block[i] as number) ^ 0x36
    outer[i] = (block[i] as number) ^ 0x5c
  }
  inner.set(data, BLOCK_BYTES)
  outer.set(sha256(inner), BLOCK_BYTES)
  return sha256(outer)
}

const sha256 = (data: Uint8Array): Uint8Array => hash('sha256', data, 'buffer')

export const realCrypto: Crypto = {
  hmac,
  sha256,
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
}
