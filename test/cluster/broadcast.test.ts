import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { meshLinks } from '../../src/cluster/mesh-links.js'
import { Gate } from '../../src/peer/gate.js'
import { FRAME } from '../../src/wire/frame.js'
import { linked, ring } from './linked-overlay.js'
import { names, SimCluster, type Subject } from './sim-cluster.js'

/** What came to the handler `news`, by node. */
function listen(subjects: readonly Subject[]): Map<string, unknown[]> {
  const got = new Map<string, unknown[]>()
  for (const { name, cluster } of subjects) {
    const list: unknown[] = []
    got.set(name, list)
    cluster.onBroadcast('news', (message, from) => list.push([message, from.name]))
  }
  return got
}

async function ringOf(count: number, seed: number): Promise<[SimCluster, Subject[]]> {
  const town = new SimCluster({ seed })
  const all = names(count)
  const overlay = ring(all)
  const subjects: Subject[] = []
  for (const name of all) subjects.push(await town.start(name, { overlay }))
  await town.sim.run(3_000)
  return [town, subjects]
}

describe('cluster: broadcast', () => {
  it('reaches every node of a full mesh once, this one as a copy and later', async () => {
    const town = new SimCluster({ seed: 51 })
    const subjects = await town.settled(names(5))
    const got = listen(subjects)
    const message = { text: ['hello'], map: new Map([[1, 2n]]) }
    assert.isTrue(subjects[1]?.cluster.broadcast('news', message))
    assert.deepEqual(got.get('n01'), [])
    await town.sim.run(500)
    for (const list of got.values()) assert.deepEqual(list, [[message, 'n01']])
    assert.notStrictEqual((got.get('n01') as unknown[][])[0]?.[0], message)
  })

  it('reaches nodes without a direct connection, who know the sender as far as it says', async () => {
    const [town, subjects] = await ringOf(8, 52)
    const senders: unknown[] = []
    subjects[4]?.cluster.onBroadcast('who', (_, { name, incarnation, generation }) =>
      senders.push([name, incarnation, generation]),
    )
    const got = listen(subjects)
    const { self } = subjects[0]?.cluster ?? {}
    for (let at = 0; at < 5; at++) {
      subjects[0]?.cluster.broadcast('news', at)
      await town.sim.run(1_000)
    }
    subjects[0]?.cluster.broadcast('who', 0)
    await town.sim.run(1_000)
    for (const list of got.values()) {
      assert.deepEqual(
        list,
        [0, 1, 2, 3, 4].map((at) => [at, 'n00']),
      )
    }
    assert.deepEqual(senders, [[self?.name, self?.incarnation, self?.generation]])
  })

  it('goes around what breaks, and to who was away when it is back', async () => {
    const [town, subjects] = await ringOf(6, 53)
    const got = listen(subjects)
    for (let at = 0; at < 3; at++) {
      subjects[0]?.cluster.broadcast('news', at)
      await town.sim.run(1_000)
    }
    town.sim.crash('n01')
    const heal = town.isolate(['n04'])
    await town.sim.run(6_000)
    subjects[0]?.cluster.broadcast('news', 'meanwhile')
    await town.sim.run(2_000)
    const has = (name: string): boolean =>
      got.get(name)?.some((one) => (one as unknown[])[0] === 'meanwhile') === true
    assert.deepEqual(['n00', 'n02', 'n03', 'n04', 'n05'].map(has), [
      true,
      false,
      false,
      false,
      true,
    ])
    heal()
    await town.sim.run(40_000)
    for (const name of ['n00', 'n02', 'n03', 'n04', 'n05']) {
      assert.lengthOf(got.get(name) as unknown[], 4, name)
    }
  })

  it('comes to who was away as soon as it is connected again', async () => {
    const town = new SimCluster({ seed: 59 })
    const subjects = await town.settled(['a', 'b'])
    const got = listen(subjects)
    const [a] = subjects
    const heal = town.isolate(['b'])
    await town.sim.run(6_000)
    a?.cluster.broadcast('news', 1)
    await town.sim.run(20_000)
    heal()
    await town.sim.runUntil(() => a?.cluster.isUp('b') === true, 10_000, 'they are together')
    await town.sim.run(500)
    assert.lengthOf(got.get('b') as unknown[], 1)
  })

  it('comes once where frames are lost and arrive twice', async () => {
    const town = new SimCluster({ seed: 54 })
    const random = seededRandom(54)
    const gate = new Gate()
    gate.add(({ kind }) => {
      if (kind !== FRAME.BROADCAST) return undefined
      const drawn = random.int(10)
      return drawn < 2 ? { type: 'drop' } : drawn < 4 ? { type: 'twice' } : undefined
    })
    const subjects = await town.settled(names(6), { gate })
    const got = listen(subjects)
    for (let at = 0; at < 20; at++) {
      subjects[at % 6]?.cluster.broadcast('news', at)
      await town.sim.run(300)
    }
    await town.sim.run(40_000)
    for (const list of got.values()) {
      const numbers = (list as [number, string][]).map(([at]) => at)
      assert.sameMembers(
        numbers,
        Array.from({ length: 20 }, (_, at) => at),
      )
    }
  })

  it('costs a full mesh of many nodes little more than a message a node', async () => {
    const town = new SimCluster({ seed: 55 })
    let frames = 0
    const gate = new Gate()
    gate.add(({ kind, bytes, direction }) => {
      if (kind === FRAME.BROADCAST && direction === 'in' && bytes > 4_000) frames++
      return undefined
    })
    const subjects = await town.settled(names(16), { gate })
    const got = listen(subjects)
    const costs: number[] = []
    for (let at = 0; at < 4; at++) {
      frames = 0
      subjects[3]?.cluster.broadcast('news', 'x'.repeat(4_000))
      await town.sim.run(1_000)
      costs.push(frames)
    }
    for (const list of got.values()) assert.lengthOf(list, 4)
    assert.isBelow(costs[0] as number, 16 * 7)
    assert.equal(costs[3], 15)
  })

  it('throws for what cannot be sent, and is heard of where nobody handles it', async () => {
    const town = new SimCluster({ seed: 56 })
    const [a, b] = await town.settled(['a', 'b'])
    const broadcast = (handler: string, message: unknown) => () =>
      a?.cluster.broadcast(handler, message)
    assert.throws(broadcast('', 1), /ERR_BAD_OPTION/)
    assert.throws(
      broadcast('news', () => 1),
      /ERR_NOT_SERIALIZABLE/,
    )
    assert.throws(broadcast('news', 'x'.repeat(300_000)), /ERR_TOO_LARGE/)
    assert.throws(() => a?.cluster.onBroadcast('news', 1 as never), /ERR_BAD_OPTION/)
    a?.cluster.broadcast('nobody', 1)
    await town.sim.run(500)
    const none = { sent: 0, handled: 0, unhandled: 1, stale: 0, dropped: 0 }
    assert.deepEqual(b?.cluster.stats().broadcast, none)
    assert.deepEqual(b?.only('badMessage'), [])
    await town.sim.complete(a?.cluster.stop() ?? Promise.resolve())
    assert.throws(broadcast('news', 1), /ERR_NODE_STOPPED/)
  })

  it('outlives handlers that throw, and ends with the function returned', async () => {
    const town = new SimCluster({ seed: 57 })
    const [a, b] = await town.settled(['a', 'b'])
    let calls = 0
    const end = b?.cluster.onBroadcast('bad', () => {
      calls++
      throw new Error('oops')
    })
    for (let at = 0; at < 2; at++) a?.cluster.broadcast('bad', at)
    await town.sim.run(500)
    assert.equal(calls, 2)
    end?.()
    a?.cluster.broadcast('bad', 3)
    await town.sim.run(500)
    assert.equal(calls, 2)
  })

  it('gets through where only one side takes the other for a neighbour', async () => {
    const town = new SimCluster({ seed: 58 })
    const a = await town.start('a', { overlay: linked([['a', 'b']]) })
    const b = await town.start('b', { overlay: linked([]) })
    await town.sim.run(2_000)
    const got = listen([a, b])
    a.cluster.broadcast('news', 'there')
    await town.sim.run(500)
    b.cluster.broadcast('news', 'and back')
    await town.sim.run(500)
    assert.lengthOf(got.get('a') as unknown[], 2)
    assert.lengthOf(got.get('b') as unknown[], 2)
  })
})

describe('links of broadcasts in a mesh', () => {
  it('takes all of few peers', () => {
    const peers = names(8)
    assert.deepEqual(meshLinks('me', peers), peers)
  })

  for (const count of [10, 50, 300]) {
    it(`links ${count} nodes into one, both ways, with few links each`, () => {
      const all = names(count)
      const links = new Map(
        all.map((name) => [
          name,
          meshLinks(
            name,
            all.filter((other) => other !== name),
          ),
        ]),
      )
      let sum = 0
      for (const [name, peers] of links) {
        sum += peers.length
        for (const peer of peers) assert.include(links.get(peer) as string[], name)
      }
      assert.isBelow(sum / count, 8)
      const seen = new Set([all[0] as string])
      for (const name of seen) for (const peer of links.get(name) ?? []) seen.add(peer)
      assert.equal(seen.size, count)
    })
  }

  it('stays nearly the same when a node comes', () => {
    const all = names(100)
    let changed = 0
    for (const name of all) {
      const others = all.filter((other) => other !== name)
      const before = new Set(meshLinks(name, others))
      const after = meshLinks(name, [...others, 'new'])
      changed += after.filter((peer) => !before.has(peer)).length
    }
    assert.isBelow(changed, 15)
  })
})
