/** The times a node lives by, in milliseconds. */
export interface Timing {
  /** A heartbeat to each peer this often. Default 1,000. */
  readonly heartbeatMs: number
  /** A peer that was silent this long is down (`peerDown`). Default 3,000. */
  readonly silenceMs: number
  /** A peer that did not come back this long after `peerDown` is given up (`nodeDown`). Default 2,000. */
  readonly downAfterMs: number
  /**
   * On overlays that do not connect all nodes: one without a connection that gave no sign of life for
   * so long is given up (`nodeDown`). Default: `silenceMs` and `downAfterMs` together.
   */
  readonly leaseMs?: number
}

/** One machine, or containers on one host: failures are noticed within about half a second. */
export const local = (): Timing => ({ heartbeatMs: 100, silenceMs: 400, downAfterMs: 200 })

/** One data centre; the default. */
export const lan = (): Timing => ({ heartbeatMs: 1_000, silenceMs: 3_000, downAfterMs: 2_000 })

/** Across the internet: slow to blame a slow line. */
export const wan = (): Timing => ({ heartbeatMs: 3_000, silenceMs: 15_000, downAfterMs: 10_000 })
