import { EventEmitter } from 'eventemitter3'
import { ActorSystem } from '../actor/actor-system.js'
import { noOutbound } from '../actor/outbound.js'
import { newIncarnation } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import { Cluster } from '../cluster/cluster.js'
import { nextGeneration } from '../cluster/generation.js'
import { Peers } from '../peer/peers.js'
import type { TransportSink } from '../peer/transport.js'
import { Remote } from '../remote/remote.js'
import { type RootFailed, Supervision } from '../supervision/supervision.js'
import { Codec } from '../wire/codec.js'
import type { World } from '../world/world.js'
import { CLUSTER_EVENTS, type NodeEvents } from './node-events.js'
import type { ReadNodeOptions } from './node-options.js'

/** The rooms of one node, built and wired. Nothing has started yet. */
export interface House {
  readonly world: World
  readonly log: Logger
  readonly codec: Codec
  readonly supervision: Supervision
  readonly system: ActorSystem
  readonly cluster: Cluster
  readonly peers: Peers
  readonly remote: Remote
  readonly events: EventEmitter<NodeEvents>
}

/**
 * Builds the rooms from the ground up and plugs each into the one above it.
 * @throws TroupeError ERR_BAD_OPTION, ERR_BAD_DEFINITION, ERR_STORE
 */
export async function buildHouse(
  world: World,
  log: Logger,
  options: ReadNodeOptions,
  onRootFailed: (failed: RootFailed) => void,
): Promise<House> {
  const { name, tags, overlay, timing } = options
  const codec = buildCodec(options)
  const generation = await nextGeneration(world, codec)
  const incarnation = newIncarnation(world.clock.wallMs(), world.entropy.bytes(5))
  const identity = { name, incarnation, generation, tags }

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

  let peers: Peers | undefined
  const transport = (sink: TransportSink): Peers => {
    peers = new Peers({
      world,
      self: identity,
      overlay: overlay.name,
      codec,
      sink,
      logger: log,
      pace: system.scheduler,
      channels: options.channels,
      options: { ...options.connections, ...timing },
      ...(options.listen && { listen: options.listen }),
      ...(options.advertise && { advertise: [options.advertise] }),
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
      channelDelivery: options.channelDelivery,
      delivery: options.delivery,
      broadcast: options.broadcast,
      logger: log,
    },
    timing.downAfterMs === undefined ? {} : { downAfterMs: timing.downAfterMs },
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
    peers: peers as unknown as Peers,
    remote,
    events,
  }
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
