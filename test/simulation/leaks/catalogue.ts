import { createHash, randomInt, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import { deflate } from 'node:zlib'
import type { ActorRef } from '../../../src/index.js'
import { Actor, actor } from '../../../src/index.js'
import type { Simulation, SimulationOptions } from '../../../src/simulation/index.js'
import { Runner, WaitingNodes } from '../waiting-node.js'

/**
 * How a leak is met: done by the simulated world, forbidden by a guard, found as an escaped wait, found
 * by running twice in one process or in two, or not at all.
 */
export type Met =
  | 'virtualised'
  | 'forbidden'
  | 'escaped wait'
  | 'second run'
  | 'other process'
  | 'not met'

export interface Leak {
  readonly name: string
  readonly met: Met
  /** What an actor does; its result goes to another node. */
  readonly leak: () => unknown
}

let carried = 0

/** Many: a thread that loads modules may answer so quickly that nothing is left to wait for. */
async function importMany(): Promise<void> {
  for (let i = 0; i < 10; i++) {
    await import(new URL(`../seeded-runs.ts?${++carried}`, import.meta.url).href)
  }
}

const names = new WeakMap<object, number>()
const nameOf = (object: object): number => {
  if (!names.has(object)) names.set(object, ++carried)
  return names.get(object) as number
}

const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: { instantiate(bytes: Uint8Array): Promise<unknown> }
}
const { waitAsync } = Atomics as unknown as {
  waitAsync(view: Int32Array, at: number, value: number, ms: number): { value: Promise<string> }
}

const leaks: Record<string, [Met, () => unknown]> = {
  'Date.now()': ['virtualised', () => Date.now()],
  'new Date()': ['virtualised', () => new Date().toISOString()],
  'Intl.DateTimeFormat of now': [
    'virtualised',
    () => new Intl.DateTimeFormat('en', { timeZone: 'UTC', timeStyle: 'long' }).format(),
  ],
  'performance.now()': ['virtualised', () => performance.now()],
  'process.hrtime': ['virtualised', () => [String(process.hrtime.bigint()), process.hrtime()]],
  'Math.random()': ['virtualised', () => Math.random()],
  'randomUUID, randomInt': ['virtualised', () => [randomUUID(), randomInt(1_000_000)]],
  'crypto.getRandomValues': ['virtualised', () => crypto.getRandomValues(new Uint32Array(2))[0]],
  setTimeout: ['virtualised', () => new Promise((resolve) => setTimeout(resolve, 5, 'late'))],
  setInterval: [
    'virtualised',
    () =>
      new Promise((resolve) => {
        let ticks = 0
        const timer = setInterval(() => {
          if (++ticks < 3) return
          clearInterval(timer)
          resolve(ticks)
        }, 2)
      }),
  ],
  setImmediate: ['virtualised', () => new Promise((resolve) => setImmediate(resolve, 'soon'))],
  'node:timers/promises': ['virtualised', () => sleep(5, 'awake')],
  'AbortSignal.timeout': [
    'virtualised',
    () =>
      new Promise((resolve) => {
        const signal = AbortSignal.timeout(5)
        signal.addEventListener('abort', () => resolve(String(signal.reason)))
      }),
  ],
  'WeakRef, FinalizationRegistry': [
    'virtualised',
    () => {
      const ref = new WeakRef({ garbage: new Array(1000).fill(1) })
      new FinalizationRegistry(() => {}).register({}, 1)
      ;(globalThis as { gc?: () => void }).gc?.()
      return ref.deref() === undefined
    },
  ],
  fetch: ['forbidden', () => fetch('http://127.0.0.1:9/')],
  'fs.readFile': ['forbidden', () => promisify(readFile)(new URL(import.meta.url), 'utf8')],
  'crypto.subtle': ['forbidden', () => crypto.subtle.digest('SHA-256', new Uint8Array(8))],
  'asynchronous zlib': ['forbidden', () => promisify(deflate)(new Uint8Array(8))],
  MessageChannel: [
    'forbidden',
    () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel()
        port1.once('message', resolve)
        port2.postMessage(1)
      }),
  ],
  'Atomics.waitAsync': [
    'forbidden',
    () => waitAsync(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5).value,
  ],
  'WebAssembly.instantiate': [
    'forbidden',
    () => wasm.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
  ],
  'a worker thread': [
    'forbidden',
    () =>
      new Promise((resolve) => {
        new Worker('', { eval: true }).once('exit', resolve)
      }),
  ],
  'import() of a new module': ['escaped wait', importMany],
  'module state that carries over': ['second run', () => ++carried],
  'object identity as sort key': ['second run', () => nameOf({}) % 1000],
  'memory and CPU usage': ['second run', () => [process.cpuUsage(), process.memoryUsage()]],
  'the time zone': ['other process', () => new Date(0).toString()],
  'the locale': ['other process', () => (1234.5).toLocaleString()],
  'error stacks in payloads': [
    'not met',
    () =>
      createHash('sha256')
        .update(String(new Error('here').stack))
        .digest('hex'),
  ],
}

export const CATALOGUE: readonly Leak[] = Object.entries(leaks).map(([name, [met, leak]]) => ({
  name,
  met,
  leak,
}))

@actor('leaks/notes')
class Notes extends Actor {
  #count = 0
  note(_text: string): number {
    return ++this.#count
  }
}

export interface LeakRun {
  readonly hash: string
  readonly sim: Simulation
}

/** One run, with the name of a leak as its seed. */
export async function run(
  seed: number | string,
  trace?: SimulationOptions['trace'],
): Promise<LeakRun> {
  const found = CATALOGUE.find(({ name }) => name === seed)
  if (found === undefined) throw new Error(`no leak ${seed}`)
  class Leaky extends Runner {
    async run() {
      const value = await found?.leak()
      const notes: ActorRef<Notes> = this.node.lookup(Notes, 'notes', { on: 'b' })
      return notes.ask.note(JSON.stringify(value) ?? 'undefined')
    }
  }
  const nodes = new WaitingNodes({ seed, ...(trace && { trace }) })
  await nodes.start('a')
  const b = await nodes.start('b')
  b.spawn(Notes, undefined, { name: 'notes' })
  await nodes.ask(Leaky)
  await nodes.sim.run(10)
  return { hash: nodes.sim.hash, sim: nodes.sim }
}
