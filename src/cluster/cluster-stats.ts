import type { TransportStats } from '../peer/transport.js'
import type { BroadcastStats } from './broadcast-driver.js'
import type { DeliveryStats } from './delivery-stats.js'
import type { RelayStats } from './relay-stats.js'
import type { RouteStats } from './route-finder.js'
import type { Running } from './running.js'

/** What a cluster has counted; all but `transport` is undefined before it has started, and after it stopped. */
export interface ClusterStats {
  /** Reliable, causal and monotonic messages. */
  readonly delivery: DeliveryStats | undefined
  /** Messages that travel through other nodes: own ones, those of others, and those for here. */
  readonly relay: Readonly<RelayStats> | undefined
  /** Searches for ways to nodes without a connection. */
  readonly routes: Readonly<RouteStats> | undefined
  /** What was broadcast, here and to here. */
  readonly broadcast: BroadcastStats | undefined
  /** Connections, lanes, and who was turned away, by error code. */
  readonly transport: TransportStats
}

/** As it is now: what is counted later does not change it. */
export function clusterStats(
  running: Running | undefined,
  transport: TransportStats,
): ClusterStats {
  return {
    delivery: running?.delivery.stats(running.durable.stats()),
    relay: running && { ...running.router.stats },
    routes: running && { ...running.reach.stats },
    broadcast: running?.broadcasts.stats,
    transport,
  }
}
