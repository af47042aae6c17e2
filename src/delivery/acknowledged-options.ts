import { durationMs, type Fields, integer } from '../base/options.js'
import { MAX_WINDOW } from './stamp.js'

export interface AcknowledgedOptions {
  /** Messages that may be unacknowledged, up to 65,536. Default 16,384. */
  readonly windowMessages: number
  /** Their bytes; a single message may be larger when nothing else waits. Default 32 MiB. */
  readonly windowBytes: number
  /** The first wait for an acknowledgement, in ms. Each silent round doubles it. Default 1,000. */
  readonly retryMs: number
  /** The longest wait, in ms, before jitter adds up to half. Default 30,000. */
  readonly maxRetryMs: number
}

export const ACKNOWLEDGED_FIELDS: Fields<AcknowledgedOptions> = {
  windowMessages: { fallback: 16_384, check: integer(1, MAX_WINDOW) },
  windowBytes: { fallback: 32 * 1024 * 1024, check: integer(1) },
  retryMs: { fallback: 1_000, check: durationMs(1) },
  maxRetryMs: { fallback: 30_000, check: durationMs(1) },
}

/** The two ends of a flow: incarnations, and the channel's name. */
export interface FlowEnds {
  readonly self: string
  readonly peer: string
  readonly channel: string
}
