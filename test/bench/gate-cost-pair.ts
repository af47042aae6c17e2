/**
 * One generation of `gate-cost`: two processes with two nodes each, one of this source and one of a copy
 * without gate and doors, that send the same tells in turn. Both share process, heap and moment.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Troupe from '../../src/index.js'

/** One round with each of the two, in ms of wall time and of CPU time of both processes. */
export interface CostPair {
  readonly openMs: number
  readonly bypassedMs: number
  readonly openCpuMs: number
  readonly bypassedCpuMs: number
}

export const MESSAGES = 10_000
const PAIRS = 80
const WARM_UP = 20

/** In the order in which they are loaded, which tells: the compiler knows more when it meets the second. */
type Sources = Record<'open' | 'bypassed', string>

type Round = () => Promise<{ ms: number; cpu: number }>

interface Sink {
  add(from: number, by: number): void
  total(): number
  /** CPU time of its process, in ms. */
  cpuMs(): number
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

const load = (source: string): Promise<typeof Troupe> =>
  import(pathToFileURL(`${source}/index.ts`).href) as Promise<typeof Troupe>

function sinkOf({ Actor, actor }: typeof Troupe): new () => Troupe.Actor & Sink {
  class Counter extends Actor implements Sink {
    #total = 0
    add(_from: number, by: number): void {
      this.#total += by
    }
    total(): number {
      return this.#total
    }
    cpuMs(): number {
      return cpuMs()
    }
  }
  const declare = actor('bench/cost') as (actorClass: unknown) => unknown
  declare(Counter)
  return Counter
}

async function serve(sources: Sources): Promise<void> {
  process.on('disconnect', () => process.exit(0))
  const addresses: Record<string, string> = {}
  for (const [name, source] of Object.entries(sources)) {
    const troupe = await load(source)
    const node = await troupe.startNode({ name: 'server', logger: troupe.silentLogger })
    node.spawn(sinkOf(troupe), undefined, { name: 'sink' })
    addresses[name] = node.address
  }
  process.send?.(addresses)
}

async function connect(source: string, address: string): Promise<Round> {
  const troupe = await load(source)
  const Sink = sinkOf(troupe)
  const node = await troupe.startNode({ name: 'client', logger: troupe.silentLogger })
  await node.join(address)
  await node.lookup(Sink, 'sink', { on: 'server' }).ask.total()
  const found = await node.whereis('sink', { on: 'server' })
  const sink = found as unknown as Troupe.ActorRef<Troupe.Actor & Sink>
  return async () => {
    const before = cpuMs() + (await sink.ask.cpuMs())
    const start = performance.now()
    for (let i = 0; i < MESSAGES; i++) if (!sink.tell.add(7, i)) await sink.ready()
    await sink.ask.total()
    const ms = performance.now() - start
    return { ms, cpu: cpuMs() + (await sink.ask.cpuMs()) - before }
  }
}

async function measure(sources: Sources): Promise<void> {
  const child = fork(fileURLToPath(import.meta.url), ['serve', JSON.stringify(sources)])
  const addresses = await first<Sources>(child)
  const rounds = new Map<string, Round>()
  for (const [name, source] of Object.entries(sources)) {
    rounds.set(name, await connect(source, addresses[name as keyof Sources]))
  }
  const [open, bypassed] = [rounds.get('open') as Round, rounds.get('bypassed') as Round]
  const pairs: CostPair[] = []
  for (let at = -WARM_UP; at < PAIRS; at++) {
    const before = at % 2 === 0 ? await open() : undefined
    const other = await bypassed()
    const one = before ?? (await open())
    if (at < 0) continue
    pairs.push({
      openMs: one.ms,
      bypassedMs: other.ms,
      openCpuMs: one.cpu,
      bypassedCpuMs: other.cpu,
    })
  }
  child.kill('SIGKILL')
  process.send?.(pairs, () => process.exit(0))
}

/** The first message of a child. */
export function first<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`a process ended with code ${code}`)))
  })
}

const [, , role, given] = process.argv
if (given !== undefined) {
  const sources = JSON.parse(given) as Sources
  await (role === 'serve' ? serve(sources) : measure(sources))
}
