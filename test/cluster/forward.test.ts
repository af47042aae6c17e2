import { assert } from 'chai'
import { SimCluster } from './sim-cluster.js'

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
      .stats()
      .transport.lanes.reduce((sum, lane) => sum + lane.queuedBytes, 0)
    assert.isAtMost(queued ?? 0, 300 * 1024)
    town.sim.resume('b')
    await town.sim.complete(a?.cluster.ready('b', 1, 0) as Promise<void>)
    assert.isTrue(a?.cluster.forward('b', 'x', 'small'))
  })
})
