import { assert } from 'chai'
import type { Logger } from '../../src/base/logger.js'
import { seeds } from '../seeds.js'
import { assertWhole, names, rejection, SimCluster } from './sim-cluster.js'

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
        'nodeUp b',
        'memberLeft b replaced',
        'memberJoined b',
      ],
    )
  })
})
