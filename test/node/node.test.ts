import { assert } from 'chai'
import {
  Actor,
  type AnyRef,
  actor,
  child,
  lan,
  local,
  type NodeEvents,
  oneForOne,
  Supervisor,
  wan,
} from '../../src/index.js'
import { CLUSTER_EVENTS } from '../../src/node/node-events.js'
import { readNodeOptions } from '../../src/node/node-options.js'
import { Ledger, Observer } from '../promises/actors.js'
import { Simulated } from '../promises/simulated.js'

@actor('node/unborn')
class Unborn extends Actor {
  override onStart(): void {
    throw new Error('no luck')
  }
}

class BadRoot extends Supervisor {
  override readonly strategy = oneForOne()
  override children() {
    return [child('unborn', Unborn)]
  }
}

/** A simulated environment that is closed after the test. */
async function simulated(body: (env: Simulated) => Promise<void>): Promise<void> {
  const env = new Simulated(1)
  await body(env)
  await env.close()
}

describe('node options', () => {
  it('have these defaults', () => {
    const { overlay, ...read } = readNodeOptions({ name: 'a' })
    assert.strictEqual(overlay.name, 'full-mesh')
    assert.deepEqual(read as object, {
      name: 'a',
      channels: {},
      channelDelivery: {},
      delivery: {},
      broadcast: {},
      remoteSpawn: [],
      timing: {},
      connections: {},
      tags: [],
      askTimeoutMs: 5_000,
      mailboxLimit: 100_000,
      stashLimit: 1_000,
      stopTimeoutMs: 5_000,
      copyLocal: false,
      codecs: {},
      remoteStacks: false,
      orphanAfterMs: 60_000,
      onRootFailed: 'stay',
    })
  })

  it('listen on loopback and a free port unless told otherwise', () => {
    assert.deepEqual(readNodeOptions({ name: 'a', listen: { port: 7 } }).listen, {
      host: '127.0.0.1',
      port: 7,
    })
    assert.deepEqual(readNodeOptions({ name: 'a', listen: {} as never }).listen, {
      host: '127.0.0.1',
      port: 0,
    })
  })

  it('come with presets of the three times', () => {
    for (const { heartbeatMs, silenceMs, downAfterMs } of [local(), lan(), wan()]) {
      assert.isBelow(heartbeatMs, silenceMs)
      assert.isAbove(downAfterMs, 0)
    }
    assert.deepEqual(lan(), { heartbeatMs: 1_000, silenceMs: 3_000, downAfterMs: 2_000 })
  })
})

describe('node address', () => {
  const cases = [
    ['127.0.0.1', '127.0.0.1:9000'],
    ['::1', '[::1]:9000'],
    ['a', 'a:9000'],
  ] as const
  for (const [host, text] of cases) {
    it(`prints as ${text}, and reads back`, () =>
      simulated(async (env) => {
        const a = await env.start('a', { listen: { host, port: 9_000 } })
        assert.strictEqual(a.node.address, text)
        const alone = await env.failure(a.node.join(a.node.address))
        assert.strictEqual(alone.code, 'ERR_JOIN_SELF', 'the text leads to itself')
      }))
  }

  it('is one that others can dial when the node listens on all interfaces', () =>
    simulated(async (env) => {
      const a = await env.start('a', { listen: { host: '0.0.0.0', port: 9_000 } })
      assert.strictEqual(a.node.address, 'a:9000')
      const b = await env.start('b', { listen: { host: '::', port: 9_000 } })
      assert.strictEqual(b.node.address, 'b:9000')
      await env.complete(b.node.join('a:9000'))
      const c = await env.start('c')
      await env.complete(c.node.join('a:9000'))
      await env.connected(['a', 'b', 'c'])
    }))

  it('is the advertised one where there is one', () =>
    simulated(async (env) => {
      const a = await env.start('a', {
        listen: { host: '0.0.0.0', port: 9_000 },
        advertise: { host: 'a', port: 9_000 },
      })
      assert.strictEqual(a.node.address, 'a:9000')
      const b = await env.start('b')
      assert.strictEqual(await env.complete(b.node.join(a.node.address)), 'a')
    }))
})

/** Compiles only while every event of the rooms is forwarded. */
type Missing = Exclude<
  keyof NodeEvents,
  (typeof CLUSTER_EVENTS)[number] | 'deadLetter' | 'groupChanged' | 'rootFailed' | 'stopped'
>
const nothingIsMissing: [Missing] extends [never] ? true : Missing = true

describe('node events', () => {
  it('come through one emitter, each with one object', () =>
    simulated(async (env) => {
      assert.isTrue(nothingIsMissing)
      const [a, b] = await env.pair()
      const stranger = await env.start('c', { cookie: 'another' })
      await env.failure(stranger.node.join(a.address))
      const far = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
      await env.complete(a.node.group(Ledger, 'g').join(a.node.spawn(Ledger)))
      env.allow(/forward to "nobody"/)
      a.node.forward({ node: 'b', name: 'nobody' }, 1)
      await env.run(50)
      a.node.spawn(BadRoot)
      env.sim.pause('a')
      await env.run(2_500)
      env.sim.resume('a')
      const heal = env.partition('a', 'b')
      far.tell.write(1)
      await env.until('b is down', () => a.heard('nodeDown', 'b').length > 0)
      heal()
      a.node.lookup(Ledger, 'ledger').tell.write(1)
      b.node.leave()
      await env.complete(a.node.stop())
      for (const event of CLUSTER_EVENTS) {
        const told = [...a.told, ...b.told].filter((one) => one.event === event)
        assert.isAbove(told.length, 0, event)
        for (const { payload } of told) assert.isObject(payload)
      }
      assert.isAbove(a.heard('groupChanged').length, 0)
      assert.lengthOf(a.heard('rootFailed'), 1)
      assert.strictEqual(a.letters[0]?.reason, 'ERR_NO_ACTOR')
      assert.strictEqual(a.told.at(-1)?.event, 'stopped')
    }))

  it('a listener that throws is logged, and hurts neither the node nor other listeners', () =>
    simulated(async (env) => {
      const logged: string[] = []
      const note = (_fields: object, message: string) => void logged.push(message)
      const logger = { debug: note, info: note, warn: note, error: note }
      const a = await env.start('a', { logger })
      const events = [...CLUSTER_EVENTS, 'deadLetter', 'groupChanged', 'rootFailed'] as const
      for (const event of events) {
        a.node.events.on(event, () => {
          throw new Error(`listener of ${event}`)
        })
      }
      const b = await env.start('b')
      await env.complete(b.node.join(a.address))
      a.node.lookup(Ledger, 'nobody').tell.write(1)
      const ledger = a.node.spawn(Ledger)
      await env.complete(a.node.group(Ledger, 'g').join(ledger))
      const root = a.node.spawn(BadRoot)
      await env.failure(root.ready())
      await env.crash('b')
      await env.run(10_000)
      assert.strictEqual(await env.complete(ledger.ask.size()), 0)
      const told = new Set(logged.filter((message) => message.startsWith('a listener of')))
      assert.isAbove(told.size, 0)
      assert.strictEqual(a.node.stats().actors.living, 1)
    }))
})

describe('node stats', () => {
  it('count what all rooms did, and hold', () =>
    simulated(async (env) => {
      const [a, b] = await env.pair({ channels: { bulk: { connections: 2 } } })
      const made = b.node.spawn(Ledger)
      const far = a.node.ref(Ledger, String(made))
      const observer = a.node.spawn(Observer)
      observer.tell.follow(far)
      await env.complete(far.ask.record(1))
      await env.failure(far.ask.refuse(1))
      await env.failure(far.with({ timeoutMs: 10 }).ask.slowly(100, 1))
      const pending = far.ask.slowly(50, 2)
      await env.run(110)
      const stats = a.node.stats()
      assert.hasAllKeys(stats, [
        'actors',
        'bonds',
        'remote',
        'delivery',
        'relay',
        'routes',
        'broadcast',
        'transport',
      ])
      assert.hasAllKeys(stats.actors, [
        'crashes',
        'deadLetters',
        'ended',
        'handled',
        'askTimeouts',
        'lateAnswers',
        'living',
        'refusals',
        'restarts',
        'spawned',
      ])
      assert.deepInclude(stats.actors, { spawned: 1, living: 1, ended: 0, askTimeouts: 1 })
      assert.deepEqual(stats.bonds, { watches: 1, links: 0 })
      assert.strictEqual(stats.remote.outbound, 1)
      assert.strictEqual(stats.transport.connections, 4)
      assert.sameDeepMembers(
        stats.transport.lanes.map(({ peer, channel, lane, connected }) => [
          peer,
          channel,
          lane,
          connected,
        ]),
        [
          ['b', 'membership', 0, true],
          ['b', 'default', 0, true],
          ['b', 'bulk', 0, true],
          ['b', 'bulk', 1, true],
        ],
      )
      assert.deepInclude(b.node.stats().actors, { refusals: 1 })
      assert.isAtLeast(b.node.stats().actors.handled, 3)
      assert.strictEqual(b.node.stats().remote.inbound, 1)
      await env.complete(pending)
      await env.run(10)
      assert.strictEqual(a.node.stats().remote.outbound, 0)
      assert.strictEqual(b.node.stats().remote.inbound, 0)
      assert.doesNotThrow(() => JSON.stringify([a.node.stats(), b.node.stats()]))
    }))
})

describe('the peer service of a node', () => {
  it('is complete without actors: join, leave, members, forward', () =>
    simulated(async (env) => {
      const [a, b] = await env.pair({ tags: ['table'] })
      const got: unknown[] = []
      const end = b.node.onForward('news', (message, from) => got.push([message, from.name]))
      const to = { node: 'b', name: 'news' }
      const message = { n: 1n, at: new Date(0) }
      assert.isTrue(a.node.forward(to, message))
      await env.run(10)
      assert.deepEqual(got, [[message, 'a']])
      end()
      const members = a.node.members()
      assert.deepEqual(
        members.map(({ name }) => name),
        ['a', 'b'],
      )
      assert.deepEqual(members[1]?.tags, ['table'])
      assert.isAbove(a.node.rttMs('b') ?? 0, 0)
      assert.throws(() => a.node.forward({ node: 'x', name: 'news' }, 1), /ERR_UNKNOWN_NODE/)
      b.node.leave()
      await env.until('a is alone', () => a.members().length === 1)
      assert.deepEqual(b.members(), ['b'])
    }))
})

describe('a node as a place for actors', () => {
  it('knows itself', () =>
    simulated(async (env) => {
      const a = await env.start('a')
      assert.isTrue(a.node.isUp('a'))
      assert.isFalse(a.node.isUp('b'))
      assert.deepEqual(a.members(), ['a'])
      const made = a.node.spawn(Ledger, undefined, { name: 'ledger' })
      assert.isTrue(
        ((await env.complete(a.node.whereis('ledger'))) as AnyRef).equals(made as never),
      )
      assert.isUndefined(await env.complete(a.node.whereis('nobody')))
      assert.isTrue(a.node.isLocal(made as never))
      const spawned = await env.complete(a.node.spawnOn('a', Ledger))
      assert.strictEqual(await env.complete(spawned.ask.host()), 'a')
      const resolved = await env.complete(a.node.resolve<Ledger>('ledger'))
      assert.strictEqual(await env.complete(resolved.ask.record(1)), 1)
    }))

  it('finds, spawns and stops on others as on itself', () =>
    simulated(async (env) => {
      const [a, b] = await env.pair({ remoteSpawn: [Ledger] })
      const spawned = await env.complete(a.node.spawnOn('b', Ledger, undefined, { name: 'ledger' }))
      assert.strictEqual(spawned.node, 'b')
      const found = await env.complete(a.node.whereis('ledger', { on: 'b' }))
      assert.isTrue(found?.equals(spawned as never))
      const resolved = await env.complete(a.node.resolve<Ledger>('ledger', { on: 'b' }))
      assert.strictEqual(await env.complete(resolved.ask.host()), 'b')
      await env.complete(a.node.stopActor(spawned as never))
      assert.isUndefined(await env.complete(b.node.whereis('ledger')))
    }))
})
