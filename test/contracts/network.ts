import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import type {
  Address,
  Connection,
  ConnectionHandler,
  Listener,
  Network,
} from '../../src/world/network.js'

/** Where a network is tried: two ends of it, and a way to wait in its kind of time. */
export interface NetworkEnv {
  readonly server: Network
  readonly client: Network
  /** What the server listens on and the client dials. */
  readonly host: string
  /** Waits until the predicate holds; fails when it does not in reasonable time. */
  until(predicate: () => boolean, what: string): Promise<void>
  complete<T>(promise: Promise<T>): Promise<T>
  /** Lets things happen that should not happen. */
  pass(ms: number): Promise<void>
  dispose(): Promise<void>
}

/** A handler that notes all it is told. */
export class Recorder implements ConnectionHandler {
  readonly chunks: Uint8Array[] = []
  bytes = 0
  drains = 0
  closes = 0
  error: Error | undefined
  onData(bytes: Uint8Array): void {
    assert.equal(this.closes, 0, 'data after close')
    this.chunks.push(bytes)
    this.bytes += bytes.length
  }
  onDrain(): void {
    this.drains++
  }
  onClose(error?: Error): void {
    this.closes++
    this.error = error
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString()
  }
}

interface Pair {
  readonly listener: Listener
  readonly client: Connection
  readonly clientSide: Recorder
  readonly server: Connection
  readonly serverSide: Recorder
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What every `Network` promises, whatever carries its bytes. */
export function networkContract(name: string, makeEnv: () => NetworkEnv): void {
  describe(`network contract: ${name}`, () => {
    let env: NetworkEnv
    const listeners: Listener[] = []
    const connections: Connection[] = []

    beforeEach(() => {
      env = makeEnv()
    })
    afterEach(async () => {
      for (const connection of connections.splice(0)) connection.destroy()
      for (const listener of listeners.splice(0)) await env.complete(listener.close())
      await env.dispose()
    })

    async function listen(accept: (connection: Connection) => void, port = 0): Promise<Listener> {
      const listener = await env.complete(env.server.listen({ host: env.host, port }, accept))
      listeners.push(listener)
      return listener
    }

    async function connect(to: Address): Promise<Connection> {
      const connection = await env.complete(env.client.connect(to, { timeoutMs: 2_000 }))
      connections.push(connection)
      return connection
    }

    async function pair(): Promise<Pair> {
      const serverSide = new Recorder()
      const clientSide = new Recorder()
      let server: Connection | undefined
      const listener = await listen((connection) => {
        server = connection
        connections.push(connection)
        connection.attach(serverSide)
      })
      const client = await connect(listener.address)
      client.attach(clientSide)
      await env.until(() => server !== undefined, 'accept')
      return { listener, client, clientSide, server: server as unknown as Connection, serverSide }
    }

    it('takes a free port for port 0 and says which', async () => {
      const first = await listen(() => {})
      const second = await listen(() => {})
      assert.isAbove(first.address.port, 0)
      assert.isAbove(second.address.port, 0)
      assert.notEqual(first.address.port, second.address.port)
      assert.equal(first.address.host, env.host)
    })

    it('reads into memory that a handler offers, or hands it the bytes', async () => {
      const memory = new Uint8Array(300_000)
      let have = 0
      let closed = false
      const handler: ConnectionHandler = {
        room: () => (have % 3 === 0 ? undefined : memory.subarray(have, have + 70_000)),
        filled: (bytes) => {
          have += bytes
        },
        onData: (bytes) => {
          memory.set(bytes, have)
          have += bytes.length
        },
        onDrain() {},
        onClose: () => {
          closed = true
        },
      }
      let server: Connection | undefined
      const listener = await listen((connection) => {
        server = connection
        connections.push(connection)
        connection.attach(new Recorder())
      })
      const client = await connect(listener.address)
      client.attach(handler)
      await env.until(() => server !== undefined, 'accept')
      const sent = Uint8Array.from({ length: 290_000 }, (_, i) => i * 7)
      for (let at = 0; at < sent.length; at += 29_000) server?.write(sent.slice(at, at + 29_000))
      client.pause()
      await env.pass(5)
      client.resume()
      await env.until(() => have === sent.length, 'all bytes')
      assert.isTrue(Buffer.from(memory.buffer, 0, have).equals(sent))
      server?.end()
      await env.until(() => closed, 'the end')
    })

    it('carries bytes both ways', async () => {
      const { client, clientSide, server, serverSide } = await pair()
      assert.isTrue(client.write(bytesOf('to the server')))
      assert.isTrue(server.write(bytesOf('to the client')))
      await env.until(() => serverSide.text === 'to the server', 'first text')
      await env.until(() => clientSide.text === 'to the client', 'second text')
    })

    it('names the other end', async () => {
      const { client, server, listener } = await pair()
      assert.include(client.remote, String(listener.address.port))
      assert.match(server.remote, /.+:\d+$/)
    })

    it('keeps the order of many writes, however they are split', async () => {
      const { client, serverSide } = await pair()
      const random = seededRandom('order')
      let sent = ''
      for (let i = 0; i < 2_000; i++) {
        const text = `${i}:${'x'.repeat(random.int(40))};`
        sent += text
        client.write(bytesOf(text))
        if (i % 100 === 0) await env.pass(1)
      }
      await env.until(() => serverSide.bytes === sent.length, 'all bytes')
      assert.equal(serverSide.text, sent)
    })

    it('gathers writes between cork and uncork and sends them in order', async () => {
      const { client, serverSide } = await pair()
      client.cork()
      client.write(bytesOf('a'))
      client.write(bytesOf('b'))
      await env.pass(20)
      assert.equal(serverSide.text, '')
      client.write(bytesOf('c'))
      client.uncork()
      await env.until(() => serverSide.text === 'abc', 'abc')
    })

    it('delivers what arrived before attach', async () => {
      let server: Connection | undefined
      const listener = await listen((connection) => {
        server = connection
        connections.push(connection)
      })
      const client = await connect(listener.address)
      client.attach(new Recorder())
      client.write(bytesOf('early'))
      await env.until(() => server !== undefined, 'accept')
      await env.pass(20)
      const late = new Recorder()
      ;(server as unknown as Connection).attach(late)
      await env.until(() => late.text === 'early', 'early bytes')
    })

    it('delivers data and close that came before attach', async () => {
      let server: Connection | undefined
      const listener = await listen((connection) => {
        server = connection
        connections.push(connection)
      })
      const client = await connect(listener.address)
      client.attach(new Recorder())
      client.write(bytesOf('last words'))
      client.end()
      await env.until(() => server !== undefined, 'accept')
      await env.pass(20)
      const late = new Recorder()
      ;(server as unknown as Connection).attach(late)
      await env.until(() => late.closes === 1, 'close')
      assert.equal(late.text, 'last words')
    })

    it('says false when the line is full, then drains, and loses nothing of 16 MB', async () => {
      const { client, clientSide, server, serverSide } = await pair()
      server.pause()
      const chunk = new Uint8Array(64 * 1024)
      const total = 256 * chunk.length
      let written = 0
      let pushed = 0
      const push = (): void => {
        while (written < total) {
          written += chunk.length
          if (!client.write(fill(chunk.length, written))) break
        }
        pushed++
      }
      do {
        push()
        await env.pass(30)
      } while (clientSide.drains === pushed)
      assert.isBelow(written, total, 'a line whose reader rests must fill up')
      assert.isAbove(client.unsentBytes, 0)
      assert.equal(clientSide.drains, pushed - 1, 'one drain for each false')
      server.resume()
      while (written < total) {
        await env.until(() => clientSide.drains >= pushed, 'drain')
        push()
      }
      await env.until(() => serverSide.bytes === total, 'all bytes')
      assert.equal(client.unsentBytes, 0)
      checkFill(serverSide.chunks, chunk.length)
    })

    it('says false between cork and uncork too when the line is full, and drains', async () => {
      const { client, clientSide, server, serverSide } = await pair()
      server.pause()
      const chunk = new Uint8Array(256 * 1024)
      const total = 64 * chunk.length
      for (let written = 0; written < total; written += chunk.length) {
        const before = clientSide.drains
        client.cork()
        client.write(bytesOf(''))
        const goesOn = client.write(chunk)
        client.uncork()
        if (written === total / 2) server.resume()
        if (!goesOn && written >= total / 2) {
          await env.until(() => clientSide.drains > before, 'drain')
        }
      }
      await env.until(() => serverSide.bytes === total, 'all bytes')
      await env.until(() => client.unsentBytes === 0, 'nothing is left')
      assert.isAbove(clientSide.drains, 0)
    })

    it('delivers nothing between pause and resume', async () => {
      const { client, server, serverSide } = await pair()
      server.pause()
      client.write(bytesOf('held'))
      await env.pass(30)
      assert.equal(serverSide.bytes, 0)
      server.resume()
      await env.until(() => serverSide.text === 'held', 'held bytes')
    })

    it('lets a handler pause from within onData', async () => {
      const { client, server, serverSide } = await pair()
      const take = serverSide.onData.bind(serverSide)
      serverSide.onData = (bytes) => {
        take(bytes)
        server.pause()
      }
      client.write(bytesOf('first'))
      await env.until(() => serverSide.bytes > 0, 'first bytes')
      const before = serverSide.bytes
      client.write(bytesOf('second'))
      await env.pass(30)
      assert.equal(serverSide.bytes, before)
      serverSide.onData = take
      server.resume()
      await env.until(() => serverSide.text === 'firstsecond', 'the rest')
    })

    it('sends all that is queued before end closes', async () => {
      const { client, clientSide, serverSide } = await pair()
      const total = 4 * 1024 * 1024
      client.write(new Uint8Array(total))
      client.end()
      await env.until(() => serverSide.closes === 1 && clientSide.closes === 1, 'both closed')
      assert.equal(serverSide.bytes, total)
      assert.isUndefined(serverSide.error)
      assert.isUndefined(clientSide.error)
    })

    it('sends all that is queued before end closes, to a reader that paused', async () => {
      const { client, clientSide, server, serverSide } = await pair()
      server.pause()
      const total = 8 * 1024 * 1024
      client.write(new Uint8Array(total))
      client.end()
      await env.pass(30)
      assert.equal(clientSide.closes, 0)
      server.resume()
      await env.until(() => serverSide.closes === 1 && clientSide.closes === 1, 'both closed')
      assert.equal(serverSide.bytes, total)
    })

    it('closes the other side on destroy', async () => {
      const { client, clientSide, serverSide } = await pair()
      client.destroy()
      assert.equal(clientSide.closes, 0, 'onClose must not run inside destroy')
      await env.until(() => serverSide.closes === 1 && clientSide.closes === 1, 'both closed')
      assert.isUndefined(clientSide.error)
    })

    it('closes both when both end at once', async () => {
      const { client, clientSide, server, serverSide } = await pair()
      client.end()
      server.end()
      await env.until(() => serverSide.closes === 1 && clientSide.closes === 1, 'both closed')
    })

    it('reports a close once, whatever is called', async () => {
      const { client, clientSide, server, serverSide } = await pair()
      client.end()
      client.end()
      client.destroy()
      client.destroy()
      server.destroy()
      await env.until(() => serverSide.closes > 0 && clientSide.closes > 0, 'both closed')
      client.destroy()
      server.end()
      await env.pass(30)
      assert.equal(clientSide.closes, 1)
      assert.equal(serverSide.closes, 1)
    })

    it('ignores what is called on a closed connection', async () => {
      const { client, clientSide, serverSide } = await pair()
      client.destroy()
      await env.until(() => serverSide.closes === 1 && clientSide.closes === 1, 'both closed')
      assert.isFalse(client.write(bytesOf('nobody hears this')))
      client.cork()
      client.write(bytesOf('nor this'))
      client.uncork()
      client.pause()
      client.resume()
      client.end()
      await env.pass(30)
      assert.equal(clientSide.drains, 0)
      assert.equal(clientSide.closes, 1)
      assert.equal(serverSide.bytes, 0)
    })

    it('delivers nothing after end', async () => {
      const { client, clientSide, server, serverSide } = await pair()
      client.end()
      server.write(bytesOf('too late'))
      await env.until(() => serverSide.closes === 1 && clientSide.closes === 1, 'both closed')
      assert.equal(clientSide.bytes, 0)
    })

    it('refuses to connect where nobody listens', async () => {
      const listener = await listen(() => {})
      await env.complete(listener.close())
      const error = await env.complete(failureOf(env.client.connect(listener.address, SHORT)))
      assert.equal(codeOf(error), 'ERR_CONNECT')
      assertNames(error, listener.address)
    })

    it('refuses a port that is taken and leaves nothing open', async () => {
      const first = await listen(() => {})
      const error = await env.complete(failureOf(env.server.listen(first.address, () => {})))
      assert.equal(codeOf(error), 'ERR_ADDRESS_IN_USE')
      assertNames(error, first.address)
      await env.complete(first.close())
      const again = await listen(() => {}, first.address.port)
      assert.equal(again.address.port, first.address.port)
    })

    it('refuses to listen on what is not an address of this host', async () => {
      for (const bad of [
        { host: env.host, port: 65_536 },
        { host: env.host, port: -1 },
        { host: '203.0.113.77', port: 0 },
      ]) {
        const error = await env.complete(failureOf(env.server.listen(bad, () => {})))
        assert.equal(codeOf(error), 'ERR_BAD_ADDRESS', `${bad.host}:${bad.port}`)
      }
    })

    it('leaves standing connections alone when the listener closes', async () => {
      const { listener, client, serverSide } = await pair()
      await env.complete(listener.close())
      client.write(bytesOf('still here'))
      await env.until(() => serverSide.text === 'still here', 'text')
      const error = await env.complete(failureOf(env.client.connect(listener.address, SHORT)))
      assert.equal(codeOf(error), 'ERR_CONNECT')
    })

    it('keeps connections apart', async () => {
      const sides: Recorder[] = []
      const listener = await listen((connection) => {
        connections.push(connection)
        const side = new Recorder()
        sides.push(side)
        connection.attach(side)
      })
      for (let i = 0; i < 10; i++) {
        const client = await connect(listener.address)
        client.attach(new Recorder())
        client.write(bytesOf(`from ${i}`))
      }
      const texts = (): string =>
        sides
          .map((side) => side.text)
          .sort()
          .join()
      const wanted = Array.from({ length: 10 }, (_, i) => `from ${i}`).join()
      await env.until(() => texts() === wanted, wanted)
    })
  })
}

const SHORT = { timeoutMs: 2_000 }

/** The error a promise rejects with; fails when it does not. */
export const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('should have been rejected'),
    (error: unknown) => error,
  )

function assertNames(error: unknown, address: Address): void {
  assert.include((error as Error).message, address.host)
  assert.include((error as Error).message, `:${address.port}`)
}

const fill = (length: number, end: number): Uint8Array =>
  new Uint8Array(length).fill((end / length) & 255)

function checkFill(chunks: readonly Uint8Array[], length: number): void {
  const all = Buffer.concat(chunks)
  for (let at = 0; at < all.length; at += length) {
    const wanted = (at / length + 1) & 255
    if (all[at] !== wanted || all[at + length - 1] !== wanted) assert.fail(`wrong bytes at ${at}`)
  }
}
