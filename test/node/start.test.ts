import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import {
  Actor,
  actor,
  child,
  codeOf,
  local,
  type Node,
  type NodeOptions,
  oneForOne,
  partitionKey,
  Supervisor,
  silentLogger,
  startNode,
} from '../../src/index.js'
import { Real } from '../promises/real.js'

describe('a node that does not start', () => {
  /** What of it is open afterwards. */
  const leftOpen = async (options: NodeOptions): Promise<[string | undefined, string[]]> => {
    const before = open()
    const code = await startNode({ logger: silentLogger, ...options }).then(() => 'started', codeOf)
    await new Promise((resolve) => setImmediate(resolve))
    return [code, difference(open(), before)]
  }
  const open = (): string[] => process.getActiveResourcesInfo()
  const difference = (after: string[], before: string[]): string[] => {
    const rest = [...after]
    for (const one of before) {
      const at = rest.indexOf(one)
      if (at >= 0) rest.splice(at, 1)
    }
    return rest.filter((one) => /TCP|FS/.test(one))
  }

  it('because its port is taken leaves nothing open', async () => {
    const first = await startNode({ name: 'a', logger: silentLogger })
    const { port } = first.addresses[0] as { port: number }
    const dataDir = await mkdtemp(join(tmpdir(), 'troupe-'))
    try {
      const given = { name: 'b', listen: { port }, dataDir }
      assert.deepEqual(await leftOpen(given), ['ERR_ADDRESS_IN_USE', []])
      const again = await startNode({ ...given, listen: { port: 0 }, logger: silentLogger })
      assert.strictEqual(await again.join(first.address), 'a', 'and its directory is free')
      await again.stop()
    } finally {
      await first.stop()
      await rm(dataDir, { recursive: true })
    }
  })

  it('because its directory is none leaves nothing open', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-'))
    try {
      const dataDir = join(folder, 'file')
      await writeFile(dataDir, 'not a directory')
      assert.deepEqual(await leftOpen({ name: 'b', dataDir }), ['ERR_STORE', []])
      assert.deepEqual(await readdir(folder), ['file'])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('because no such address is on this machine leaves nothing open', async () => {
    const listen = { host: '192.0.2.1', port: 0 }
    const [code, left] = await leftOpen({ name: 'b', listen, cookie: 'x' })
    assert.strictEqual(code, 'ERR_BAD_ADDRESS')
    assert.deepEqual(left, [])
  })
})

describe('a node with a dataDir', () => {
  let dataDir = ''
  const running: Node[] = []
  const start = async (options: Partial<NodeOptions> = {}): Promise<Node> => {
    const node = await startNode({
      name: 'a',
      timing: local(),
      logger: silentLogger,
      dataDir,
      ...options,
    })
    running.push(node)
    return node
  }

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'troupe-'))
  })
  afterEach(async () => {
    await Promise.all(running.splice(0).map((node) => node.stop({ timeoutMs: 100, drainMs: 0 })))
    await rm(dataDir, { recursive: true })
  })

  it('has a higher generation and another incarnation at every start', async () => {
    const seen: { generation: number; incarnation: string }[] = []
    for (let at = 0; at < 4; at++) {
      const node = await start()
      seen.push(node.members()[0] as { generation: number; incarnation: string })
      await node.stop()
    }
    for (const [at, { generation }] of seen.entries()) {
      if (at > 0) assert.isAbove(generation, (seen[at - 1] as { generation: number }).generation)
    }
    assert.strictEqual(new Set(seen.map(({ incarnation }) => incarnation)).size, 4)
  })

  it('finds the members of its last start again, without a join', async () => {
    const env = new Real()
    const b = await startNode({ name: 'b', timing: local(), logger: silentLogger })
    running.push(b)
    const first = await start()
    await first.join(b.address)
    await first.stop()
    await env.until('b has heard the goodbye', () => !b.isUp('a'))
    const again = await start()
    assert.deepEqual(
      again.members().map(({ name }) => name),
      ['a', 'b'],
    )
    await env.until('they are connected', () => again.isUp('b') && b.isUp('a'))
    // A connection stands before the membership is told over it.
    await env.until(
      'b knows the new start',
      () => b.members()[0]?.incarnation === again.incarnation,
    )
  })

  it('has forgotten them when it left', async () => {
    const b = await startNode({ name: 'b', timing: local(), logger: silentLogger })
    running.push(b)
    const first = await start()
    await first.join(b.address)
    first.leave()
    await first.stop()
    const again = await start()
    assert.deepEqual(
      again.members().map(({ name }) => name),
      ['a'],
    )
  })
})

@actor('node-start/keyed')
class Keyed extends Actor {
  @partitionKey((move: { board: number }) => move.board)
  play(move: { board: number }): number {
    return move.board
  }

  crash(): void {
    throw new Error('as asked')
  }
}

class Keeper extends Supervisor {
  override readonly strategy = oneForOne()
  override children() {
    return [child('keyed', Keyed, { name: 'keyed' })]
  }
}

describe('a node whose logger throws', () => {
  it('goes on: crashes are handled, children come back', async () => {
    const broken = (): never => {
      throw new Error('disk full')
    }
    const logger = { debug: broken, info: broken, warn: broken, error: broken }
    const node = await startNode({ name: 'a', logger })
    await node.spawn(Keeper).ready()
    const ref = node.lookup(Keyed, 'keyed')
    await ref.ask.crash().catch(() => {})
    await ref.ready()
    assert.equal(await ref.ask.play({ board: 3 }), 3)
    await node.stop()
  })
})

describe('a partition key that cannot be taken from the arguments', () => {
  it('refuses the call at the sender, and says which', async () => {
    const a = await startNode({ name: 'a', logger: silentLogger })
    const b = await startNode({ name: 'b', logger: silentLogger })
    await b.join(a.address)
    a.spawn(Keyed, undefined, { name: 'keyed' })
    const ref = b.lookup(Keyed, 'keyed', { on: 'a' })
    const nothing = undefined as unknown as { board: number }
    const error = await ref.ask.play(nothing).catch((e: Error) => e)
    assert.equal(codeOf(error), 'ERR_BAD_ARGUMENTS')
    assert.match((error as Error).message, /node-start\/keyed\.play has no partition key/)
    assert.throws(() => ref.tell.play(nothing), /has no partition key/)
    assert.equal(await ref.ask.play({ board: 1 }), 1)
    await Promise.all([a.stop(), b.stop()])
  })
})
