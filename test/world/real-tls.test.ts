import { existsSync, readFileSync } from 'node:fs'
import net from 'node:net'
import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import type { Connection, Listener, TlsOptions } from '../../src/world/network.js'
import { realWorld } from '../../src/world/real/real-world.js'
import { TcpConnection } from '../../src/world/real/tcp-connection.js'
import { failureOf, networkContract, Recorder } from '../contracts/network.js'
import { realComplete, realPass, realUntil } from './real-env.js'

const pem = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), 'utf8')

const ca = pem('ca-cert')
const server: TlsOptions = { key: pem('server-key'), cert: pem('server-cert') }
const client: TlsOptions = { key: pem('client-key'), cert: pem('client-cert'), ca }
const stranger: TlsOptions = { key: pem('stranger-key'), cert: pem('stranger-cert'), ca }
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

networkContract('TLS', () => {
  const { network } = realWorld()
  return {
    server: { ...network, listen: (at, accept) => network.listen(at, accept, { ...server, ca }) },
    client: { ...network, connect: (to, o) => network.connect(to, { ...o, tls: client }) },
    host: 'localhost',
    until: realUntil,
    complete: realComplete,
    pass: realPass,
    async dispose() {},
  }
})

/** Ports of this machine's standing connections with a keep-alive timer (`tr` is 2). */
const keptAlive = (): Set<number> =>
  new Set(
    readFileSync('/proc/net/tcp', 'utf8')
      .split('\n')
      .map((row) => row.trim().split(/\s+/))
      .filter((fields) => fields[3] === '01' && fields[5]?.startsWith('02:'))
      .map((fields) => Number.parseInt(fields[1]?.split(':')[1] ?? '', 16)),
  )

describe('idle connections', () => {
  for (const [what, serverTls, clientTls] of [
    ['TCP', undefined, undefined],
    ['TLS', server, { ca }],
  ] as const) {
    it(`are kept alive on both sides, with ${what}`, async function () {
      if (!existsSync('/proc/net/tcp')) {
        console.warn('    skipped: only Linux tells which of its connections are kept alive')
        return this.skip()
      }
      const { network } = realWorld()
      const accepted: Connection[] = []
      const accept = (connection: Connection): void => {
        accepted.push(connection)
        connection.attach(new Recorder())
      }
      const listener = await network.listen({ host: '127.0.0.1', port: 0 }, accept, serverTls)
      const options = clientTls === undefined ? {} : { tls: clientTls }
      const connection = await network.connect(listener.address, { timeoutMs: 2_000, ...options })
      connection.attach(new Recorder())
      try {
        await realUntil(() => accepted.length === 1, 'both ends')
        const dialled = Number(accepted[0]?.remote.split(':').at(-1))
        const both = [listener.address.port, dialled]
        await realUntil(() => both.every((port) => keptAlive().has(port)), 'timers on both sides')
      } finally {
        for (const each of [connection, ...accepted]) each.destroy()
        await listener.close()
      }
    })
  }
})

describe('TLS', () => {
  const { network } = realWorld()
  const open: (Connection | Listener)[] = []
  let accepted: Recorder[]

  beforeEach(() => {
    accepted = []
  })
  afterEach(async () => {
    for (const one of open.splice(0)) {
      if ('destroy' in one) one.destroy()
      else await one.close()
    }
  })

  async function listen(tls?: TlsOptions, host = '127.0.0.1'): Promise<Listener> {
    const accept = (connection: Connection): void => {
      const side = new Recorder()
      accepted.push(side)
      open.push(connection)
      connection.attach(side)
      connection.write(text('welcome'))
    }
    const listener = await network.listen({ host, port: 0 }, accept, tls)
    open.push(listener)
    return listener
  }

  async function dial(to: Listener, tls?: TlsOptions, timeoutMs = 2_000) {
    const connection = await network.connect(
      to.address,
      tls === undefined ? { timeoutMs } : { timeoutMs, tls },
    )
    open.push(connection)
    const side = new Recorder()
    connection.attach(side)
    return { connection, side }
  }

  it('carries bytes both ways when the server proves itself', async () => {
    for (const host of ['127.0.0.1', '::1', 'localhost']) {
      accepted = []
      const { connection, side } = await dial(await listen(server, host), { ca })
      connection.write(text('hello'))
      await realUntil(() => accepted[0]?.text === 'hello' && side.text === 'welcome', host)
    }
  })

  it('carries 16 MB with back-pressure', async () => {
    const listener = await listen(server)
    const { connection } = await dial(listener, { ca })
    const total = 16 * 1024 * 1024
    connection.write(new Uint8Array(total))
    connection.end()
    await realUntil(() => accepted[0]?.closes === 1, 'close')
    assert.equal(accepted[0]?.bytes, total)
    assert.isUndefined(accepted[0]?.error)
  })

  it('refuses a server whose certificate is not signed by ca', async () => {
    const listener = await listen(server)
    for (const tls of [{ ca: pem('stranger-ca-cert') }, {}]) {
      const error = await failureOf(dial(listener, tls))
      assert.equal(codeOf(error), 'ERR_CONNECT')
    }
    assert.lengthOf(accepted, 0)
  })

  it('checks the name it expects', async () => {
    const listener = await listen(server)
    const { side } = await dial(listener, { ca, serverName: 'troupe.test' })
    await realUntil(() => side.text === 'welcome', 'welcome')
    const error = await failureOf(dial(listener, { ca, serverName: 'other.test' }))
    assert.equal(codeOf(error), 'ERR_CONNECT')
    assert.include((error as Error).message, 'other.test')
  })

  it('takes a client whose certificate ca signed, where the listener asks for one', async () => {
    const { side } = await dial(await listen({ ...server, ca }), client)
    await realUntil(() => side.text === 'welcome', 'welcome')
  })

  it('never accepts a client without a certificate, or with a stranger’s', async () => {
    const listener = await listen({ ...server, ca })
    for (const tls of [{ ca }, stranger]) {
      // In TLS 1.3 the client is done before the server has looked at its certificate.
      const outcome = await dial(listener, tls).catch((error: unknown) => error)
      if (outcome instanceof Error) assert.equal(codeOf(outcome), 'ERR_CONNECT')
      else {
        const { side } = outcome as { side: Recorder }
        await realUntil(() => side.closes === 1, 'close')
        assert.equal(side.text, '')
      }
    }
    assert.lengthOf(accepted, 0)
    await dial(listener, client)
    await realUntil(() => accepted.length === 1, 'the right client')
  })

  it('survives plain bytes on a TLS port and TLS on a plain port', async () => {
    const secure = await listen(server)
    const { connection, side } = await dial(secure)
    connection.write(text('GET / HTTP/1.0\r\n\r\n'))
    await realUntil(() => side.closes === 1, 'close')
    const plain = await listen()
    assert.equal(codeOf(await failureOf(dial(plain, { ca }, 500))), 'ERR_CONNECT')
    const { side: after } = await dial(secure, { ca })
    await realUntil(() => after.text === 'welcome', 'welcome')
  })

  it('keeps 256 connections at most that do not begin their handshake, and a client still comes in', async () => {
    const listener = await listen(server)
    const { host, port } = listener.address
    let closed = 0
    const mute: net.Socket[] = []
    for (let i = 0; i < 280; i++) {
      const socket = net.connect(port, host).on('error', () => {})
      socket.on('close', () => closed++)
      mute.push(socket)
      await new Promise((resolve) => socket.once('connect', resolve))
    }
    await realUntil(() => closed === 24, 'the oldest to be closed')
    const { side } = await dial(listener, { ca })
    await realUntil(() => side.text === 'welcome', 'welcome')
    assert.isAtMost(closed, 25)
    for (const socket of mute) socket.destroy()
  })

  it('refuses certificates that are none before anything is open', async () => {
    const bad = { key: 'no key', cert: 'no certificate' }
    assert.equal(codeOf(await failureOf(listen(bad))), 'ERR_BAD_OPTION')
    const listener = await listen(server)
    assert.equal(codeOf(await failureOf(dial(listener, bad))), 'ERR_CONNECT')
  })
})

describe('TCP', () => {
  const { network } = realWorld()
  const undo: (() => void)[] = []
  afterEach(() => {
    for (const one of undo.splice(0)) one()
  })

  async function serve(server: net.Server): Promise<net.AddressInfo> {
    server.listen(0, '127.0.0.1')
    undo.push(() => server.close())
    server.on('connection', (socket) => undo.push(() => socket.destroy()))
    await new Promise((resolve) => server.once('listening', resolve))
    return server.address() as net.AddressInfo
  }

  it('tells who did not get through the handshake, and keeps no more than 256 waiting', async () => {
    const told: (string | undefined)[] = []
    const listener = await network.listen(
      { host: '127.0.0.1', port: 0 },
      () => assert.fail('a stranger came in'),
      { key: pem('server-key'), cert: pem('server-cert'), ca: pem('ca-cert') },
      (remote, error) => {
        assert.match(remote, /^127\.0\.0\.1:\d+$/)
        told.push(error.code)
      },
    )
    const { port } = listener.address
    const knock = (bytes?: Buffer): void => {
      const socket = net.connect({ host: '127.0.0.1', port })
      socket.on('error', () => {}).resume()
      if (bytes) socket.write(bytes)
      undo.push(() => socket.destroy())
    }
    for (let i = 0; i < 3; i++) knock(Buffer.alloc(1_000, 7))
    await realUntil(() => told.length === 3, 'garbage is turned away')
    assert.deepEqual(new Set(told.splice(0)), new Set(['ERR_HANDSHAKE']))
    for (let i = 0; i < 300; i++) knock()
    await realUntil(() => told.length === 300 - 256, 'the oldest have to go')
    assert.deepEqual(new Set(told), new Set(['ERR_TOO_MANY_CONNECTIONS']))
    await listener.close()
  })

  it('gives up after timeoutMs when nobody answers', async () => {
    // A listener whose backlog is full of connections nobody takes would do; a server that speaks no
    // TLS never ends the handshake and is simpler to have.
    const { port } = await serve(net.createServer())
    const start = performance.now()
    const attempt = network.connect({ host: '127.0.0.1', port }, { timeoutMs: 50, tls: { ca } })
    const error = await failureOf(attempt)
    assert.equal(codeOf(error), 'ERR_CONNECT')
    assert.include((error as Error).message, 'no answer within 50 ms')
    assert.isBelow(performance.now() - start, 1_000)
  })

  it('says which host it did not find', async () => {
    const to = { host: 'no-such-host.invalid', port: 1 }
    const error = await failureOf(network.connect(to, { timeoutMs: 3_000 }))
    assert.equal(codeOf(error), 'ERR_CONNECT')
    assert.include((error as Error).message, 'no-such-host.invalid')
  })

  it('reports a reset with its error, once', async () => {
    const raw: net.Socket[] = []
    const { port } = await serve(net.createServer((socket) => raw.push(socket)))
    const connection = await network.connect({ host: '127.0.0.1', port }, { timeoutMs: 1_000 })
    const side = new Recorder()
    connection.attach(side)
    await realUntil(() => raw.length === 1, 'accept')
    raw[0]?.resetAndDestroy()
    await realUntil(() => side.closes === 1, 'close')
    assert.equal(codeOf(side.error), 'ECONNRESET')
  })

  it('does not keep a connection for ever to a peer that never closes its side', async () => {
    const halfOpen = net.createServer({ allowHalfOpen: true }, (socket) => socket.resume())
    const { port } = await serve(halfOpen)
    const socket = net.connect({ host: '127.0.0.1', port })
    await new Promise((resolve) => socket.once('connect', resolve))
    const connection = new TcpConnection(socket, 30)
    const side = new Recorder()
    connection.attach(side)
    connection.end()
    await realUntil(() => side.closes === 1, 'close')
  })
})
