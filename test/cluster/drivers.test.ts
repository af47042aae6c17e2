import { assert } from 'chai'
import { type ErrorCode, TroupeError } from '../../src/base/errors.js'
import { type Logger, silentLogger } from '../../src/base/logger.js'
import { seededRandom } from '../../src/base/random.js'
import { AddressDialer } from '../../src/cluster/address-dialer.js'
import { nextGeneration } from '../../src/cluster/generation.js'
import { NameContest } from '../../src/cluster/name-contest.js'
import { OverlayDriver } from '../../src/cluster/overlay-driver.js'
import { OverlayMemory } from '../../src/cluster/overlay-memory.js'
import { RecentSet } from '../../src/cluster/recent-set.js'
import type { Member, Overlay, OverlayEffect, OverlayEvent } from '../../src/overlay/overlay.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { Codec } from '../../src/wire/codec.js'
import type { World } from '../../src/world/world.js'
import { addressOf, incarnationFor } from '../overlay/core-network.js'
import { FakeTransport } from './fake-transport.js'

const member = (name: string, generation = 1): Member => ({
  name,
  incarnation: incarnationFor(generation),
  generation,
  addresses: [addressOf(name)],
  tags: [],
})

const [b, c] = [member('b', 2), member('c', 3)]
const failure = (code: ErrorCode): TroupeError => new TroupeError(code, 'told to fail')

function logged(): { logger: Logger; lines: string[] } {
  const lines: string[] = []
  const write = (level: string) => (_: object, message: string) => lines.push(`${level} ${message}`)
  return {
    lines,
    logger: {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
    },
  }
}

/** An overlay that answers each event as a script says. */
function scripted(script: (event: OverlayEvent) => readonly OverlayEffect[]): Overlay {
  return {
    name: 'scripted',
    capabilities: { membership: 'all', direct: true },
    step: script,
    members: () => [],
    neighbours: () => [],
    nextHop: () => undefined,
    snapshot: () => ({}),
    stored: () => ({ kept: 1 }),
  }
}

function driven(script: (event: OverlayEvent) => readonly OverlayEffect[]) {
  const sim = new Simulation({ seed: 1 })
  const world = sim.world('me')
  const transport = new FakeTransport()
  const codec = new Codec()
  const { logger, lines } = logged()
  const told: string[] = []
  const driver = new OverlayDriver(
    {
      overlay: scripted(script),
      transport,
      codec,
      clock: world.clock,
      random: seededRandom(1),
      logger,
      memory: new OverlayMemory(world.store, codec, logger, 'scripted'),
    },
    {
      memberJoined: (m) => told.push(`joined ${m.name}`),
      memberLeft: (m, reason) => told.push(`left ${m.name} ${reason}`),
      selfLeft: () => told.push('self left'),
      neighboursChanged: () => {},
      badMessage: (from, detail) => told.push(`bad ${from} ${detail}`),
    },
  )
  return { sim, world, transport, codec, driver, told, lines }
}

describe('overlay driver', () => {
  it('performs every effect', async () => {
    const effects: OverlayEffect[] = [
      { type: 'connect', peer: b },
      { type: 'send', to: 'b', body: [1] },
      { type: 'memberJoined', member: b },
      { type: 'memberLeft', member: c, reason: 'evicted' },
      { type: 'selfLeft' },
      { type: 'badMessage', from: 'c', detail: 'odd' },
      { type: 'disconnect', peer: 'b', reason: 'enough' },
      { type: 'persist' },
    ]
    const { sim, world, transport, codec, driver, told } = driven((event) =>
      event.type === 'start' ? effects : [],
    )
    driver.feed({ type: 'start' })
    assert.deepEqual(transport.calls, ['connect b', 'control b 16 true', 'disconnect b: enough'])
    assert.deepEqual(told, ['joined b', 'left c evicted', 'self left', 'bad c odd'])
    await sim.run(100)
    const memory = new OverlayMemory(world.store, codec, silentLogger, 'scripted')
    assert.deepEqual(await sim.complete(memory.restore()), { kept: 1 })
  })

  it('finishes a step before it takes the next event', () => {
    const seen: string[] = []
    const { driver, told } = driven((event) => {
      seen.push(event.type)
      if (event.type === 'connectFailed') told.push('second step')
      if (event.type !== 'start') return []
      return [
        { type: 'memberJoined', member: b },
        { type: 'memberJoined', member: c },
      ]
    })
    told.push = (...items: string[]): number => {
      if (items[0] === 'joined b') driver.feed({ type: 'connectFailed', peer: 'x' })
      return Array.prototype.push.apply(told, items)
    }
    driver.feed({ type: 'start' })
    assert.deepEqual(told, ['joined b', 'joined c', 'second step'])
    assert.deepEqual(seen, ['start', 'connectFailed'])
  })

  it('starts timers anew, cancels them, and forgets them when it stops', async () => {
    const fired: string[] = []
    const { sim, driver } = driven((event) => {
      if (event.type === 'timer') fired.push(event.name)
      if (event.type !== 'leave') return []
      const [verb, name = '', delay] = event.name.split(' ')
      return verb === 'start'
        ? [{ type: 'startTimer', name, delayMs: Number(delay) }]
        : [{ type: 'cancelTimer', name }]
    })
    const say = (name: string): void => driver.feed({ type: 'leave', name })
    say('start again 100')
    say('start gone 100')
    say('start once 50')
    await sim.run(60)
    say('start again 100')
    say('cancel gone')
    await sim.run(60)
    assert.deepEqual(fired, ['once'])
    await sim.run(60)
    assert.deepEqual(fired, ['once', 'again'])
    say('start late 100')
    driver.stop()
    await sim.run(200)
    say('start later 10')
    await sim.run(200)
    assert.deepEqual(fired, ['once', 'again'])
  })

  it('survives an overlay that throws, and what cannot be encoded', () => {
    const { driver, lines, told } = driven((event) => {
      if (event.type === 'leave') throw new Error('oops')
      return [
        { type: 'send', to: 'b', body: () => 1 },
        { type: 'memberJoined', member: b },
      ]
    })
    driver.feed({ type: 'leave', name: 'x' })
    driver.feed({ type: 'start' })
    assert.deepEqual(told, ['joined b'])
    assert.deepEqual(lines, [
      'error the overlay threw',
      'error an overlay message could not be sent',
    ])
  })

  it('reports bytes that are no value as a bad message', () => {
    const { driver, told, codec } = driven(() => [])
    for (const bytes of [[], [0xc1], [0x91], [0xdf, 0xff, 0xff, 0xff, 0xff]]) {
      driver.receive(b, Uint8Array.from(bytes))
    }
    assert.lengthOf(told, 4)
    driver.receive(b, codec.encodeValue([1]))
    assert.lengthOf(told, 4)
  })
})

describe('address dialer', () => {
  it('tries until somebody answers, and tells once', async () => {
    const sim = new Simulation({ seed: 2 })
    const transport = new FakeTransport()
    transport.introductions = [failure('ERR_CONNECT'), failure('ERR_COOKIE'), b]
    const { logger, lines } = logged()
    const met: string[] = []
    const ground = { transport, clock: sim.world('me').clock, random: seededRandom(1), logger }
    const dialer = new AddressDialer(ground, (_, peer) => met.push(peer.name))
    dialer.dial(addressOf('b'))
    dialer.dial(addressOf('b'))
    await sim.run(30_000)
    assert.deepEqual(met, ['b'])
    assert.equal(transport.introduced, 3)
    assert.equal(lines[0], 'warn no peer at an address of the overlay yet')
  })

  it('stops where this node itself answers, and when it is told to', async () => {
    const sim = new Simulation({ seed: 3 })
    const transport = new FakeTransport()
    const { clock } = sim.world('me')
    const ground = { transport, clock, random: seededRandom(1), logger: silentLogger }
    const dialer = new AddressDialer(ground, () => assert.fail('nobody was there'))
    transport.introductions = [failure('ERR_JOIN_SELF')]
    dialer.dial(addressOf('me'))
    await sim.run(30_000)
    assert.equal(transport.introduced, 1)
    transport.introductions = [failure('ERR_CONNECT')]
    dialer.dial(addressOf('b'))
    await sim.run(10_000)
    const attempts = transport.introduced
    assert.isAbove(attempts, 3)
    dialer.clear()
    await sim.run(30_000)
    assert.equal(transport.introduced, attempts)
    dialer.dial(addressOf('b'))
    assert.equal(transport.introduced, attempts + 1, 'and begins when it is told to')
    dialer.stop()
    dialer.dial(addressOf('b'))
    await sim.run(30_000)
    assert.equal(transport.introduced, attempts + 1)
  })
})

describe('name contest', () => {
  const holder = member('x', 5)
  const elsewhere = { ...member('x', 6), addresses: [addressOf('elsewhere')] }
  const sameplace = member('x', 6)
  const me = member('me', 1)

  const cases: readonly (readonly [
    string,
    { up?: boolean; alive?: boolean; there?: Member | Error; newcomer?: Member; holder?: Member },
    boolean,
  ])[] = [
    ['a connected holder that answers keeps', { up: true, alive: true }, true],
    ['a connected holder that does not answer loses', { up: true, alive: false }, false],
    ['a holder found where it lives keeps', { there: holder }, true],
    ['a holder that is not where it lived loses', { there: failure('ERR_CONNECT') }, false],
    ['a holder whose place somebody else has loses', { there: member('y', 9) }, false],
    ['a holder whose place the newcomer has loses', { newcomer: sameplace, there: holder }, false],
    ['this very node keeps its name', { newcomer: member('me', 9), holder: me }, true],
    ['an older incarnation never replaces', { newcomer: member('x', 4) }, true],
  ]
  for (const [what, given, keeps] of cases) {
    it(what, async () => {
      const transport = new FakeTransport()
      if (given.up) transport.connected.add('x')
      transport.alive = given.alive ?? false
      if (given.there) transport.introductions = [given.there]
      const contest = new NameContest(transport, 1_500)
      const kept = contest.holderKeeps(given.newcomer ?? elsewhere, given.holder ?? holder, me)
      assert.equal(await kept, keeps)
    })
  }

  it('probes once however many claim the name, and keeps the holder when too many names are claimed', async () => {
    const transport = new FakeTransport()
    const contest = new NameContest(transport, 1_500)
    for (let i = 0; i < 10; i++) void contest.holderKeeps(elsewhere, holder, me)
    assert.equal(transport.introduced, 1)
    for (let i = 0; i < 100; i++) {
      const name = `n${i}`
      const claims = { ...elsewhere, name }
      void contest.holderKeeps(claims, { ...holder, name }, me)
    }
    assert.equal(transport.introduced, 64)
    assert.isTrue(
      await contest.holderKeeps({ ...elsewhere, name: 'z' }, { ...holder, name: 'z' }, me),
    )
  })
})

describe('generation', () => {
  const at = (wallMs: number, world: World): Pick<World, 'clock' | 'store'> => {
    const clock = { ...world.clock, wallMs: () => wallMs, now: () => 0, after: world.clock.after }
    return world.store ? { clock, store: world.store } : { clock }
  }

  it('rises with every start, with a store even when the clock goes back', async () => {
    const sim = new Simulation({ seed: 5 })
    const world = sim.world('me')
    const codec = new Codec()
    const start = (wallMs: number): Promise<number> =>
      sim.complete(nextGeneration(at(wallMs, world), codec))
    assert.equal(await start(1_000), 1_000)
    assert.equal(await start(1_000), 1_001)
    assert.equal(await start(10), 1_002)
    assert.equal(await start(5_000), 5_000)
  })

  it('is wall time without a store, and when the stored one is damaged', async () => {
    const sim = new Simulation({ seed: 6 })
    const world = sim.world('me')
    const codec = new Codec()
    const { clock } = at(7, world)
    assert.equal(await nextGeneration({ clock }, codec), 7)
    for (const bytes of [Uint8Array.of(0xc1), codec.encodeValue('much'), codec.encodeValue(-0.5)]) {
      await sim.complete(world.store?.put('cluster/generation', bytes) as Promise<void>)
      assert.equal(await sim.complete(nextGeneration(at(9, world), codec)), 9)
    }
  })
})

describe('overlay memory', () => {
  it('keeps the latest state only, and outlives a store that fails', async () => {
    const sim = new Simulation({ seed: 7 })
    const { store } = sim.world('me')
    const codec = new Codec()
    let puts = 0
    const counting = {
      ...store,
      get: store?.get.bind(store),
      put: async (k: string, v: Uint8Array) => {
        puts++
        if (puts === 1) throw failure('ERR_STORE')
        await store?.put(k, v)
      },
      sync: store?.sync.bind(store),
    } as unknown as World['store']
    const { logger, lines } = logged()
    const memory = new OverlayMemory(counting, codec, logger, 'x')
    let asked = 0
    for (let i = 0; i < 100; i++) {
      memory.keep(() => {
        asked++
        return i
      })
    }
    await sim.complete(memory.flush())
    assert.equal(await sim.complete(memory.restore()), 99)
    assert.equal(puts, 2)
    assert.equal(asked, 2)
    assert.deepEqual(lines, ['warn the membership could not be stored'])
  })

  it('outlives a loss of power', async () => {
    const sim = new Simulation({ seed: 7 })
    const codec = new Codec()
    const before = new OverlayMemory(sim.world('me').store, codec, silentLogger, 'x')
    before.keep(() => 'who belongs to it')
    await sim.complete(before.flush())
    sim.crash('me', { silent: true })
    const after = new OverlayMemory(sim.restart('me').store, codec, silentLogger, 'x')
    assert.equal(await sim.complete(after.restore()), 'who belongs to it')
  })
})

describe('recent set', () => {
  it('knows the last keys and no more', () => {
    const recent = new RecentSet(3)
    for (const key of ['a', 'b', 'c']) assert.isTrue(recent.add(key))
    assert.isFalse(recent.add('a'))
    assert.isTrue(recent.add('d'))
    assert.isTrue(recent.add('a'), 'the oldest is forgotten')
    assert.equal(recent.size, 3)
  })
})
