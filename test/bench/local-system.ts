import { ActorSystem } from '../../src/actor/actor-system.js'
import type { Bonds } from '../../src/actor/bonds.js'
import { noOutbound } from '../../src/actor/outbound.js'
import { newIncarnation } from '../../src/base/identity.js'
import { realWorld } from '../../src/world/real/real-world.js'

const noBonds: Bonds = { watch() {}, unwatch() {}, link() {}, unlink() {}, ended() {} }

/** The actors of one node in the real world, without network and supervision. */
export function localSystem(): ActorSystem {
  const world = realWorld({ seed: 1 })
  const incarnation = newIncarnation(world.clock.wallMs(), world.entropy.bytes(5))
  const parts = { world, nodeName: 'bench', incarnation, outbound: noOutbound, bonds: noBonds }
  return new ActorSystem(parts)
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs two loops in turn, two of them to warm up, and gives the medians of what they return. */
export async function alternate(
  ours: () => Promise<number>,
  theirs: () => Promise<number>,
  rounds: number,
): Promise<{ value: number; baseline: number }> {
  const values: number[] = []
  const baselines: number[] = []
  for (let round = -2; round < rounds; round++) {
    const value = await ours()
    const baseline = await theirs()
    if (round < 0) continue
    values.push(value)
    baselines.push(baseline)
  }
  return { value: median(values), baseline: median(baselines) }
}

const median = (numbers: number[]): number =>
  numbers.sort((a, b) => a - b)[numbers.length >> 1] as number
