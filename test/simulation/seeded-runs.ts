import { Simulation, type SimulationOptions } from '../../src/simulation/index.js'
import { Runner, WaitingNodes } from './waiting-node.js'

type Trace = SimulationOptions['trace']

/** Two nodes that meet. */
export async function run(seed: number | string, trace?: Trace): Promise<{ hash: string }> {
  const nodes = new WaitingNodes({ seed, ...(trace && { trace }) })
  await nodes.start('a')
  await nodes.start('b')
  return { hash: nodes.sim.hash }
}

/** Seed 2 never comes to an end. */
export async function stuck(seed: number | string): Promise<{ hash: string }> {
  class Spinner extends Runner {
    async run(): Promise<void> {
      for (;;) await null
    }
  }
  if (seed === 2) await new WaitingNodes().ask(Spinner)
  if (seed === 3) throw new RangeError('seed 3 fails')
  return run(seed)
}

/** Runs for as long as it is told, in steps of a simulation. */
export async function long(seed: number | string): Promise<{ hash: string }> {
  const sim = new Simulation({ seed })
  const { clock } = sim.world('a')
  const tick = (): void => {
    const until = performance.now() + 1
    while (performance.now() < until);
    clock.after(1, tick)
  }
  tick()
  const end = performance.now() + Number(seed)
  await sim.runUntil(() => performance.now() >= end)
  return { hash: '' }
}
