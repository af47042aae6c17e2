import type { ActorRef } from '../../src/index.js'
import type { Ledger } from './actors.js'
import type { SureLedger } from './delivery-actors.js'
import type { Simulated } from './simulated.js'

export interface TroubleOptions {
  readonly steps: number
  /** How long one cut or pause may last. Default 8,000: longer than all patience of `lan()`. */
  readonly longestMs?: number
  /** Processes stand still at times. Default true. */
  readonly pauses?: boolean
  /** Called before each step: the workload. */
  during?(step: number): void
}

/**
 * What networks and machines do to some nodes: connections break, ways are cut in one direction or
 * both, a process stops for a while. In the end all is well again and everybody is connected.
 */
export async function trouble(
  env: Simulated,
  names: readonly string[],
  { steps, longestMs = 8_000, pauses = true, during }: TroubleOptions,
): Promise<void> {
  const { sim } = env
  const { random } = sim
  for (let step = 0; step < steps; step++) {
    during?.(step)
    const [a = '', b = ''] = random.sample(names, 2)
    const ms = random.int(3) === 0 ? random.int(longestMs) : random.int(200)
    switch (random.int(pauses ? 5 : 4)) {
      case 0:
        env.reset(a, b)
        break
      case 1: {
        const heal = sim.partition([a], [b], { oneWay: random.int(2) === 0 })
        await env.run(ms)
        heal()
        break
      }
      case 4:
        sim.pause(a)
        await env.run(ms)
        sim.resume(a)
        break
      default:
        await env.run(random.int(300))
    }
  }
  await env.connected(names)
}

/**
 * Numbers for a ledger, sent while there is trouble between two nodes: small and large ones, on the channels
 * `bulk` and `default`, under ten keys. Gives how many were sent.
 */
export async function writeInTrouble(
  env: Simulated,
  names: readonly [from: string, to: string],
  ledger: ActorRef<Ledger> | ActorRef<SureLedger>,
): Promise<number> {
  let sent = 0
  await trouble(env, names, {
    steps: 40,
    during: (step) => {
      for (let n = 0; n < 10; n++) {
        const channel = n % 2 === 0 ? 'bulk' : 'default'
        const weight = new Uint8Array(step % 13 === 0 ? 100_000 : n)
        ledger.with({ channel, partitionKey: n }).tell.write(sent++, weight)
      }
    },
  })
  return sent
}
