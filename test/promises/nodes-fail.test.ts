import { assert } from 'chai'
import { lan, local, type NodeEvents, wan } from '../../src/index.js'
import { Ledger, Observer } from './actors.js'
import { type Environment, rejection } from './environment.js'
import { everywhere, inSimulation, onSockets, promise } from './promise.js'
import type { Subject } from './subject.js'
import { trouble } from './trouble.js'

/** How long after `sinceMs` a node told that of another. */
const delay = (subject: Subject, event: keyof NodeEvents, about: string, sinceMs: number): number =>
  subject.when(event, about) - sinceMs

/** An actor of b with a watcher on a. */
async function watched(env: Environment): Promise<{
  a: Subject
  b: Subject
  far: ReturnType<Subject['node']['ref']>
  heard: () => Promise<string[]>
}> {
  const [a, b] = await env.pair()
  const far = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
  const observer = a.node.spawn(Observer)
  observer.tell.follow(far)
  await env.until('it is watched', () => b.node.stats().bonds.watches === 1)
  return { a, b, far, heard: () => env.complete(observer.ask.heard()) }
}

promise('Nodes fail', 'Heartbeats run on a lane of their own', () => {
  inSimulation('they go on while bulk fills the other lanes, and nobody is blamed', async (env) => {
    env.sim.link('a', 'b', { bytesPerMs: 1_000 })
    const [a, b] = await env.pair()
    const far = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    for (let at = 0; at < 10; at++) far.tell.write(at, new Uint8Array(1_000_000))
    await env.run(9_000)
    assert.isBelow(a.node.rttMs('b') ?? Number.NaN, 500)
    assert.lengthOf([...a.heard('peerDown'), ...b.heard('peerDown')], 0)
    assert.strictEqual(await env.complete(far.with({ timeoutMs: 30_000 }).ask.size()), 10)
  })

  inSimulation(
    'a node with nothing to say is not blamed',
    async (env) => {
      const [a, b] = await env.pair()
      await env.run(600_000)
      assert.lengthOf([...a.heard('peerDown'), ...b.heard('peerDown')], 0)
    },
    1,
  )
})

promise('Nodes fail', 'A closed connection or `silenceMs`', () => {
  everywhere(
    'a node whose process is killed: peerDown at once, nodeDown after downAfterMs',
    async (env) => {
      const { a, heard } = await watched(env)
      const since = env.now()
      await env.crash('b')
      await env.until('it is given up', () => a.heard('nodeDown', 'b').length > 0)
      const { downAfterMs } = env.timing
      assert.isBelow(delay(a, 'peerDown', 'b', since), 100)
      const down = delay(a, 'nodeDown', 'b', a.when('peerDown', 'b'))
      assert.approximately(down, downAfterMs, 100)
      assert.isAtLeast(down, downAfterMs - 1)
      await env.run(2 * env.timing.silenceMs)
      assert.deepEqual(await heard(), ['0 node b went down'])
    },
  )

  inSimulation(
    'a silent one: peerDown 3 s after the last byte, nodeDown 2 s later',
    async (env) => {
      const { a, b, heard } = await watched(env)
      await env.run(10_000)
      const since = env.now()
      await env.crash('b', true)
      await env.until('it is given up', () => a.heard('nodeDown', 'b').length > 0)
      const peerDown = delay(a, 'peerDown', 'b', since)
      assert.isAtMost(peerDown, 3_050)
      assert.isAtLeast(peerDown, 3_000 - 1_000 - 50, 'the last byte is at most a heartbeat old')
      assert.approximately(a.when('nodeDown', 'b') - a.when('peerDown', 'b'), 2_000, 1)
      assert.deepEqual(await heard(), ['0 node b went down'])
      assert.isTrue(b.crashed)
    },
  )

  everywhere(
    'a cut network: both sides give each other up, and take each other back',
    async (env) => {
      const { a, b, heard } = await watched(env)
      const since = env.now()
      const heal = env.partition('a', 'b')
      const { silenceMs, downAfterMs, heartbeatMs } = env.timing
      await env.until('both give up', () =>
        [a.heard('nodeDown', 'b'), b.heard('nodeDown', 'a')].every(({ length }) => length > 0),
      )
      for (const [one, other] of [
        [a, 'b'],
        [b, 'a'],
      ] as const) {
        const down = delay(one, 'nodeDown', other, since)
        assert.isAtMost(down, silenceMs + downAfterMs + 300)
        assert.isAtLeast(down, silenceMs + downAfterMs - heartbeatMs - 100)
      }
      assert.deepEqual(
        [a.members(), b.members()],
        [
          ['a', 'b'],
          ['a', 'b'],
        ],
      )
      heal()
      await env.connected(['a', 'b'])
      assert.strictEqual(a.heard('nodeUp', 'b').length, 2)
      assert.deepEqual(await heard(), ['0 node b went down'])
    },
  )

  inSimulation(
    'connections that come back in time: peerDown and peerUp, and no nodeDown',
    async (env) => {
      const { a, far, heard } = await watched(env)
      for (let n = 0; n < 10; n++) {
        env.reset('a', 'b')
        await env.run(1_900)
        await env.connected(['a', 'b'])
      }
      assert.isAtLeast(a.heard('peerDown', 'b').length, 5)
      assert.lengthOf(a.heard('nodeDown'), 0)
      assert.deepEqual(await heard(), [])
      await env.failure(a.node.ref(Ledger, String(far)).ask.crash())
      await env.run(5_000)
      assert.deepEqual(await heard(), ['1 error: boom'], 'the watch outlived the connections')
    },
  )

  inSimulation(
    'a process that stands still for a moment is not blamed, and blames nobody',
    async (env) => {
      const { a, b } = await watched(env)
      for (let n = 0; n < 5; n++) {
        env.sim.pause('b')
        await env.run(1_800)
        env.sim.resume('b')
        await env.run(3_000)
      }
      assert.lengthOf([...a.heard('peerDown'), ...b.heard('peerDown')], 0)
    },
  )

  inSimulation(
    'a process that stands still for long is given up, and comes back as the same',
    async (env) => {
      const { a, b, far, heard } = await watched(env)
      env.sim.pause('b')
      await env.run(10_000)
      assert.lengthOf(a.heard('nodeDown', 'b'), 1)
      env.sim.resume('b')
      await env.connected(['a', 'b'])
      assert.strictEqual(a.heard('nodeUp', 'b').length, 2)
      assert.strictEqual(await env.complete(a.node.ref(Ledger, String(far)).ask.incarnation()), 1)
      assert.deepEqual(await heard(), ['0 node b went down'])
      assert.lengthOf(b.heard('memberLeft'), 0)
    },
  )
})

promise('Nodes fail', 'watches there fire', () => {
  inSimulation(
    'a watch fires once for every incarnation, whatever the network does',
    async (env) => {
      const [a, b] = await env.cluster(['a', 'b', 'c'])
      const c = env.subject('c')
      const watchers: { on: Subject; heard: () => Promise<string[]>; targets: number }[] = []
      for (const on of [a as Subject, c]) {
        const observer = on.node.spawn(Observer)
        watchers.push({ on, heard: () => env.complete(observer.ask.heard()), targets: 0 })
        const targets = Array.from({ length: 5 }, () => (b as Subject).node.spawn(Ledger))
        for (const target of targets) observer.tell.follow(on.node.ref(Ledger, String(target)))
        await env.run(100)
        void targets
      }
      const made = [...watchers.keys()]
      await trouble(env, ['a', 'b', 'c'], { steps: 30 })
      await env.crash('b')
      await env.run(20_000)
      for (const at of made) {
        const heard = await (watchers[at] as (typeof watchers)[number]).heard()
        assert.lengthOf(heard, 5, 'each of five watches fires once')
        assert.deepEqual(new Set(heard), new Set(['0 node b went down']))
      }
    },
    10,
  )

  inSimulation(
    'an end out of contact is told as what it was or as nodeDown, and once',
    async (env) => {
      const { a, b, far, heard } = await watched(env)
      const target = b.node.ref(Ledger, String(far))
      const heal = env.partition('a', 'b')
      await env.run(env.sim.random.int(6_000))
      target.tell.crash()
      await env.run(env.sim.random.int(6_000))
      heal()
      await env.connected(['a', 'b'])
      await env.run(20_000)
      const told = await heard()
      assert.lengthOf(told, 1)
      assert.include(['1 error: boom', '0 node b went down'], told[0])
      assert.strictEqual(told[0] === '1 error: boom', a.heard('nodeDown').length === 0)
    },
    12,
  )

  inSimulation('links end with the node too', async (env) => {
    const [a, b] = await env.pair()
    const far = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const trapping = a.node.spawn(Observer)
    const fragile = a.node.spawn(Observer)
    fragile.tell.fragile()
    for (const observer of [trapping, fragile]) observer.tell.tie(far)
    await env.until('they are linked', () => b.node.stats().bonds.links === 2)
    await env.crash('b')
    await env.until('it is given up', () => a.heard('nodeDown', 'b').length > 0)
    assert.deepEqual(await env.complete(trapping.ask.heard()), ['exit node b went down'])
    assert.strictEqual((await env.failure(fragile.ask.heard())).code, 'ERR_STOPPED')
  })
})

promise('Nodes fail', 'may travel faster than the news', () => {
  /** a knows an actor of c by its ref, and not yet its node; b is a way in. */
  async function early(env: Environment) {
    const [a, b] = await env.pair()
    const c = await env.start('c')
    const made = c.node.spawn(Ledger)
    const observer = a.node.spawn(Observer)
    const far = a.node.ref(Ledger, String(made))
    const heard = async () => [...(await env.complete(observer.ask.heard()))]
    return { a, b, c, made, observer, far, heard }
  }

  everywhere('a watch of a node that joins just then holds, and so does a link', async (env) => {
    const { a, b, c, made, observer, far, heard } = await early(env)
    observer.tell.follow(far)
    observer.tell.tie(far)
    assert.deepEqual(await heard(), [])
    await env.complete(c.node.join(b.address))
    await env.until('it is watched', () => c.node.stats().bonds.watches === 1)
    assert.isTrue(a.members().includes('c'))
    await env.run(3_000)
    assert.deepEqual(await heard(), [], 'nothing ended meanwhile')
    await env.failure(made.ask.crash())
    await env.run(500)
    const news = await heard()
    assert.lengthOf(news, 2)
    for (const line of news) assert.include(line, 'boom')
  })

  everywhere('a watch of a node that never comes ends after 2 s, once', async (env) => {
    const { observer, far, heard } = await early(env)
    observer.tell.follow(far)
    await env.run(1_500)
    assert.deepEqual(await heard(), [])
    await env.run(1_000)
    assert.deepEqual(await heard(), ['0 node c went down'])
    await env.run(3_000)
    assert.lengthOf(await heard(), 1)
  })

  inSimulation(
    'whenever the node joins, a watch tells one end, the true one if it came in time',
    async (env) => {
      const { b, c, made, observer, far, heard } = await early(env)
      env.sim.link('a', 'b', { latencyMs: [1, 100] })
      env.sim.link('a', 'c', { latencyMs: [1, 200] })
      observer.tell.follow(far)
      await env.run(env.sim.random.int(4_000))
      await env.complete(c.node.join(b.address))
      await env.connected(['a', 'b', 'c'])
      await env.run(5_000)
      const before = await heard()
      await env.failure(made.ask.crash())
      await env.run(5_000)
      const after = await heard()
      assert.lengthOf(after, 1)
      assert.strictEqual(after[0], before[0] ?? '1 error: boom')
      if (before.length > 0) assert.deepEqual(before, ['0 node c went down'])
      assert.strictEqual(c.node.stats().bonds.watches, 0)
    },
    10,
  )

  inSimulation('a watch of a start that is still to take over its name holds', async (env) => {
    const [a, b] = await env.pair()
    const c = await env.start('c')
    await env.complete(c.node.join(a.address))
    await env.connected(['a', 'b', 'c'])
    await env.crash('c')
    const again = await env.start('c')
    const made = again.node.spawn(Ledger)
    const observer = a.node.spawn(Observer)
    observer.tell.follow(a.node.ref(Ledger, String(made)))
    await env.complete(again.node.join(b.address, { timeoutMs: 10_000 }))
    await env.until('it is watched', () => again.node.stats().bonds.watches === 1)
    await env.run(5_000)
    assert.deepEqual(await env.complete(observer.ask.heard()), [])
    await env.crash('c')
    await env.until('it is given up', () => a.heard('nodeDown', 'c').length === 2)
    assert.deepEqual(await env.complete(observer.ask.heard()), ['0 node c went down'])
  })
})

promise('Nodes fail', 'pending asks fail with `ERR_NODE_DOWN`', () => {
  everywhere('at nodeDown, long before their deadline; the call may have run', async (env) => {
    const { a, far } = await watched(env)
    const ledger = a.node.ref(Ledger, String(far)).with({ timeoutMs: 120_000 })
    const pending = Promise.all([1, 2, 3].map(() => rejection(ledger.ask.never())))
    await env.run(50)
    await env.crash('b')
    const errors = await env.complete(pending)
    assert.isAtLeast(env.now(), a.when('nodeDown', 'b'))
    for (const error of errors) {
      assert.strictEqual(error.code, 'ERR_NODE_DOWN')
      assert.deepEqual(error.data, { node: 'b' })
      assert.isFalse(error.retryable)
    }
  })
})

promise('Nodes fail', 'A goodbye is `nodeDown` at once', () => {
  everywhere('a node that stops is down without any waiting, and stays a member', async (env) => {
    const { a, b, heard } = await watched(env)
    const since = env.now()
    await env.complete(b.node.stop())
    await env.until('a knows', () => a.heard('nodeDown', 'b').length > 0)
    assert.isBelow(delay(a, 'nodeDown', 'b', since), 100)
    assert.deepEqual(a.members(), ['a', 'b'])
    assert.deepEqual(await heard(), ['1 shutdown'], 'its actors ended in order before')
  })
})

promise('Nodes fail', 'that a node given up is dead', () => {
  inSimulation(
    'its actors may still run: what they did meanwhile shows when it is back',
    async (env) => {
      const { a, b, far } = await watched(env)
      const heal = env.partition('a', 'b')
      await env.until('it is given up', () => a.heard('nodeDown', 'b').length > 0)
      b.node.ref(Ledger, String(far)).tell.write('I am alive')
      heal()
      await env.connected(['a', 'b'])
      const entries = await env.complete(a.node.ref(Ledger, String(far)).ask.entries())
      assert.deepEqual(entries, ['I am alive'])
    },
  )
})

promise('Nodes fail', 'Membership changes only by join, leave, and a newer incarnation', () => {
  inSimulation(
    'no silence, cut, pause or crash changes it',
    async (env) => {
      const names = ['a', 'b', 'c']
      await env.cluster(names)
      const before = names.map((name) => env.subject(name).told.length)
      await trouble(env, names, { steps: 40 })
      await env.crash('c')
      await env.run(60_000)
      for (const [at, name] of ['a', 'b'].entries()) {
        const told = env.subject(name).told.slice(before[at])
        const changes = told.filter(({ event }) => /^member|^left/.test(event))
        assert.deepEqual(changes, [])
        assert.deepEqual(env.subject(name).members(), names)
      }
    },
    6,
  )

  everywhere(
    'leave ends it, of the node itself or of another; a join makes it again',
    async (env) => {
      const [a, b] = await env.pair()
      b.node.leave()
      await env.until('a knows', () => a.heard('memberLeft', 'b').length === 1)
      assert.deepEqual(b.members(), ['b'])
      assert.deepEqual(
        b.heard('left').map(({ payload }) => payload),
        [{ wanted: true }],
      )
      assert.strictEqual(await env.complete(b.node.join(a.address)), 'a')
      await env.connected(['a', 'b'])
      a.node.leave('b')
      await env.until('b knows', () => b.heard('left').length === 2)
      assert.deepEqual(b.heard('left').at(-1)?.payload, { wanted: false })
      assert.deepEqual([a.members(), b.members()], [['a'], ['b']])
      assert.throws(() => a.node.leave('b'), /ERR_UNKNOWN_NODE/)
    },
  )

  everywhere('a newer incarnation replaces the older one', async (env) => {
    const [a, b] = await env.pair()
    await env.crash('b')
    const again = await env.start('b')
    await env.until(
      'a has the new one',
      () => a.heard('memberLeft').length === 1 && a.node.isUp('b'),
    )
    const left = a.heard('memberLeft').map(({ payload }) => payload)
    assert.lengthOf(left, 1)
    assert.deepInclude(left[0] as object, { reason: 'replaced' })
    assert.strictEqual(a.node.members()[1]?.incarnation, again.node.incarnation)
    assert.notStrictEqual(again.node.incarnation, b.node.incarnation)
    assert.lengthOf(a.heard('nodeDown', 'b'), 1)
  })
})

promise('Nodes fail', 'All three times are options', () => {
  const presets = { 'local()': local(), 'lan()': lan(), 'wan()': wan() }
  for (const [name, timing] of Object.entries(presets)) {
    inSimulation(`${name} is measured in virtual time`, async (env) => {
      const [a] = await env.pair({ timing })
      await env.run(30_000)
      const since = env.now()
      await env.crash('b', true)
      await env.until('it is given up', () => (a as Subject).heard('nodeDown', 'b').length > 0)
      const { heartbeatMs, silenceMs, downAfterMs } = timing
      const silent = delay(a as Subject, 'peerDown', 'b', since)
      assert.isAtMost(silent, silenceMs + 20)
      assert.isAtLeast(silent, silenceMs - heartbeatMs - 20)
      const after = delay(a as Subject, 'nodeDown', 'b', (a as Subject).when('peerDown', 'b'))
      assert.approximately(after, downAfterMs, 1)
    })
  }

  onSockets('local() finds a killed node within half a second', async (env) => {
    const { a } = await watched(env)
    const since = env.now()
    await env.crash('b')
    await env.until('it is given up', () => a.heard('nodeDown', 'b').length > 0)
    assert.isBelow(env.now() - since, 500)
  })
})
