import { assert } from 'chai'
import { codeOf, local, type Node } from '../../src/index.js'
import { Copy, Keeper, Ledger, Watcher } from './actors.js'
import { about, COOKIE, type LocalNode, useNodes } from './local-nodes.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { until } from './until.js'

const TIMING = local()
/** What a busy machine may add to any time. */
const SLACK_MS = 3_000

describe('A process that is killed', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()
  let a: LocalNode

  beforeEach(async () => {
    a = await startNode({ name: 'a' })
  })

  async function startPeer(process: NodeProcess, name: string): Promise<void> {
    await process.call('start', { name, cookie: COOKIE, timing: TIMING })
    await process.call('join', a.node.address)
  }

  it('is given up within the times of its preset', async () => {
    const [b] = await processes(1)
    assert.isDefined(b)
    await startPeer(b, 'b')
    await until('a hears of b', () => a.node.isUp('b'))
    const atMs = Date.now()
    await b.kill()
    await until('nodeDown', () => about(a.told, 'nodeDown', 'b').length > 0)

    const [peerDown] = about(a.told, 'peerDown', 'b')
    const [nodeDown] = about(a.told, 'nodeDown', 'b')
    assert.isDefined(peerDown)
    assert.isDefined(nodeDown)
    assert.isAtLeast(nodeDown.atMs - peerDown.atMs, TIMING.downAfterMs - 20)
    const { silenceMs, downAfterMs } = TIMING
    assert.isAtMost(nodeDown.atMs - atMs, silenceMs + downAfterMs + SLACK_MS)
    assert.equal(nodeDown.code, 'ERR_NODE_DOWN')
    assert.lengthOf(about(a.told, 'nodeDown', 'b'), 1)
    assert.deepEqual(namesOf(a.node), ['a', 'b'], 'a node that went down stays a member')
  })

  it('fails the asks that wait for it with ERR_NODE_DOWN', async () => {
    const [b] = await processes(1)
    assert.isDefined(b)
    await startPeer(b, 'b')
    await b.call('spawnLedger', 'ledger')
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    assert.equal(await ledger.ask.size(), 0)
    const asks = Array.from({ length: 100 }, () => ledger.with({ timeoutMs: 60_000 }).ask.never())
    const failures = Promise.all(asks.map((ask) => ask.catch((error: unknown) => codeOf(error))))
    await until('they are under way', async () => (await b.call('stats')).remote.inbound === 100)
    await b.kill()
    assert.deepEqual(new Set(await failures), new Set(['ERR_NODE_DOWN']))
    assert.equal(a.node.stats().remote.outbound, 0)
  })

  it('fires every watch on its actors exactly once', async () => {
    const [b] = await processes(1)
    assert.isDefined(b)
    await startPeer(b, 'b')
    const watcher = a.node.spawn(Watcher)
    const targets = ['one', 'two', 'three']
    for (const name of targets) {
      await b.call('spawnLedger', name)
      const ref = await a.node.whereis(name, { on: 'b' })
      assert.isDefined(ref)
      for (let twice = 0; twice < 2; twice++) await watcher.ask.watchOver(ref)
    }
    await b.kill()
    await until('all are down', async () => (await watcher.ask.downs()).length >= targets.length)
    await until('nodeDown was told', () => about(a.told, 'nodeDown', 'b').length > 0)
    const downs = await watcher.ask.downs()
    assert.lengthOf(downs, targets.length)
    assert.lengthOf(new Set(downs.map((down) => down.ref)), targets.length)
    for (const { reason, willRestart } of downs) {
      assert.include(reason, 'b')
      assert.isFalse(willRestart)
    }
    assert.equal(a.node.stats().bonds.watches, 0)
  })

  it('has the children that were placed on it come back elsewhere', async () => {
    const [b, c] = await processes(2)
    assert.isDefined(b)
    assert.isDefined(c)
    await startPeer(b, 'b')
    await startPeer(c, 'c')
    await until('a reaches both', () => a.node.isUp('b') && a.node.isUp('c'))
    const keeper = a.node.spawn(Keeper, { prefer: 'b' })
    const copy = (await keeper.ask.handle()).with({ timeoutMs: 500 })
    assert.equal(await copy.ask.host(), 'b')
    await b.kill()
    let host = ''
    await until('the copy answers again', async () => {
      host = await copy.ask.host()
      return host !== 'b'
    })
    assert.equal((await c.call('copies')).living + Copy.living, 1)
    assert.equal(host, Copy.living === 1 ? 'a' : 'c')
    assert.deepEqual(await keeper.ask.countChildren(), {
      specs: 1,
      active: 1,
      supervisors: 0,
      workers: 1,
    })
  })
})

const namesOf = (node: Node): string[] => node.members().map((member) => member.name)
