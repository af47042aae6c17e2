import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { hyparview } from '../../src/overlay/hyparview.js'
import type { HyParViewSettings } from '../../src/overlay/hyparview-options.js'
import type { Member } from '../../src/overlay/overlay.js'
import { overlayContract } from '../contracts/overlay.js'
import { LoneCore, memberFor, wireFor } from './lone-core.js'

overlayContract('hyparview', () => hyparview(), {
  removesOthers: false,
  rejoins: true,
  stores: true,
  nodes: 14,
  settleMs: 60_000,
})

const JOIN = 1
const FORWARD_JOIN = 2
const NEIGHBOR = 3
const REPLY = 4
const DISCONNECT = 5
const SHUFFLE = 6
const SHUFFLE_REPLY = 7
const LEAVE = 8

const members = (count: number, prefix = 'p'): Member[] =>
  Array.from({ length: count }, (_, i) => memberFor(`${prefix}${i}`, 1))

/** A core with so many neighbours p0, p1 … that asked for it. */
function coreWith(count: number, options: HyParViewSettings = {}) {
  const core = new LoneCore(hyparview(options))
  const peers = members(count)
  for (const peer of peers) {
    core.up(peer)
    core.says(peer, NEIGHBOR, true)
  }
  return { core, peers }
}

/** Makes these known as spares: a neighbour's shuffle ends here. */
function tellSpares(core: LoneCore, from: Member, spares: readonly Member[]): void {
  for (const spare of spares) core.says(from, SHUFFLE, wireFor(spare), [], 1)
}

describe('hyparview: links', () => {
  it('takes who joins for a neighbour, says so and sends the news to the other neighbours', () => {
    const { core, peers } = coreWith(2)
    const newcomer = memberFor('x')
    core.up(newcomer)
    core.says(newcomer, JOIN)
    assert.deepEqual(core.sentTo('x'), [[REPLY, true]])
    for (const { name } of peers) {
      assert.deepEqual(core.sentTo(name), [[FORWARD_JOIN, wireFor(newcomer), 6]])
    }
    assert.deepEqual(core.view('active'), ['p0', 'p1', 'x'])
    core.says(newcomer, JOIN) // its reply was lost
    assert.deepEqual(core.sentTo('x'), [[REPLY, true]])
    assert.deepEqual(core.sentTo('p0'), [])
  })

  it('pushes a random neighbour out for who joins when it is full, and keeps that one as a spare', () => {
    const { core } = coreWith(5)
    const newcomer = memberFor('x')
    core.up(newcomer)
    core.says(newcomer, JOIN)
    const [out] = core.view('passive') as [string]
    assert.deepEqual(core.sentTo(out), [[DISCONNECT, false, []]])
    assert.deepEqual(core.named('release'), [out])
    assert.lengthOf(core.view('active'), 5)
    assert.include(core.view('active'), 'x')
  })

  it('lets a newcomer walk on, keeps it as a spare on the way, and asks it at the end', () => {
    const { core, peers } = coreWith(5)
    const [from] = peers as [Member]
    const far = memberFor('x')
    core.says(from, FORWARD_JOIN, wireFor(far), 5)
    const [next] = core.effects.flatMap((effect) => (effect.type === 'send' ? [effect] : []))
    assert.notEqual(next?.to, from.name)
    assert.deepEqual(next?.body, [FORWARD_JOIN, wireFor(far), 4])
    assert.deepEqual(core.view('passive'), [])
    core.says(from, FORWARD_JOIN, wireFor(far), 3)
    assert.deepEqual(core.view('passive'), ['x'])
    core.says(from, FORWARD_JOIN, wireFor(far), 0)
    assert.deepEqual(core.named('connect'), ['x'])
    core.up(far)
    assert.deepEqual(core.sentTo('x'), [[NEIGHBOR, true]])
    core.says(far, REPLY, true)
    assert.include(core.view('active'), 'x')
    assert.lengthOf(core.view('active'), 5)
  })

  it('refuses a request of low priority when it is full, and none of high priority', () => {
    const { core } = coreWith(5)
    const other = memberFor('x')
    core.up(other)
    core.says(other, NEIGHBOR, false)
    assert.deepEqual(core.sentTo('x'), [[REPLY, false]])
    assert.notInclude(core.view('active'), 'x')
    core.says(other, NEIGHBOR, true)
    assert.deepEqual(core.sentTo('x'), [[REPLY, true]])
    assert.include(core.view('active'), 'x')
  })

  it('replaces a lost neighbour by spares, as many at once as there are slots', () => {
    const { core, peers } = coreWith(5)
    tellSpares(core, peers[0] as Member, members(3, 's'))
    core.down(peers[1] as Member)
    assert.lengthOf(core.view('asking'), 1)
    core.down(peers[2] as Member)
    assert.lengthOf(core.view('asking'), 2)
    assert.deepEqual(core.view('lost'), ['p1', 'p2'])
    assert.deepEqual(core.view('active'), ['p0', 'p3', 'p4'])
  })

  it('asks with high priority only when it has no neighbour, and only one at a time', () => {
    const { core, peers } = coreWith(1)
    const spares = members(3, 's')
    for (const spare of spares) core.says(peers[0] as Member, FORWARD_JOIN, wireFor(spare), 9)
    const alone = new LoneCore(hyparview(), 2)
    const state = [1, spares.map(wireFor)]
    alone.step({ type: 'start', restored: state })
    const asked = spares.map((spare) => {
      alone.up(spare)
      return alone.sentTo(spare.name)[0]
    })
    assert.deepEqual(asked, [
      [NEIGHBOR, true],
      [NEIGHBOR, false],
      [NEIGHBOR, false],
    ])
  })

  it('disturbs others to find more of them only where there has been room for spares for long', () => {
    const insists = (core: LoneCore, rounds: number): boolean => {
      for (let i = 0; i < rounds; i++) {
        core.fires('shuffle')
        if (core.view('asking').length > 0) return true
      }
      return false
    }
    for (let seed = 1; seed <= 40; seed++) {
      const core = new LoneCore(hyparview({ passiveSize: 5 }), seed)
      const [first, ...rest] = members(5) as [Member, ...Member[]]
      for (const peer of [first, ...rest]) {
        core.up(peer)
        core.says(peer, NEIGHBOR, true)
      }
      tellSpares(core, first, members(5, 's'))
      assert.isFalse(insists(core, 20), 'all room for spares is taken: there are many others')
      core.says(memberFor('s0'), DISCONNECT, true, [])
      assert.lengthOf(core.view('passive'), 4)
      assert.isFalse(insists(core, 7), 'there still may be')
      assert.isTrue(insists(core, 200))
    }
  })

  it('insists once a round when most neighbours failed and all spares refused', () => {
    const { core, peers } = coreWith(3)
    const [spare] = members(1, 's') as [Member]
    tellSpares(core, peers[0] as Member, [spare])
    core.up(spare)
    core.says(spare, REPLY, false)
    core.down(peers[2] as Member)
    assert.deepEqual(core.view('asking'), ['s0'])
    assert.deepEqual(core.sentTo('s0'), [[NEIGHBOR, true]])
    core.says(spare, REPLY, false)
    assert.deepEqual(core.view('asking'), [])
  })

  it('tries more spares than it has room for when it is alone, and lets go of those that come too late', () => {
    const spares = members(9, 's')
    const alone = new LoneCore(hyparview({ activeSize: 3 }), 2)
    alone.step({ type: 'start', restored: [1, spares.map(wireFor)] })
    const asked = alone.view('asking') as string[]
    assert.lengthOf(asked, 6, 'twice as many as there are slots')
    const found = asked.map((name) => spares.find((one) => one.name === name) as Member)
    for (const spare of found.slice(0, 3)) {
      alone.up(spare)
      alone.says(spare, REPLY, true)
    }
    alone.up(found[3] as Member)
    assert.deepEqual(alone.sentTo(asked[3] as string), [])
    assert.deepEqual(alone.named('release'), [asked[3]])
  })

  const LOST: readonly [lost: number, tried: number][] = [
    [1, 1],
    [2, 2],
    [3, 10],
    [4, 10],
  ]
  for (const [lost, tried] of LOST) {
    it(`tries ${tried} spares at once when ${lost} of 5 neighbours failed`, () => {
      const { core, peers } = coreWith(5)
      tellSpares(core, peers[4] as Member, members(20, 's'))
      for (const peer of peers.slice(0, lost)) core.down(peer)
      assert.lengthOf(core.view('asking') as string[], tried)
    })
  }

  it('does not ask a spare that refused again in the same round, but in the next', () => {
    const { core, peers } = coreWith(4)
    const [spare] = members(1, 's') as [Member]
    tellSpares(core, peers[0] as Member, [spare])
    assert.deepEqual(core.view('asking'), ['s0'])
    core.up(spare)
    assert.deepEqual(core.sentTo('s0'), [[NEIGHBOR, false]])
    core.says(spare, REPLY, false)
    assert.deepEqual(core.named('release'), ['s0'])
    assert.deepEqual([core.view('asking'), core.view('passive')], [[], ['s0']])
    tellSpares(core, peers[0] as Member, [spare]) // heard of once more
    core.down(peers[2] as Member)
    assert.deepEqual(core.view('asking'), [])
    core.fires('shuffle')
    assert.include(core.view('asking'), 's0')
  })

  it('forgets a spare that cannot be reached, and passes over one that does not answer', () => {
    const { core, peers } = coreWith(4)
    const [dead, silent] = members(2, 's') as [Member, Member]
    tellSpares(core, peers[0] as Member, [dead])
    core.step({ type: 'connectFailed', peer: 's0' })
    assert.deepEqual(core.named('disconnect'), ['s0'])
    assert.deepEqual([core.view('passive'), core.view('lost')], [[], ['s0']])
    tellSpares(core, peers[0] as Member, [silent])
    core.up(silent)
    core.fires('ask:s1')
    assert.deepEqual(core.sentTo('s1'), [[DISCONNECT, false, []]])
    assert.deepEqual([core.view('asking'), core.view('passive')], [[], ['s1']])
    core.says(silent, REPLY, true) // it has us for a neighbour now and must not
    assert.deepEqual(core.sentTo('s1'), [[DISCONNECT, false, []]])
    assert.notInclude(core.view('active'), 's1')
  })

  it('keeps a neighbour that ends the link as a spare, unless it is gone', () => {
    const { core, peers } = coreWith(3)
    const [stays, goes] = peers as [Member, Member]
    core.says(stays, DISCONNECT, false, [])
    assert.deepEqual([core.view('passive'), core.named('release')], [['p0'], ['p0']])
    core.says(goes, DISCONNECT, true, [])
    assert.deepInclude(core.effects, { type: 'memberLeft', member: goes, reason: 'left' })
    assert.deepEqual([core.view('active'), core.view('passive')], [['p2'], ['p0']])
    tellSpares(core, peers[2] as Member, [goes]) // late news of it
    assert.deepEqual(core.view('passive'), ['p0'])
    core.up(goes)
    core.says(goes, NEIGHBOR, false) // it came back by its own will
    assert.include(core.view('active'), 'p1')
  })

  it('tells a node that believes to be its neighbour that it is none', () => {
    const { core } = coreWith(3)
    const other = memberFor('x')
    core.up(other)
    core.says(other, SHUFFLE, wireFor(other), [], 4)
    assert.deepInclude(core.sentTo('x'), [DISCONNECT, false, []])
  })

  it('closes a connection whose other side did not hear that the link has ended', () => {
    const { core, peers } = coreWith(5, { passiveSize: 5 })
    const other = memberFor('x')
    core.up(other)
    core.says(other, NEIGHBOR, true)
    const [out] = core.view('passive') as [string]
    tellSpares(core, peers[0] as Member, members(4, 's'))
    core.fires('shuffle')
    assert.notInclude(core.named('disconnect'), out)
    core.fires('shuffle')
    assert.include(core.named('disconnect'), out)
  })

  it('gives the place of an old incarnation to none but the spares', () => {
    const { core, peers } = coreWith(2)
    const [old] = peers as [Member]
    const next = memberFor('p0', 2)
    core.up(next)
    assert.deepInclude(core.effects, { type: 'memberLeft', member: old, reason: 'replaced' })
    assert.deepInclude(core.effects, { type: 'memberJoined', member: next })
    core.says(old, NEIGHBOR, true) // history
    assert.deepEqual([core.view('active'), core.view('passive')], [['p1'], ['p0']])
    assert.equal(core.overlay.members().find(({ name }) => name === 'p0')?.generation, 2)
  })

  it('leaves: all neighbours learn that it is gone, and who asks it later, too', () => {
    const { core, peers } = coreWith(3)
    core.step({ type: 'leave', name: 'me' })
    for (const { name } of peers) {
      assert.deepEqual(core.sentTo(name), [[DISCONNECT, true, []]])
      assert.include(core.named('disconnect'), name)
    }
    assert.isTrue(core.has('selfLeft'))
    assert.isTrue(core.has('persist'))
    assert.deepEqual(core.overlay.stored?.(), [1, []])
    assert.deepEqual(core.overlay.members(), [core.self])
    core.says(memberFor('x'), NEIGHBOR, true)
    assert.deepEqual(core.sentTo('x'), [[DISCONNECT, true, []]])
    assert.deepEqual(core.overlay.members(), [core.self])
  })

  it('is in again with who joins through it after it left', () => {
    const { core, peers } = coreWith(3)
    core.step({ type: 'leave', name: 'me' })
    const newcomer = memberFor('x')
    core.up(newcomer)
    core.says(newcomer, JOIN)
    assert.deepEqual(core.sentTo('x'), [[REPLY, true]])
    assert.deepEqual(core.view('active'), ['x'])
    core.says(peers[0] as Member, NEIGHBOR, true)
    assert.deepEqual(core.view('active'), ['p0', 'x'])
  })

  it('asks another node to leave, and leaves when it is asked to', () => {
    const { core, peers } = coreWith(2)
    core.step({ type: 'leave', name: 'p1' })
    assert.deepEqual(core.sentTo('p1'), [[LEAVE]])
    core.says(peers[0] as Member, LEAVE)
    assert.isTrue(core.has('selfLeft'))
  })

  it('asks lost members again when it is alone, and now and then when it is not', () => {
    const { core, peers } = coreWith(1)
    core.down(peers[0] as Member)
    assert.deepEqual(core.view('asking'), [])
    core.fires('repair')
    assert.deepEqual(core.view('asking'), ['p0'])
    const more = coreWith(4)
    more.core.down(more.peers[0] as Member)
    more.core.fires('shuffle')
    assert.deepEqual(more.core.view('asking'), ['p0'])
    more.core.step({ type: 'connectFailed', peer: 'p0' })
    assert.deepEqual(more.core.view('lost'), ['p0'])
  })
})

describe('hyparview: shuffles', () => {
  it('tells itself, neighbours and spares to one neighbour', () => {
    const { core, peers } = coreWith(5)
    tellSpares(core, peers[0] as Member, members(6, 's'))
    core.fires('shuffle')
    const sent = core.effects.flatMap((effect) => (effect.type === 'send' ? [effect] : []))
    assert.lengthOf(sent, 1)
    const [kind, origin, list, ttl] = (sent[0] as { body: unknown }).body as [
      number,
      unknown,
      [string][],
      number,
    ]
    assert.deepEqual([kind, origin, ttl], [SHUFFLE, wireFor(core.self), 6])
    const names = list.map(([name]) => name)
    assert.lengthOf(new Set(names), 7)
    assert.lengthOf(
      names.filter((name) => name.startsWith('p')),
      3,
    )
    assert.notInclude(names, sent[0]?.to)
  })

  it('walks on with its origin unchanged, and ends with a reply to the origin', () => {
    const { core, peers } = coreWith(5)
    const origin = memberFor('x')
    const list = members(2, 's').map(wireFor)
    core.says(peers[0] as Member, SHUFFLE, wireFor(origin), list, 3)
    const [on] = core.effects.flatMap((effect) => (effect.type === 'send' ? [effect] : []))
    assert.deepEqual(on?.body, [SHUFFLE, wireFor(origin), list, 2])
    assert.notInclude(['p0', 'x'], on?.to)
    core.says(peers[0] as Member, SHUFFLE, wireFor(origin), list, 1)
    assert.deepEqual(core.sentTo('x'), [[SHUFFLE_REPLY, []]])
    assert.deepEqual(core.view('passive'), ['s0', 's1', 'x'])
  })

  it('drops what it told before others when the reply needs room', () => {
    const { core, peers } = coreWith(5, { passiveSize: 6, kp: 4 })
    tellSpares(core, peers[0] as Member, members(6, 's'))
    core.fires('shuffle')
    const sent = core.effects.flatMap((effect) => (effect.type === 'send' ? [effect.body] : []))
    const told = (sent[0] as [number, unknown, [string][]])[2].map(([name]) => name)
    const kept = core.view('passive').filter((name) => !told.includes(name))
    core.says(memberFor('x'), SHUFFLE_REPLY, members(4, 't').map(wireFor))
    assert.deepEqual(core.view('passive'), [...kept, 't0', 't1', 't2', 't3'].sort())
    core.says(memberFor('x'), SHUFFLE_REPLY, members(4, 'u').map(wireFor)) // nobody asked
    assert.notInclude(core.view('passive'), 'u0')
  })
})

describe('hyparview: reserved slots', () => {
  const reserved = { tag: 'server', slots: 2 }
  const server = (name: string): Member => memberFor(name, 1, ['server'])

  it('keeps them free for members with the tag', () => {
    const { core } = coreWith(3, { reserved })
    const plain = memberFor('x')
    core.up(plain)
    core.says(plain, NEIGHBOR, false)
    assert.deepEqual(core.sentTo('x'), [[REPLY, false]])
    for (const one of [server('s1'), server('s2')]) {
      core.up(one)
      core.says(one, NEIGHBOR, false)
      assert.deepEqual(core.sentTo(one.name), [[REPLY, true]])
    }
    assert.deepEqual(core.view('active'), ['p0', 'p1', 'p2', 's1', 's2'])
  })

  it('never pushes a member with the tag out for one without', () => {
    const { core } = coreWith(3, { reserved })
    for (const one of [server('s1'), server('s2')]) {
      core.up(one)
      core.says(one, NEIGHBOR, true)
    }
    for (const plain of members(40, 'x')) {
      core.up(plain)
      core.says(plain, JOIN)
      assert.includeMembers(core.view('active'), ['s1', 's2', plain.name])
      assert.lengthOf(core.view('active'), 5)
    }
  })
})

describe('hyparview: what a peer may say', () => {
  it('bounds walks: a peer cannot make them longer than its own would be', () => {
    const { core, peers } = coreWith(5)
    const far = wireFor(memberFor('x'))
    core.says(peers[0] as Member, FORWARD_JOIN, far, 1e9)
    const on = core.effects.flatMap((effect) => (effect.type === 'send' ? [effect.body] : []))
    assert.deepEqual(on, [[FORWARD_JOIN, far, 5]])
    core.says(peers[0] as Member, SHUFFLE, far, [], 2 ** 50)
    const walk = core.effects.flatMap((effect) => (effect.type === 'send' ? [effect.body] : []))
    assert.deepEqual(walk, [[SHUFFLE, far, [], 5]])
  })

  it('refuses lists that are too long, and fields that break a rule', () => {
    const { core, peers } = coreWith(3)
    const from = peers[0] as Member
    const list = members(9, 's').map(wireFor)
    const bad: unknown[][] = [
      [SHUFFLE, wireFor(from), list, 2],
      [SHUFFLE_REPLY, list],
      [DISCONNECT, false, list],
      [SHUFFLE, wireFor(from), [['x']], 2],
      [SHUFFLE, wireFor(from), [], -1],
      [FORWARD_JOIN, wireFor(from), 0.5],
      [NEIGHBOR, 1],
      [JOIN, 1],
      [99],
    ]
    for (const body of bad) {
      core.says(from, ...body)
      assert.isTrue(core.has('badMessage'), JSON.stringify(body))
      assert.deepEqual(core.view('passive'), [])
    }
  })

  it('dials a bounded number of forged newcomers', () => {
    const { core, peers } = coreWith(5)
    for (const forged of members(200, 'x')) {
      core.says(peers[0] as Member, FORWARD_JOIN, wireFor(forged), 0)
    }
    assert.lengthOf(core.view('asking'), 10)
    assert.isAtMost(core.view('passive').length, 30)
  })

  it('hears a node of which others made up a newer start', () => {
    const { core, peers } = coreWith(3, { passiveSize: 5 })
    tellSpares(core, peers[0] as Member, [memberFor('x', 99)])
    const real = memberFor('x', 1)
    core.up(real)
    core.says(real, NEIGHBOR, true)
    assert.deepEqual(core.sentTo('x'), [[REPLY, true]])
    assert.equal(core.overlay.members().find(({ name }) => name === 'x')?.generation, 1)
  })

  it('lets go of a made up start of a node once that node itself is connected', () => {
    const { core } = coreWith(2)
    const [real, forged] = [memberFor('x', 1), memberFor('x', 99)]
    core.says(forged, NEIGHBOR, true)
    assert.include(core.view('active'), 'x')
    core.up(real)
    assert.deepInclude(core.effects, { type: 'memberLeft', member: forged, reason: 'replaced' })
    core.says(real, NEIGHBOR, true)
    assert.deepEqual(core.sentTo('x'), [[REPLY, true]])
    core.down(real)
    assert.notInclude(core.view('active'), 'x')
  })

  it('takes nothing of a start of a node while another start of it is connected', () => {
    const { core, peers } = coreWith(2)
    for (const generation of [0, 99]) {
      core.says(memberFor('p0', generation), NEIGHBOR, true)
      assert.deepEqual(core.effects, [])
    }
    assert.deepEqual(
      core.overlay.members().filter(({ name }) => name === 'p0'),
      [peers[0]],
    )
  })

  it('does not believe others that a neighbour started anew', () => {
    const { core, peers } = coreWith(3)
    tellSpares(core, peers[0] as Member, [memberFor('p1', 9), core.self])
    assert.deepEqual([core.view('active'), core.view('passive')], [['p0', 'p1', 'p2'], []])
  })
})

describe('hyparview: options', () => {
  const refused: readonly (readonly [string, object, RegExp])[] = [
    ['an active view larger than the passive', { activeSize: 31 }, /passiveSize must be at least/],
    ['a negative size', { activeSize: -1 }, /activeSize must be an integer from 3/],
    ['a fraction', { passiveSize: 30.5 }, /passiveSize must be an integer/],
    ['a longer passive walk', { arwl: 2, prwl: 3 }, /prwl must be at most arwl/],
    ['no time between shuffles', { shuffleMs: 0 }, /shuffleMs must be a number of milliseconds/],
    ['reserved slots for nobody', { reserved: {} }, /reserved.tag must be given/],
    ['all slots reserved', { reserved: { tag: 'a', slots: 5 } }, /slots must be below activeSize/],
    ['an unknown name', { size: 5 }, /size is not an option/],
    ['an oracle that is none', { xbot: { oracle: 'ping' } }, /oracle must be 'roundTrip' or/],
    ['no link to optimise', { xbot: { unbiased: 5 } }, /unbiased must be below activeSize/],
    ['X-BOT by number', { xbot: 1 }, /xbot must be true, false or options/],
  ]
  for (const [title, options, text] of refused) {
    it(`refuses ${title}`, () => {
      try {
        hyparview(options)
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION')
        assert.match((error as Error).message, text)
        return
      }
      assert.fail('it was taken')
    })
  }
})
