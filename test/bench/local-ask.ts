/**
 * How many sequential asks a second, while a socket echo goes on beside them? Baseline: the same loop
 * over the smallest mailbox that works (`MiniActor`), also beside the echo.
 */
import { connect, createServer } from 'node:net'
import { Actor } from '../../src/actor/actor.js'
import { MiniActor } from './baseline.js'
import { alternate, localSystem, turn } from './local-system.js'
import { rivals } from './rival.js'
import { ACTOR_LIBRARIES } from './shapes.js'

const ASKS = 200_000

class Counter extends Actor {
  #total = 0
  add(by: number): number {
    this.#total += by
    return this.#total
  }
}

const system = localSystem()
const ref = system.node.spawn(Counter)
let total = 0
const mini = new MiniActor<{ by: number; reply: (value: number) => void }>((message) => {
  total += message.by
  message.reply(total)
})

const server = createServer((socket) => socket.pipe(socket))
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const socket = connect((server.address() as { port: number }).port, '127.0.0.1').setNoDelay(true)
await new Promise((resolve) => socket.once('connect', resolve))
let sentAt = 0
let measuring = false
const echoMs: number[] = []
socket.on('data', () => {
  if (measuring) echoMs.push(performance.now() - sentAt)
  setTimeout(echo, 1)
})
function echo(): void {
  sentAt = performance.now()
  socket.write('x')
}
echo()

async function asks(): Promise<number> {
  measuring = true
  const start = performance.now()
  for (let i = 0; i < ASKS; i++) await ref.ask.add(1)
  const seconds = (performance.now() - start) / 1_000
  await turn()
  measuring = false
  return ASKS / seconds / 1e6
}

async function miniAsks(): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < ASKS; i++) await mini.ask<number>((reply) => ({ by: 1, reply }))
  const seconds = (performance.now() - start) / 1_000
  await turn()
  return ASKS / seconds / 1e6
}

const { value, baseline } = await alternate(asks, miniAsks, 15)
echoMs.sort((a, b) => a - b)
const at = (q: number): number => echoMs[Math.floor(echoMs.length * q)] ?? Number.NaN
const line = {
  bench: 'local-ask',
  value,
  unit: 'M asks/s',
  baseline,
  ratio: value / baseline,
  p50Ms: at(0.5),
  p99Ms: at(0.99),
  echoes: echoMs.length,
  ...(await rivals('ask', [...ACTOR_LIBRARIES, 'moleculer'], 1e6)),
}
console.log(JSON.stringify(line))
process.exit(0)
