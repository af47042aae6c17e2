import { assert } from 'chai'
import { local } from '../../src/index.js'
import { Ledger } from './actors.js'
import { COOKIE, type LocalNode, useNodes } from './local-nodes.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { until } from './until.js'

describe('A second process with a name that is taken', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()
  let a: LocalNode

  beforeEach(async () => {
    a = await startNode({ name: 'a' })
  })

  const startB = (process: NodeProcess): Promise<unknown> =>
    process.call('start', { name: 'b', cookie: COOKIE, timing: local() })

  const failure = (joining: Promise<string>): Promise<string> =>
    joining.then(
      (name) => `joined ${name}`,
      (error: Error) => error.message,
    )

  it('is refused with ERR_NAME_TAKEN while the first lives, which hears nothing of it', async () => {
    const [first, second] = (await processes(2)) as [NodeProcess, NodeProcess]
    await startB(first)
    await first.call('spawnLedger', 'ledger')
    await first.call('join', a.node.address)
    await startB(second)
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    assert.equal(await ledger.ask.process(), first.pid)

    assert.include(await failure(second.call('join', a.node.address)), 'ERR_NAME_TAKEN')
    assert.equal(a.node.stats().transport.refused['ERR_NAME_TAKEN'], 1)
    assert.equal(await ledger.ask.process(), first.pid)
    assert.isTrue(a.node.isUp('b'))
    assert.isEmpty(a.told.filter(({ event }) => event === 'peerDown' || event === 'nodeDown'))
    assert.isEmpty((await second.call('connected')).filter((name) => name !== 'b'))
  })

  it('is refused by the holder itself', async () => {
    const [second] = (await processes(1)) as [NodeProcess]
    await second.call('start', { name: 'a', cookie: COOKIE, timing: local() })
    assert.include(await failure(second.call('join', a.node.address)), 'ERR_NAME_TAKEN')
  })

  it('replaces the first after it died, also before anybody noticed', async () => {
    const [first, second] = (await processes(2)) as [NodeProcess, NodeProcess]
    await startB(first)
    await first.call('join', a.node.address)
    await startB(second)
    await second.call('spawnLedger', 'ledger')
    first.pause() // as good as dead: it does not answer, and its connections stand
    assert.equal(await second.call('join', a.node.address), 'a')
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    await until('the name leads to the second', async () => {
      return (await ledger.with({ timeoutMs: 500 }).ask.process()) === second.pid
    })
    assert.lengthOf(a.node.members(), 2)
  })

  it('keeps it when the one it replaced comes to life again', async () => {
    const [first, second] = (await processes(2)) as [NodeProcess, NodeProcess]
    await startB(first)
    await first.call('join', a.node.address)
    await startB(second)
    await second.call('spawnLedger', 'ledger')
    first.pause()
    await second.call('join', a.node.address)
    first.resume()
    await until('the first is turned away', () => {
      return (a.node.stats().transport.refused['ERR_NAME_TAKEN'] ?? 0) > 0
    })
    await until('it hears of it', async () => {
      return (await first.call('told')).some(({ event }) => event === 'removed')
    })
    assert.deepEqual(await first.call('members').then((all) => all.map(({ name }) => name)), ['b'])
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    assert.equal(await ledger.ask.process(), second.pid)
    assert.lengthOf(a.node.members(), 2)
  })
})
