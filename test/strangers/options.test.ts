import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import {
  Actor,
  codeOf,
  jsonLogger,
  local,
  type NodeOptions,
  realWorld,
  startNode,
  type World,
} from '../../src/index.js'
import { Ledger } from '../processes/actors.js'
import { useNodes } from '../processes/local-nodes.js'

/** Options beside a good name; the option, the rule and the value that the error must name. */
const CASES: readonly [string, unknown, readonly (string | RegExp)[]][] = [
  ['no name', { name: undefined }, ['startNode.name', '1 to 64 letters', 'undefined']],
  ['an empty name', { name: '' }, ['startNode.name', '1 to 64 letters', '""']],
  ['a name with a slash', { name: 'a/b' }, ['startNode.name', "'.', '_' or '-'", '"a/b"']],
  ['a name of 65 letters', { name: 'x'.repeat(65) }, ['startNode.name', '1 to 64', 'xxx']],
  ['a number as name', { name: 7 }, ['startNode.name', '1 to 64 letters', /got 7\b/]],
  ['an unknown option', { overlays: 1 }, ['startNode.overlays', 'not an option', 'overlay']],
  ['a word of another library', { timeout: 5 }, ['startNode.timeout', 'not an option']],
  [
    'a listen that is a text',
    { listen: '0.0.0.0:1' },
    ['startNode.listen', 'an object', '0.0.0.0'],
  ],
  [
    'a port of 65,536',
    { listen: { port: 65_536 } },
    ['startNode.listen.port', '0 to 65535', '65536'],
  ],
  ['a port of -1', { listen: { port: -1 } }, ['startNode.listen.port', 'integer', '-1']],
  ['a port as text', { listen: { port: '80' } }, ['startNode.listen.port', 'integer', '"80"']],
  [
    'an empty host',
    { listen: { host: '', port: 0 } },
    ['startNode.listen.host', 'non-empty', '""'],
  ],
  ['an unknown part of listen', { listen: { post: 1 } }, ['startNode.listen.post', 'port']],
  [
    'an open door without a secret',
    { listen: { host: '0.0.0.0', port: 0 } },
    ['listen.host', 'cookie', 'loopback', '0.0.0.0'],
  ],
  [
    'TLS without ca as the only secret',
    { listen: { host: '0.0.0.0', port: 0 }, tls: { key: 'k', cert: 'c' } },
    ['listen.host', 'tls.ca', '0.0.0.0'],
  ],
  ['an empty cookie', { cookie: '' }, ['startNode.cookie', 'non-empty string', '""']],
  ['a number as cookie', { cookie: 7 }, ['startNode.cookie', 'non-empty string', '7']],
  [
    'advertise with port 0',
    { advertise: { host: 'h', port: 0 } },
    ['startNode.advertise', '1 to 65535', '0'],
  ],
  ['advertise without host', { advertise: { port: 1 } }, ['startNode.advertise', 'host']],
  ['an unknown part of tls', { tls: { pfx: 'x' } }, ['startNode.tls.pfx', 'key, cert, ca']],
  ['tls without a certificate', { tls: { key: 'k' } }, ['startNode.tls.cert', 'undefined']],
  ['an empty tls', { tls: {} }, ['startNode.tls.key', 'non-empty string', 'undefined']],
  ['a world without ports', { world: {} }, ['startNode.world', 'clock, random', '{}']],
  ['a key that is no text', { tls: { key: 7 } }, ['startNode.tls.key', 'non-empty string', '7']],
  [
    'an overlay of an unknown name',
    { overlay: 'hyperview' },
    ['startNode.overlay', 'full-mesh', '"hyperview"'],
  ],
  ['an overlay that is a number', { overlay: 7 }, ['startNode.overlay', 'fullMesh()', '7']],
  [
    'an overlay by name with a bad option',
    { overlay: { name: 'full-mesh', options: { gossipMs: 0 } } },
    ['fullMesh.gossipMs', '0'],
  ],
  ['channels as a list', { channels: ['game'] }, ['startNode.channels', 'an object', 'game']],
  [
    '65 lanes',
    { channels: { game: { connections: 65 } } },
    ['startNode.channels.game.connections', '1 to 64', '65'],
  ],
  [
    'half a lane',
    { channels: { game: { connections: 0.5 } } },
    ['startNode.channels.game.connections', 'integer', '0.5'],
  ],
  [
    'parallelism',
    { channels: { game: { parallelism: 2 } } },
    ['startNode.channels.game.parallelism', 'connections'],
  ],
  [
    'an unknown policy',
    { channels: { x: { policy: 'block' } } },
    ['startNode.channels.x.policy', 'dropOldest', '"block"'],
  ],
  [
    'no credit at all',
    { channels: { x: { creditMessages: 0 } } },
    ['startNode.channels.x.creditMessages', 'integer >= 1', '0'],
  ],
  [
    'credit of half a byte',
    { channels: { x: { creditBytes: 0.5 } } },
    ['startNode.channels.x.creditBytes', 'integer >= 1', '0.5'],
  ],
  [
    'the channel of the runtime',
    { channels: { membership: {} } },
    ['startNode.channels.membership', 'reserved'],
  ],
  ['a nameless channel', { channels: { '': {} } }, ['channels', '1 to 64 characters', '""']],
  [
    'remoteSpawn with a name',
    { remoteSpawn: ['Ledger'] },
    ['startNode.remoteSpawn', 'classes', 'Ledger'],
  ],
  [
    'heartbeatMs of 0',
    { timing: { heartbeatMs: 0 } },
    ['startNode.timing.heartbeatMs', 'milliseconds', '0'],
  ],
  ['an unknown time', { timing: { pingMs: 1 } }, ['startNode.timing.pingMs', 'heartbeatMs']],
  [
    'a heartbeat slower than the silence it is to prevent',
    { timing: { heartbeatMs: 5_000, silenceMs: 100 } },
    ['heartbeatMs', 'silenceMs', '5000', '100'],
  ],
  [
    'a NaN of a time',
    { timing: { downAfterMs: Number.NaN } },
    ['startNode.timing.downAfterMs', 'NaN'],
  ],
  [
    'an unknown bound',
    { connections: { max: 1 } },
    ['startNode.connections.max', 'maxConnections'],
  ],
  [
    'a time that belongs to timing',
    { connections: { silenceMs: 1 } },
    ['startNode.connections.silenceMs', 'startNode.timing.silenceMs'],
  ],
  [
    'a bound of 0',
    { connections: { maxUnauthenticated: 0 } },
    ['startNode.connections.maxUnauthenticated', 'integer >= 1', '0'],
  ],
  [
    'marks the wrong way round',
    { connections: { laneLowWaterBytes: 2_000_000, laneHighWaterBytes: 1_000_000 } },
    ['startNode.connections.laneLowWaterBytes', 'laneHighWaterBytes', '2000000', '1000000'],
  ],
  ['17 tags', { tags: Array(17).fill('t') }, ['startNode.tags', 'at most 16', 't']],
  ['a tag that is no text', { tags: [7] }, ['startNode.tags', '1 to 64 characters', '7']],
  [
    'a logger without error',
    { logger: { info() {} } },
    ['startNode.logger', 'debug, info, warn and error'],
  ],
  ['askTimeoutMs of -1', { askTimeoutMs: -1 }, ['startNode.askTimeoutMs', 'milliseconds', '-1']],
  ['askTimeoutMs of Infinity', { askTimeoutMs: Infinity }, ['startNode.askTimeoutMs', 'Infinity']],
  ['a mailbox for nothing', { mailboxLimit: 0 }, ['startNode.mailboxLimit', 'integer >= 1', '0']],
  ['a stash of half', { stashLimit: 0.5 }, ['startNode.stashLimit', 'integer >= 0', '0.5']],
  [
    'stopTimeoutMs as text',
    { stopTimeoutMs: '5s' },
    ['startNode.stopTimeoutMs', 'milliseconds', '"5s"'],
  ],
  ['copyLocal of 1', { copyLocal: 1 }, ['startNode.copyLocal', 'true or false', '1']],
  ['codecs as a list', { codecs: [] }, ['startNode.codecs', 'an object', '[]']],
  [
    'a codec that is none',
    { codecs: { point: { class: 7 } } },
    ['startNode.codecs.point', 'class', '7'],
  ],
  [
    'remoteStacks of "no"',
    { remoteStacks: 'no' },
    ['startNode.remoteStacks', 'true or false', '"no"'],
  ],
  [
    'onRootFailed of "exit"',
    { onRootFailed: 'exit' },
    ['startNode.onRootFailed', "'stop' or 'stay'", '"exit"'],
  ],
]

describe('An option of startNode that is unknown or bad', () => {
  const start = useNodes()
  const touched: string[] = []

  /** A world in which nothing may happen. */
  function untouchable(): World {
    const touch = (what: string) => (): Promise<never> => {
      touched.push(what)
      return Promise.reject(new Error(`${what} was touched`))
    }
    const operations = ['get', 'put', 'delete', 'keys', 'sync', 'close']
    const store = Object.fromEntries(operations.map((name) => [name, touch(`store.${name}`)]))
    const network = { listen: touch('network.listen'), connect: touch('network.connect') }
    return { ...realWorld(), network, store } as unknown as World
  }

  for (const [what, options, named] of CASES) {
    it(`${what}: the error names option, rule and value, and nothing has started`, async () => {
      touched.length = 0
      const given = { name: 'a', world: untouchable(), ...(options as object) } as NodeOptions
      const error = await startNode(given).then(none, (thrown: Error) => thrown)
      assert.equal(codeOf(error), 'ERR_BAD_OPTION', String(error))
      for (const part of named) {
        if (typeof part === 'string') assert.include((error as Error).message, part)
        else assert.match((error as Error).message, part)
      }
      assert.deepEqual(touched, [])
    })
  }

  it('is no object at all', async () => {
    for (const given of [undefined, null, 'a', 7, ['a']]) {
      const error = await startNode(given as never).then(none, codeOf)
      assert.equal(error, 'ERR_BAD_OPTION')
    }
  })

  it('is a class in remoteSpawn without @actor: ERR_BAD_DEFINITION, and nothing has started', async () => {
    touched.length = 0
    class Nameless extends Actor {}
    const given = { name: 'a', world: untouchable(), remoteSpawn: [Nameless] }
    assert.equal(await startNode(given).then(none, codeOf), 'ERR_BAD_DEFINITION')
    assert.deepEqual(touched, [])
  })

  it('together with a dataDir leaves no file behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-'))
    try {
      const dataDir = join(folder, 'data')
      const channels = { game: { connections: 0 } }
      const code = await startNode({ name: 'a', dataDir, channels }).then(none, codeOf)
      assert.equal(code, 'ERR_BAD_OPTION')
      assert.deepEqual(readdirSync(folder), [])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('is not needed: a name is enough', async () => {
    const { node } = await start({ cookie: undefined, timing: {}, logger: undefined })
    assert.match(node.address, /^127\.0\.0\.1:\d+$/)
  })

  it('of a logger is told as clearly', () => {
    assert.throws(() => jsonLogger({ level: 'loud' } as never), /jsonLogger\.level .*"loud"/)
    assert.throws(() => jsonLogger({ stream: 1 } as never), /jsonLogger\.stream is not an option/)
  })

  it('of finding and forwarding is told as clearly', async () => {
    const { node } = await start({ timing: local() })
    const typo = { node: 'b' } as never
    assert.throws(() => node.lookup(Ledger, 'x', typo), /lookup\.node is not an option/)
    assert.throws(() => node.lookup(Ledger, 'x', { on: 7 as never }), /lookup\.on .*7/)
    assert.include(await node.resolve('x', typo).then(none, String), 'resolve.node')
    assert.include(
      await node.whereis('x', { timeoutMs: -1 } as never).then(none, String),
      'timeoutMs',
    )
    assert.include(
      await node.join('127.0.0.1:1', { timeout: 1 } as never).then(none, String),
      'join.timeout is',
    )
    const to = { node: 'a', name: 'x' }
    assert.throws(() => node.forward(to, 1, { chanel: 'x' } as never), /forward\.chanel is not/)
    assert.throws(() => node.forward(to, 1, { partitionKey: {} } as never), /forward\.partitionKey/)
    assert.throws(() => node.forward({ name: 'x' } as never, 1), /named undefined .*UNKNOWN_NODE/)
    assert.throws(() => node.onForward('', () => {}), /onForward .*""/)
    assert.throws(() => node.onForward('x', 7 as never), /onForward .*function.*7/)
  })

  it('of what follows is told as clearly: join, stop, spawn', async () => {
    const { node } = await start({ timing: local() })
    const join = node.join('127.0.0.1:1', { timeoutMs: 0 }).then(none, String)
    assert.include(await join, 'join.timeoutMs')
    const address = await node.join('nowhere').then(none, codeOf)
    assert.equal(address, 'ERR_BAD_ADDRESS')
    assert.throws(() => void node.stop({ drainMs: -1 }), /stop\.drainMs .*-1/)
    assert.throws(() => node.spawn(Ledger, undefined, { mailboxLimit: 0 }), /mailboxLimit .*0/)
    const unknown = { retries: 3 } as never
    assert.throws(() => node.spawn(Ledger, undefined, unknown), /retries/)
  })
})

const none = (): never => assert.fail('there was no error')
