import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { addressText, parseAddress } from '../../src/overlay/address.js'
import {
  compareIncarnations,
  memberFromWire,
  memberToWire,
  sameMember,
} from '../../src/overlay/member.js'
import type { Address, Member } from '../../src/overlay/overlay.js'
import { incarnationFor } from './core-network.js'

const member: Member = {
  name: 'a',
  incarnation: incarnationFor(1),
  generation: 7,
  addresses: [
    { host: '10.0.0.1', port: 9000 },
    { host: '::1', port: 1 },
  ],
  tags: ['server', ''],
}

describe('member', () => {
  it('crosses the wire whole', () => {
    assert.deepEqual(memberFromWire(structuredClone(memberToWire(member))), member)
  })

  const [name, incarnation, generation, addresses, tags] = memberToWire(member)
  const bad: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['an object', member],
    ['a field missing', [name, incarnation, generation, addresses]],
    ['an empty name', ['', incarnation, generation, addresses, tags]],
    ['a name with a space', ['a b', incarnation, generation, addresses, tags]],
    ['a name with a line break', ['a\n', incarnation, generation, addresses, tags]],
    ['a name with a slash', ['a/b', incarnation, generation, addresses, tags]],
    ['a name with an escape character', ['a\u001b[2J', incarnation, generation, addresses, tags]],
    ['a name of 256 characters', ['a'.repeat(256), incarnation, generation, addresses, tags]],
    ['an incarnation that is no ULID', [name, 'x', generation, addresses, tags]],
    ['a negative generation', [name, incarnation, -1, addresses, tags]],
    ['a generation with a fraction', [name, incarnation, 0.5, addresses, tags]],
    ['a generation beyond 2^53', [name, incarnation, 2 ** 60, addresses, tags]],
    ['addresses that are no list', [name, incarnation, generation, 'x', tags]],
    ['too many addresses', [name, incarnation, generation, Array(17).fill(['h', 1]), tags]],
    ['port 0', [name, incarnation, generation, [['h', 0]], tags]],
    ['port 65536', [name, incarnation, generation, [['h', 65_536]], tags]],
    ['a host with a space', [name, incarnation, generation, [['h h', 1]], tags]],
    ['a tag that is no text', [name, incarnation, generation, addresses, [1]]],
    ['too many tags', [name, incarnation, generation, addresses, Array(65).fill('t')]],
    ['a tag that is too long', [name, incarnation, generation, addresses, ['t'.repeat(256)]]],
  ]
  for (const [what, value] of bad) {
    it(`is refused: ${what}`, () => assert.isUndefined(memberFromWire(value)))
  }

  it('is the same as a copy of it', () => {
    assert.isTrue(sameMember(member, structuredClone(member)))
  })

  const [home, second] = member.addresses as [Address, Address]
  const others: readonly (readonly [string, Partial<Member>])[] = [
    ['name', { name: 'b' }],
    ['incarnation', { incarnation: incarnationFor(2) }],
    ['generation', { generation: 8 }],
    ['host', { addresses: [{ ...home, host: '10.0.0.2' }, second] }],
    ['port', { addresses: [home, { ...second, port: 2 }] }],
    ['order of addresses', { addresses: [second, home] }],
    ['address more', { addresses: [home, second, home] }],
    ['address fewer', { addresses: [home] }],
    ['tag', { tags: ['server', 'x'] }],
    ['tag more', { tags: ['server', '', ''] }],
    ['tag fewer', { tags: ['server'] }],
  ]
  for (const [what, other] of others) {
    it(`is not the same with another ${what}`, () => {
      assert.isFalse(sameMember(member, { ...member, ...other }))
      assert.isFalse(sameMember({ ...member, ...other }, member))
    })
  }

  it('is ordered by generation, then by incarnation', () => {
    const [first, second] = [incarnationFor(1), incarnationFor(2)]
    const compare = (a: [number, string], b: [number, string]): number =>
      Math.sign(
        compareIncarnations(
          { generation: a[0], incarnation: a[1] },
          { generation: b[0], incarnation: b[1] },
        ),
      )
    assert.equal(compare([1, second], [2, first]), -1)
    assert.equal(compare([2, first], [1, second]), 1)
    assert.equal(compare([1, first], [1, second]), -1)
    assert.equal(compare([1, second], [1, first]), 1)
    assert.equal(compare([1, first], [1, first]), 0)
  })
})

describe('address', () => {
  const good: readonly (readonly [string, Address])[] = [
    ['localhost:9000', { host: 'localhost', port: 9000 }],
    ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
    ['[::1]:9000', { host: '::1', port: 9000 }],
    ['[fe80::1%eth0]:65535', { host: 'fe80::1%eth0', port: 65_535 }],
  ]
  for (const [text, address] of good) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseAddress(text), address)
      assert.equal(addressText(address), text)
      assert.deepEqual(parseAddress(address), address)
    })
  }

  const bad: readonly unknown[] = [
    '',
    'host',
    ':9000',
    'host:',
    'host:0',
    'host:65536',
    'host:99999999',
    'host:12a',
    '::1:9000',
    '[::1]',
    '[host]:9000',
    'a b:9000',
    'tcp://host:9000',
    null,
    7,
    {},
    { host: 'h' },
    { host: 'h', port: '9000' },
  ]
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      try {
        parseAddress(text as string)
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_ADDRESS')
        return
      }
      assert.fail('it was read')
    })
  }
})
