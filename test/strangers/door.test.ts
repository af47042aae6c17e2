import { randomBytes } from 'node:crypto'
import { assert } from 'chai'
import { newIncarnation } from '../../src/base/identity.js'
import { lan, type Member, type Node, silentLogger, startNode } from '../../src/index.js'
import { OPEN_SESSION } from '../../src/peer/greeting.js'
import { FRAME, HEAD_BYTES } from '../../src/wire/frame.js'
import { Ledger } from '../processes/actors.js'
import { NodeProcess } from '../processes/node-process-pool.js'
import { until } from '../processes/until.js'
import { shakeHands } from './intruder.js'
import { frame, RawSocket, valueFrame } from './raw-socket.js'

const COOKIE = 'open sesame'
const HANDSHAKE_MS = 400
const MEMORY_BYTES = 10 * 1024 * 1024
/** The allocator's level is reached with the third flood of 1,000, and stays: 108 MB after 12. */
const WARM_TIMES = 4

/** A stranger at the door: what it does, and the code by which it is counted as refused. */
interface Stranger {
  readonly what: string
  readonly codes: readonly string[]
  /** How many of them come at a time. */
  readonly count: number
  /** Resolves once it has done all it does; the node may or may not have closed the connection. */
  knock(socket: RawSocket): Promise<unknown>
}

const member = (): Member => ({
  name: 'stranger',
  incarnation: newIncarnation(Date.now(), randomBytes(5)),
  generation: Date.now(),
  addresses: [{ host: '127.0.0.1', port: 1 }],
  tags: [],
})

const hello = (least: number, most: number, hasCookie: boolean): Buffer =>
  valueFrame(FRAME.HELLO, ['troupe', least, most, 0, randomBytes(32), hasCookie])

/** The head of a frame by hand: length, version, kind. */
function head(length: number, version: number, kind: number): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES)
  bytes.writeUInt32LE(length)
  bytes[4] = version
  bytes[5] = kind
  return bytes
}

const enter = (socket: RawSocket, cookie: string | undefined): Promise<unknown> =>
  shakeHands(socket, { member: member(), cookie, purpose: OPEN_SESSION, clock: 1 }).then(
    () => assert.fail('it was let in'),
    () => {},
  )

const says = (bytes: () => Uint8Array) => async (socket: RawSocket) => socket.write(bytes())

const STRANGERS: readonly Stranger[] = [
  {
    what: 'with the wrong cookie',
    codes: ['ERR_COOKIE'],
    count: 50,
    knock: (socket) => enter(socket, 'open barley'),
  },
  {
    what: 'without a cookie',
    codes: ['ERR_COOKIE'],
    count: 50,
    knock: (socket) => enter(socket, undefined),
  },
  {
    what: 'with a cookie it claims and cannot prove',
    codes: ['ERR_COOKIE'],
    count: 50,
    async knock(socket) {
      socket.write(hello(1, 1, true))
      socket.write(valueFrame(FRAME.PROOF, [randomBytes(32), randomBytes(64)]))
    },
  },
  {
    what: 'with another protocol version',
    codes: ['ERR_PROTOCOL'],
    count: 50,
    knock: says(() => hello(9, 12, true)),
  },
  {
    what: 'with another version of the frame',
    codes: ['ERR_BAD_FRAME'],
    count: 50,
    knock: says(() => head(16, 2, FRAME.HELLO)),
  },
  {
    what: 'that sends garbage',
    codes: ['ERR_BAD_FRAME'],
    count: 50,
    knock: says(() => Buffer.concat([Buffer.from('\u0016\u0003'), randomBytes(4_096)])),
  },
  {
    what: 'that speaks HTTP',
    codes: ['ERR_BAD_FRAME'],
    count: 50,
    knock: says(() => Buffer.from('GET / HTTP/1.1\r\nHost: troupe\r\n\r\n')),
  },
  {
    what: 'that announces a frame of 2^31 bytes',
    codes: ['ERR_BAD_FRAME'],
    count: 50,
    knock: says(() => head(2 ** 31, 1, FRAME.HELLO)),
  },
  {
    what: 'that sends messages before it is let in',
    codes: ['ERR_BAD_FRAME'],
    count: 50,
    knock: says(() => frame(FRAME.ENVELOPE, randomBytes(64))),
  },
  {
    what: 'whose hello is a well-formed frame of nonsense',
    codes: ['ERR_HANDSHAKE'],
    count: 50,
    knock: says(() => valueFrame(FRAME.HELLO, [{ troupe: 1 }, [], null])),
  },
  {
    what: 'that sends one byte at a time',
    codes: ['ERR_HANDSHAKE_TIMEOUT'],
    count: 50,
    async knock(socket) {
      const bytes = hello(1, 1, true)
      let at = 0
      const drip = setInterval(() => socket.write(bytes.subarray(at, ++at)), HANDSHAKE_MS / 8)
      await socket.closed
      clearInterval(drip)
      assert.isBelow(at, bytes.length)
    },
  },
  {
    what: 'that keeps silent, 1,000 at a time',
    codes: ['ERR_HANDSHAKE_TIMEOUT', 'ERR_TOO_MANY_CONNECTIONS'],
    count: 1_000,
    knock: (socket) => socket.closed,
  },
]

describe('A stranger at the door of a node', function () {
  this.timeout(60_000)
  let process: NodeProcess
  let port: number
  let friend: Node
  let traffic: Traffic

  before(async () => {
    process = await NodeProcess.fork({ execArgv: ['--expose-gc'] })
    const { address } = await process.call('start', {
      name: 'node',
      cookie: COOKIE,
      timing: lan(),
      connections: { handshakeTimeoutMs: HANDSHAKE_MS },
    })
    port = Number(address.split(':').at(-1))
    await process.call('spawnLedger', 'ledger')
    friend = await startNode({ name: 'friend', cookie: COOKIE, logger: silentLogger })
    await friend.join(address)
    traffic = new Traffic(friend)
  })

  after(async () => {
    await traffic.stop()
    await friend.stop()
    await process.kill()
  })

  /** How many strangers were counted as refused by one of these codes. */
  async function refused(codes: readonly string[]): Promise<number> {
    const counts = (await process.call('stats')).transport.refused
    return codes.reduce((sum, code) => sum + (counts[code] ?? 0), 0)
  }

  async function knock({ what, codes, count, knock }: Stranger): Promise<void> {
    const before = await refused(codes)
    const sockets = await Promise.all(Array.from({ length: count }, () => RawSocket.open(port)))
    await Promise.all(sockets.map((socket) => knock(socket)))
    await Promise.all(sockets.map((socket) => socket.closed))
    await until(`${count} refused ${what}`, async () => (await refused(codes)) >= before + count)
    assert.equal(await refused(codes), before + count, 'each is counted once')
  }

  for (const stranger of STRANGERS) {
    it(`${stranger.what}: is refused and counted, costs no memory, disturbs nobody`, async () => {
      for (let warm = 0; warm < WARM_TIMES; warm++) await knock(stranger)
      const before = await process.call('memory')
      const handled = traffic.answered
      await knock(stranger)
      await until('the friend is answered', () => traffic.answered > handled + 10)
      const { connections, lanes } = (await process.call('stats')).transport
      assert.equal(connections, lanes.length, 'no connection is left over')
      await until('memory is back at its level', async () => {
        const { heapBytes, rssBytes } = await process.call('memory')
        return (
          heapBytes - before.heapBytes < MEMORY_BYTES && rssBytes - before.rssBytes < MEMORY_BYTES
        )
      })
      traffic.check()
    })
  }

  it('cannot keep a peer out by waiting in line in front of it', async () => {
    const sockets = await Promise.all(Array.from({ length: 500 }, () => RawSocket.open(port)))
    const late = await startNode({ name: 'late', cookie: COOKIE, logger: silentLogger })
    try {
      assert.equal(await late.join(`127.0.0.1:${port}`), 'node')
    } finally {
      await late.stop()
      for (const socket of sockets) socket.destroy()
    }
    traffic.check()
  })

  it('is told why it is refused, but not who the node is', async () => {
    const socket = await RawSocket.open(port)
    socket.write(hello(1, 1, false))
    assert.equal(await socket.refusal(), 'ERR_COOKIE')
    assert.notInclude(
      Buffer.concat(socket.frames.map(({ body }) => body)).toString('latin1'),
      'node',
    )
  })
})

/** Asks of a peer, one after the other for as long as the strangers come. */
class Traffic {
  answered = 0
  slowestMs = 0
  readonly #failures: unknown[] = []
  readonly #done: Promise<void>
  #stopped = false

  constructor(node: Node) {
    for (const event of ['peerDown', 'connectionLost', 'deadLetter'] as const) {
      node.events.on(event, (payload: object) => {
        const other = 'peer' in payload && (payload.peer as { name: string }).name === 'late'
        if (!this.#stopped && !other) this.#failures.push([event, payload])
      })
    }
    this.#done = this.#run(node)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }

  check(): void {
    assert.deepEqual(this.#failures, [])
    assert.isBelow(this.slowestMs, 2_000)
  }

  async #run(node: Node): Promise<void> {
    const ledger = node.lookup(Ledger, 'ledger', { on: 'node' })
    while (!this.#stopped) {
      const atMs = performance.now()
      try {
        await ledger.ask.size()
        this.answered++
      } catch (error) {
        this.#failures.push(error)
      }
      this.slowestMs = Math.max(this.slowestMs, performance.now() - atMs)
      await new Promise(setImmediate)
    }
  }
}
