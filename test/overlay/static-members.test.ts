import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import { staticMembers } from '../../src/overlay/static-members.js'
import { overlayContract } from '../contracts/overlay.js'
import { addressOf, CoreNetwork, incarnationFor } from './core-network.js'

overlayContract('staticMembers', (addresses) => staticMembers(addresses), {
  joins: false,
  removesOthers: false,
  rejoins: true,
  persists: false,
})

const LIST = ['a:9000', 'b:9000', 'c:9000']

function three(list: readonly (string | { name: string; host: string; port: number })[] = LIST) {
  const net = new CoreNetwork({ seed: 1 })
  for (const name of ['a', 'b', 'c']) net.start(name, staticMembers(list))
  net.run(10_000)
  const names = (at: string): string[] =>
    net
      .node(at)
      .overlay.members()
      .map((m) => m.name)
  return { net, names }
}

describe('static members', () => {
  it('needs the list on one side only: who is dialled takes the caller', () => {
    const net = new CoreNetwork({ seed: 2 })
    net.start('a', staticMembers([]))
    net.start('b', staticMembers(['a:9000']))
    net.run(5_000)
    for (const name of ['a', 'b']) {
      assert.deepEqual(
        net
          .node(name)
          .overlay.members()
          .map((m) => m.name),
        ['a', 'b'],
      )
    }
  })

  it('does not hang up on the contact of a join that follows, though it had left', () => {
    const self = { name: 'a', addresses: [addressOf('a')], tags: [], generation: 1 }
    const a = staticMembers(LIST).create(
      { ...self, incarnation: incarnationFor(1) },
      seededRandom(1),
    )
    const b = { ...self, name: 'b', addresses: [addressOf('b')], incarnation: incarnationFor(2) }
    a.step({ type: 'start' })
    a.step({ type: 'peerUp', peer: b })
    a.step({ type: 'leave', name: 'a' })
    a.step({ type: 'peerDown', peer: 'b', incarnation: b.incarnation })
    assert.deepEqual(a.step({ type: 'peerUp', peer: b }), [])
    const types = a.step({ type: 'join', contact: b }).map((effect) => effect.type)
    // It dials again the addresses that nobody has answered at, and keeps the contact.
    assert.deepEqual(types.slice(-3), ['memberJoined', 'connect', 'send'])
    assert.notInclude(types, 'disconnect')
  })

  it('hangs up where another name answers than the list expects', () => {
    const { net, names } = three([{ name: 'x', host: 'b', port: 9_000 }])
    assert.deepEqual(names('a'), ['a'])
    assert.match(net.node('a').badMessages[0]?.detail ?? '', /b:9000 the list expects x/)
  })

  it('removes one pair when told to, and stays so when the other dials again', () => {
    const { net, names } = three()
    net.leave('a', 'b')
    net.run(30_000)
    assert.deepEqual(
      [names('a'), names('b'), names('c')],
      [
        ['a', 'c'],
        ['b', 'c'],
        ['a', 'b', 'c'],
      ],
    )
    net.crash('b')
    net.run(10_000)
    net.start('b', staticMembers(LIST))
    net.run(30_000)
    assert.deepEqual(names('a'), ['a', 'c'])
    net.join('a', 'b')
    net.run(5_000)
    assert.deepEqual(names('a'), ['a', 'b', 'c'])
    assert.deepEqual(names('b'), ['a', 'b', 'c'])
  })

  it('asks at the address again when a node is given up: it may be another machine now', () => {
    const { net } = three()
    const { overlay } = net.node('a')
    const { incarnation } = net.node('b').member
    assert.deepEqual(overlay.step({ type: 'nodeDown', peer: 'b', incarnation }), [
      { type: 'connectAddress', address: { host: 'b', port: 9_000 } },
    ])
  })

  it('tries the addresses that nobody answered at again when it comes back after it left', () => {
    const { net } = three(['a:9000', 'b:9000', 'c:9000', 'd:9000'])
    const { overlay } = net.node('a')
    overlay.step({ type: 'leave', name: 'a' })
    const effects = overlay.step({ type: 'join', contact: net.node('b').member })
    assert.deepEqual(
      effects.filter(({ type }) => type === 'connectAddress'),
      [{ type: 'connectAddress', address: { host: 'd', port: 9_000 } }],
    )
  })

  it('refuses what is no list of addresses', () => {
    const bad: [unknown, string][] = [
      ['a:9000', 'ERR_BAD_OPTION'],
      [['nonsense'], 'ERR_BAD_ADDRESS'],
      [[null], 'ERR_BAD_ADDRESS'],
      [[{ host: 'a', port: 0 }], 'ERR_BAD_ADDRESS'],
      [[{ name: 'a b', host: 'a', port: 1 }], 'ERR_BAD_OPTION'],
    ]
    for (const [list, code] of bad) {
      try {
        staticMembers(list as string[])
        assert.fail('it was taken')
      } catch (error) {
        assert.equal(codeOf(error), code)
      }
    }
  })
})
