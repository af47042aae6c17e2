import { assert } from 'chai'
import { codeOf, local } from '../../src/index.js'
import { Ledger, Watcher } from './actors.js'
import { freePort } from './free-port.js'
import { about, COOKIE, type LocalNode, useNodes } from './local-nodes.js'
import type { Started } from './node-host.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { until } from './until.js'

describe('A process that is started anew under the name of one that died', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()
  let a: LocalNode

  beforeEach(async () => {
    a = await startNode({ name: 'a' })
  })

  async function startB(process: NodeProcess, port = 0): Promise<Started> {
    const options = { name: 'b', cookie: COOKIE, timing: local(), listen: { port } }
    const started = await process.call('start', options)
    await process.call('spawnLedger', 'ledger')
    await process.call('join', a.node.address)
    await until('a reaches this b', () => {
      return a.node.members()[1]?.incarnation === started.incarnation && a.node.isUp('b')
    })
    return started
  }

  it('leaves old refs dead and names alive', async () => {
    const [first, second] = (await processes(2)) as [NodeProcess, NodeProcess]
    await startB(first)
    const old = await a.node.whereis('ledger', { on: 'b' })
    assert.isDefined(old)
    const byRef = a.node.ref(Ledger, old.toString())
    const byName = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    byRef.tell.write(1)
    assert.deepEqual(await byName.ask.entries(), [1])
    assert.equal(await byRef.ask.process(), first.pid)

    await first.kill()
    await until('nodeDown', () => about(a.told, 'nodeDown', 'b').length > 0)
    await startB(second)
    assert.equal(await byName.ask.process(), second.pid, 'the name leads to the new actor')
    assert.deepEqual(await byName.ask.entries(), [])
    assert.equal(await byRef.ask.entries().catch(codeOf), 'ERR_NO_ACTOR')
    const letters = (): number => a.told.filter(({ event }) => event === 'deadLetter').length
    const before = letters()
    assert.isFalse(byRef.tell.write(2))
    assert.equal(letters(), before + 1)
    assert.equal(a.told.at(-1)?.code, 'ERR_NO_ACTOR')
    assert.deepEqual(await byName.ask.entries(), [])
  })

  it('has a newer generation and replaces the incarnation before it', async () => {
    const [first, second] = (await processes(2)) as [NodeProcess, NodeProcess]
    const before = await startB(first)
    const watcher = a.node.spawn(Watcher)
    const ref = await a.node.whereis('ledger', { on: 'b' })
    assert.isDefined(ref)
    await watcher.ask.watchOver(ref)
    await first.kill()
    const after = await startB(second)
    assert.isAbove(after.generation, before.generation)
    assert.notEqual(after.incarnation, before.incarnation)
    assert.deepEqual(
      a.node.members().map(({ name, incarnation }) => [name, incarnation]),
      [
        ['a', a.node.incarnation],
        ['b', after.incarnation],
      ],
    )
    const downs = await watcher.ask.downs()
    assert.lengthOf(downs, 1)
    assert.lengthOf(about(a.told, 'nodeDown', 'b'), 1, 'one incarnation ended once')
  })

  it('at the same address takes over at once', async () => {
    const [first, second] = (await processes(2)) as [NodeProcess, NodeProcess]
    const port = await freePort()
    await startB(first, port)
    await first.kill()
    await startB(second, port)
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    assert.equal(await ledger.ask.process(), second.pid)
  })
})
