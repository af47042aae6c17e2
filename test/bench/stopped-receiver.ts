/**
 * What happens to a sender at full speed while its receiver is stopped (SIGSTOP) for 30 s, by each
 * policy of a channel? The value is the memory the sender grew by, in MB, the baseline what its lane
 * may hold by its option; after SIGCONT every message that was taken must have come or be a dead letter.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import { silentLogger } from '../../src/base/logger.js'
import { startNode } from '../../src/node/start-node.js'

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 30)
const LANE_MB = 16
const POLICIES = ['fail', 'wait', 'dropOldest', 'dropNewest'] as const
const TIMING = { heartbeatMs: 1_000, silenceMs: (SECONDS + 60) * 1_000, downAfterMs: 60_000 }
const CHANNELS = Object.fromEntries(POLICIES.map((policy) => [policy, { policy }]))
const SHARED = { channels: CHANNELS, timing: TIMING, logger: silentLogger }

@actor('bench/stopped')
export class Stopped extends Actor {
  #total = 0

  take(_bytes: Uint8Array): void {
    this.#total++
  }

  total(): number {
    return this.#total
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function serve(): Promise<void> {
  process.on('disconnect', () => process.exit(0))
  const node = await startNode({ name: 'server', ...SHARED })
  for (const policy of POLICIES) node.spawn(Stopped, undefined, { name: policy })
  process.send?.(node.address)
}

const firstMessage = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => child.once('message', (message) => resolve(message as string)))

async function measure(): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'])
  const node = await startNode({
    name: 'client',
    connections: { laneMaxBytes: LANE_MB * 1024 * 1024 },
    ...SHARED,
  })
  await node.join(await firstMessage(child))
  let dead = 0
  node.events.on('deadLetter', () => {
    dead++
  })
  const memory = (): number => {
    globalThis.gc?.()
    const { rss } = process.memoryUsage()
    return rss / 1e6
  }
  const cells: Record<string, unknown>[] = []
  const payload = new Uint8Array(1_000)
  for (const policy of POLICIES) {
    const named = node.lookup(Stopped, policy, { on: 'server' })
    const receiver = named.with({ channel: policy })
    for (let i = 0; i < 20_000; i++) if (!receiver.tell.take(payload)) await receiver.ready()
    const base = await receiver.ask.total()
    const before = memory()
    dead = 0
    child.kill('SIGSTOP')
    let sent = 0
    let most = before
    const end = performance.now() + SECONDS * 1_000
    while (performance.now() < end) {
      for (let i = 0; i < 2_000; i++) receiver.tell.take(payload)
      sent += 2_000
      await new Promise((resolve) => setImmediate(resolve))
      if (sent % 200_000 === 0) most = Math.max(most, process.memoryUsage().rss / 1e6)
    }
    const waiting = node.stats().transport.channels.find(({ channel }) => channel === policy)
    child.kill('SIGCONT')
    let handled = 0
    for (let tries = 0; tries < 100 && handled + dead < sent; tries++) {
      await sleep(100)
      handled = (await named.ask.total()) - base
    }
    cells.push({
      policy,
      sent,
      handled,
      deadLetters: dead,
      missing: sent - handled - dead,
      grownMb: most - before,
      queuedMb: (waiting?.queuedBytes ?? 0) / 1e6,
      ...counters(waiting),
    })
  }
  const value = Math.max(...cells.map(({ grownMb }) => grownMb as number))
  const line = { bench: 'stopped-receiver', value, unit: 'MB', baseline: LANE_MB * 1.048576 }
  console.log(JSON.stringify({ ...line, ratio: line.baseline / value, cells }))
  child.kill('SIGKILL')
  process.exit(0)
}

function counters(stats: object | undefined): Record<string, unknown> {
  const { refused, waited, droppedOldest, droppedNewest } = (stats ?? {}) as Record<string, number>
  return { refused, waited, droppedOldest, droppedNewest }
}

if (process.argv[2] === 'serve') await serve()
else await measure()
