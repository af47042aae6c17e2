import { assert } from 'chai'
import { local } from '../../src/index.js'
import { Copy, Keeper, Ledger, Watcher } from './actors.js'
import { about, COOKIE, type LocalNode, useNodes } from './local-nodes.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { until } from './until.js'

const TIMING = local()

describe('A process that is paused and goes on', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()
  let a: LocalNode

  beforeEach(async () => {
    a = await startNode({ name: 'a' })
  })

  async function startPeers(...names: string[]): Promise<NodeProcess[]> {
    const started = await processes(names.length)
    await Promise.all(
      started.map(async (process, at) => {
        await process.call('start', { name: names[at] as string, cookie: COOKIE, timing: TIMING })
        await process.call('join', a.node.address)
      }),
    )
    await until('a reaches all', () => names.every((name) => a.node.isUp(name)))
    return started
  }

  const told = (event: string, count: number): Promise<void> =>
    until(`${count} ${event}`, () => about(a.told, event, 'b').length >= count)

  it('is silent, then down, then up again, and messages flow', async () => {
    const [b] = await startPeers('b')
    assert.isDefined(b)
    await b.call('spawnLedger', 'ledger')
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    ledger.tell.write(1)
    assert.deepEqual(await ledger.ask.entries(), [1])
    const atMs = Date.now()
    b.pause()
    await told('nodeDown', 1)
    const [peerDown] = about(a.told, 'peerDown', 'b')
    const [nodeDown] = about(a.told, 'nodeDown', 'b')
    assert.equal(peerDown?.code, 'ERR_PEER_SILENT')
    assert.isAtLeast((peerDown?.atMs ?? 0) - atMs, TIMING.silenceMs - TIMING.heartbeatMs - 20)
    assert.isAtLeast((nodeDown?.atMs ?? 0) - (peerDown?.atMs ?? 0), TIMING.downAfterMs - 20)
    assert.isFalse(a.node.isUp('b'))

    b.resume()
    await told('nodeUp', 2)
    assert.deepEqual(
      a.told.filter(({ event }) => event === 'nodeUp' || event === 'nodeDown').map((t) => t.event),
      ['nodeUp', 'nodeDown', 'nodeUp'],
    )
    ledger.tell.write(2)
    assert.deepEqual(await ledger.ask.entries(), [1, 2], 'the same incarnation of the actor')
    a.node.spawn(Ledger, undefined, { name: 'home' })
    await until('b reaches a', async () => (await b.call('connected')).includes('a'))
    await b.call('write', 'a', 'home', 0, 100)
    const home = a.node.lookup(Ledger, 'home')
    await until('messages back', async () => (await home.ask.size()) === 100)
  })

  it('stops a sender at full speed within its bounds, and gets in order what that kept', async () => {
    const timing = { ...TIMING, silenceMs: 30_000 }
    const patient = await startNode({
      name: 'patient',
      timing,
      channels: { logs: { creditMessages: 1_000 } },
      connections: { laneMaxMessages: 5_000 },
    })
    const [b] = await processes(1)
    assert.isDefined(b)
    await b.call('start', { name: 'b', cookie: COOKIE, timing })
    await b.call('join', patient.node.address)
    await b.call('spawnLedger', 'ledger')
    await until('they are connected', () => patient.node.isUp('b'))
    const ledger = patient.node.lookup(Ledger, 'ledger', { on: 'b' }).with({ channel: 'logs' })
    await ledger.ask.size()
    const dead: unknown[] = []
    patient.node.events.on('deadLetter', ({ args }) => dead.push(args[0]))
    const logs = () =>
      patient.node.stats().transport.channels.find(({ channel }) => channel === 'logs')
    b.pause()
    const endMs = Date.now() + 2_000
    let sent = 0
    while (Date.now() < endMs) {
      for (let i = 0; i < 1_000; i++) ledger.tell.write(sent++)
      assert.isAtMost(logs()?.queuedMessages ?? 0, 5_000)
      await new Promise(setImmediate)
    }
    assert.equal(dead.length, sent - 5_999, 'all but the lane and the window, less the ask')
    b.resume()
    await until('the lane is empty', () => logs()?.queuedMessages === 0)
    const lost = new Set(dead)
    const kept = Array.from({ length: sent }, (_, at) => at).filter((at) => !lost.has(at))
    assert.deepEqual(await ledger.ask.entries(), kept)
    assert.isTrue(ledger.tell.write(sent))
    assert.lengthOf(about(patient.told, 'peerDown', 'b'), 0)
  })

  it('is told as down once for each watch, also when it goes on and dies later', async () => {
    const [b] = await startPeers('b')
    assert.isDefined(b)
    await b.call('spawnLedger', 'ledger')
    const ref = await a.node.whereis('ledger', { on: 'b' })
    assert.isDefined(ref)
    const watcher = a.node.spawn(Watcher)
    await watcher.ask.watchOver(ref)
    b.pause()
    await until('the watch fires', async () => (await watcher.ask.downs()).length > 0)
    b.resume()
    await told('nodeUp', 2)
    assert.lengthOf(await watcher.ask.downs(), 1, 'coming back is no end')
    await b.kill()
    await told('nodeDown', 2)
    assert.lengthOf(await watcher.ask.downs(), 1, 'that watch has fired')
  })

  it('holds a second copy of a child that was relocated meanwhile, then one is left', async () => {
    const [b, c] = await startPeers('b', 'c')
    assert.isDefined(b)
    assert.isDefined(c)
    const keeper = a.node.spawn(Keeper, { prefer: 'b' })
    const copy = (await keeper.ask.handle()).with({ timeoutMs: 500 })
    assert.equal(await copy.ask.host(), 'b')
    b.pause()
    await until('it runs elsewhere', async () => (await copy.ask.host()) !== 'b')
    b.resume()
    const resumedMs = Date.now()
    await until('the older copy ends', async () => (await b.call('copies')).living === 0)
    const older = await b.call('copies')
    assert.deepEqual(
      older.log.map(({ event, reason }) => [event, reason]),
      [
        ['started', ''],
        ['stopped', 'shutdown'],
      ],
    )
    assert.isAtLeast(older.log[1]?.atMs ?? 0, resumedMs - 1, 'it lived on beside the newer one')
    const newer = [...(await c.call('copies')).log, ...Copy.log]
    assert.lengthOf(newer, 1)
    assert.isBelow(newer[0]?.atMs ?? Infinity, resumedMs)
    assert.equal((await c.call('copies')).living + Copy.living, 1)
    assert.notEqual(await copy.ask.host(), 'b', 'the handle follows the copy that is left')
  })
})
