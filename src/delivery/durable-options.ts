import { durationMs, type Fields, integer } from '../base/options.js'
import { DURABLE_WINDOW_MAX } from './durable-incoming.js'

/** Bounds and times of channels with `durable: true`. */
export interface DurableOptions {
  /** Messages that may wait in the outbox, to all nodes together. Default 100,000. */
  readonly maxMessages: number
  /** Their bytes; a single message may be larger when nothing else waits. Default 256 MiB. */
  readonly maxBytes: number
  /** Messages to one node on one channel that may be sent and not yet handled, up to 16,384. Default 4,096. */
  readonly windowMessages: number
  /** How long it is remembered what came from a node that is no member any more. Default 7 days. */
  readonly keepSeenMs: number
  /** Senders (a node and one of its channels) that are remembered at most. Default 10,000. */
  readonly maxSenders: number
}

const DAY_MS = 24 * 60 * 60 * 1_000

export const DURABLE_FIELDS: Fields<DurableOptions> = {
  maxMessages: { fallback: 100_000, check: integer(1) },
  maxBytes: { fallback: 256 * 1024 * 1024, check: integer(1) },
  windowMessages: { fallback: 4_096, check: integer(1, DURABLE_WINDOW_MAX) },
  keepSeenMs: { fallback: 7 * DAY_MS, check: durationMs(1) },
  maxSenders: { fallback: 10_000, check: integer(1) },
}
