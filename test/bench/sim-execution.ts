/** One execution of full nodes in a simulated world, and the bare loop of encoded events beside it. */
import { Packr } from 'msgpackr'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { Heap } from '../../src/base/heap.js'
import { silentLogger } from '../../src/base/logger.js'
import type { Node } from '../../src/node/node.js'
import { startNode } from '../../src/node/start-node.js'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import { Simulation, type SimulationOptions } from '../../src/simulation/simulation.js'
import { alternate } from './local-system.js'

@actor('bench/sim-counter')
export class SimCounter extends Actor {
  #total = 0

  add(by: number): void {
    this.#total += by
  }

  value(): number {
    return this.#total
  }
}

export const PORT = 9_000

export function simNode(sim: Simulation, name: string, overlay?: OverlayFactory): Promise<Node> {
  return startNode({
    name,
    listen: { host: name, port: PORT },
    cookie: 'bench',
    world: sim.world(name),
    logger: silentLogger,
    ...(overlay && { overlay }),
  })
}

export interface Execution {
  readonly hash: string
  readonly events: number
  /** Messages between actors of different nodes: a tell is one, an ask two. */
  readonly messages: number
}

/**
 * Starts so many nodes, joins them, and lets each ask and tell actors of the others: one ask after
 * the other, so that every message is an event of its own.
 */
export async function execute(
  options: SimulationOptions,
  nodes: number,
  asksEach: number,
  tellsEach: number,
): Promise<Execution> {
  const sim = new Simulation(options)
  let messages = 0
  const work = async (from: Node, refs: readonly ActorRef<SimCounter>[]): Promise<void> => {
    for (let i = 0; i < Math.max(asksEach, tellsEach); i++) {
      const ref = refs[i % refs.length] as ActorRef<SimCounter>
      if (i < tellsEach) {
        ref.tell.add(i)
        messages++
      }
      if (i < asksEach) {
        await ref.ask.value()
        messages += 2
      }
    }
    if (from.members().length !== nodes) throw new Error(`${from.name} does not know all`)
  }
  const scenario = async (): Promise<void> => {
    const all = await Promise.all(Array.from({ length: nodes }, (_, i) => simNode(sim, `n${i}`)))
    for (const node of all) node.spawn(SimCounter, undefined, { name: 'counter' })
    const [first, ...others] = all as [Node, ...Node[]]
    for (const node of others) await node.join(first.address)
    while (all.some((node) => all.some((other) => !node.isUp(other.name)))) {
      await new Promise<void>((resolve) => void sim.world('n0').clock.after(1, resolve))
    }
    await Promise.all(
      all.map((node) =>
        work(
          node,
          all
            .filter((other) => other !== node)
            .map((other) => node.lookup(SimCounter, 'counter', { on: other.name })),
        ),
      ),
    )
  }
  await sim.complete(scenario())
  return { hash: sim.hash, events: sim.events, messages }
}

interface BareEvent {
  readonly at: number
  readonly serial: number
  readonly to: number
  readonly bytes: Uint8Array
}

/** The least a simulation of messages does: a heap of encoded events, each decoded and counted. */
export function bareExecution(nodes: number, messages: number): number {
  const packr = new Packr({ useRecords: false })
  const heap = new Heap<BareEvent>((a, b) => a.at < b.at || (a.at === b.at && a.serial < b.serial))
  const totals = new Array<number>(nodes).fill(0)
  let serial = 0
  const send = (at: number, to: number, by: number): void => {
    heap.push({ at, serial: serial++, to, bytes: packr.pack(['counter', 'add', by]) })
  }
  for (let i = 0; i < nodes; i++) send(i, i, 1)
  for (let event = heap.pop(); event !== undefined; event = heap.pop()) {
    const [, , by] = packr.unpack(event.bytes) as [string, string, number]
    totals[event.to] = (totals[event.to] ?? 0) + by
    if (serial < messages) send(event.at + 100 + (serial % 7), (event.to + 1) % nodes, by)
  }
  return totals.reduce((a, b) => a + b)
}

/**
 * Seconds of CPU that this takes, those of the garbage collector's and the compiler's threads
 * included: what "a core" means, also on a machine that others use too.
 */
export async function cpuSeconds(run: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

/**
 * Executions a second of CPU of both, alternately, and what one execution was. A thousand and more warm up:
 * most of a node's code runs a few times in an execution, and the compiler takes its time.
 */
export async function benchExecutions(
  bench: string,
  nodes: number,
  asksEach: number,
  tellsEach: number,
  { warmUp, count }: { warmUp: number; count: number },
): Promise<object> {
  let seed = 0
  let last: Execution = await execute({ seed }, nodes, asksEach, tellsEach)
  const run = async (options: SimulationOptions): Promise<number> => {
    const seconds = await cpuSeconds(async () => {
      for (let i = 0; i < count; i++) {
        last = await execute({ ...options, seed: ++seed }, nodes, asksEach, tellsEach)
      }
    })
    return count / seconds
  }
  const bare = async (): Promise<number> => {
    const seconds = await cpuSeconds(() => {
      for (let i = 0; i < count; i++) bareExecution(nodes, last.messages)
    })
    return count / seconds
  }
  for (let i = 0; i < warmUp; i++) await execute({ seed: ++seed }, nodes, asksEach, tellsEach)
  const start = performance.now()
  await run({})
  const wall = (count * 1_000) / (performance.now() - start)
  const { value, baseline } = await alternate(() => run({}), bare, 5)
  let traced = 0
  const trace = (): void => void traced++
  const { value: withTrace } = await alternate(() => run({ trace }), bare, 3)
  return {
    bench,
    value,
    unit: 'executions/s of CPU',
    baseline,
    ratio: value / baseline,
    withTrace,
    wall,
    messages: last.messages,
    events: last.events,
  }
}
