import { assert } from 'chai'
import { sharedMacs } from '../../src/simulation/shared-macs.js'
import { realCrypto } from '../../src/world/real/real-crypto.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** How many macs were computed. */
function counted(): { crypto: typeof realCrypto; count(): number } {
  let count = 0
  const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => {
    count++
    return realCrypto.hmac(key, data)
  }
  return { crypto: sharedMacs({ ...realCrypto, hmac }), count: () => count }
}

describe('Macs that both ends of a simulated handshake share', () => {
  it('are computed once for the same key and data, and are those of the real thing', () => {
    const { crypto, count } = counted()
    const made = crypto.hmac(bytes(1, 2), bytes(3, 4))
    assert.deepEqual(crypto.hmac(bytes(1, 2), bytes(3, 4)), made)
    assert.equal(count(), 1)
    assert.deepEqual(made, realCrypto.hmac(bytes(1, 2), bytes(3, 4)))
  })

  for (const [what, key, data] of [
    ['another key', bytes(1, 3), bytes(3, 4)],
    ['other data', bytes(1, 2), bytes(3, 5)],
    ['longer data', bytes(1, 2), bytes(3, 4, 0)],
  ] as const) {
    it(`are computed anew for ${what}`, () => {
      const { crypto, count } = counted()
      crypto.hmac(bytes(1, 2), bytes(3, 4))
      assert.deepEqual(crypto.hmac(key, data), realCrypto.hmac(key, data))
      assert.equal(count(), 2)
    })
  }

  it('do not follow bytes that are written to later', () => {
    const { crypto } = counted()
    const data = bytes(3, 4)
    crypto.hmac(bytes(1), data)
    data[0] = 9
    assert.deepEqual(crypto.hmac(bytes(1), data), realCrypto.hmac(bytes(1), bytes(9, 4)))
    assert.deepEqual(crypto.hmac(bytes(1), bytes(3, 4)), realCrypto.hmac(bytes(1), bytes(3, 4)))
  })

  it('are forgotten after a while', () => {
    const { crypto, count } = counted()
    for (let i = 0; i < 20; i++) crypto.hmac(bytes(1), bytes(i))
    crypto.hmac(bytes(1), bytes(0))
    assert.equal(count(), 21)
  })
})
