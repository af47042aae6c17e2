/**
 * One end of the paper's experiment: `serve HOST`, or `call ADDRESS SETTINGS` with the settings of
 * `PaperSettings` as JSON. The calling end prints one line for each number of actors.
 */
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { silentLogger } from '../../src/base/logger.js'
import type { NodeOptions } from '../../src/index.js'
import { startNode } from '../../src/node/start-node.js'

export interface PaperSettings {
  readonly host: string
  readonly connections: number
  /** Each pair of actors has a partition key of its own; else the receiving actor is the key. */
  readonly affinity: boolean
  readonly actors: readonly number[]
  readonly bytes: number
  readonly seconds: number
}

/** Nobody outside sees these nodes: two processes on loopback, or at the ends of a link of their own. */
const COOKIE = 'paper'
const ASK_TIMEOUT_MS = 120_000

@actor('paper/answerer')
class Answerer extends Actor {
  answer(bytes: Uint8Array): Uint8Array {
    return bytes
  }
}

@actor('paper/caller')
class Caller extends Actor {
  /** Sends one message and waits for its answer, again and again; the milliseconds each took. */
  async call(to: ActorRef<Answerer>, payload: Uint8Array, forMs: number): Promise<number[]> {
    const times: number[] = []
    const end = performance.now() + forMs
    for (let sent = performance.now(); sent < end; sent = performance.now()) {
      const { byteLength } = await to.ask.answer(payload)
      if (byteLength !== payload.byteLength) throw new Error(`${byteLength} bytes came back`)
      times.push(performance.now() - sent)
    }
    return times
  }
}

const options = (name: string, host: string, connections: number): NodeOptions => ({
  name,
  listen: { host, port: 0 },
  cookie: COOKIE,
  channels: { data: { connections, policy: 'wait' } },
  logger: silentLogger,
})

async function serve(host: string, connections: number, actors: number): Promise<void> {
  process.on('disconnect', () => process.exit(0))
  const node = await startNode(options('b', host, connections))
  for (let i = 0; i < actors; i++) node.spawn(Answerer, undefined, { name: `answerer-${i}` })
  process.stdout.write(`${node.address}\n`)
}

async function call(address: string, settings: PaperSettings): Promise<void> {
  const { host, connections, affinity, actors, bytes, seconds } = settings
  const node = await startNode(options('a', host, connections))
  await node.join(address)
  const payload = Buffer.alloc(bytes, '0123456789abcdef')
  const most = Math.max(...actors)
  const callers: ActorRef<Caller>[] = []
  const answerers: ActorRef<Answerer>[] = []
  for (let i = 0; i < most; i++) {
    callers.push(node.spawn(Caller))
    const found = await node.whereis(`answerer-${i}`, { on: 'b' })
    const to = found as unknown as ActorRef<Answerer>
    const key = affinity ? { partitionKey: i } : {}
    answerers.push(to.with({ channel: 'data', timeoutMs: ASK_TIMEOUT_MS, ...key }))
  }
  for (const count of actors) {
    const all = (forMs: number): Promise<number[][]> =>
      Promise.all(
        callers.slice(0, count).map((caller, i) => {
          const patient = caller.with({ timeoutMs: 2 * ASK_TIMEOUT_MS })
          return patient.ask.call(answerers[i] as ActorRef<Answerer>, payload, forMs)
        }),
      )
    await all(1)
    const start = performance.now()
    const times = (await all(seconds * 1_000)).flat().sort((a, b) => a - b)
    const took = (performance.now() - start) / 1_000
    const at = (share: number): number => times[Math.floor(times.length * share)] as number
    const line = { n: count, ops_s: times.length / took, p50_ms: at(0.5), p99_ms: at(0.99) }
    console.log(JSON.stringify(line))
  }
  process.exit(0)
}

const [, , role, where = '', given = '{}', actors = '0'] = process.argv
if (role === 'serve') await serve(where, Number(given), Number(actors))
if (role === 'call') await call(where, JSON.parse(given) as PaperSettings)
