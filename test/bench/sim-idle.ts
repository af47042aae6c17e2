/**
 * How many seconds of virtual time pass in a second of CPU, five idle nodes in a full mesh with a
 * heartbeat a second?
 * Baseline: the same simulation with nothing but as many timers.
 */
import type { Node } from '../../src/node/node.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { alternate } from './local-system.js'
import { cpuSeconds, simNode } from './sim-execution.js'

const NODES = 5
const VIRTUAL_MS = 600_000

const sim = new Simulation({ seed: 1 })
const names = Array.from({ length: NODES }, (_, i) => `n${i}`)
const nodes = await sim.complete(Promise.all(names.map((name) => simNode(sim, name))))
const [first, ...others] = nodes as [Node, ...Node[]]
for (const node of others) await sim.complete(node.join(first.address))
await sim.run(5_000)
if (nodes.some((node) => node.members().length !== NODES)) throw new Error('not joined')

/** Virtual seconds a second of CPU. */
async function idle(): Promise<number> {
  return VIRTUAL_MS / 1_000 / (await cpuSeconds(() => sim.run(VIRTUAL_MS)))
}

const bare = new Simulation({ seed: 1 })
for (const name of names) {
  const { clock } = bare.world(name)
  for (let peer = 1; peer < NODES; peer++) {
    const beat = (): void => void clock.after(1_000, beat)
    beat()
  }
}

async function timers(): Promise<number> {
  return VIRTUAL_MS / 1_000 / (await cpuSeconds(() => bare.run(VIRTUAL_MS)))
}

const { value, baseline } = await alternate(idle, timers, 5)
const line = {
  bench: 'sim-idle',
  value,
  unit: 'virtual seconds/s of CPU',
  baseline,
  ratio: value / baseline,
  events: sim.events,
}
console.log(JSON.stringify(line))
process.exit(0)
