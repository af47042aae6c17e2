import { hash, timingSafeEqual } from 'node:crypto'
import type { Crypto } from '../crypto.js'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
/** Where the bytes to hash are put together; longer ones get a place of their own. */
const scratch = Buffer.allocUnsafeSlow(4096)
const outer = Buffer.allocUnsafeSlow(BLOCK_BYTES + DIGEST_BYTES)

/**
 * HMAC as RFC 2104 makes it of two hashes. `hash` takes the bytes in one call; `createHmac` makes a stream
 * each time, which costs more than the hashing and keeps the garbage collector busy.
 */
function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  const block = key.length > BLOCK_BYTES ? sha256(key) : key
  const size = BLOCK_BYTES + data.length
  const inner = size <= scratch.length ? scratch.subarray(0, size) : Buffer.allocUnsafe(size)
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = block[i] ?? 0
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
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
