import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { readName } from '../../src/wire/name-cache.js'

describe('names in envelopes', () => {
  const read = (name: string): string => {
    const bytes = Buffer.from(`<${name}>`)
    return readName(bytes, 1, bytes.length - 1)
  }

  const cases: readonly (readonly [string, string])[] = [
    ['an empty one', ''],
    ['a short one', 'counter'],
    ['one of the longest that are kept', 'n'.repeat(32)],
    ['one that is longer', 'n'.repeat(33)],
    ['one with letters of two bytes', 'zähler'],
    ['one with a letter of four bytes', 'a🎲'],
  ]
  for (const [what, name] of cases) {
    it(`reads ${what}, again and again`, () => {
      assert.deepEqual([read(name), read(name)], [name, name])
    })
  }

  it('reads as Node does what is no UTF-8', () => {
    const bytes = Buffer.from([0x61, 0xff, 0x80])
    assert.equal(readName(bytes, 0, 3), bytes.toString('utf8'))
  })

  it('tells names of one slot apart, however many there are', () => {
    const random = seededRandom('names')
    const names = Array.from({ length: 5_000 }, () => `n${random.int(2_000).toString(36)}`)
    assert.deepEqual(names.map(read), names)
  })

  it('does not keep the memory of a message', () => {
    const bytes = Buffer.from('abc')
    const name = readName(bytes, 0, 3)
    bytes.fill(0x78)
    assert.equal(name, 'abc')
    assert.equal(readName(bytes, 0, 3), 'xxx')
  })
})
