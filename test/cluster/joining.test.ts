import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { Gate } from '../../src/peer/gate.js'
import { FRAME } from '../../src/wire/frame.js'
import { seeds } from '../seeds.js'
import { assertWhole, names, rejection, SimCluster } from './sim-cluster.js'

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
