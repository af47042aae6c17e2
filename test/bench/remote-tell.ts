/**
 * How many small messages a second go one way between two processes on loopback? Baseline: one bare
 * socket, one msgpackr pack a message, one write a tick, every message decoded by the receiver.
 */
import { alternate } from './local-system.js'
import { remotePair } from './remote-pair.js'

const MESSAGES = 300_000

const pair = await remotePair()
const { counter, link } = pair

async function actors(): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < MESSAGES; i++) if (!counter.tell.add(7, i)) await counter.ready()
  await counter.ask.total()
  return MESSAGES / (performance.now() - start) / 1_000
}

async function bare(): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < MESSAGES; i++) {
    link.send({ k: 'inc', id: 7, v: i })
    if (link.socket.writableNeedDrain) await link.drained()
  }
  await pair.bareAsk('total', 0)
  return MESSAGES / (performance.now() - start) / 1_000
}

const { value, baseline } = await alternate(actors, bare, 9)
const line = {
  bench: 'remote-tell',
  value,
  unit: 'M messages/s',
  baseline,
  ratio: value / baseline,
}
console.log(JSON.stringify(line))
pair.end()
process.exit(0)
