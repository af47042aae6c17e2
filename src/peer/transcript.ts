import type { Crypto } from '../world/crypto.js'

const encoder = new TextEncoder()
const LABELS = {
  dialler: encoder.encode('troupe handshake 1 dialler'),
  acceptor: encoder.encode('troupe handshake 1 acceptor'),
}

/** Every byte both sides of a handshake have said, and the macs over it. */
export class Transcript {
  readonly #crypto: Crypto
  readonly #cookie: Uint8Array | undefined
  readonly #parts: Uint8Array[] = []

  constructor(crypto: Crypto, cookie: Uint8Array | undefined) {
    this.#crypto = crypto
    this.#cookie = cookie
  }

  heard(body: Uint8Array): void {
    if (this.#cookie !== undefined) this.#parts.push(body)
  }

  /** HMAC-SHA-256 over the role, all that was heard so far, and `said`; empty without a cookie. */
  mac(role: 'dialler' | 'acceptor', said: Uint8Array): Uint8Array {
    if (this.#cookie === undefined) return NO_MAC
    return this.#crypto.hmac(this.#cookie, withLengths([LABELS[role], ...this.#parts, said]))
  }

  proves(role: 'dialler' | 'acceptor', said: Uint8Array, mac: Uint8Array): boolean {
    return this.#crypto.equal(mac, this.mac(role, said))
  }
}

const NO_MAC = new Uint8Array(0)

/** Lengths go in front, so that no two different conversations are the same bytes. */
function withLengths(parts: readonly Uint8Array[]): Uint8Array {
  let size = 0
  for (const part of parts) size += 4 + part.length
  const whole = Buffer.allocUnsafe(size)
  let at = 0
  for (const part of parts) {
    whole.set(part, whole.writeUInt32LE(part.length, at))
    at += 4 + part.length
  }
  return whole
}
