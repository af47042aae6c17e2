import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import { memberToWire } from '../../src/overlay/member.js'
import { presentRecord, recordToWire, removedRecord } from '../../src/overlay/member-set.js'
import type { Member, OverlayEffect } from '../../src/overlay/overlay.js'
import { overlayContract } from '../contracts/overlay.js'
import { addressOf, CoreNetwork, incarnationFor } from './core-network.js'

overlayContract('fullMesh', () => fullMesh())
overlayContract('fullMesh with eviction', () => fullMesh({ evictAfterMs: 200_000 }), { nodes: 12 })

const HELLO = 1
const JOIN = 2
const LEAVE = 3
const STATE = 4
const NEWS = 5

const member = (name: string, generation: number): Member => ({
  name,
  incarnation: incarnationFor(generation),
  generation,
  addresses: [addressOf(name)],
  tags: [],
})

const own = (peer: Member): unknown => recordToWire(presentRecord(peer))
const gone = (peer: Member, by: string): unknown =>
  recordToWire(removedRecord(presentRecord(peer), by, false))
const types = (effects: readonly OverlayEffect[]): string[] => effects.map((e) => e.type)

/** Whom an effect is about. */
const to = (effect: OverlayEffect): string | undefined => {
  if ('member' in effect) return effect.member.name
  const who = 'to' in effect ? effect.to : 'peer' in effect ? effect.peer : undefined
  return typeof who === 'object' ? who.name : who
}

/** A node named `me` that is connected to members a and b. */
function meshOfThree() {
  const [me, a, b] = [member('me', 1), member('a', 2), member('b', 3)]
  const overlay = fullMesh().create(me, seededRandom(1))
  overlay.step({ type: 'start' })
  for (const peer of [a, b]) {
    overlay.step({ type: 'peerUp', peer })
    overlay.step({ type: 'message', from: peer, body: [HELLO, own(peer), '0'.repeat(16), true] })
  }
  const names = (): string[] => overlay.members().map((m) => m.name)
  return { overlay, me, a, b, names }
}

describe('full mesh: what a peer may say', () => {
  const mallory = member('mallory', 50)
  const victim = member('victim', 51)
  const digest = '0123456789abcdef'

  type Three = ReturnType<typeof meshOfThree>
  const forged: readonly (readonly [string, (t: Three) => [Member, unknown]])[] = [
    ['a hello in the name of another', ({ a, b }) => [a, [HELLO, own(b), digest, true]]],
    ['a join in the name of another', ({ a }) => [a, [JOIN, own(victim)]]],
    [
      'a hello with another incarnation of itself',
      ({ a }) => [a, [HELLO, own(member('a', 9)), digest, true]],
    ],
    [
      'a hello with another generation of itself',
      ({ a }) => [a, [HELLO, own({ ...a, generation: 99 }), digest, true]],
    ],
    ['a hello of a node that left', ({ a }) => [a, [HELLO, gone(a, 'a'), digest, true]]],
    ['a leave in the name of another', ({ a, b }) => [a, [LEAVE, gone(b, 'me')]]],
    ['a leave that removes nothing', ({ a, b }) => [a, [LEAVE, own(b)]]],
    ['a leave by a node that is no member', ({ b }) => [mallory, [LEAVE, gone(b, 'mallory')]]],
    ['news from a node that is no member', ({ b }) => [mallory, [NEWS, [gone(b, 'a')]]]],
    [
      'a state from a node that is no member',
      () => [mallory, [STATE, [own(victim)], '', '', true]],
    ],
    ['a digest that is none', ({ a }) => [a, [HELLO, own(a), 'digest', true]]],
    ['a field too many', ({ a }) => [a, [JOIN, own(a), 1]]],
    ['an unknown kind', ({ a }) => [a, [99, own(a)]]],
    [
      'one bad record among good ones',
      ({ a }) => [a, [NEWS, [own(victim), [memberToWire(victim), 1, 2, 'a', false]]]],
    ],
    [
      'a record of this node that it never wrote',
      ({ a, me }) => [a, [NEWS, [recordToWire({ ...presentRecord(me), added: 5 })]]],
    ],
  ]
  for (const [what, make] of forged) {
    it(`is refused: ${what}`, () => {
      const three = meshOfThree()
      const [from, body] = make(three)
      const effects = three.overlay.step({ type: 'message', from, body })
      assert.deepEqual(types(effects), ['badMessage'])
      assert.deepEqual(three.names(), ['a', 'b', 'me'])
    })
  }

  it('is taken: that it removes another, which is told to nobody else by this node', () => {
    const { overlay, a, b, names } = meshOfThree()
    const effects = overlay.step({ type: 'message', from: a, body: [LEAVE, gone(b, 'a')] })
    assert.deepEqual(types(effects), ['memberLeft', 'disconnect', 'persist'])
    assert.deepEqual(names(), ['a', 'me'])
  })

  it('is taken: that this node is out, also twice', () => {
    const { overlay, a, me, names } = meshOfThree()
    const body = [LEAVE, gone(me, 'a')]
    assert.include(types(overlay.step({ type: 'message', from: a, body })), 'selfLeft')
    assert.deepEqual(names(), ['me'])
    assert.notInclude(types(overlay.step({ type: 'message', from: a, body })), 'selfLeft')
  })

  it('tells a removed node that says hello that it is out', () => {
    const { overlay, a, b } = meshOfThree()
    overlay.step({ type: 'leave', name: 'b' })
    const hello = [HELLO, own(b), '0'.repeat(16), true]
    const effects = overlay.step({ type: 'message', from: b, body: hello })
    assert.deepEqual(types(effects), ['send'])
    assert.deepInclude(effects[0], { type: 'send', to: 'b', body: [NEWS, [gone(b, 'me')]] })
    assert.isDefined(a)
  })
})

describe('full mesh: what it answers', () => {
  const newcomer = member('new', 9)
  const sends = (effects: readonly OverlayEffect[]): unknown[] =>
    effects.filter((e) => e.type === 'send').map((e) => [e.to, (e.body as unknown[])[0]])

  it('a join: news of the newcomer to all others, the state to the newcomer', () => {
    const { overlay } = meshOfThree()
    overlay.step({ type: 'peerUp', peer: newcomer })
    const body = [JOIN, own(newcomer)]
    assert.deepEqual(sends(overlay.step({ type: 'message', from: newcomer, body })), [
      ['a', NEWS],
      ['b', NEWS],
      ['new', STATE],
    ])
  })

  it('a state: exactly what its sender lacks, and no answer when it lacks nothing', () => {
    const { overlay, me, a, b } = meshOfThree()
    const lacking = overlay.step({
      type: 'message',
      from: a,
      body: [STATE, [own(a), own(me)], '', '', false],
    })
    assert.deepEqual(lacking, [{ type: 'send', to: 'a', body: [NEWS, [own(b)]] }])
    const part = overlay.step({
      type: 'message',
      from: a,
      body: [STATE, [own(me)], 'b', '', false],
    })
    assert.deepEqual(part, [])
  })

  it('a newer incarnation of a connected node: that one hears it and makes room', () => {
    const { overlay, a } = meshOfThree()
    const heir = member('b', 9)
    const effects = overlay.step({ type: 'message', from: a, body: [NEWS, [own(heir)]] })
    assert.deepEqual(
      effects.filter(({ type }) => type !== 'persist').map((e) => [e.type, to(e)]),
      [
        ['send', 'b'],
        ['disconnect', 'b'],
        ['memberLeft', 'b'],
        ['memberJoined', 'b'],
        ['connect', 'b'],
      ],
    )
  })

  it('a newer incarnation of this node, there or gone again: this one is out', () => {
    for (const record of [own(member('me', 9)), gone(member('me', 9), 'a')]) {
      const { overlay, a, names } = meshOfThree()
      const effects = overlay.step({ type: 'message', from: a, body: [NEWS, [record]] })
      assert.include(types(effects), 'selfLeft')
      assert.deepEqual(names(), ['me'])
    }
  })

  it('a state of another cluster: news of it to its own', () => {
    const { overlay, a } = meshOfThree()
    const body = [STATE, [own(newcomer)], 'c', '', true]
    assert.deepInclude(overlay.step({ type: 'message', from: a, body }), {
      type: 'send',
      to: 'b',
      body: [NEWS, [own(newcomer)]],
    })
  })

  it('the return of a removed node: that it is out', () => {
    const { overlay, b } = meshOfThree()
    overlay.step({ type: 'leave', name: 'b' })
    overlay.step({ type: 'peerDown', peer: 'b', incarnation: b.incarnation })
    assert.deepEqual(overlay.step({ type: 'peerUp', peer: b }), [
      { type: 'send', to: 'b', body: [NEWS, [gone(b, 'me')]] },
    ])
  })

  it('the return of a contact that has not let it in: its join once more', () => {
    const { overlay } = meshOfThree()
    const contact = newcomer
    overlay.step({ type: 'peerUp', peer: contact })
    overlay.step({ type: 'join', contact })
    overlay.step({ type: 'peerDown', peer: 'new', incarnation: contact.incarnation })
    assert.deepEqual(sends(overlay.step({ type: 'peerUp', peer: contact })), [['new', JOIN]])
  })
})

describe('full mesh: what it costs', () => {
  it('takes a newcomer into a quiet mesh with messages for each member, not for each pair', () => {
    const bodiesOfJoin = (nodes: number): unknown[][] => {
      const net = new CoreNetwork({ seed: 1 })
      for (let i = 0; i < nodes; i++) {
        net.start(`n${i}`, fullMesh())
        if (i > 0) net.join(`n${i}`, 'n0')
        net.run(1_000)
      }
      net.run(60_000)
      const seen = new Map(net.alive().map((node) => [node, node.received.length]))
      net.start('new', fullMesh())
      net.join('new', 'n0')
      net.run(1_000)
      return net
        .alive()
        .flatMap((node) => node.received.slice(seen.get(node) ?? 0))
        .map((one) => one.body as unknown[])
    }
    for (const nodes of [10, 30]) {
      const bodies = bodiesOfJoin(nodes)
      assert.isBelow(bodies.length, 4 * nodes)
      assert.lengthOf(
        bodies.filter((body) => body[0] === STATE),
        1,
        'the whole state goes to the newcomer only',
      )
    }
  })

  it('is quiet when nothing changes: one digest a node and round', () => {
    const net = new CoreNetwork({ seed: 2 })
    for (let i = 0; i < 10; i++) {
      net.start(`n${i}`, fullMesh())
      if (i > 0) net.join(`n${i}`, 'n0')
    }
    net.run(60_000)
    const before = net.alive().reduce((sum, node) => sum + node.sent, 0)
    net.run(100_000)
    const sent = net.alive().reduce((sum, node) => sum + node.sent, 0) - before
    assert.approximately(sent, 100, 15)
  })
})

describe('full mesh: bounds and times', () => {
  it('refuses members above membersMax and hangs up on them', () => {
    const net = new CoreNetwork({ seed: 3 })
    for (let i = 0; i < 5; i++) {
      net.start(`n${i}`, fullMesh({ membersMax: 3 }))
      if (i > 0) net.join(`n${i}`, 'n0')
      net.run(1_000)
    }
    net.run(5_000)
    assert.equal(net.node('n0').overlay.members().length, 3)
    assert.match(
      net
        .node('n0')
        .badMessages.map((m) => m.detail)
        .join(),
      /membersMax 3/,
    )
  })

  it('closes a connection to a stranger that does not join', () => {
    const { overlay } = meshOfThree()
    overlay.step({ type: 'peerUp', peer: member('stranger', 60) })
    const first = overlay.step({ type: 'timer', name: 'gossip' })
    const second = overlay.step({ type: 'timer', name: 'gossip' })
    assert.notInclude(types(first), 'disconnect')
    assert.deepInclude(second, { type: 'disconnect', peer: 'stranger', reason: 'not a member' })
  })

  it('asks a contact that does not answer again, and lets it go in the end', () => {
    const overlay = fullMesh().create(member('me', 1), seededRandom(1))
    overlay.step({ type: 'start' })
    const contact = member('c', 2)
    overlay.step({ type: 'peerUp', peer: contact })
    overlay.step({ type: 'join', contact })
    const rounds: string[][] = []
    for (let i = 0; i < 35; i++) rounds.push(types(overlay.step({ type: 'timer', name: 'join' })))
    assert.equal(rounds.filter((round) => round.includes('send')).length, 29)
    assert.equal(rounds.filter((round) => round.includes('disconnect')).length, 1)
    assert.deepEqual(rounds.at(-1), [])
  })

  it('evicts who was given up and does not return, if told to', () => {
    const net = new CoreNetwork({ seed: 4 })
    for (const name of ['a', 'b', 'c']) {
      net.start(name, fullMesh({ evictAfterMs: 20_000 }))
      if (name !== 'a') net.join(name, 'a')
      net.run(1_000)
    }
    net.crash('c')
    net.run(15_000)
    assert.equal(net.node('a').overlay.members().length, 3)
    net.run(15_000)
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

  it('lets a node that was evicted and lives contradict', () => {
    const { overlay, a, me, names } = meshOfThree()
    const evicted = recordToWire(removedRecord(presentRecord(me), 'a', true))
    const effects = overlay.step({ type: 'message', from: a, body: [LEAVE, evicted] })
    assert.notInclude(types(effects), 'selfLeft')
    assert.deepEqual(names(), ['a', 'b', 'me'])
    const hellos = effects
      .filter((e) => e.type === 'send')
      .map((e) => (e as { body: unknown[] }).body)
    assert.deepEqual(
      hellos.map((body) => (body[1] as unknown[])[1]),
      [2, 2],
      'it adds itself with a new dot',
    )
  })

  it('refuses unknown options and bad values', () => {
    for (const options of [{ gossipMs: 0 }, { membersMax: 1.5 }, { nonsense: 1 }]) {
      try {
        fullMesh(options as object)
        assert.fail('it was taken')
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION')
      }
    }
  })
})
