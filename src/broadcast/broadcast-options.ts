import { durationMs, type Fields, integer, readOptions } from '../base/options.js'

/** What all protocols keep of messages, and anti-entropy behind them. */
export interface KeepOptions {
  /**
   * How long a message is kept for nodes that lack it, in ms; longer than the partitions that are to heal
   * without loss. Its id is remembered for as long again, at least. Default 300,000.
   */
  readonly keepMs: number
  /** Pause between exchanges of digests with a random neighbour, in ms, give or take a quarter, while
   * messages are kept; there is one with each new neighbour, too. 0 for none. Default 10,000. */
  readonly repairMs: number
  /** Messages kept; the oldest beyond are forgotten. Default 16,384. */
  readonly keptMax: number
  /** Bytes of messages kept; of the oldest beyond only the ids are. Default 16 MiB. */
  readonly keptBytesMax: number
  /** Incarnations whose messages are told apart; those of more are not taken until others are quiet. Default 16,384. */
  readonly originsMax: number
}

export interface PlumtreeOptions extends KeepOptions {
  /** Announcements of what lazy links do not carry are gathered for so long, in ms; 0: sent at once. Default 50. */
  readonly announceMs: number
  /**
   * From an announcement until the message is fetched from who announced it, in ms (the paper's first
   * timer): a little more than a broadcast takes. Default: `announceMs` and six round trips, of at
   * least 200.
   */
  readonly graftMs: number | undefined
  /** Until the next who announced it is asked (the second timer). Default: two round trips, at least 50. */
  readonly regraftMs: number | undefined
  /** A path that is shorter by so many links replaces the present one in the tree of one sender. Default 3. */
  readonly optimiseHops: number
  /** The same in the tree that senders share, which cannot be the shortest for each. Default 7. */
  readonly sharedOptimiseHops: number
  /** Trees kept for senders of their own; all other senders share one. Default 64. */
  readonly treesMax: number
  /** A sender gets a tree of its own when it broadcasts more than so many messages within `keepMs` / 5. Default 3. */
  readonly ownTreeAfter: number
  /** Messages that are announced and have not come, at most. Default 4,096. */
  readonly missingMax: number
}

const MIB = 1024 * 1024

const KEEP_FIELDS: Fields<KeepOptions> = {
  keepMs: { fallback: 300_000, check: durationMs(100) },
  repairMs: { fallback: 10_000, check: durationMs() },
  keptMax: { fallback: 16_384, check: integer(1) },
  keptBytesMax: { fallback: 16 * MIB, check: integer(0) },
  originsMax: { fallback: 16_384, check: integer(1) },
}

const PLUMTREE_FIELDS = {
  ...KEEP_FIELDS,
  announceMs: { fallback: 50, check: durationMs() },
  graftMs: { fallback: undefined, check: durationMs(1) },
  regraftMs: { fallback: undefined, check: durationMs(1) },
  optimiseHops: { fallback: 3, check: integer(1) },
  sharedOptimiseHops: { fallback: 7, check: integer(1) },
  treesMax: { fallback: 64, check: integer(0, 65_536) },
  ownTreeAfter: { fallback: 3, check: integer(0) },
  missingMax: { fallback: 4_096, check: integer(1) },
} as unknown as Fields<PlumtreeOptions>

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export const readKeepOptions = (given: unknown, of: string): KeepOptions =>
  readOptions<KeepOptions>(of, KEEP_FIELDS, given)

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export const readPlumtreeOptions = (given: unknown, of = 'plumtree'): PlumtreeOptions =>
  readOptions<PlumtreeOptions>(of, PLUMTREE_FIELDS, given)
