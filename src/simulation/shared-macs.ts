import type { Crypto } from '../world/crypto.js'

/** Handshakes that are under way at a time need so many. */
const KEPT = 16

interface Mac {
  readonly key: Uint8Array
  readonly data: Uint8Array
  readonly mac: Uint8Array
}

/**
 * Both ends of a simulated handshake are in one process, and each mac is computed by the one that proves and by
 * the one that checks. The second finds what the first has computed, where key and data are the same to the byte.
 */
export function sharedMacs(real: Crypto): Crypto {
  const recent: (Mac | undefined)[] = new Array<undefined>(KEPT).fill(undefined)
  let next = 0
  return {
    ...real,
    hmac(key, data) {
      for (const one of recent) {
        if (one !== undefined && same(one.data, data) && same(one.key, key)) return one.mac
      }
      const mac = real.hmac(key, data)
      recent[next] = { key: Buffer.from(key), data: Buffer.from(data), mac }
      next = (next + 1) % KEPT
      return mac
    },
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && Buffer.compare(a, b) === 0
