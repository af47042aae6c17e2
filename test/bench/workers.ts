/**
 * How much of two processors do actors in two workers get? Baseline: two bare threads that do the same
 * work, asked for by `postMessage`, in the same process and in turn. And how long is the way of a small
 * ask from one worker to the other and back? Baseline: a number over a bare MessagePort, and one back.
 */
import { MessageChannel, Worker } from 'node:worker_threads'
import { silentLogger } from '../../src/base/logger.js'
import { startNode } from '../../src/node/start-node.js'
import { startWorkers } from '../../src/workers/start-workers.js'
import { alternate } from './local-system.js'
import type { BareRequest } from './workers-bare.js'
import { Cruncher, primesBelow } from './workers-module.js'

const COUNT = 2
/** Some 5 to 10 ms of work. */
const LIMIT = 60_000
const TASKS = 60
/** In each worker, so that it never waits for the next. */
const IN_FLIGHT = 2
const ROUNDS = 9
const HOPS = 4_000

const module = new URL('./workers-module.js', import.meta.url)
const node = await startNode({ name: 'main', logger: silentLogger })
const workers = await startWorkers({ name: 'w', count: COUNT, module, join: [node.address] })
const crunchers = workers.names.map((on) =>
  node.lookup(Cruncher, 'cruncher', { on }).with({ timeoutMs: 60_000 }),
)
const bare = workers.names.map(() => new Worker(new URL('./workers-bare.js', import.meta.url)))
const right = primesBelow(LIMIT)

/** Tasks a second, over all workers. */
async function rate(crunch: (worker: number) => Promise<number>): Promise<number> {
  let begun = 0
  const loop = async (worker: number): Promise<void> => {
    while (begun < COUNT * TASKS) {
      begun++
      if ((await crunch(worker)) !== right) throw new Error('a wrong count of primes')
    }
  }
  const start = performance.now()
  const loops = Array.from({ length: COUNT * IN_FLIGHT }, (_, i) => loop(i % COUNT))
  await Promise.all(loops)
  return (COUNT * TASKS * 1000) / (performance.now() - start)
}

/** Answers of bare threads come in the order of questions. */
const waiting: ((value: number) => void)[][] = bare.map(() => [])
for (const [i, worker] of bare.entries()) {
  worker.on('message', (value: number) => waiting[i]?.shift()?.(value))
}
const askBare = (i: number, request: BareRequest): Promise<number> =>
  new Promise((resolve) => {
    waiting[i]?.push(resolve)
    bare[i]?.postMessage(request, request.port === undefined ? [] : [request.port])
  })

const { value, baseline } = await alternate(
  () => rate((i) => (crunchers[i] as (typeof crunchers)[number]).ask.primesBelow(LIMIT)),
  () => rate((i) => askBare(i, { kind: 'primes', value: LIMIT })),
  ROUNDS,
)

const { port1, port2 } = new MessageChannel()
await askBare(0, { kind: 'meet', value: 1, port: port1 })
await askBare(1, { kind: 'meet', value: 0, port: port2 })
const other = node.lookup(Cruncher, 'cruncher', { on: workers.names[1] as string })
const toMicros = (ms: number): number => (ms * 1000) / HOPS
const hops = await alternate(
  async () => toMicros((await crunchers[0]?.ask.pingPong(other, HOPS)) as number),
  async () => toMicros(await askBare(0, { kind: 'pingPong', value: HOPS })),
  ROUNDS,
)

const askUs = { askUs: hops.value, bareUs: hops.baseline, askRatio: hops.baseline / hops.value }
const line = {
  bench: 'workers',
  value,
  unit: 'tasks/s',
  baseline,
  ratio: value / baseline,
  ...askUs,
}
console.log(JSON.stringify(line))
await workers.stop()
await node.stop()
process.exit(0)
