import { assert } from 'chai'
import { readOptions } from '../../src/base/options.js'
import { seededRandom } from '../../src/base/random.js'
import type { Member, OverlayFactory } from '../../src/overlay/overlay.js'
import { PresenceOverlay } from '../../src/overlay/presence.js'
import { gone, hello, presenceToWire } from '../../src/overlay/presence-message.js'
import { PRESENCE_FIELDS, type PresenceOptions } from '../../src/overlay/presence-options.js'
import { overlayContract } from '../contracts/overlay.js'
import { incarnationFor } from './core-network.js'

const presence = (given: Partial<PresenceOptions> = {}): OverlayFactory => {
  const options = readOptions<PresenceOptions>('presence', PRESENCE_FIELDS, given)
  return {
    name: 'presence',
    create: (self, random) => new PresenceOverlay('presence', self, options, random),
  }
}

overlayContract('presence', () => presence({ missedMax: 12 }), {
  joins: false,
  rejoins: true,
  persists: false,
  settleMs: 15_000,
  nodes: 8,
})

/** A core among others, stepped by hand. */
function core(given: Partial<PresenceOptions> = {}) {
  const self = member('a', 1)
  const overlay = presence(given).create(self, seededRandom(1))
  overlay.step({ type: 'start' })
  const say = (of: Member, epoch = 1) =>
    overlay.step({ type: 'published', body: presenceToWire({ member: of, epoch }) })
  /** A period goes by, in which it hears itself. */
  const tick = (echoes = true) => {
    const effects = overlay.step({ type: 'timer', name: 'presence' })
    if (echoes) say(self)
    return effects
  }
  const meet = (peer: Member) => {
    say(peer)
    overlay.step({ type: 'peerUp', peer })
    return overlay.step({ type: 'message', from: peer, body: hello(1, true) })
  }
  const lose = ({ name, incarnation }: Member) => {
    overlay.step({ type: 'peerDown', peer: name, incarnation })
    overlay.step({ type: 'nodeDown', peer: name, incarnation })
  }
  return { overlay, self, say, tick, meet, lose }
}

const member = (name: string, start: number): Member => ({
  name,
  incarnation: incarnationFor(start),
  generation: start,
  addresses: [{ host: `${name}.${incarnationFor(start)}`, port: 1 }],
  tags: [],
})

const names = ({ overlay }: ReturnType<typeof core>): string =>
  overlay
    .members()
    .map((one) => one.name)
    .join()

describe('membership by presence', () => {
  const b = member('b', 2)

  it('dials whom it hears of, and takes it for a member once that one has proven itself', () => {
    const a = core()
    assert.deepEqual(a.say(b), [{ type: 'connect', peer: b }])
    assert.equal(names(a), 'a')
    a.overlay.step({ type: 'message', from: b, body: hello(1, true) }) // not connected: not proven
    assert.equal(names(a), 'a')
    a.meet(b)
    assert.equal(names(a), 'a,b')
  })

  it('evicts a member whose presence is missed, once it is given up', () => {
    const a = core()
    a.meet(b)
    a.lose(b)
    for (let i = 0; i < 4; i++) a.tick()
    assert.equal(names(a), 'a,b')
    const effects = a.tick()
    assert.deepInclude(effects, { type: 'memberLeft', member: b, reason: 'evicted' })
    assert.equal(names(a), 'a')
  })

  it('keeps a member that is heard though it cannot be reached, and one that is connected and not heard', () => {
    const heard = core()
    heard.meet(b)
    heard.lose(b)
    for (let i = 0; i < 20; i++) {
      heard.tick()
      heard.say(b)
    }
    const connected = core()
    connected.meet(b)
    for (let i = 0; i < 20; i++) connected.tick()
    assert.deepEqual([names(heard), names(connected)], ['a,b', 'a,b'])
  })

  it('evicts nobody while it does not hear itself', () => {
    const a = core()
    a.meet(b)
    a.lose(b)
    a.tick(false) // heard itself once before
    for (let i = 0; i < 50; i++) a.tick(false)
    assert.equal(names(a), 'a,b')
  })

  it('stops dialling a node that nobody proves to be there', () => {
    const a = core()
    a.say(b)
    for (let i = 0; i < 6; i++) a.tick()
    assert.deepEqual(a.overlay.neighbours(), [])
  })

  it('is not brought to dial more nodes than membersMax by what anybody publishes', () => {
    const a = core({ membersMax: 5 })
    for (let i = 0; i < 100; i++) a.say(member(`ghost${i}`, 100 + i))
    assert.lengthOf(a.overlay.neighbours(), 5)
    a.meet(b) // who proves itself is a member all the same
    assert.equal(names(a), 'a,b')
  })

  it('takes no late presence for a return, and a later epoch for one', () => {
    const a = core()
    a.meet(b)
    a.overlay.step({ type: 'message', from: b, body: gone(1) })
    assert.equal(names(a), 'a')
    assert.deepEqual(a.say(b, 1), [])
    assert.deepEqual(a.say(b, 2), [{ type: 'connect', peer: b }])
  })

  it('says once that another node runs under its name', () => {
    const a = core()
    const effects = Array.from({ length: 10 }, () => a.say(member('a', 9))).flat()
    assert.lengthOf(effects, 1)
    assert.equal(effects[0]?.type, 'badMessage')
  })

  it('refuses what is published and is no presence', () => {
    for (const body of [null, 1, [], [1], [1, [], 1], [2, 1, true], { 0: 1 }]) {
      const { overlay } = core()
      assert.equal(overlay.step({ type: 'published', body })[0]?.type, 'badMessage')
    }
  })
})
