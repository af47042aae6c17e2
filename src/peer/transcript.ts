import type { Crypto } from '../world/crypto.js'

const LABEL = 'troupe handshake 1 '

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
    this.#parts.push(lengthOf(body), body)
  }

  /** HMAC-SHA-256 over the role, all that was heard so far, and `said`; empty without a cookie. */
  mac(role: 'dialler' | 'acceptor', said: Uint8Array): Uint8Array {
    if (this.#cookie === undefined) return NO_MAC
    const label = new TextEncoder().encode(LABEL + role)
    const parts = [lengthOf(label), label, ...this.#parts, lengthOf(said), said]
    return this.#crypto.hmac(this.#cookie, concat(parts))
  }

  proves(role: 'dialler' | 'acceptor', said: Uint8Array, mac: Uint8Array): boolean {
    return this.#crypto.equal(mac, this.mac(role, said))
  }
}

const NO_MAC = new Uint8Array(0)

/** Lengths go in front, so that no two different conversations are the same bytes. */
function lengthOf(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, body.length, true)
  return bytes
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
