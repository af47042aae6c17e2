import type { ActorEvents } from '../actor/actor-system.js'
import type { ClusterEvents } from '../cluster/cluster-events.js'
import type { GroupEvents } from '../remote/group-service.js'
import type { RootFailed } from '../supervision/supervision.js'

/** What a node tells, through eventemitter3: `node.events.on('nodeDown', ({ node, reason }) => …)`. Every payload is one object. */
export interface NodeEvents extends ClusterEvents, ActorEvents, GroupEvents {
  /** A supervisor without a supervisor has given up, crashed, or did not start. */
  rootFailed: [failed: RootFailed]
  /** The node has stopped: the last event. */
  stopped: []
}

export const CLUSTER_EVENTS = [
  'memberJoined',
  'memberLeft',
  'peerUp',
  'peerDown',
  'nodeUp',
  'nodeDown',
  'channelUp',
  'channelDown',
  'connectionLost',
  'lagged',
  'refused',
  'badMessage',
  'left',
] as const satisfies readonly (keyof ClusterEvents)[]
