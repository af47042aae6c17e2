/**
 * The two programs of the benches about lanes. `serve HOST` is a node and a bare server side by side;
 * `ask HOST …` sends to either what the bench asks for, a line of JSON each, and answers with a line.
 */
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { silentLogger } from '../../src/base/logger.js'
import type { Node } from '../../src/node/node.js'
import { startNode } from '../../src/node/start-node.js'
import { until } from '../processes/until.js'
import { type BareLink, bareConnect, bareServer, decode } from './baseline.js'

export const file = fileURLToPath(import.meta.url)

@actor('bench/lane-end')
export class LaneEnd extends Actor {
  #total = 0

  /** Bulk: taken as it is, with a small answer. */
  put(bytes: Uint8Array): number {
    return bytes.byteLength
  }

  addOne(value: number): number {
    return value + 1
  }

  count(by: number): void {
    this.#total += by
  }

  total(): number {
    return this.#total
  }
}

const CHANNELS = { small: {}, bulk: {}, bulk16: { connections: 16 } }
const SHARED = { cookie: 'bench', channels: CHANNELS, logger: silentLogger } as const

export interface Doors {
  readonly address: string
  readonly port: number
}

/** What is measured, for `seconds` after a warm-up. */
export interface Job {
  readonly by: 'troupe' | 'bare'
  /** Bytes of a bulk message; 0 for none. */
  readonly bulkBytes: number
  /** Bulk messages under way at a time; each has a key of its own. */
  readonly inFlight: number
  /** A bulk message every so many ms instead, whatever became of the one before. */
  readonly everyMs?: number
  readonly bulkChannel: 'bulk' | 'bulk16'
  /** Where small messages travel: with the bulk, or by themselves; `none`: there are none. */
  readonly small: 'same' | 'other' | 'none'
  /** `asks`: one at a time, 2 ms apart. `tells`: as many as there is room for. */
  readonly kind: 'asks' | 'tells'
  readonly seconds: number
}

export interface Outcome {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Bulk. */
  readonly mbS: number
  /** Paced bulk that found its lane full: the line, or the machine, is slower than the pace. */
  readonly refused: number
  /** Small messages handled a second, in thousands. */
  readonly kS: number
}

interface Way {
  bulk(bytes: Uint8Array, stream: number): Promise<unknown>
  ask(value: number): Promise<number>
  /** False: wait for `ready`. */
  tell(): boolean
  ready(): Promise<unknown>
  total(): Promise<number>
  end?(): void
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const SMALL_KEY = 1_000

function troupe(ref: ActorRef<LaneEnd>, job: Job): Way {
  const channel = job.small === 'other' ? 'small' : job.bulkChannel
  const small = ref.with({ channel, partitionKey: SMALL_KEY, timeoutMs: 60_000 })
  const streams = Array.from({ length: Math.max(1, job.inFlight) }, (_, key) =>
    ref.with({ channel: job.bulkChannel, partitionKey: key, timeoutMs: 60_000 }),
  )
  return {
    bulk: (bytes, stream) => (streams[stream] as typeof small).ask.put(bytes),
    ask: (value) => small.ask.addOne(value),
    tell: () => small.tell.count(1),
    ready: () => small.ready(),
    total: () => small.ready().then(() => small.ask.total()),
  }
}

/** One socket for the bulk, and where small messages do not share it one for them. */
async function bare(host: string, port: number, job: Job): Promise<Way> {
  const waiting = new Map<number, (value: number) => void>()
  const onBody = (body: Buffer): void => {
    const { id, v } = decode(body) as { id: number; v: number }
    waiting.get(id)?.(v)
    waiting.delete(id)
  }
  const sockets = job.bulkChannel === 'bulk16' ? 16 : 1
  const links: BareLink[] = []
  for (let i = 0; i < sockets; i++) links.push(await bareConnect(port, onBody, host))
  const small = job.small === 'other' ? await bareConnect(port, onBody, host) : links[0]
  let last = 0
  const question = (link: BareLink, k: string, v: number): Promise<number> =>
    new Promise((resolve) => {
      waiting.set(++last, resolve)
      link.send({ k, id: last, v })
    })
  return {
    bulk: (bytes, stream) =>
      new Promise((resolve) => {
        const link = links[stream % sockets] as BareLink
        waiting.set(++last, resolve)
        const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        link.sendBulk(last, body)
      }),
    ask: (value) => question(small as BareLink, 'ask', value),
    tell: () => {
      small?.send({ k: 'inc', id: 0, v: 1 })
      return small?.socket.writableNeedDrain !== true
    },
    ready: () => (small as BareLink).drained(),
    total: () => question(small as BareLink, 'total', 0),
    end: () => {
      for (const link of [...links, small as BareLink]) link.socket.destroy()
    },
  }
}

async function measure(way: Way, job: Job): Promise<Outcome> {
  const payload = new Uint8Array(job.bulkBytes).fill(97)
  let running = true
  let counted = false
  let bytes = 0
  let refused = 0
  const stream = async (number: number): Promise<void> => {
    while (running) {
      await way.bulk(payload, number)
      if (counted) bytes += job.bulkBytes
    }
  }
  const paced = async (everyMs: number): Promise<void> => {
    for (let at = performance.now(), number = 0; running; at += everyMs, number++) {
      way.bulk(payload, number % Math.max(1, job.inFlight)).then(
        () => {
          if (counted) bytes += job.bulkBytes
        },
        (error) => {
          if (codeOf(error) !== 'ERR_LANE_FULL') throw error
          if (counted) refused++
        },
      )
      await sleep(Math.max(0, at + everyMs - performance.now()))
    }
  }
  const loops: Promise<void>[] = []
  if (job.bulkBytes > 0 && job.everyMs !== undefined) loops.push(paced(job.everyMs))
  else if (job.bulkBytes > 0) {
    for (let i = 0; i < job.inFlight; i++) loops.push(stream(i))
  }
  const times: number[] = []
  const asks = async (): Promise<void> => {
    for (let value = 0; running; value++) {
      const start = performance.now()
      if ((await way.ask(value)) !== value + 1) throw new Error('a wrong answer')
      if (counted) times.push(performance.now() - start)
      await sleep(2)
    }
  }
  const tells = async (): Promise<void> => {
    while (running) {
      for (let i = 0; i < 2_000; i++) if (!way.tell()) await way.ready()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  if (job.small !== 'none') loops.push(job.kind === 'asks' ? asks() : tells())
  await sleep(1_500)
  const before = job.kind === 'tells' && job.small !== 'none' ? await way.total() : 0
  counted = true
  const start = performance.now()
  await sleep(job.seconds * 1_000)
  const after = job.kind === 'tells' && job.small !== 'none' ? await way.total() : 0
  const seconds = (performance.now() - start) / 1_000
  counted = running = false
  await Promise.all(loops)
  if (job.small !== 'none') await way.total()
  way.end?.()
  times.sort((a, b) => a - b)
  const at = (part: number): number => times[Math.floor(times.length * part)] ?? 0
  return {
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    mbS: bytes / 1e6 / seconds,
    refused,
    kS: (after - before) / 1_000 / seconds,
  }
}

async function serve(host: string): Promise<void> {
  let total = 0
  const port = await bareServer((link, body) => {
    const bulk = link.bulkNumber(body)
    if (bulk !== undefined) return link.send({ id: bulk, v: body.length })
    const { k, id, v } = decode(body) as { k: string; id: number; v: number }
    if (k === 'inc') total += v
    else link.send({ id, v: k === 'ask' ? v + 1 : total })
  }, host)
  const node = await startNode({ name: 'server', listen: { host, port: 0 }, ...SHARED })
  node.spawn(LaneEnd, undefined, { name: 'end' })
  console.log(JSON.stringify({ port, address: node.address } satisfies Doors))
}

async function ask(host: string, doors: Doors): Promise<void> {
  const node: Node = await startNode({ name: 'client', ...SHARED })
  await node.join(doors.address)
  const named = node.lookup(LaneEnd, 'end', { on: 'server' })
  await named.ask.total()
  const ref = (await node.whereis('end', { on: 'server' })) as unknown as ActorRef<LaneEnd>
  await until(
    'the distance is known',
    () => node.stats().transport.peers[0]?.minRttMs !== undefined,
  )
  for await (const line of createInterface({ input: process.stdin })) {
    const job = JSON.parse(line) as Job
    const way = job.by === 'troupe' ? troupe(ref, job) : await bare(host, doors.port, job)
    console.log(JSON.stringify(await measure(way, job)))
  }
}

const [, , role, host = '127.0.0.1', doors = '{}'] = process.argv
if (role === 'serve') await serve(host)
if (role === 'ask') await ask(host, JSON.parse(doors) as Doors)
