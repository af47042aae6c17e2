import net from 'node:net'
import { assert } from 'chai'
import { local, type Node } from '../../src/index.js'
import { Ledger } from './actors.js'
import { freePort } from './free-port.js'
import { about, COOKIE, useNodes } from './local-nodes.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { TcpProxy } from './tcp-proxy.js'
import { until } from './until.js'

describe('Processes that start, join and stop', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()

  const failure = (joining: Promise<string>): Promise<string> =>
    joining.then(
      (name) => `joined ${name}`,
      (error: Error) => error.message,
    )

  const refused = (node: Node): Readonly<Record<string, number>> => node.stats().transport.refused

  it('say clearly that a port is taken, and leave nothing open', async () => {
    const [b] = (await processes(1)) as [NodeProcess]
    const { node } = await startNode({ name: 'a' })
    const [{ port } = { port: 0 }] = node.addresses
    const options = { name: 'b', cookie: COOKIE, listen: { port } }
    const { text, left } = await b.call('startFailure', options)
    assert.include(text, 'ERR_ADDRESS_IN_USE')
    assert.include(text, `127.0.0.1:${port}`)
    assert.deepEqual(left, [], 'neither timers nor sockets')
    await b.call('start', { name: 'b', cookie: COOKIE })
  })

  it('refuse a wrong cookie on both sides, and count it', async () => {
    const [b] = (await processes(1)) as [NodeProcess]
    const { node } = await startNode({ name: 'a' })
    await b.call('start', { name: 'b', cookie: 'open barley', timing: local() })
    assert.include(await failure(b.call('join', node.address)), 'ERR_COOKIE')
    assert.equal(refused(node)['ERR_COOKIE'], 1)
    assert.lengthOf(node.members(), 1)
    assert.lengthOf(await b.call('members'), 1)
  })

  it('refuse a node without a cookie, and one with a cookie where there is none', async () => {
    const [b] = (await processes(1)) as [NodeProcess]
    const closed = await startNode({ name: 'a' })
    const open = await startNode({ name: 'open', cookie: undefined })
    await b.call('start', { name: 'b', timing: local() })
    assert.include(await failure(b.call('join', closed.node.address)), 'ERR_COOKIE')
    assert.equal(refused(closed.node)['ERR_COOKIE'], 1)
    assert.equal(await b.call('join', open.node.address), 'open')
    await b.call('stop')
    await b.call('start', { name: 'c', cookie: COOKIE, timing: local() })
    assert.include(await failure(b.call('join', open.node.address)), 'ERR_COOKIE')
  })

  it('drain what was sent before a graceful stop, and say goodbye', async () => {
    const [b] = (await processes(1)) as [NodeProcess]
    const { node, told } = await startNode({ name: 'a' })
    const ledger = node.spawn(Ledger, undefined, { name: 'ledger' })
    await b.call('start', { name: 'b', cookie: COOKIE, timing: local() })
    await b.call('join', node.address)
    const count = 50_000
    await b.call('writeAndStop', 'a', 'ledger', count, 10_000)
    await until('nodeDown', () => about(told, 'nodeDown', 'b').length > 0)
    const entries = await ledger.ask.entries()
    assert.lengthOf(entries, count)
    assert.isTrue(
      entries.every((entry, at) => entry === at),
      'in order',
    )
    const [peerDown] = about(told, 'peerDown', 'b')
    const [nodeDown] = about(told, 'nodeDown', 'b')
    const lastedMs = (nodeDown?.atMs ?? Infinity) - (peerDown?.atMs ?? 0)
    assert.isBelow(lastedMs, local().downAfterMs, 'a goodbye is nodeDown at once')
  })

  it('reach a node where it says it can be reached, not where it listens', async () => {
    const [b, c] = (await processes(2)) as [NodeProcess, NodeProcess]
    const { node } = await startNode({ name: 'a' })
    const outside = await TcpProxy.open()
    try {
      outside.target = await freePort()
      const advertise = { host: '127.0.0.1', port: outside.port }
      const listen = { port: outside.target }
      await b.call('start', { name: 'b', cookie: COOKIE, timing: local(), listen, advertise })
      await b.call('spawnLedger', 'ledger')
      await b.call('join', node.address)
      assert.deepEqual(node.members()[1]?.addresses, [advertise])
      // c hears of b from a only
      await c.call('start', { name: 'c', cookie: COOKIE, timing: local() })
      await c.call('join', node.address)
      await until('c reaches b', async () => (await c.call('connected')).includes('b'))
      await c.call('write', 'b', 'ledger', 0, 10)
      await until('messages', async () => (await b.call('entries', 'ledger')).length === 10)
      assert.equal(await c.call('join', `127.0.0.1:${outside.port}`), 'b')
      assert.isAbove(outside.accepted, 0)
    } finally {
      outside.close()
    }
  })

  it('talk over IPv6', async function () {
    if (!(await hasIpv6())) {
      console.warn('      LEFT OUT: this machine has no IPv6 loopback address')
      this.skip()
    }
    const [b] = (await processes(1)) as [NodeProcess]
    const { node } = await startNode({ name: 'a', listen: { host: '::1', port: 0 } })
    assert.match(node.address, /^\[::1\]:\d+$/)
    const ledger = node.spawn(Ledger, undefined, { name: 'ledger' })
    const listen = { host: '::1', port: 0 }
    await b.call('start', { name: 'b', cookie: COOKIE, timing: local(), listen })
    assert.equal(await b.call('join', node.address), 'a')
    await b.call('write', 'a', 'ledger', 0, 10)
    await until('messages', async () => (await ledger.ask.size()) === 10)
    assert.deepInclude(node.members()[1]?.addresses[0], { host: '::1' })
  })
})

function hasIpv6(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(0, '::1', () => server.close(() => resolve(true)))
  })
}
