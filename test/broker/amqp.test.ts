import { AsyncLocalStorage } from 'node:async_hooks'
import { assert } from 'chai'
import { broker } from '../../src/broker/index.js'
import {
  Actor,
  type ActorRef,
  actor,
  type Logger,
  local,
  type Node,
  type NodeOptions,
  startNode,
} from '../../src/index.js'
import { freePort } from '../processes/free-port.js'
import { TcpProxy } from '../processes/tcp-proxy.js'
import { AMQP_URL, brokerOrSkip, ownCluster } from './real-broker.js'

@actor('broker-test/room')
class Room extends Actor {
  readonly #said: string[] = []
  readonly #guests: ActorRef<Guest>[] = []

  enter(guest: ActorRef<Guest>): void {
    this.#guests.push(guest)
  }

  say(from: string, text: string): number {
    this.#said.push(text)
    for (const guest of this.#guests) guest.tell.hear(from, text)
    return this.#said.length
  }
}

@actor('broker-test/guest')
class Guest extends Actor {
  readonly #heard: string[] = []

  hear(from: string, text: string): void {
    this.#heard.push(`${from}: ${text}`)
  }

  heard(): readonly string[] {
    return this.#heard
  }
}

describe('nodes over RabbitMQ', () => {
  const nodes: Node[] = []
  const proxies: TcpProxy[] = []
  let cluster: string

  before(function () {
    return brokerOrSkip(this)
  })
  beforeEach(() => {
    cluster = ownCluster()
  })
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop({ timeoutMs: 100, drainMs: 100 })))
    for (const proxy of proxies.splice(0)) proxy.close()
  })

  async function start(
    name: string,
    options: Parameters<typeof broker>[0] = {},
    more: Partial<NodeOptions> = {},
  ): Promise<Node> {
    const overlay = broker({ url: AMQP_URL, cluster, ...options })
    const logger = new Log()
    const node = await startNode({ name, overlay, timing: local(), logger, ...more })
    nodes.push(node)
    return node
  }

  /** RabbitMQ behind a stretch of network that can be cut. */
  async function proxied(target = Number(new URL(AMQP_URL).port || 5_672)) {
    const proxy = await TcpProxy.open()
    proxy.target = target
    proxies.push(proxy)
    const url = new URL(AMQP_URL)
    url.hostname = '127.0.0.1'
    url.port = String(proxy.port)
    return { proxy, url: url.href }
  }

  it('chat: two real nodes find each other and talk', async () => {
    const [a, b] = [await start('a'), await start('b')]
    await meet([a, b])
    const room = a.spawn(Room, undefined, { name: 'room' })
    const guests = [a.spawn(Guest), b.spawn(Guest)] as const
    const rooms = [room, b.lookup(Room, 'room', { on: 'a' })] as const
    await Promise.all(rooms.map((one, i) => one.ask.enter(guests[i] as ActorRef<Guest>)))
    await rooms[0].ask.say('a', 'hello')
    await rooms[1].ask.say('b', 'hello yourself')
    for (const guest of guests) {
      await until('it has heard all', async () => (await guest.ask.heard()).length === 2)
      assert.deepEqual(await guest.ask.heard(), ['a: hello', 'b: hello yourself'])
    }
  })

  it('30 nodes that start at once become one cluster within a few seconds', async () => {
    const names = Array.from({ length: 30 }, (_, i) => `n${i}`)
    const started = await Promise.all(names.map((name) => start(name, {}, { timing: {} })))
    const before = performance.now()
    await meet(started, 20_000)
    assert.isBelow(performance.now() - before, 15_000)
  }).timeout(30_000)

  for (const [what, change, reason] of [
    ['wrong credentials', { username: 'nobody', password: 'hunter2' }, /ACCESS_REFUSED/],
    [
      'an unknown virtual host',
      { pathname: '/no-such-vhost' },
      /no-such-vhost .*virtual host is not there/,
    ],
  ] as const) {
    it(`says once that it has ${what}, tries again, and stops at once`, async () => {
      const log = new Log()
      const changed: URL = Object.assign(new URL(AMQP_URL), change)
      const url = changed.href
      const node = await start('a', { url, backoffMaxMs: 200 }, { logger: log })
      await until('it has tried again', () => log.failures > 1)
      assert.lengthOf(log.errors, 1)
      assert.match(log.errors[0] as string, reason)
      assert.match(log.errors[0] as string, /ERR_CONNECT/)
      assert.notMatch(log.all, /hunter2/)
      const before = performance.now()
      await node.stop()
      assert.isBelow(performance.now() - before, 1_000)
    })
  }

  it('starts without a broker, and finds the others once there is one', async () => {
    const { proxy, url } = await proxied(await freePort())
    const log = new Log()
    const here = await start('a')
    const away = await start('b', { url }, { logger: log })
    assert.lengthOf(log.errors, 1)
    assert.deepEqual(
      away.members().map(({ name }) => name),
      ['b'],
    )
    proxy.target = Number(new URL(AMQP_URL).port || 5_672)
    await meet([here, away])
  })

  for (const durable of [false, true]) {
    it(`outlives a broken connection and a silent one, durable: ${durable}`, async () => {
      const { proxy, url } = await proxied()
      const [a, b] = [await start('a', { durable }), await start('b', { url, durable })]
      await meet([a, b])
      let downs = 0
      b.events.on('peerDown', () => downs++)
      proxy.heal() // breaks what stands
      await until('it has lost the other', () => downs > 0)
      await meet([a, b])
      proxy.cut()
      await until('they are apart', () => !a.isUp('b') && !b.isUp('a'))
      proxy.heal()
      await meet([a, b])
      const guest = b.spawn(Guest, undefined, { name: 'guest' })
      assert.deepEqual(await a.lookup(Guest, 'guest', { on: 'b' }).ask.heard(), [])
      assert.isTrue(guest.tell.hear('b', 'still here'))
    }).timeout(20_000)
  }

  it('stops in time though the broker has fallen silent', async () => {
    const { proxy, url } = await proxied()
    const node = await start('a', { url })
    proxy.cut()
    const before = performance.now()
    await node.stop()
    assert.isBelow(performance.now() - before, 3_000)
  })

  it('refuses a node with another cookie', async () => {
    const [a, b] = [
      await start('a', {}, { cookie: 'one' }),
      await start('b', {}, { cookie: 'two' }),
    ]
    const refusals = () => a.stats().transport.refused['ERR_COOKIE'] ?? 0
    await until('one was refused', () => refusals() > 0)
    for (const node of [a, b]) assert.lengthOf(node.members(), 1)
  })

  it('handles messages outside of the async context in which a node was started', async () => {
    const storage = new AsyncLocalStorage<string>()
    const [a, b] = await storage.run('start', () => Promise.all([start('a'), start('b')]))
    await meet([a, b])
    const seen: unknown[] = []
    b.onForward('note', () => void seen.push(storage.getStore()))
    assert.isTrue(a.forward({ node: 'b', name: 'note' }, 1))
    await until('it came', () => seen.length > 0)
    assert.deepEqual(seen, [undefined])
  })

  it('joins by an address of the broker, and by no other', async () => {
    const [a, b] = [await start('a'), await start('b')]
    assert.equal(await b.join(a.address), 'a')
    const failure = await b.join('127.0.0.1:9000', { timeoutMs: 300 }).catch((error) => error)
    assert.match(String(failure), /ERR_JOIN_TIMEOUT/)
    assert.match(String(failure), /127.0.0.1:9000/)
  })
})

class Log implements Logger {
  readonly errors: string[] = []
  all = ''
  /** Attempts that came to nothing. */
  failures = 0

  debug(fields: object, message: string): void {
    this.#note(fields, message)
  }
  info(fields: object, message: string): void {
    this.#note(fields, message)
  }
  warn(fields: object, message: string): void {
    this.#note(fields, message)
  }
  error(fields: object, message: string): void {
    this.errors.push(this.#note(fields, message))
  }

  #note(fields: object, message: string): string {
    if (/broker cannot be used/.test(message)) this.failures++
    const { err, ...rest } = fields as { err?: Error }
    const line = `${message} ${err?.message ?? ''} ${JSON.stringify(rest)}`
    this.all += `${line}\n`
    return line
  }
}

/** Waits until all know and reach each other. */
function meet(nodes: readonly Node[], limitMs = 10_000): Promise<void> {
  const names = nodes.map(({ name }) => name)
  return until(
    `${names} are one cluster`,
    () =>
      nodes.every(
        (node) => node.members().length === names.length && names.every((name) => node.isUp(name)),
      ),
    limitMs,
  )
}

async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 10_000,
): Promise<void> {
  const end = performance.now() + limitMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
