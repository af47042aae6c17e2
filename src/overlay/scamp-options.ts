import { durationMs, type Fields, integer, readOptions } from '../base/options.js'

export interface ScampOptions {
  /**
   * The paper's c: how many copies of a subscription travel beyond one for each member of the
   * contact's view. Views grow with it, to about (c + 1) × ln n members (version 2: c × ln n), and so
   * does the share of failures that is survived. Default 4.
   */
  readonly redundancy: number
  /** Members of the partial view are pinged this often, give or take a quarter. Default 10,000. */
  readonly periodMs: number
  /** Without a ping for so many periods a node takes itself for isolated and subscribes again. Default 10. */
  readonly isolationPeriods: number
  /**
   * Subscriptions end after this time, and every node renews its own before that, through a random
   * member. Mends what churn has worn thin. Absent (the default): they do not end.
   */
  readonly leaseMs?: number | undefined
  /** Members of the partial view at most; what would be more travels on. Default 256. */
  readonly partialMax: number
  /** Members known to have this node in their view, at most; who comes then is sent elsewhere. Default 256. */
  readonly inViewMax: number
  /** Hops of a travelling subscription at most, whatever a peer claims. Default 1,024. */
  readonly walkMax: number
}

export const SCAMP_FIELDS: Fields<ScampOptions> = {
  redundancy: { fallback: 4, check: integer(0, 32) },
  periodMs: { fallback: 10_000, check: durationMs(1) },
  isolationPeriods: { fallback: 10, check: integer(1, 1_000) },
  leaseMs: { fallback: undefined, check: durationMs(1) },
  partialMax: { fallback: 256, check: integer(1, 10_000) },
  inViewMax: { fallback: 256, check: integer(1, 10_000) },
  walkMax: { fallback: 1_024, check: integer(1, 100_000) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export const readScampOptions = (of: string, given: Partial<ScampOptions>): ScampOptions =>
  readOptions<ScampOptions>(of, SCAMP_FIELDS, given)
