import type { ChannelDelivery } from '../base/delivery-options.js'
import type { Logger } from '../base/logger.js'
import { durationMs, type Fields, integer, readOptions } from '../base/options.js'
import type { GivenPipelineOptions } from '../delivery/pipeline-options.js'
import type { Member, OverlayFactory } from '../overlay/overlay.js'
import type { Transport, TransportSink } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import type { World } from '../world/world.js'
import type { GivenBroadcastOptions } from './broadcast-driver.js'
import type { Medium } from './medium.js'
import { TTL_MAX } from './relay-frame.js'

/** What a cluster is made of. */
export interface ClusterParts {
  readonly world: World
  /** Who this node is; its addresses are known once the transport has started. */
  readonly identity: Omit<Member, 'addresses'>
  readonly overlay: OverlayFactory
  readonly codec: Codec
  /** Makes the transport, which reports to the sink it is given. */
  transport(sink: TransportSink): Transport
  /** What the overlay brought along; the transport uses its network. Closed with the cluster. */
  readonly medium?: Medium
  /** What channels ask of delivery, by name. Default: nothing. */
  readonly channelDelivery?: Readonly<Record<string, ChannelDelivery>>
  /** Bounds and times of the delivery stages. */
  readonly delivery?: GivenPipelineOptions
  /** Times and bounds of broadcasts. */
  readonly broadcast?: GivenBroadcastOptions
  /** Default: silent. */
  readonly logger?: Logger
}

/** The times and bounds of a cluster. */
export interface ClusterTiming {
  /** From `peerDown` without return to `nodeDown`. Default 2,000. */
  readonly downAfterMs: number
  /** How long the holder of a contested name may take to answer: a heartbeat or so. Default 1,500. */
  readonly probeMs: number
  /**
   * Where not all nodes are connected: a node without a connection that gave no sign of life for so
   * long is down. Three pings go out meanwhile. Default 5,000.
   */
  readonly leaseMs: number
  /**
   * Hops a relayed message, or a search for its way, may take. Default 32: paths in a partial view of
   * 10,000 nodes take about 10, those along a tree more.
   */
  readonly relayTtl: number
}

const FIELDS: Fields<ClusterTiming> = {
  downAfterMs: { fallback: 2_000, check: durationMs() },
  probeMs: { fallback: 1_500, check: durationMs(1) },
  leaseMs: { fallback: 5_000, check: durationMs(3) },
  relayTtl: { fallback: 32, check: integer(1, TTL_MAX) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export const readClusterTiming = (given: Partial<ClusterTiming> = {}): ClusterTiming =>
  readOptions<ClusterTiming>('cluster', FIELDS, given)
