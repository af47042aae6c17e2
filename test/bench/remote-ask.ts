/**
 * How many asks a second between two processes on loopback, one at a time and 100 in flight? Baseline: the
 * same loop of questions and answers over one bare socket with msgpackr. `value` is that of 100 in flight;
 * cells have both.
 */
import { alternate } from './local-system.js'
import { remotePair } from './remote-pair.js'
import { erlang, type Rivals, rivals } from './rival.js'

const PROGRAMS = ['nats', 'zeromq', 'colyseus', 'moleculer', 'comedy', 'effect-cluster']

const pair = await remotePair()

async function loops(
  asks: number,
  inFlight: number,
  ask: (value: number) => Promise<number>,
): Promise<number> {
  let next = 0
  const loop = async (): Promise<void> => {
    while (next < asks) {
      const value = next++
      if ((await ask(value)) !== value + 1) throw new Error(`a wrong answer to ${value}`)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: inFlight }, loop))
  return asks / (performance.now() - start)
}

const erlangAsks = (inFlight: number) => async (): Promise<number> => {
  const settings = { BENCH_N: String(inFlight), BENCH_SIZE: '16', BENCH_SECONDS: '2' }
  const [line] = await erlang(['echo'], settings)
  return line?.['ops_s'] as number
}

interface Cell extends Rivals {
  readonly inFlight: number
  readonly value: number
  readonly baseline: number
  readonly ratio: number
}

async function cell(inFlight: number, asks: number, row: string): Promise<Cell> {
  const { value, baseline } = await alternate(
    () => loops(asks, inFlight, (i) => pair.counter.ask.addOne(i)),
    () => loops(asks, inFlight, (i) => pair.bareAsk('ask', i)),
    9,
  )
  const beside = await rivals(row, PROGRAMS, 1e3, erlangAsks(inFlight))
  return { inFlight, value, baseline, ratio: value / baseline, ...beside }
}

const one = await cell(1, 5_000, 'remote-ask')
const hundred = await cell(100, 60_000, 'remote-ask-100')
const { inFlight: _hundred, ...figures } = hundred
const unit = 'k asks/s'
console.log(JSON.stringify({ bench: 'remote-ask', unit, ...figures, cells: [one, hundred] }))
pair.end()
process.exit(0)
