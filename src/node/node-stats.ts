import type { ActorCounters } from '../actor/actor-counters.js'
import type { ClusterStats } from '../cluster/cluster-stats.js'
import type { House } from './house.js'

/** What a node has counted since its start, and what it holds now. */
export interface NodeStats extends ClusterStats {
  readonly actors: Readonly<ActorCounters> & {
    /** Actors that have not ended for good. */
    readonly living: number
    /** Messages handled. */
    readonly handled: number
  }
  readonly bonds: { readonly watches: number; readonly links: number }
  /** Asks under way here, asks of others under way, children hosted for other nodes' supervisors. */
  readonly remote: {
    readonly outbound: number
    readonly inbound: number
    readonly hosted: number
    readonly received: number
    readonly stale: number
    readonly refused: number
  }
}

export function statsOf({ system, supervision, remote, cluster }: House): NodeStats {
  return {
    actors: { ...system.counters, living: system.size, handled: system.scheduler.handled },
    bonds: supervision.counts,
    remote: { ...remote.counts, ...remote.counters },
    ...cluster.stats(),
  }
}
