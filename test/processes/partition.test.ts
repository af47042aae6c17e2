import { assert } from 'chai'
import { local } from '../../src/index.js'
import { Copy, Keeper, Ledger, Watcher } from './actors.js'
import { freePort } from './free-port.js'
import { about, COOKIE, type LocalNode, useNodes } from './local-nodes.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { TcpProxy } from './tcp-proxy.js'
import { until } from './until.js'

const HOST = '127.0.0.1'

describe('Two processes that are cut off from each other, both alive, until it heals', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()
  const proxies: TcpProxy[] = []
  let a: LocalNode
  let b: NodeProcess
  let portOfA: number

  afterEach(() => {
    for (const proxy of proxies.splice(0)) proxy.close()
  })

  /** Each can be dialled only through a stretch of network that can be cut. */
  beforeEach(async () => {
    const [toA, toB] = [await TcpProxy.open(), await TcpProxy.open()]
    proxies.push(toA, toB)
    portOfA = toA.target = await freePort()
    toB.target = await freePort()
    a = await startNode({
      name: 'a',
      listen: { port: toA.target },
      advertise: { host: HOST, port: toA.port },
    })
    const [forked] = await processes(1)
    assert.isDefined(forked)
    b = forked
    await b.call('start', {
      name: 'b',
      cookie: COOKIE,
      timing: local(),
      listen: { port: toB.target },
      advertise: { host: HOST, port: toB.port },
    })
    await b.call('join', a.node.address)
    await bothUp()
  })

  const bothUp = (): Promise<void> =>
    until('both reach each other', async () => {
      return a.node.isUp('b') && (await b.call('connected')).includes('a')
    })

  const bothDown = (): Promise<void> =>
    until('both give each other up', async () => {
      const toldB = await b.call('told')
      return about(a.told, 'nodeDown', 'b').length > 0 && about(toldB, 'nodeDown', 'a').length > 0
    })

  function cut(): void {
    for (const proxy of proxies) proxy.cut()
  }

  function heal(): void {
    for (const proxy of proxies) proxy.heal()
  }

  it('runs a placed child twice, then once', async () => {
    const keeper = a.node.spawn(Keeper, { prefer: 'b' })
    const copy = (await keeper.ask.handle()).with({ timeoutMs: 500 })
    assert.equal(await copy.ask.host(), 'b')
    assert.equal(Copy.living, 0)

    cut()
    await until('a second copy runs here', () => Copy.living === 1)
    assert.equal((await b.call('copies')).living, 1, 'two copies')
    assert.equal(await copy.ask.host(), 'a')
    await bothDown()
    assert.equal((await b.call('copies')).living, 1, 'only its supervisor ends it')

    heal()
    await until('the older copy ends', async () => (await b.call('copies')).living === 0)
    assert.equal(Copy.living, 1, 'one copy')
    assert.deepEqual(
      (await b.call('copies')).log.map(({ event, reason }) => `${event} ${reason}`.trim()),
      ['started', 'stopped shutdown'],
    )
    assert.equal(await copy.ask.host(), 'a')
    await bothUp()
    assert.lengthOf(Copy.log, 1, 'the newer copy was left alone')
  })

  it('is up again on both sides, with the same actors behind the same refs', async () => {
    await b.call('spawnLedger', 'ledger')
    const ref = await a.node.whereis('ledger', { on: 'b' })
    assert.isDefined(ref)
    const ledger = a.node.ref(Ledger, ref.toString())
    const watcher = a.node.spawn(Watcher)
    await watcher.ask.watchOver(ref)
    ledger.tell.write(1)
    assert.deepEqual(await ledger.ask.entries(), [1])

    cut()
    await bothDown()
    heal()
    await bothUp()
    ledger.tell.write(2)
    assert.deepEqual(await ledger.ask.entries(), [1, 2])
    assert.lengthOf(await watcher.ask.downs(), 1)
    assert.deepEqual(
      a.node.members().map((member) => member.name),
      ['a', 'b'],
    )
    assert.lengthOf(about(a.told, 'memberLeft', 'b'), 0, 'nobody left meanwhile')
  })

  it('ends what waited when the other one was given up, and refuses more until it is back', async () => {
    await b.call('spawnLedger', 'ledger')
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    assert.deepEqual(await ledger.ask.entries(), [])
    cut()
    await until('a has lost b', () => about(a.told, 'peerDown', 'b').length > 0)
    ledger.tell.write(1)
    const asked = ledger
      .with({ timeoutMs: 60_000 })
      .ask.entries()
      .catch((error: Error) => error.message)
    await until('a gives b up', () => about(a.told, 'nodeDown', 'b').length > 0)
    assert.include(String(await asked), 'ERR_NODE_DOWN')
    assert.isFalse(ledger.tell.write(2))
    assert.deepEqual(
      about(a.told, 'deadLetter', 'b').map(({ code }) => code),
      ['ERR_NODE_DOWN', 'ERR_NODE_DOWN'],
    )
    heal()
    await bothUp()
    ledger.tell.write(3)
    assert.deepEqual(await ledger.ask.entries(), [3])
  })

  it('tells the one that was replaced meanwhile, which dials no more', async () => {
    const [heir] = await processes(1)
    assert.isDefined(heir)
    cut()
    await bothDown()
    await heir.call('start', { name: 'b', cookie: COOKIE, timing: local() })
    await heir.call('join', `${HOST}:${portOfA}`) // not through the stretch that is cut
    await heir.call('spawnLedger', 'ledger')
    const told = a.told.length
    heal()
    await until('the first hears of it', async () => {
      return about(await b.call('told'), 'removed', 'b').length > 0
    })
    assert.deepEqual(
      (await b.call('members')).map(({ name }) => name),
      ['b'],
    )
    // Whoever is to be dialled has lanes, connected or not. That it stays so is tested in virtual time.
    await until('the first wants nobody any more', async () => {
      const { connections, lanes } = (await b.call('stats')).transport
      return connections === 0 && lanes.length === 0
    })
    assert.lengthOf(about(await b.call('told'), 'removed', 'b'), 1)
    assert.isTrue(a.node.isUp('b'))
    assert.isEmpty(a.told.slice(told).filter(({ event }) => event !== 'refused'))
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    assert.equal(await ledger.ask.process(), heir.pid)
  })
})
