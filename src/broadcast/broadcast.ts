import type { Random } from '../base/random.js'

/**
 * The one contract of protocols that bring a message to every node over the neighbours of an overlay.
 * A deterministic machine like an overlay: `step(event)` returns effects, a driver performs them. Peers
 * have proven who they are; that a message is from its origin is what they say, and is not proven.
 */
export interface Broadcast {
  readonly name: string
  step(event: BroadcastEvent): readonly BroadcastEffect[]
  /** The neighbours it was told of. */
  neighbours(): readonly string[]
  /** A plain, serialisable picture of the state, for tests and dashboards. */
  snapshot(): Readonly<Record<string, unknown>>
}

export type BroadcastEvent =
  /** A connected neighbour. Connections are used both ways: the other side is told of this node too. */
  | { readonly type: 'neighbourUp'; readonly peer: string }
  | { readonly type: 'neighbourDown'; readonly peer: string }
  /** To every node, this one included. `bytes` counts towards the bound of what is kept. */
  | { readonly type: 'broadcast'; readonly body: unknown; readonly bytes: number }
  /** A message of this protocol. The body is whatever a connected peer sent: every field is checked. */
  | { readonly type: 'message'; readonly from: string; readonly body: unknown }
  /** How long a message to a neighbour and its answer take, for timers without a time of their own. */
  | { readonly type: 'roundTrip'; readonly ms: number }
  /** A timer started by `startTimer` fired. */
  | { readonly type: 'timer'; readonly name: string }

export type BroadcastEffect =
  /**
   * To a connected peer; dropped when there is no connection. One body may go to many: it is the same
   * object then, and must not be changed.
   */
  | BroadcastSend
  /** A message has come, or was broadcast here: at most once for each. */
  | BroadcastDelivery
  /** Comes back as a `timer` event. Starting a running timer starts it anew. */
  | { readonly type: 'startTimer'; readonly name: string; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly name: string }
  /** A peer broke the protocol; counted and logged. */
  | { readonly type: 'badMessage'; readonly from: string; readonly detail: string }

export interface BroadcastSend {
  readonly type: 'send'
  readonly to: string
  readonly body: unknown
  /** Broadcast messages in it; 0 for what only steers the protocol. */
  readonly payloads: number
}

export interface BroadcastDelivery {
  readonly type: 'deliver'
  /** Incarnation of the node that broadcast it. */
  readonly origin: string
  /** Counts the broadcasts of that incarnation, from 1. */
  readonly counter: number
  readonly body: unknown
  /** Links it took: 0 at its origin; undefined where anti-entropy brought it. */
  readonly hops: number | undefined
}

/** Builds the core for one node: what `plumtree()` and `flood()` return. */
export interface BroadcastFactory {
  readonly name: string
  create(self: { readonly incarnation: string }, random: Random): Broadcast
}
