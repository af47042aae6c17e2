import type { Random } from '../base/random.js'

/**
 * The one contract of all overlays. An overlay decides who connects to whom and who is a member. It
 * is a deterministic machine: `step(event)` returns effects, a driver in `cluster/` performs them and
 * feeds back what came of them. It reaches no clock, no socket, no random source but the one it was
 * built with.
 */
export interface Overlay {
  /** Its name in the handshake and in configuration: nodes with different names refuse each other. */
  readonly name: string
  readonly capabilities: OverlayCapabilities
  step(event: OverlayEvent): readonly OverlayEffect[]
  /**
   * Members as this node knows them, itself included, sorted by name: all of the cluster, or those in
   * its partial views (see `capabilities.membership`).
   */
  members(): readonly Member[]
  /** The peers this overlay wants to be connected to right now, by name. */
  neighbours(): readonly string[]
  /**
   * The neighbour through which a message to `destination` leaves, or undefined when this overlay
   * knows no way. A full mesh answers the destination itself. Where `capabilities.direct` is false the
   * router looks for a way of its own over the neighbours, so a partial view need not know any.
   */
  nextHop(destination: string): string | undefined
  /**
   * False for a connected peer that never passes on what is for others, such as a client: nobody is searched
   * beyond it. Without this method all do.
   */
  relays?(peer: string): boolean
  /** A plain, serialisable picture of the state, for tests, `--json` and dashboards. */
  snapshot(): Readonly<Record<string, unknown>>
  /**
   * What shall be found again at the next start, as `restored`: asked for some time after a `persist` effect,
   * once for any number of them. Encodable. An overlay without it keeps nothing.
   */
  stored?(): unknown
}

/** Where a node is dialled. The same shape as `world/`'s, which this room may not import. */
export interface Address {
  readonly host: string
  readonly port: number
}

export interface OverlayCapabilities {
  /** `all`: members() is the whole cluster once quiet. `partial`: a part of it. */
  readonly membership: 'all' | 'partial'
  /** True when every member is (to be) connected directly: then nothing is relayed. */
  readonly direct: boolean
}

/** What a node tells others about itself. An id always means name and incarnation: a restarted node is a new member. */
export interface Member {
  readonly name: string
  /** ULID of this start. */
  readonly incarnation: string
  /** Orders the incarnations of one name: higher is newer. */
  readonly generation: number
  /** Where to dial it, best first. */
  readonly addresses: readonly Address[]
  /** Free labels, such as a role; used by placement and by overlays that reserve slots. */
  readonly tags: readonly string[]
}

export type OverlayEvent =
  /** First, once. `restored` is what the last `persist` effect stored, possibly by an earlier incarnation. */
  | { readonly type: 'start'; readonly restored?: unknown }
  /** The user asked to join through this peer, which is connected now. */
  | { readonly type: 'join'; readonly contact: Member }
  /** Who answers at an address given to `connectAddress`. The peer is connected now, or was a moment ago. */
  | { readonly type: 'introduced'; readonly address: Address; readonly peer: Member }
  /** The user asked that a member (or this node itself) leaves. */
  | { readonly type: 'leave'; readonly name: string }
  /** All that the overlay wanted or accepted: the first connection stands, whoever dialled. */
  | { readonly type: 'peerUp'; readonly peer: Member }
  /** The last connection to the peer was lost, or it was silent too long. */
  | { readonly type: 'peerDown'; readonly peer: string; readonly incarnation: string }
  /** The failure detector gave it up. */
  | { readonly type: 'nodeDown'; readonly peer: string; readonly incarnation: string }
  /** A `connect` did not succeed this time (the driver goes on trying until `disconnect`). */
  | { readonly type: 'connectFailed'; readonly peer: string }
  /** The answer to `measure`: smoothed round-trip time to that peer. */
  | {
      readonly type: 'roundTrip'
      readonly peer: string
      readonly incarnation: string
      readonly ms: number
    }
  /** A message of this overlay. The body is whatever a peer sent: check every field. */
  | { readonly type: 'message'; readonly from: Member; readonly body: unknown }
  /**
   * What any node published, this one included, over the medium that the overlay brought (`publish`).
   * Nobody has proven who sent it: it is a hint at most.
   */
  | { readonly type: 'published'; readonly body: unknown }
  /** A timer started by `startTimer` fired. */
  | { readonly type: 'timer'; readonly name: string }

export type OverlayEffect =
  /**
   * Be connected to this member from now on: dial, redial with backoff, until `disconnect`. `patient`:
   * that member is about to dial this node, so it gets a moment to do so first. Two nodes that hear of
   * each other and dial at once make two connections of which one is closed.
   */
  | { readonly type: 'connect'; readonly peer: Member; readonly patient?: boolean }
  /**
   * Find out who answers at this address: dial, redial with backoff until somebody does, which comes
   * back as `introduced`. Ends in silence when it is this node's own address.
   */
  | { readonly type: 'connectAddress'; readonly address: Address }
  /** Close the connections to this peer and stop dialling it. */
  | { readonly type: 'disconnect'; readonly peer: string; readonly reason: string }
  /**
   * This overlay does not want the connection any more. It is closed once the other side does not
   * want it either; where views are not symmetric, one side alone cannot know.
   */
  | { readonly type: 'release'; readonly peer: string }
  /** To a connected peer; dropped when there is no connection. The body must be encodable. */
  | { readonly type: 'send'; readonly to: string; readonly body: unknown }
  /**
   * To any member, connected or not: without a connection one is opened for it, and released when it
   * has been idle for a while. Dropped in silence when nobody answers there.
   */
  | { readonly type: 'sendOnce'; readonly to: Member; readonly body: unknown }
  /** To all nodes, by the medium that this overlay brought; dropped where it brought none, or it is away. */
  | { readonly type: 'publish'; readonly body: unknown }
  /** How long is the way to this member? Comes back as `roundTrip`, or not at all when it cannot be reached. */
  | { readonly type: 'measure'; readonly peer: Member }
  /** Comes back as a `timer` event. Starting a running timer starts it anew. */
  | { readonly type: 'startTimer'; readonly name: string; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly name: string }
  | { readonly type: 'memberJoined'; readonly member: Member }
  | {
      readonly type: 'memberLeft'
      readonly member: Member
      readonly reason: LeaveReason
    }
  /** This node is no longer a member (somebody removed it, or it left). Addresses are dialled no more. */
  | { readonly type: 'selfLeft' }
  /** `stored()` has changed: keep it for the next start, in place of what was kept before. */
  | { readonly type: 'persist' }
  /** A peer broke the protocol; counted and logged. */
  | { readonly type: 'badMessage'; readonly from: string; readonly detail: string }

/**
 * `left`: by its own or another's wish. `replaced`: a newer incarnation took the name. `evicted`: given
 * up. `forgotten`: it dropped out of this node's partial view and may well be alive.
 */
export type LeaveReason = 'left' | 'replaced' | 'evicted' | 'forgotten'

export const NO_EFFECTS: readonly OverlayEffect[] = Object.freeze([])

/** Builds the core for one node. What `fullMesh()` and its siblings return, and `startNode` takes. */
export interface OverlayFactory {
  readonly name: string
  create(self: Member, random: Random): Overlay
}
