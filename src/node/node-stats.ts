import type { ActorCounters } from '../actor/actor-counters.js'
import type { BroadcastStats } from '../cluster/broadcast-driver.js'
import type { DeliveryStats } from '../cluster/delivery-stats.js'
import type { RelayStats } from '../cluster/relay-stats.js'
import type { RouteStats } from '../cluster/route-finder.js'
import type { TransportStats } from '../peer/transport.js'
import type { House } from './house.js'

/** What a node has counted since its start, and what it holds now. */
export interface NodeStats {
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
  /** Reliable, causal and monotonic messages; undefined before the node has started, and after it stopped. */
  readonly delivery: DeliveryStats | undefined
  /** Messages that travel through other nodes: own ones, those of others, and those for here; undefined as `delivery`. */
  readonly relay: Readonly<RelayStats> | undefined
  /** Searches for ways to nodes without a connection; undefined as `delivery`. */
  readonly routes: Readonly<RouteStats> | undefined
  /** What was broadcast, here and to here. */
  readonly broadcast: BroadcastStats | undefined
  /** Connections, lanes, and who was turned away, by error code. */
  readonly transport: TransportStats
}

export function statsOf({ system, supervision, remote, cluster }: House): NodeStats {
  const relay = cluster.relayStats()
  const routes = cluster.routeStats()
  return {
    actors: { ...system.counters, living: system.size, handled: system.scheduler.handled },
    bonds: supervision.counts,
    remote: { ...remote.counts, ...remote.counters },
    delivery: cluster.deliveryStats(),
    relay: relay && { ...relay },
    routes: routes && { ...routes },
    broadcast: cluster.broadcastStats(),
    transport: cluster.transportStats(),
  }
}
