import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import type { Logger } from '../../src/base/logger.js'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import { Gate } from '../../src/peer/gate.js'
import { FRAME } from '../../src/wire/frame.js'
import { seeds } from '../overlay/seeds.js'
import { SimCluster } from './sim-cluster.js'

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `n${String(i).padStart(2, '0')}`)

function assertWhole(town: SimCluster, members: readonly string[]): void {
  for (const name of members) {
    const { cluster } = town.node(name)
    assert.deepEqual(town.node(name).members(), [...members].sort(), `members of ${name}`)
    for (const other of members) {
      if (other !== name) assert.isTrue(cluster.isUp(other), `${name} is not connected to ${other}`)
    }
  }
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not reject')
}

describe('cluster: joining', () => {
  for (const seed of seeds(3)) {
    it(`brings nodes together one after the other [SEED=${seed}]`, async () => {
      const town = new SimCluster({ seed })
      await town.settled(names(6))
      assertWhole(town, names(6))
    })

    it(`converges after a storm of 20 joins at one moment [SEED=${seed}]`, async () => {
      const town = new SimCluster({ seed })
      for (const name of names(20)) await town.start(name)
      const joins = names(20)
        .slice(1)
        .map((name) => town.node(name).cluster.join('n00:9000', { timeoutMs: 10_000 }))
      assert.deepEqual(new Set(await town.sim.complete(Promise.all(joins))), new Set(['n00']))
      await town.sim.run(10_000)
      assertWhole(town, names(20))
    })

    it(`lets two nodes join each other at the same moment [SEED=${seed}]`, async () => {
      const town = new SimCluster({ seed })
      const a = await town.start('a')
      const b = await town.start('b')
      const both = Promise.all([a.cluster.join('b:9000'), b.cluster.join('a:9000')])
      assert.deepEqual(await town.sim.complete(both), ['b', 'a'])
      await town.sim.run(5_000)
      assertWhole(town, ['a', 'b'])
      assert.deepEqual(a.only('peerDown', 'nodeDown', 'memberLeft'), [])
    })
  }

  it('resolves when the peer can be used: forward works at once, both ways', async () => {
    const town = new SimCluster({ seed: 4 })
    const a = await town.start('a')
    const b = await town.start('b')
    const got: unknown[] = []
    a.cluster.onForward('ping', (message, from) => {
      got.push([message, from.name])
      a.cluster.forward(from.name, 'pong', 'back')
    })
    b.cluster.onForward('pong', (message, from) => got.push([message, from.name]))
    assert.equal(await town.join('b', 'a'), 'a')
    b.cluster.forward('a', 'ping', { hello: 1 })
    await town.sim.run(100)
    assert.deepEqual(got, [
      [{ hello: 1 }, 'b'],
      ['back', 'a'],
    ])
  })

  it('hears a node whose messages come ahead of the news that it is a member, and answers', async () => {
    const town = new SimCluster({ seed: 10 })
    const gate = new Gate()
    await town.start('a')
    const b = await town.start('b', { gate })
    await town.join('b', 'a')
    b.cluster.onForward('ask', (message, from) => b.cluster.forward(from.name, 'answer', message))
    gate.add((frame) =>
      frame.kind === FRAME.OVERLAY && frame.direction === 'in'
        ? { type: 'delay', ms: 2_000 }
        : undefined,
    )
    const c = await town.start('c')
    const got: unknown[] = []
    c.cluster.onForward('answer', (message) => got.push(message))
    await town.join('c', 'a')
    await town.sim.runUntil(() => c.cluster.isUp('b'))
    c.cluster.forward('b', 'ask', 'early')
    await town.sim.run(200)
    assert.deepEqual(b.members(), ['a', 'b'])
    assert.deepEqual(got, ['early'])
    await town.sim.run(5_000)
    assertWhole(town, ['a', 'b', 'c'])
    assert.deepEqual(
      b.only('nodeUp', 'nodeDown').filter((line) => line.endsWith(' c')),
      ['nodeUp c'],
    )
  })

  it('rejects when the node stops while it waits to be let in', async () => {
    const town = new SimCluster({ seed: 11 })
    const gate = new Gate()
    gate.add((frame) => (frame.kind === FRAME.OVERLAY ? { type: 'drop' } : undefined))
    const a = await town.start('a', { gate })
    await town.start('b')
    const pending = rejection(a.cluster.join('b:9000', { timeoutMs: 60_000 }))
    await town.sim.run(1_000)
    await town.sim.complete(a.cluster.stop())
    assert.equal(codeOf(await pending), 'ERR_NODE_STOPPED')
  })

  it('waits for a peer that starts later', async () => {
    const town = new SimCluster({ seed: 5 })
    const a = await town.start('a')
    const joining = a.cluster.join('b:9000', { timeoutMs: 5_000 })
    await town.sim.run(2_000)
    await town.start('b')
    assert.equal(await town.sim.complete(joining), 'b')
  })

  it('rejects at its deadline with what went wrong, and never blocks the node', async () => {
    const town = new SimCluster({ seed: 6 })
    const a = await town.start('a')
    const from = town.sim.nowMs
    const joining = rejection(a.cluster.join('nobody:9000', { timeoutMs: 3_000 }))
    await town.start('b')
    await town.join('b', 'a')
    const error = await town.sim.complete(joining)
    assert.equal(codeOf(error), 'ERR_JOIN_TIMEOUT')
    assert.match(
      error.message,
      /join nobody:9000: no usable peer within 3000 ms; \d+ attempts failed/,
    )
    assert.approximately(town.sim.nowMs - from, 3_000, 50)
  })

  it('rejects a join into silence at its deadline too', async () => {
    const town = new SimCluster({ seed: 7 })
    const a = await town.start('a')
    await town.start('b')
    town.sim.partition(['a'], ['b'])
    const error = await town.sim.complete(rejection(a.cluster.join('b:9000', { timeoutMs: 2_000 })))
    assert.equal(codeOf(error), 'ERR_JOIN_TIMEOUT')
  })

  it('rejects at once what cannot pass: address, cookie, overlay, itself', async () => {
    const town = new SimCluster({ seed: 8 })
    const a = await town.start('a')
    await town.start('b', { cookie: 'another' })
    const cases: [string, string][] = [
      ['nonsense', 'ERR_BAD_ADDRESS'],
      ['b:9000', 'ERR_COOKIE'],
      ['a:9000', 'ERR_JOIN_SELF'],
    ]
    for (const [address, code] of cases) {
      const from = town.sim.nowMs
      const error = await town.sim.complete(rejection(a.cluster.join(address)))
      assert.equal(codeOf(error), code, error.message)
      assert.isBelow(town.sim.nowMs - from, 1_000)
    }
  })

  it('rejects a bad deadline, and everything on a node that has stopped', async () => {
    const town = new SimCluster({ seed: 9 })
    const a = await town.start('a')
    assert.equal(
      codeOf(await rejection(a.cluster.join('b:1', { timeoutMs: -1 }))),
      'ERR_BAD_OPTION',
    )
    const pending = rejection(a.cluster.join('b:9000'))
    await town.sim.complete(a.cluster.stop())
    assert.equal(codeOf(await pending), 'ERR_NODE_STOPPED')
    assert.equal(codeOf(await rejection(a.cluster.join('b:9000'))), 'ERR_NODE_STOPPED')
    assert.throws(() => a.cluster.forward('b', 'x', 1), /ERR_NODE_STOPPED/)
  })
})

describe('cluster: names', () => {
  it('refuses a second node with a taken name at once, and the holder stays', async () => {
    const town = new SimCluster({ seed: 11 })
    await town.settled(['a', 'b'])
    const holder = town.node('b').cluster.self.incarnation
    const second = await town.start('b', { host: 'elsewhere' })
    const error = await town.sim.complete(rejection(second.cluster.join('a:9000')))
    assert.equal(codeOf(error), 'ERR_NAME_TAKEN')
    assert.equal(town.node('a').cluster.member('b')?.incarnation, holder)
    assert.isTrue(town.node('a').cluster.isUp('b'))
  })

  for (const silent of [false, true]) {
    it(`gives a name to the next incarnation when the holder ${silent ? 'is silent' : 'was killed'}`, async () => {
      const town = new SimCluster({ seed: 12 })
      const [a] = await town.settled(['a', 'b', 'c'])
      const older = town.node('b').cluster.self.incarnation
      town.sim.crash('b', { silent })
      await town.sim.run(200)
      await town.start('b')
      assert.equal(await town.join('b', 'a'), 'a')
      await town.sim.run(5_000)
      assertWhole(town, ['a', 'b', 'c'])
      assert.notEqual(a?.cluster.member('b')?.incarnation, older)
      for (const name of ['a', 'c']) {
        assert.deepEqual(
          town
            .node(name)
            .only('nodeUp', 'nodeDown')
            .filter((line) => line.endsWith(' b')),
          ['nodeUp b', 'nodeDown b', 'nodeUp b'],
        )
      }
    })
  }
})

describe('cluster: nodes fail', () => {
  it('is peerDown at once and nodeDown 2 s later when a process is killed', async () => {
    const town = new SimCluster({ seed: 21 })
    const [a] = await town.settled(['a', 'b', 'c'])
    const at = town.sim.nowMs
    town.sim.crash('b')
    await town.sim.run(10_000)
    assert.approximately((a?.when('peerDown b') ?? 0) - at, 0, 50)
    assert.approximately((a?.when('nodeDown b') ?? 0) - at, 2_000, 50)
    assert.deepEqual(a?.members(), ['a', 'b', 'c'], 'membership does not change by failures')
  })

  it('is peerDown after 3 s of silence and nodeDown 2 s later', async () => {
    const town = new SimCluster({ seed: 22 })
    const [a] = await town.settled(['a', 'b', 'c'])
    const at = town.sim.nowMs
    town.sim.crash('b', { silent: true })
    await town.sim.run(10_000)
    const silence = (a?.when('peerDown b') ?? 0) - at
    assert.isAtLeast(silence, 1_900) // the last sign of life came up to a heartbeat before
    assert.isAtMost(silence, 3_050)
    const down = (a?.when('nodeDown b') ?? 0) - (a?.when('peerDown b') ?? 0)
    assert.approximately(down, 2_000, 1)
  })

  it('says nothing of nodes when a peer comes back in time', async () => {
    const town = new SimCluster({ seed: 23 })
    const [a] = await town.settled(['a', 'b'])
    const heal = town.isolate(['b'])
    await town.sim.run(3_500)
    heal()
    await town.sim.run(10_000)
    assert.deepEqual(a?.only('peerUp', 'peerDown'), ['peerUp b', 'peerDown b', 'peerUp b'])
    assert.deepEqual(a?.only('nodeUp', 'nodeDown'), ['nodeUp b'])
  })

  it('is nodeDown at once on a goodbye, and again up when the node comes back', async () => {
    const town = new SimCluster({ seed: 24 })
    const [a, b] = await town.settled(['a', 'b'])
    const at = town.sim.nowMs
    await town.sim.complete(b?.cluster.stop() as Promise<void>)
    await town.sim.run(100)
    assert.isBelow((a?.when('nodeDown b') ?? 0) - at, 100)
    assert.deepEqual(a?.members(), ['a', 'b'])
    await town.start('b')
    await town.join('b', 'a')
    await town.sim.run(3_000)
    assertWhole(town, ['a', 'b'])
  })

  for (const seed of seeds(3)) {
    it(`heals a symmetric partition without anybody joining again [SEED=${seed}]`, async () => {
      const town = new SimCluster({ seed })
      await town.settled(names(6))
      const heal = town.isolate(['n00', 'n01', 'n02'])
      await town.sim.run(60_000)
      assert.isFalse(town.node('n00').cluster.isUp('n05'))
      assert.include(town.node('n00').log, 'nodeDown n05')
      assert.isTrue(town.node('n00').cluster.isUp('n02'))
      heal()
      await town.sim.run(20_000)
      assertWhole(town, names(6))
    })
  }

  it('finds the others again after a restart by what it stored, without a join', async () => {
    const town = new SimCluster({ seed: 25 })
    await town.settled(['a', 'b', 'c'], { store: true })
    town.sim.crash('c')
    await town.sim.run(10_000)
    await town.start('c', { store: true })
    await town.sim.run(15_000)
    assertWhole(town, ['a', 'b', 'c'])
  })

  it('takes a node back that starts anew at its place without store and join', async () => {
    const town = new SimCluster({ seed: 27 })
    await town.settled(['a', 'b', 'c'])
    town.sim.crash('c')
    await town.sim.run(10_000)
    await town.start('c')
    await town.sim.run(15_000)
    assertWhole(town, ['a', 'b', 'c'])
  })

  it('logs every lost node and every refusal with its reason', async () => {
    const town = new SimCluster({ seed: 28 })
    const lines: string[] = []
    const write = (level: string) => (fields: object, message: string) => {
      const { node, code } = fields as { node?: string; code?: string }
      lines.push(`${level} ${message} ${node ?? ''} ${code ?? ''}`)
    }
    const [debug, info, warn, error] = [() => {}, write('info'), write('warn'), write('error')]
    await town.start('a', { logger: { debug, info, warn, error } as Logger })
    await town.start('b')
    await town.join('b', 'a')
    await town.start('d', { cookie: 'another' })
    await town.sim.complete(rejection(town.node('d').cluster.join('a:9000')))
    town.sim.crash('b')
    await town.sim.run(5_000)
    for (const line of [
      'info member joined b ',
      'warn refused  ERR_COOKIE',
      'info peer down b ERR_CONNECTION_LOST',
      'warn node down b ERR_NODE_DOWN',
    ]) {
      assert.include(lines, line)
    }
  })

  it('goes on when a listener throws, and the log says so', async () => {
    const town = new SimCluster({ seed: 29 })
    const lines: string[] = []
    const log = (_: object, message: string): void => {
      lines.push(message)
    }
    const logger: Logger = { debug() {}, info() {}, warn() {}, error: log }
    const a = await town.start('a', { logger })
    a.cluster.events.on('nodeUp', () => {
      throw new Error('a listener of the user')
    })
    await town.start('b')
    await town.join('b', 'a')
    await town.sim.run(1_000)
    assertWhole(town, ['a', 'b'])
    assert.deepEqual(lines, ['a listener of a cluster event threw'])
  })

  it('tells what happened in order', async () => {
    const town = new SimCluster({ seed: 26 })
    const [a] = await town.settled(['a', 'b'])
    town.sim.crash('b')
    await town.sim.run(5_000)
    const b = town.node('b')
    b.cluster.events.removeAllListeners()
    await town.start('b')
    await town.join('b', 'a')
    await town.sim.run(2_000)
    assert.deepEqual(
      a?.only('memberJoined', 'memberLeft', 'peerUp', 'peerDown', 'nodeUp', 'nodeDown'),
      [
        'peerUp b',
        'memberJoined b',
        'nodeUp b',
        'peerDown b',
        'nodeDown b',
        'peerUp b',
        'memberLeft b replaced',
        'memberJoined b',
        'nodeUp b',
      ],
    )
  })
})

describe('cluster: leaving', () => {
  it('lets a node leave: the others lose it at once, it is alone, and may join again', async () => {
    const town = new SimCluster({ seed: 31 })
    await town.settled(['a', 'b', 'c'])
    const at = town.sim.nowMs
    town.node('b').cluster.leave()
    await town.sim.run(500)
    assertWhole(town, ['a', 'c'])
    assert.deepEqual(town.node('b').members(), ['b'])
    assert.deepEqual(town.node('b').only('left'), ['left wanted'])
    for (const name of ['a', 'c']) {
      assert.include(town.node(name).log, 'memberLeft b left')
      assert.isBelow(town.node(name).when('nodeDown b') - at, 100)
    }
    await town.sim.run(30_000)
    assert.deepEqual(town.node('b').members(), ['b'])
    await town.join('b', 'c')
    await town.sim.run(3_000)
    assertWhole(town, ['a', 'b', 'c'])
  })

  it('removes another node, which learns that it is out', async () => {
    const town = new SimCluster({ seed: 32 })
    await town.settled(['a', 'b', 'c'])
    town.node('a').cluster.leave('c')
    await town.sim.run(1_000)
    assertWhole(town, ['a', 'b'])
    assert.deepEqual(town.node('c').members(), ['c'])
    assert.deepEqual(town.node('c').only('left'), ['left removed'])
    await town.sim.run(30_000)
    assertWhole(town, ['a', 'b'])
  })

  it('removes a node that is away, which learns so on its return', async () => {
    const town = new SimCluster({ seed: 33 })
    await town.settled(['a', 'b', 'c'])
    const heal = town.isolate(['c'])
    await town.sim.run(8_000)
    town.node('a').cluster.leave('c')
    await town.sim.run(2_000)
    heal()
    await town.sim.run(20_000)
    assertWhole(town, ['a', 'b'])
    assert.deepEqual(town.node('c').members(), ['c'])
    assert.deepEqual(town.node('c').only('left'), ['left removed'])
  })

  it('evicts who was given up for long, if the mesh is told to', async () => {
    const town = new SimCluster({ seed: 35 })
    await town.settled(['a', 'b', 'c'], { overlay: fullMesh({ evictAfterMs: 10_000 }) })
    town.sim.crash('c')
    await town.sim.run(10_000)
    assert.deepEqual(town.node('a').members(), ['a', 'b', 'c'])
    await town.sim.run(10_000)
    assertWhole(town, ['a', 'b'])
    assert.include(town.node('a').log, 'memberLeft c evicted')
  })

  it('refuses to remove a node nobody knows', async () => {
    const town = new SimCluster({ seed: 34 })
    const a = await town.start('a')
    assert.throws(() => a.cluster.leave('nobody'), /nobody.*ERR_UNKNOWN_NODE/)
  })
})

describe('cluster: forward', () => {
  it('keeps the order of messages of one key, and takes any plain value', async () => {
    const town = new SimCluster({ seed: 41 })
    const [a, b] = await town.settled(['a', 'b'])
    const got: unknown[] = []
    b?.cluster.onForward('sink', (message) => got.push(message))
    const sent = [1, 'two', { three: [3n] }, null, undefined, new Map([[1, new Set([2])]])]
    for (const value of sent) a?.cluster.forward('b', 'sink', value, { channel: 'bulk' })
    await town.sim.run(500)
    assert.deepEqual(got, sent)
  })

  it('reaches this very node as it reaches others: later, and as a copy', async () => {
    const town = new SimCluster({ seed: 42 })
    const a = await town.start('a')
    const got: unknown[] = []
    a.cluster.onForward('self', (message, from) => got.push(message, from.name))
    const message = { list: [1] }
    assert.isTrue(a.cluster.forward('a', 'self', message))
    assert.deepEqual(got, [])
    await town.sim.run(10)
    assert.deepEqual(got, [{ list: [1] }, 'a'])
    assert.notStrictEqual(got[0], message)
  })

  it('throws for what can never arrive', async () => {
    const town = new SimCluster({ seed: 43 })
    const [a] = await town.settled(['a', 'b'])
    const forward =
      (node: string, message: unknown, channel = 'default') =>
      () =>
        a?.cluster.forward(node, 'x', message, { channel })
    assert.throws(forward('nobody', 1), /ERR_UNKNOWN_NODE/)
    assert.throws(
      forward('b', () => 1),
      /ERR_NOT_SERIALIZABLE/,
    )
    assert.throws(
      forward('a', () => 1),
      /ERR_NOT_SERIALIZABLE/,
    )
    assert.throws(forward('b', 1, 'no such'), /ERR_UNKNOWN_CHANNEL/)
  })

  it('tells of messages to handlers that are not there, and outlives handlers that throw', async () => {
    const town = new SimCluster({ seed: 44 })
    const [a, b] = await town.settled(['a', 'b'])
    let calls = 0
    const end = b?.cluster.onForward('bad', () => {
      calls++
      throw new Error('oops')
    })
    a?.cluster.forward('b', 'bad', 1)
    a?.cluster.forward('b', 'bad', 2)
    await town.sim.run(100)
    assert.equal(calls, 2)
    end?.()
    a?.cluster.forward('b', 'bad', 3)
    await town.sim.run(100)
    assert.equal(calls, 2)
    assert.match(
      b?.only('badMessage').join() ?? '',
      /a: forward to "bad", which is no handler here/,
    )
  })

  it('answers false to who sends to a peer that never drains, and bounds what it holds', async () => {
    const town = new SimCluster({ seed: 45, windowBytes: 16 * 1024 })
    const limits = {
      windowBytes: 64 * 1024,
      laneHighWaterBytes: 64 * 1024,
      laneLowWaterBytes: 1_024,
      laneMaxBytes: 256 * 1024,
    }
    const [a] = await town.settled(['a', 'b'], { peers: { ...limits, silenceMs: 60_000 } })
    town.sim.pause('b')
    let taken = 0
    for (let i = 0; i < 1_000; i++) if (a?.cluster.forward('b', 'x', 'y'.repeat(1_024))) taken++
    assert.isAbove(taken, 30)
    assert.isBelow(taken, 200)
    const queued = a?.cluster
      .transportStats()
      .lanes.reduce((sum, lane) => sum + lane.queuedBytes, 0)
    assert.isAtMost(queued ?? 0, 300 * 1024)
    town.sim.resume('b')
    await town.sim.complete(a?.cluster.ready('b', 1, 0) as Promise<void>)
    assert.isTrue(a?.cluster.forward('b', 'x', 'small'))
  })
})
