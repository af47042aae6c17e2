import type { TroupeError } from '../base/errors.js'
import type { LeaveReason, Member } from '../overlay/overlay.js'

/** What a cluster tells, through eventemitter3. Every payload is one object. */
export interface ClusterEvents {
  /** A node is in the membership now; it may not be connected yet. */
  memberJoined: [{ readonly member: Member }]
  /** `left`: by its own or another's wish. `replaced`: a newer incarnation took the name. `evicted`: given up for good. */
  memberLeft: [{ readonly member: Member; readonly reason: LeaveReason }]
  /** The first connection to a peer stands. */
  peerUp: [{ readonly peer: Member }]
  /** The last connection to a peer was lost, or it was silent for silenceMs. */
  peerDown: [{ readonly peer: Member; readonly reason: TroupeError }]
  /** A member can be reached: for the first time, or after `nodeDown`. */
  nodeUp: [{ readonly node: Member }]
  /** The failure detector gave this incarnation up, it said goodbye, it left, or it was replaced. */
  nodeDown: [{ readonly node: Member; readonly reason: TroupeError }]
  /** All connections of a channel to a peer stand. */
  channelUp: [{ readonly peer: Member; readonly channel: string }]
  /** One of them was lost. */
  channelDown: [{ readonly peer: Member; readonly channel: string }]
  /** `count` messages were written to a connection that broke: each may have arrived or not. */
  connectionLost: [{ readonly peer: Member; readonly channel: string; readonly count: number }]
  /**
   * This process ran its timers late by a heartbeat or more: it was busy, or stopped. Peers that were
   * silent meanwhile get as much longer.
   */
  lagged: [{ readonly lateMs: number }]
  /** Somebody was turned away; `error.code` says why. */
  refused: [{ readonly remote: string; readonly error: TroupeError }]
  /** A peer broke the rules of the overlay, of relaying or of forward; the message was dropped. */
  badMessage: [{ readonly from: string; readonly detail: string }]
  /** This node is no member any more: it asked for that (`wanted`), or was removed or replaced. */
  left: [{ readonly wanted: boolean }]
}
