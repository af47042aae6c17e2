import { readFileSync } from 'node:fs'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { local, type TlsOptions } from '../../src/index.js'
import { Ledger } from './actors.js'
import { COOKIE, useNodes } from './local-nodes.js'
import { forkBorrowed, type NodeProcess, useProcesses } from './node-process-pool.js'
import { until } from './until.js'

const path = (name: string): string =>
  fileURLToPath(new URL(`../fixtures/tls/${name}.pem`, import.meta.url))
const pem = (name: string): string => readFileSync(path(name), 'utf8')

const own: TlsOptions = { key: pem('server-key'), cert: pem('server-cert') }
const mutual: TlsOptions = { ...own, ca: pem('ca-cert') }
const stranger: TlsOptions = {
  key: pem('stranger-key'),
  cert: pem('stranger-cert'),
  ca: pem('ca-cert'),
}

describe('Processes that talk TLS', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()

  const failure = (joining: Promise<string>): Promise<string> =>
    joining.then(
      (name) => `joined ${name}`,
      (error: Error) => error.message,
    )

  it('with certificates of an authority that the machine trusts', async () => {
    const env = { NODE_EXTRA_CA_CERTS: path('ca-cert') }
    const [a, b] = (await Promise.all([forkBorrowed({ env }), forkBorrowed({ env })])) as [
      NodeProcess,
      NodeProcess,
    ]
    const options = { cookie: COOKIE, timing: local(), tls: own }
    const { address } = await a.call('start', { ...options, name: 'a' })
    await a.call('spawnLedger', 'ledger')
    await b.call('start', { ...options, name: 'b' })
    assert.equal(await b.call('join', address), 'a')
    await b.call('write', 'a', 'ledger', 0, 1_000)
    await until('messages', async () => (await a.call('entries', 'ledger')).length === 1_000)
  })

  it('with certificates that both sides check, and no cookie', async () => {
    const [b] = (await processes(1)) as [NodeProcess]
    const { node } = await startNode({ cookie: undefined, tls: mutual })
    const ledger = node.spawn(Ledger, undefined, { name: 'ledger' })
    await b.call('start', { name: 'b', timing: local(), tls: mutual })
    await b.call('spawnLedger', 'ledger')
    assert.equal(await b.call('join', node.address), 'a')
    await b.call('write', 'a', 'ledger', 0, 1_000)
    await until('messages', async () => (await ledger.ask.size()) === 1_000)
    assert.equal(await node.lookup(Ledger, 'ledger', { on: 'b' }).ask.process(), b.pid)
  })

  it('keep out a node with a certificate of another authority, and one without TLS', async () => {
    const [b] = (await processes(1)) as [NodeProcess]
    const { node } = await startNode({ tls: mutual })
    await b.call('start', { name: 'b', cookie: COOKIE, timing: local(), tls: stranger })
    assert.match(await failure(b.call('join', node.address, 1_000)), /ERR_JOIN_TIMEOUT/)
    await b.call('stop')
    await b.call('start', { name: 'b', cookie: COOKIE, timing: local() })
    assert.match(await failure(b.call('join', node.address, 1_000)), /ERR_JOIN_TIMEOUT/)
    assert.lengthOf(node.members(), 1)
    assert.equal(node.stats().transport.connections, 0)
  })

  it('close on who talks plain text', async () => {
    const { node } = await startNode({ tls: mutual })
    const [address] = node.addresses
    assert.isDefined(address)
    const socket = net.connect(address.port, address.host, () => socket.write('GET / HTTP/1.1\r\n'))
    socket.on('error', () => {})
    await new Promise((resolve) => socket.on('close', resolve).resume())
    assert.equal(node.stats().transport.connections, 0)
  })
})
