import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { realCompress } from '../../src/world/real/real-compress.js'
import { realCrypto } from '../../src/world/real/real-crypto.js'
import { realEntropy } from '../../src/world/real/real-entropy.js'
import { realWorld } from '../../src/world/real/real-world.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

describe('real world', () => {
  it('draws the same from the same seed and differently without one', () => {
    const draws = (seed?: string) => {
      const { random } = realWorld(seed === undefined ? {} : { seed })
      return [random.u32(), random.u32()].join()
    }
    assert.equal(draws('s'), draws('s'))
    assert.notEqual(draws('s'), draws('t'))
    assert.notEqual(draws(), draws())
  })

  it('has a store only when given a directory, and makes it only when used', async () => {
    assert.isUndefined(realWorld().store)
    const parent = mkdtempSync(join(tmpdir(), 'troupe-world-'))
    const dataDir = join(parent, 'data')
    const { store } = realWorld({ dataDir })
    assert.isFalse(existsSync(dataDir))
    await store?.put('a', text('1'))
    assert.isTrue(existsSync(dataDir))
    await store?.close()
    rmSync(parent, { recursive: true })
  })

  it('refuses unknown options and bad values by name', () => {
    const make = realWorld as (options: object) => unknown
    assert.throws(() => make({ datadir: 'x' }), /realWorld\.datadir is not an option/)
    assert.throws(() => make({ dataDir: '' }), /realWorld\.dataDir must be a non-empty string/)
    assert.throws(
      () => make({ collectorRoom: 'no' }),
      /realWorld\.collectorRoom must be true or false/,
    )
    assert.throws(() => make({ seed: Number.NaN }), /realWorld\.seed must be .*got NaN/)
  })
})

describe('real crypto and entropy', () => {
  it('makes the same macs as Node, whatever the lengths of key and data', () => {
    const bytes = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => i * 7)
    for (const key of [0, 1, 63, 64, 65, 200]) {
      for (const data of [0, 1, 55, 56, 64, 1_000]) {
        const expected = createHmac('sha256', bytes(key)).update(bytes(data)).digest()
        const mac = realCrypto.hmac(bytes(key), bytes(data))
        assert.equal(hex(mac), hex(expected), `${key} and ${data} bytes`)
      }
    }
  })

  it('computes HMAC-SHA-256 as in RFC 4231, case 2', () => {
    const mac = realCrypto.hmac(text('Jefe'), text('what do ya want for nothing?'))
    assert.equal(hex(mac), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
  })

  it('computes SHA-256 of "abc" as in FIPS 180', () => {
    const sum = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
    assert.equal(hex(realCrypto.sha256(text('abc'))), sum)
  })

  it('compares by content, and different lengths as different', () => {
    assert.isTrue(realCrypto.equal(text('same'), text('same')))
    assert.isFalse(realCrypto.equal(text('same'), text('some')))
    assert.isFalse(realCrypto.equal(text('same'), text('same!')))
    assert.isTrue(realCrypto.equal(text(''), text('')))
  })

  it('gives as many bytes as asked for, other ones each time', () => {
    assert.equal(realEntropy.bytes(32).length, 32)
    assert.notEqual(hex(realEntropy.bytes(16)), hex(realEntropy.bytes(16)))
  })
})

describe('real compress', () => {
  it('gives back what it was given', () => {
    for (const data of [new Uint8Array(0), new Uint8Array(100_000), randomBytes(10_000)]) {
      const packed = realCompress.deflate(data)
      assert.equal(hex(realCompress.inflate(packed, data.length)), hex(data))
    }
    assert.isBelow(realCompress.deflate(new Uint8Array(100_000)).length, 1_000)
  })

  it('never makes more than it may', () => {
    const bomb = realCompress.deflate(new Uint8Array(50_000_000))
    assert.throws(() => realCompress.inflate(bomb, 1_000_000))
    assert.throws(() => realCompress.inflate(realCompress.deflate(text('ab')), 1))
    assert.throws(() => realCompress.inflate(realCompress.deflate(text('a')), 0))
  })

  it('throws on damaged data', () => {
    const packed = Buffer.from(realCompress.deflate(randomBytes(1_000)))
    assert.throws(() => realCompress.inflate(packed.subarray(0, 500), 10_000))
    assert.throws(() => realCompress.inflate(Buffer.from('not deflated'), 10_000))
  })
})
