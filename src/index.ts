/** Everything a user of troupe imports, but for the rooms with an entry point of their own. */
import './actor/metadata.js' // first: it defines Symbol.metadata where that is missing

export { Actor, type ActorSpawnOptions } from './actor/actor.js'
export type { ActorGroup, ActorNode, LookupOptions } from './actor/actor-node.js'
export type { Down, Exit } from './actor/bonds.js'
export type { DeadLetter } from './actor/dead-letter.js'
export {
  accepts,
  actor,
  causal,
  channel,
  hidden,
  monotonic,
  reentrant,
  reliable,
} from './actor/decorators.js'
export {
  type ExitReason,
  isAbnormal,
  KILLED,
  NORMAL,
  SHUTDOWN,
  showReason,
} from './actor/exit-reason.js'
export type { Ask, Tell } from './actor/facets.js'
export { partitionKey } from './actor/partition-key.js'
export { ActorRef, type AnyRef } from './actor/ref.js'
export { Reply } from './actor/reply.js'
export type { Key, SendOptions } from './actor/send-options.js'
export type { SpawnOptions } from './actor/spawn-options.js'
export type { StandardSchema } from './actor/standard-schema.js'
export type { ChannelDelivery, DeliveryOptions } from './base/delivery-options.js'
export { CODES, codeOf, type ErrorCode, TroupeError } from './base/errors.js'
export { type Logger, silentLogger } from './base/logger.js'
export type { Random } from './base/random.js'
export { isRefusal, Refusal } from './base/refusal.js'
export type {
  BroadcastOptions,
  BroadcastStats,
  GivenBroadcastOptions,
} from './cluster/broadcast-driver.js'
export type { BroadcastHandler } from './cluster/broadcast-handlers.js'
export type { DeliveryStats } from './cluster/delivery-stats.js'
export type { DurableStats } from './cluster/durable-ground.js'
export type { ForwardHandler, ForwardOptions } from './cluster/forwarding.js'
export type { JoinOptions } from './cluster/joins.js'
export type { GivenPipelineOptions } from './delivery/pipeline-options.js'
export { type NamedHandler, Node, type StopOptions } from './node/node.js'
export type { NodeEvents } from './node/node-events.js'
export {
  classCodec,
  type NodeChannelOptions,
  type NodeOptions,
  type UserCodec,
} from './node/node-options.js'
export type { NodeStats } from './node/node-stats.js'
export {
  type GivenOverlay,
  type NamedOverlay,
  overlayNamed,
  overlayNames,
} from './node/overlay-named.js'
export { lan, local, type Timing, wan } from './node/presets.js'
export { startNode } from './node/start-node.js'
export { clientServer } from './overlay/client-server/client-server.js'
export type {
  ClientServerOptions,
  GivenClientServerOptions,
} from './overlay/client-server/client-server-options.js'
export { cyclon } from './overlay/cyclon.js'
export type { CyclonOptions } from './overlay/cyclon-options.js'
export { fullMesh } from './overlay/full-mesh.js'
export type { FullMeshOptions } from './overlay/full-mesh-options.js'
export { hiscamp } from './overlay/hiscamp.js'
export type { Distance, HiScampOptions } from './overlay/hiscamp-options.js'
export { hyparview } from './overlay/hyparview.js'
export type { HyParViewOptions, HyParViewSettings } from './overlay/hyparview-options.js'
export type { Member, OverlayFactory } from './overlay/overlay.js'
export type { ScampOptions } from './overlay/scamp-options.js'
export { scampV1 } from './overlay/scamp-v1.js'
export { scampV2 } from './overlay/scamp-v2.js'
export { staticMembers } from './overlay/static-members.js'
export type { ChannelOptions, LanePolicy } from './peer/channel-table.js'
export type { PeerOptions } from './peer/peer-options.js'
export type { LaneStats, TransportStats } from './peer/transport.js'
export type { Group } from './remote/group.js'
export type { GroupChanged } from './remote/group-service.js'
export type { RemoteSpawnOptions } from './remote/remote-spawn.js'
export {
  type ChildClass,
  type ChildOptions,
  ChildSpec,
  child,
  template,
} from './supervision/child-spec.js'
export type { ChildCount, ChildStatus } from './supervision/child-table.js'
export { DynamicSupervisor } from './supervision/dynamic-supervisor.js'
export {
  type ChoosePlace,
  leastLoaded,
  type On,
  type PlacementMember,
  type Relocate,
} from './supervision/relocation.js'
export type { RestartType } from './supervision/restart-policy.js'
export {
  type AutoShutdown,
  dynamic,
  oneForAll,
  oneForOne,
  restForOne,
  type Strategy,
  type StrategyOptions,
} from './supervision/strategies.js'
export type { RootFailed } from './supervision/supervision.js'
export { type StartChildOptions, Supervisor } from './supervision/supervisor.js'
export type { ChildInfo } from './supervision/supervisor-driver.js'
export { startWorkers } from './workers/start-workers.js'
export type {
  PlainNodeOptions,
  WorkerModule,
  WorkerNodeOptions,
  WorkerSelf,
} from './workers/worker-module.js'
export type { WorkersOptions } from './workers/worker-options.js'
export { Workers, type WorkersEvents } from './workers/workers.js'
export type { Timer } from './world/clock.js'
export type { Environment } from './world/environment.js'
export type { Address, TlsOptions } from './world/network.js'
export { FileStore } from './world/real/file-store.js'
export { type JsonLoggerOptions, jsonLogger } from './world/real/json-logger.js'
export { MemoryStore } from './world/real/memory-store.js'
export { type RealWorldOptions, realWorld } from './world/real/real-world.js'
export type { Store } from './world/store.js'
export type { World } from './world/world.js'
