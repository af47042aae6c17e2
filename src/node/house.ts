import { EventEmitter } from 'eventemitter3'
import { ActorSystem } from '../actor/actor-system.js'
import { noOutbound } from '../actor/outbound.js'
import { newIncarnation } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import { bringsTransport, type GatedTransport } from '../cluster/brought-transport.js'
import { Cluster } from '../cluster/cluster.js'
import type { ClusterTiming } from '../cluster/cluster-options.js'
import { nextGeneration } from '../cluster/generation.js'
import { bringsMedium, type Medium } from '../cluster/medium.js'
import type { Member } from '../overlay/overlay.js'
import { ChannelTable } from '../peer/channel-table.js'
import type { PeerOptions } from '../peer/peer-options.js'
import { Peers } from '../peer/peers.js'
import type { TransportSink } from '../peer/transport.js'
import { Remote } from '../remote/remote.js'
import { type RootFailed, Supervision } from '../supervision/supervision.js'
import { Codec } from '../wire/codec.js'
import type { World } from '../world/world.js'
import { CLUSTER_EVENTS, type NodeEvents } from './node-events.js'
import type { ReadNodeOptions } from './node-options.js'
import { lan, type Timing } from './presets.js'

/** The rooms of one node, built and wired. Nothing has started yet. */
export interface House {
  readonly world: World
  readonly log: Logger
  readonly codec: Codec
  readonly supervision: Supervision
  readonly system: ActorSystem
  readonly cluster: Cluster
  readonly peers: GatedTransport
  readonly remote: Remote
  readonly events: EventEmitter<NodeEvents>
}

/**
 * Builds the rooms from the ground up and plugs each into the one above it.
 * @throws TroupeError ERR_BAD_OPTION, ERR_BAD_DEFINITION, ERR_PACKAGE_MISSING, ERR_STORE
 */
export async function buildHouse(
  world: World,
  log: Logger,
  options: ReadNodeOptions,
  onRootFailed: (failed: RootFailed) => void,
): Promise<House> {
  const { name, tags, overlay, timing } = options
  const { leaseMs: _, ...times } = timing
  const codec = buildCodec(options)
  const generation = await nextGeneration(world, codec)
  const incarnation = newIncarnation(world.clock.wallMs(), world.entropy.bytes(5))
  const identity = { name, incarnation, generation, tags }

  const medium = await openMedium(world, identity, log, options)
  const supervision = new Supervision({ self: { node: name, incarnation }, log, onRootFailed })
  const system = new ActorSystem({
    world,
    nodeName: name,
    incarnation,
    outbound: noOutbound,
    bonds: supervision,
    log,
    options: actorOptions(options, codec),
  })

  let peers: GatedTransport | undefined
  const transport = (sink: TransportSink): GatedTransport => {
    if (bringsTransport(overlay)) {
      const channels = new ChannelTable(options.channels)
      peers = overlay.transport({ world, self: identity, codec, channels, sink, logger: log })
      return peers
    }
    peers = new Peers({
      world: medium === undefined ? world : { ...world, network: medium.network },
      self: identity,
      overlay: overlay.name,
      codec,
      sink,
      logger: log,
      pace: system.scheduler,
      channels: options.channels,
      options: { ...usualOptions(medium, timing), ...options.connections, ...times },
      // Where a medium leads is not for these two to say.
      ...(!medium && options.listen && { listen: options.listen }),
      ...(!medium && options.advertise && { advertise: [options.advertise] }),
      ...(options.cookie !== undefined && { cookie: options.cookie }),
      ...(options.tls && { tls: options.tls }),
    })
    return peers
  }
  const cluster = new Cluster(
    {
      world,
      identity,
      overlay,
      codec,
      transport,
      ...(medium && { medium }),
      channelDelivery: options.channelDelivery,
      delivery: options.delivery,
      broadcast: options.broadcast,
      logger: log,
    },
    clusterTiming(timing),
  )
  const remote = new Remote({
    world,
    system,
    supervision,
    carrier: cluster,
    codec,
    log,
    options: {
      remoteSpawn: options.remoteSpawn,
      errorStacks: options.remoteStacks,
      orphanAfterMs: options.orphanAfterMs,
    },
  })
  cluster.attach(remote)
  const events = gatherEvents(cluster, system, remote)
  return {
    world,
    log,
    codec,
    supervision,
    system,
    cluster,
    peers: peers as unknown as GatedTransport,
    remote,
    events,
  }
}

async function openMedium(
  world: World,
  self: Omit<Member, 'addresses'>,
  logger: Logger,
  { overlay, cookie }: ReadNodeOptions,
): Promise<Medium | undefined> {
  if (!bringsMedium(overlay)) return undefined
  return overlay.open({ world, self, logger, secret: cookie !== undefined })
}

/** Times that belong together come from one place. */
function usualOptions(
  medium: Medium | undefined,
  { heartbeatMs, silenceMs }: Partial<Timing>,
): Partial<PeerOptions> {
  if (medium === undefined) return {}
  if (heartbeatMs === undefined && silenceMs === undefined) return medium.options
  const { heartbeatMs: _, silenceMs: __, ...others } = medium.options
  return others
}

/** A lease lasts as long as a lost connection takes to be `nodeDown`, unless it is given. */
function clusterTiming(given: Partial<Timing>): Partial<ClusterTiming> {
  const { silenceMs = lan().silenceMs, downAfterMs = lan().downAfterMs } = given
  return { downAfterMs, leaseMs: given.leaseMs ?? Math.max(3, silenceMs + downAfterMs) }
}

function buildCodec({ connections, remoteStacks, codecs }: ReadNodeOptions): Codec {
  const { maxMessageBytes } = connections
  const codec = new Codec({
    errorStacks: remoteStacks,
    ...(maxMessageBytes !== undefined && { maxMessageBytes }),
  })
  for (const [name, user] of Object.entries(codecs)) {
    const { class: Class, toWire, fromWire } = user
    codec.register(name, Class, { toWire: (v) => toWire(v), fromWire: (w) => fromWire(w) })
  }
  return codec
}

function actorOptions(options: ReadNodeOptions, codec: Codec): object {
  const { askTimeoutMs, mailboxLimit, stashLimit, stopTimeoutMs, copyLocal } = options
  const limits = { askTimeoutMs, mailboxLimit, stashLimit, stopTimeoutMs }
  const copy = (values: readonly unknown[]): readonly unknown[] => codec.copyArgs(values)
  return copyLocal ? { ...limits, copyLocal: copy } : limits
}

/** All events of the rooms through one emitter. */
function gatherEvents(
  cluster: Cluster,
  system: ActorSystem,
  remote: Remote,
): EventEmitter<NodeEvents> {
  const events = new EventEmitter<NodeEvents>()
  const membersChanged = (): void => remote.membersChanged()
  cluster.events.on('memberJoined', membersChanged)
  cluster.events.on('memberLeft', membersChanged)
  cluster.events.on('connectionLost', ({ peer }) => remote.connectionLost(peer))
  for (const name of CLUSTER_EVENTS) {
    cluster.events.on(name, (...payload) => events.emit(name, ...(payload as never)))
  }
  system.events.on('deadLetter', (letter) => events.emit('deadLetter', letter))
  remote.groups.events.on('groupChanged', (changed) => events.emit('groupChanged', changed))
  return events
}
