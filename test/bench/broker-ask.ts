/**
 * How many asks a second between two processes through RabbitMQ (AMQP_URL), 100 in flight? Baseline:
 * the same two processes over TCP. `p50Ms` and `baselineP50Ms`: one ask at a time. Cells: tells, and
 * what nodes that have nothing to do cost: messages handed to the broker, and share of one core.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ActorRef } from '../../src/actor/ref.js'
import { silentLogger } from '../../src/base/logger.js'
import { AmqpBroker, loadAmqp } from '../../src/broker/amqp-broker.js'
import { broker, overBroker } from '../../src/broker/broker.js'
import type { Broker } from '../../src/broker/broker-link.js'
import { readBrokerOptions } from '../../src/broker/broker-options.js'
import type { Node, NodeOptions } from '../../src/index.js'
import { startNode } from '../../src/node/start-node.js'
import { alternate } from './local-system.js'
import { Counter } from './remote-pair.js'

const url = process.env['AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672'
const ASKS = 20_000
const IN_FLIGHT = 100
const ALONE = 2_000
const TELLS = 50_000
const IDLE_MS = 5_000

const options = (name: string): NodeOptions => ({ name, logger: silentLogger })

async function serve(cluster: string): Promise<void> {
  process.on('disconnect', () => process.exit(0))
  const near = await startNode(options('server'))
  const far = await startNode({ ...options('server'), overlay: broker({ url, cluster }) })
  for (const node of [near, far]) node.spawn(Counter, undefined, { name: 'counter' })
  process.send?.({ address: near.address })
}

async function measure(cluster: string): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', cluster])
  const { address } = await new Promise<{ address: string }>((resolve) => {
    child.once('message', (message) => resolve(message as { address: string }))
  })
  const near = await startNode(options('client'))
  await near.join(address)
  const far = await startNode({ ...options('client'), overlay: broker({ url, cluster }) })
  await reached(far, ['server'])
  const [tcp, amqp] = await Promise.all([near, far].map(counterOf))

  const { value, baseline } = await alternate(
    () => asksIn(amqp as ActorRef<Counter>),
    () => asksIn(tcp as ActorRef<Counter>),
    5,
  )
  const p50Ms = await medianAsk(amqp as ActorRef<Counter>)
  const baselineP50Ms = await medianAsk(tcp as ActorRef<Counter>)
  const tells = await tellsIn(amqp as ActorRef<Counter>)
  child.kill('SIGKILL')
  const cells = [{ what: 'k tells/s', value: tells }]
  for (const nodes of [10, 30, 50]) cells.push(...(await idle(nodes, `${cluster}-${nodes}`)))
  const ratio = value / baseline
  const unit = 'k asks/s'
  const line = { bench: 'broker-ask', value, unit, baseline, ratio, p50Ms, baselineP50Ms, cells }
  console.log(JSON.stringify(line))
  process.exit(0)
}

const counterOf = async (node: Node): Promise<ActorRef<Counter>> =>
  (await node.whereis('counter', { on: 'server' })) as unknown as ActorRef<Counter>

async function asksIn(counter: ActorRef<Counter>): Promise<number> {
  let next = 0
  const loop = async (): Promise<void> => {
    while (next++ < ASKS) await counter.ask.addOne(next)
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  return ASKS / (performance.now() - start)
}

async function medianAsk(counter: ActorRef<Counter>): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < ALONE; i++) {
    const start = performance.now()
    await counter.ask.addOne(i)
    times.push(performance.now() - start)
  }
  return times.sort((a, b) => a - b)[times.length >> 1] as number
}

async function tellsIn(counter: ActorRef<Counter>): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < TELLS; i++) {
    if (!counter.tell.add(i, 1)) await counter.ready()
  }
  await counter.with({ timeoutMs: 60_000 }).ask.total()
  return TELLS / (performance.now() - start)
}

/** Nodes in this process: how long they take to find each other, and what they cost from then on. */
async function idle(count: number, cluster: string): Promise<{ what: string; value: number }[]> {
  let published = 0
  const read = readBrokerOptions({ url, cluster })
  const counting = async (): Promise<Broker> => {
    const inner = new AmqpBroker(await loadAmqp(), url)
    const open: Broker['open'] = async (...args) => {
      const link = await inner.open(...args)
      const publish = link.publish.bind(link)
      return Object.assign(link, {
        publish: (...sent: Parameters<typeof publish>) => {
          published++
          publish(...sent)
        },
      })
    }
    return { place: inner.place, open }
  }
  const names = Array.from({ length: count }, (_, i) => `n${i}`)
  const start = performance.now()
  const nodes = await Promise.all(
    names.map((name) => startNode({ ...options(name), overlay: overBroker(read, counting) })),
  )
  for (const node of nodes) await reached(node, names)
  const togetherMs = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, 3_000))
  published = 0
  const before = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
  const { user, system } = process.cpuUsage(before)
  const perSecond = published / (IDLE_MS / 1_000)
  await Promise.all(nodes.map((node) => node.stop({ drainMs: 0 })))
  return [
    { what: `${count} nodes: ms until all reach all`, value: togetherMs },
    { what: `${count} idle nodes: messages/s, all together`, value: perSecond },
    {
      what: `${count} idle nodes: % of a core, all together`,
      value: (user + system) / IDLE_MS / 10,
    },
  ]
}

async function reached(node: Node, names: readonly string[]): Promise<void> {
  while (!names.every((name) => node.isUp(name))) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const [, , role, given = ''] = process.argv
if (role === 'serve') await serve(given)
else await measure(`bench-${process.pid}`)
