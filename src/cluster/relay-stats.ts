/** What became of relayed envelopes. */
export interface RelayStats {
  /** Own messages that left for, or wait for a way to, a node without a connection. */
  sent: number
  /** Messages of others that were passed on. */
  forwarded: number
  /** That were for this node. */
  delivered: number
  /** Seen before. */
  duplicates: number
  /** Out of hops. */
  expired: number
  /** No way was found. */
  noRoute: number
  /** The lane to the next hop, or the room of what waits for a way, did not take it. */
  full: number
  /** Own messages that came back because a node on the way knew no way on. */
  returned: number
  /** From or to an incarnation that is history. */
  stale: number
  /** Those among them that went back to their senders, which hear so of this start. */
  refused: number
}
