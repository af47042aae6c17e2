import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Crypto } from '../crypto.js'

export const realCrypto: Crypto = {
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  sha256: (data) => createHash('sha256').update(data).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
}
