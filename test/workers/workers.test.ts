import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'
import type { ActorRef, Node, Timing, Workers, WorkersOptions } from '../../src/index.js'
import { compiled, compiledImport as load } from '../compiled.js'
import { freePortsInARow } from '../processes/free-port.js'
import { realPass } from '../world/real-env.js'
import type { Desk as DeskActor } from './desk.js'

const { codeOf, silentLogger, startNode, startWorkers } =
  await load<typeof import('../../src/index.js')>('src/index.js')
const { PortConnection } = await load<typeof import('../../src/world/real/port-connection.js')>(
  'src/world/real/port-connection.js',
)
const { Desk, Guest, Host } = await load<typeof import('./desk.js')>('test/workers/desk.js')

const beside = (file: string): URL => compiled(`test/workers/${file}`)
/** Patient with a busy machine; what is closed is gone soon. */
const timing: Timing = { heartbeatMs: 1_000, silenceMs: 10_000, downAfterMs: 100 }

describe('workers', function () {
  this.timeout(60_000)
  const groups: Workers[] = []
  const nodes: Node[] = []

  afterEach(async () => {
    await Promise.all(groups.splice(0).map((workers) => workers.stop({ drainMs: 100 })))
    await Promise.all(nodes.splice(0).map((node) => node.stop({ drainMs: 100 })))
  })

  const node = async (name = 'main'): Promise<Node> => {
    const started = await startNode({ name, timing, logger: silentLogger })
    nodes.push(started)
    return started
  }

  const start = async (options: Partial<WorkersOptions> = {}): Promise<Workers> => {
    const workers = await startWorkers({
      name: 'w',
      count: 2,
      module: beside('./desk-module.js'),
      node: { timing },
      ...options,
    })
    groups.push(workers)
    return workers
  }

  const desk = (from: Node, on: string): ActorRef<DeskActor> => from.lookup(Desk, 'desk', { on })

  /** The node of this thread, and two workers that have joined it. */
  const family = async (options: Partial<WorkersOptions> = {}): Promise<[Node, Workers]> => {
    const main = await node()
    const workers = await start({ join: [main.address], ...options })
    await realUntil(() => workers.names.every((name) => main.isUp(name)), 'all are up')
    return [main, workers]
  }

  const failureOf = (promise: Promise<unknown>): Promise<Error> =>
    promise.then(
      () => assert.fail('it did not fail'),
      (error: Error) => error,
    )

  describe('as nodes', () => {
    let main: Node
    let workers: Workers
    let overPorts = 0

    before(async () => {
      overPorts = await connectionsOf(async () => {
        main = await startNode({ name: 'main', timing, logger: silentLogger })
        workers = await startWorkers({
          name: 'w',
          count: 2,
          module: beside('./desk-module.js'),
          node: { timing, channels: { default: { connections: 3 } } },
          join: [main.address],
          data: { of: 'tests' },
        })
        await realUntil(() => workers.names.every((name) => main.isUp(name)), 'all are up')
      })
    })
    after(async () => {
      await workers.stop()
      await main.stop()
    })

    it('know who they are', async () => {
      assert.deepEqual(workers.names, ['w.1', 'w.2'])
      assert.equal(workers.addresses.length, 2)
      const who = { name: 'w.2', number: 2, count: 2, data: { of: 'tests' } }
      assert.deepEqual(await desk(main, 'w.2').ask.who(), who)
    })

    it('have joined each other when they are there', async () => {
      assert.equal(await desk(main, 'w.1').ask.askOther(desk(main, 'w.2')), 'w.2')
      assert.equal(await desk(main, 'w.2').ask.askOther(desk(main, 'w.1')), 'w.1')
    })

    it('talk to the thread that started them over ports', () => {
      assert.isAtLeast(overPorts, 4) // membership and default, to each
    })

    it('keep the order of messages', async () => {
      for (let i = 0; i < 20_000; i++) desk(main, 'w.1').tell.note(i)
      assert.equal(await desk(main, 'w.1').with({ timeoutMs: 30_000 }).ask.noted(), 20_000)
    })

    it('carry 8 MB there and back, many at once', async () => {
      const bytes = new Uint8Array(8 * 1024 * 1024).map((_, i) => i % 251)
      const echo = () => desk(main, 'w.2').with({ timeoutMs: 30_000 }).ask.echo(bytes)
      for (const same of await Promise.all([echo(), echo(), echo()])) {
        assert.equal(Buffer.compare(bytes, same), 0)
      }
    })

    it('spawn actors for others', async () => {
      const guest = await main.spawnOn('w.2', Guest)
      assert.equal(await guest.ask.where(), 'w.2')
    })

    it('can be joined from outside of the process', async () => {
      const program = fileURLToPath(beside('./outside-program.js'))
      const [address] = workers.addresses as [string]
      const { stdout } = await promisify(execFile)(process.execPath, [program, address])
      assert.equal(stdout, 'w.1 w.2\n')
    })
  })

  describe('with options', () => {
    it('keep their data in directories of their own, and listen on ports in a row', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'troupe-workers-'))
      try {
        const port = await freePortsInARow(2)
        const workers = await start({ dataDir, listen: { port }, join: [] })
        assert.deepEqual(readdirSync(dataDir).sort(), ['w.1', 'w.2'])
        assert.deepEqual(workers.addresses, [`127.0.0.1:${port}`, `127.0.0.1:${port + 1}`])
        await groups[0]?.stop()
      } finally {
        rmSync(dataDir, { recursive: true, force: true })
      }
    })
  })

  describe('that go down', () => {
    const ENDS: readonly [string, (victim: ActorRef<DeskActor>) => boolean, RegExp][] = [
      ['throws', (victim) => victim.tell.crash(), /as bad as it gets/],
      ['exits', (victim) => victim.tell.exit(3), /exit code 3/],
      ['has no memory left', (victim) => victim.tell.devour(), /memory/],
    ]
    for (const [what, end, why] of ENDS) {
      it(`are down for others when their thread ${what}, and leave the rest alone`, async () => {
        const [main, workers] = await family({ restart: { maxRestarts: 0 }, heapMiB: 64 })
        const told: unknown[] = []
        const ends: { name: string; error: Error; restarts: boolean }[] = []
        workers.events.on('workerDown', (event) => ends.push(event))
        main.events.on('nodeDown', ({ node: { name } }) => told.push(name))
        await desk(main, 'w.1').ask.follow(desk(main, 'w.2'))
        await desk(main, 'w.2').ask.noted()
        end(desk(main, 'w.2'))
        await realUntil(() => told.includes('w.2'), 'nodeDown')
        await realUntil(() => ends.length > 0, 'workerDown')
        assert.deepEqual(
          ends.map(({ name, restarts }) => ({ name, restarts })),
          [{ name: 'w.2', restarts: false }],
        )
        assert.equal(codeOf(ends[0]?.error), 'ERR_WORKER_ENDED')
        assert.match(String(ends[0]?.error.message), why)
        const downs = await settled(() => desk(main, 'w.1').ask.downs())
        assert.deepEqual(downs, ['node w.2 went down'])
        assert.equal(workers.addresses.length, 1)
      })
    }

    it('are started again under their name, and join the others', async () => {
      const [main, workers] = await family()
      const ups: string[] = []
      workers.events.on('workerUp', ({ name }) => ups.push(name))
      desk(main, 'w.2').tell.crash()
      await realUntil(() => ups.length === 1, 'workerUp')
      assert.deepEqual(ups, ['w.2'])
      await realUntil(() => main.isUp('w.2'), 'it is up')
      assert.equal(await desk(main, 'w.2').ask.askOther(desk(main, 'w.1')), 'w.1')
    })

    it('are started again only so often', async () => {
      const [main, workers] = await family({ restart: { maxRestarts: 1 } })
      const restarts: boolean[] = []
      workers.events.on('workerDown', (event) => restarts.push(event.restarts))
      desk(main, 'w.2').tell.exit(0)
      await new Promise((resolve) => workers.events.once('workerUp', resolve))
      await realUntil(() => main.isUp('w.2'), 'it is up')
      desk(main, 'w.1').tell.exit(0)
      await realUntil(() => restarts.length === 2, 'both have ended')
      assert.deepEqual(restarts, [true, false])
    })

    it('lose their placed children to others', async () => {
      const [main] = await family({ restart: { maxRestarts: 0 } })
      const host = main.spawn(Host, { on: 'w.2' })
      const where = async (): Promise<string> => {
        const guest = await host.ask.guest()
        return guest === undefined ? '' : main.ref(Guest, String(guest)).ask.where()
      }
      await settledAs('w.2', where)
      desk(main, 'w.2').tell.crash()
      await settledAs('main', where)
    })
  })

  describe('that do not start', () => {
    const BAD: readonly [string, Partial<WorkersOptions>, string, RegExp][] = [
      ['a node option is wrong', { data: 'options' }, 'ERR_WORKER_ENDED', /askTimeoutMs/],
      ['a module throws', { data: 'throw' }, 'ERR_WORKER_ENDED', /w\.2: not today/],
      ['a thread exits', { data: 'exit' }, 'ERR_WORKER_ENDED', /w\.2: it ended with exit code 7/],
      [
        'one takes too long',
        { data: 'hang', startTimeoutMs: 8_000 },
        'ERR_WORKER_ENDED',
        /w\.2: it was not ready within 8000 ms/,
      ],
      [
        'a module has no default export',
        { module: beside('./no-module.js') },
        'ERR_WORKER_ENDED',
        /must be a WorkerModule/,
      ],
      ['there is no module', { module: beside('./nowhere.js') }, 'ERR_WORKER_ENDED', /nowhere\.js/],
      ['nobody is there to join', { join: ['127.0.0.1:1'] }, 'ERR_WORKER_ENDED', /join 127/],
      ['the count is none', { count: 0 }, 'ERR_BAD_OPTION', /startWorkers\.count/],
      ['the name is none', { name: 'a/b' }, 'ERR_BAD_OPTION', /startWorkers\.name/],
      ['the module is no file', { module: './app.js' }, 'ERR_BAD_OPTION', /file: URL/],
      [
        'ports run out',
        { listen: { port: 65_535 } },
        'ERR_BAD_OPTION',
        /listen\.port must be at most 65534 for 2 workers/,
      ],
      [
        'an option belongs into the module',
        { node: { remoteSpawn: [] } as object },
        'ERR_BAD_OPTION',
        /remoteSpawn belongs to the module/,
      ],
      [
        'data cannot be copied',
        { data: () => {} },
        'ERR_BAD_OPTION',
        /startWorkers\.data cannot be copied/,
      ],
      ['an address is none', { join: ['nonsense'] }, 'ERR_BAD_ADDRESS', /nonsense/],
    ]
    for (const [when, options, code, why] of BAD) {
      it(`are refused as a whole when ${when}`, async () => {
        const error = await failureOf(start({ module: beside('./bad-module.js'), ...options }))
        assert.equal(codeOf(error), code)
        assert.match(error.message, why)
      })
    }
  })

  describe('that are stopped', () => {
    it('say goodbye, so that others do not take them for down', async () => {
      const [main, workers] = await family()
      const told: string[] = []
      main.events.on('nodeDown', ({ node: { name } }) => told.push(name))
      await workers.stop()
      await realPass(50)
      assert.equal(workers.addresses.length, 0)
      assert.isFalse(main.isUp('w.1'))
      await workers.stop()
    })

    it('end in bounded time, also one that is in a loop without end', async () => {
      const [main, workers] = await family()
      desk(main, 'w.2').tell.spin()
      await realPass(50)
      const before = performance.now()
      await workers.stop({ timeoutMs: 100, drainMs: 0 })
      assert.isBelow(performance.now() - before, 10_000)
    })

    it('leave nothing that keeps the process', async () => {
      const program = fileURLToPath(beside('./lone-program.js'))
      const { stdout } = await promisify(execFile)(process.execPath, [program])
      assert.equal(stdout, 'w.1 w.2\n')
    })
  })
})

async function realUntil(holds: () => boolean, what: string): Promise<void> {
  for (let end = performance.now() + 30_000; !holds(); await realPass(2)) {
    if (performance.now() > end) assert.fail(`${what}: not within 30 s`)
  }
}

/** How many connections over ports come to be in this thread meanwhile. */
async function connectionsOf(run: () => Promise<unknown>): Promise<number> {
  const { attach } = PortConnection.prototype
  let count = 0
  PortConnection.prototype.attach = function (handler) {
    count++
    attach.call(this, handler)
  }
  try {
    await run()
    return count
  } finally {
    PortConnection.prototype.attach = attach
  }
}

/** Asks until something has come. */
async function settled<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> {
  for (;;) {
    const all = await ask()
    if (all.length > 0) return all
    await realPass(10)
  }
}

async function settledAs(wanted: string, ask: () => Promise<string>): Promise<void> {
  let last = ''
  for (let i = 0; i < 500; i++) {
    last = await ask().catch((error: unknown) => String(error))
    if (last === wanted) return
    await realPass(10)
  }
  assert.equal(last, wanted)
}
