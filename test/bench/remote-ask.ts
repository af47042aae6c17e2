/**
 * How many asks a second between two processes on loopback, 100 in flight? Baseline: the same loop of
 * questions and answers over one bare socket with msgpackr.
 */
import { alternate } from './local-system.js'
import { remotePair } from './remote-pair.js'

const ASKS = 60_000
const IN_FLIGHT = 100

const pair = await remotePair()

async function loops(ask: (value: number) => Promise<number>): Promise<number> {
  let next = 0
  const loop = async (): Promise<void> => {
    while (next < ASKS) {
      const value = next++
      if ((await ask(value)) !== value + 1) throw new Error(`a wrong answer to ${value}`)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  return ASKS / (performance.now() - start)
}

const ours = (): Promise<number> => loops((value) => pair.counter.ask.addOne(value))
const bare = (): Promise<number> => loops((value) => pair.bareAsk('ask', value))

const { value, baseline } = await alternate(ours, bare, 9)
const line = { bench: 'remote-ask', value, unit: 'k asks/s', baseline, ratio: value / baseline }
console.log(JSON.stringify(line))
pair.end()
process.exit(0)
