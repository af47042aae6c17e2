import type { Exchanges } from './exchanges.js'
import type { SimCluster } from './sim-cluster.js'
import type { Simulation } from './simulation.js'

/** From now on what nodes get and give is kept, where somebody wants it. */
export function watchExchanges(
  exchanges: Exchanges | undefined,
  sim: Simulation,
  { names, events }: SimCluster,
): void {
  if (exchanges === undefined) return
  exchanges.begin(names, () => Math.round(sim.nowMs * 1000))
  sim.bus.exchanges = exchanges
  events.on('crashed', ({ node }) => exchanges.befell(`crash ${node}`))
}
