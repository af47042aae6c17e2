import { assert } from 'chai'
import { type Logger, silentLogger } from '../../src/base/logger.js'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import { assertWhole, SimCluster } from './sim-cluster.js'

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

  it('does not take a later removal for a wish: who is out already cannot leave', async () => {
    const town = new SimCluster({ seed: 37 })
    await town.settled(['a', 'b'])
    town.node('a').cluster.leave()
    town.node('a').cluster.leave()
    await town.sim.run(1_000)
    await town.join('b', 'a') // which takes a in again, too
    await town.sim.run(3_000)
    assertWhole(town, ['a', 'b'])
    town.node('b').cluster.leave('a')
    await town.sim.run(1_000)
    assert.deepEqual(town.node('a').only('left'), ['left wanted', 'left removed'])
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

  it('tells one that was replaced while it was cut off; it dials nobody any more', async () => {
    const town = new SimCluster({ seed: 38 })
    await town.settled(['a', 'b'])
    const [a, b] = [town.node('a'), town.node('b')]
    const heal = town.sim.partition(['a', 'elsewhere'], ['b'])
    await town.sim.run(8_000)
    const heir = await town.start('b', { host: 'elsewhere' })
    await town.join('b', 'a')
    await town.sim.run(8_000)
    heal()
    await town.sim.run(30_000)
    assert.deepEqual(b.only('left'), ['left removed'])
    assert.isTrue(a.cluster.isUp('b') && heir.cluster.isUp('a'))
    assert.deepInclude(b.cluster.stats().transport, { connections: 0, lanes: [] })
    const told = [a.log.length, heir.log.length, b.log.length]
    await town.sim.run(600_000)
    assert.deepEqual([a.log.length, heir.log.length, b.log.length], told)
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

  it('logs an orderly end as news and only a lost node as a warning', async () => {
    const lines: string[] = []
    const log = (level: string) => (fields: object, text: string) => {
      if (text === 'node down') lines.push(`${level} ${(fields as { node: string }).node}`)
    }
    const logger: Logger = { ...silentLogger, info: log('info'), warn: log('warn') }
    const town = new SimCluster({ seed: 36 })
    await town.settled(['a', 'b', 'c', 'd'], { logger: silentLogger })
    await town.start('e', { logger })
    await town.join('e', 'a')
    await town.sim.run(3_000)
    town.node('b').cluster.leave()
    await town.sim.run(1_000)
    await town.sim.complete(town.node('c').cluster.stop(100))
    await town.sim.run(1_000)
    town.sim.crash('d')
    await town.sim.run(8_000)
    assert.deepEqual(lines, ['info b', 'info c', 'warn d'])
  })
})
