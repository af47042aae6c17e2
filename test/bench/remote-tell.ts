/**
 * How many small messages a second go one way between two processes on loopback, from 1 sender and from
 * 100? Baseline: one bare socket, one msgpackr pack a message, one write a tick, every message decoded by
 * the receiver. `value` is that of 1 sender; cells have both.
 */
import { alternate } from './local-system.js'
import { remotePair } from './remote-pair.js'
import { erlang, type Rivals, rivals } from './rival.js'

const MESSAGES = 300_000
const PROGRAMS = ['nats', 'zeromq', 'colyseus', 'moleculer', 'comedy', 'effect-cluster']
/** A sender among others lets them have their turn after so many. */
const TURN = 64

const pair = await remotePair()
const { counter, link } = pair

async function senders(
  count: number,
  send: (from: number, value: number) => Promise<unknown> | undefined,
): Promise<void> {
  const one = async (from: number): Promise<void> => {
    for (let i = 0; i < MESSAGES / count; i++) {
      const wait = send(from, i)
      if (wait !== undefined) await wait
      else if (count > 1 && i % TURN === TURN - 1) await null
    }
  }
  await Promise.all(Array.from({ length: count }, (_, from) => one(from)))
}

async function actors(count: number): Promise<number> {
  const start = performance.now()
  await senders(count, (from, value) =>
    counter.tell.add(from, value) ? undefined : counter.ready(),
  )
  await counter.ask.total()
  return MESSAGES / (performance.now() - start) / 1_000
}

async function bare(count: number): Promise<number> {
  const start = performance.now()
  await senders(count, (id, v) => {
    link.send({ k: 'inc', id, v })
    return link.socket.writableNeedDrain ? link.drained() : undefined
  })
  await pair.bareAsk('total', 0)
  return MESSAGES / (performance.now() - start) / 1_000
}

/** As many processes, each to one of its own. */
const erlangTells = (count: number) => async (): Promise<number> => {
  const [line] = await erlang(['oneway'], { BENCH_N: String(count), BENCH_SECONDS: '2' })
  return line?.['msgs_s'] as number
}

interface Cell extends Rivals {
  readonly senders: number
  readonly value: number
  readonly baseline: number
  readonly ratio: number
}

async function cell(count: number): Promise<Cell> {
  const { value, baseline } = await alternate(
    () => actors(count),
    () => bare(count),
    9,
  )
  const beside = await rivals(`tell-${count}`, PROGRAMS, 1e6, erlangTells(count))
  return { senders: count, value, baseline, ratio: value / baseline, ...beside }
}

const one = await cell(1)
const hundred = await cell(100)
const { senders: _one, ...figures } = one
const unit = 'M messages/s'
console.log(JSON.stringify({ bench: 'remote-tell', unit, ...figures, cells: [one, hundred] }))
pair.end()
process.exit(0)
