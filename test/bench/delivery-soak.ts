/**
 * A million messages between two nodes, half of them reliable, under 16 keys, while their connections are
 * broken again and again. Nothing is out of order within a key, no reliable message is lost or comes twice,
 * and memory is flat. `value` and `baseline`: megabytes of heap after all garbage is gone, in the last and in
 * the second fifth.
 *
 * SOAK_MESSAGES=1000000
 */
import { faults } from '../../src/fault/faults.js'
import { meshOf, receiverOn, tallies, until } from './delivery-nodes.js'

const MESSAGES = Number(process.env['SOAK_MESSAGES'] ?? 1_000_000)
const KEYS = 16
const FIFTHS = 5
const BREAK_EVERY_MS = 700

const [a, b] = (await meshOf(2, { delivery: { acknowledged: { retryMs: 200 } } })) as [
  Awaited<ReturnType<typeof meshOf>>[number],
  Awaited<ReturnType<typeof meshOf>>[number],
]
const receiver = await receiverOn(a, b)
const keyed = Array.from({ length: KEYS }, (_, partitionKey) => ({
  plain: receiver.with({ partitionKey }),
  reliable: receiver.with({ partitionKey, reliable: true }),
}))
const broken = faults(a, { seed: 1 })
let breaks = 0
const breaking = setInterval(() => {
  broken.inject(`fault connection ${a.name} ${b.name} reset`)
  breaks++
}, BREAK_EVERY_MS)

const sent = { plain: new Array<number>(KEYS).fill(0), reliable: new Array<number>(KEYS).fill(0) }
let refused = 0
async function send(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const key = i % KEYS
    const { plain, reliable } = keyed[key] as (typeof keyed)[number]
    const isReliable = (i / KEYS) & 1
    const numbers = isReliable ? sent.reliable : sent.plain
    const number = numbers[key] as number
    numbers[key] = number + 1
    const ref = isReliable ? reliable : plain
    const taken = isReliable
      ? reliable.tell.reliable(`${key}`, number)
      : plain.tell.plain(`${key}`, number)
    if (taken) continue
    refused++
    await ref.ready().catch(() => new Promise((resolve) => setTimeout(resolve, 5)))
  }
}

async function heapMb(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed / 2 ** 20
}

let lost = 0
a.events.on('connectionLost', ({ count }) => {
  lost += count
})
const heaps: number[] = []
const start = performance.now()
for (let fifth = 0; fifth < FIFTHS; fifth++) {
  await send(MESSAGES / FIFTHS)
  await until(() => a.stats().delivery?.pending === 0, 10)
  heaps.push(await heapMb())
}
clearInterval(breaking)
const reliable = sent.reliable.reduce((x, y) => x + y)
await until(() => tallies.reliable.received >= reliable)
const seconds = (performance.now() - start) / 1_000

for (const [kind, { reordered, repeated }] of Object.entries(tallies)) {
  if (reordered + repeated > 0)
    throw new Error(`${kind}: ${reordered} reordered, ${repeated} twice`)
}
if (tallies.reliable.received !== reliable) throw new Error(`${tallies.reliable.received} arrived`)
const value = heaps.at(-1) as number
const baseline = heaps[1] as number
const line = {
  bench: 'delivery-soak',
  value,
  unit: 'MB of heap',
  baseline,
  ratio: baseline / value,
  messages: MESSAGES,
  reliable,
  plainArrived: tallies.plain.received,
  connectionLost: lost,
  breaks,
  waits: refused,
  retransmitted: a.stats().delivery?.retransmitted,
  seconds,
}
console.log(JSON.stringify(line))
process.exit(0)
