import {
  badOption,
  check,
  durationMs,
  type Fields,
  integer,
  oneOf,
  readOptions,
} from '../base/options.js'
import type { Member } from './overlay.js'

/**
 * The cost of a link between two members; a smaller one is better. Must be a pure function that
 * answers at once, the same for (a, b) and (b, a): at least 0, or undefined where it cannot tell.
 */
export type LinkOracle = (a: Member, b: Member) => number | undefined

export interface XBotOptions {
  /** `'roundTrip'` measures; or a function of your own, such as a distance of data centres in `tags`. Default `'roundTrip'`. */
  readonly oracle: LinkOracle | 'roundTrip'
  /**
   * The costliest links of a node are left as they are, so that some random long ones keep paths
   * short. From 0 to below `activeSize`, default 1.
   */
  readonly unbiased: number
  /** Spares looked at in one round. Default 2. */
  readonly candidates: number
  /**
   * `'sum'`: four nodes swap links only when the two new ones cost less together than the two old
   * ones. `'each'`: when each of the two that decide gets a cheaper link, whatever the others get.
   * Default `'sum'`.
   */
  readonly accept: 'sum' | 'each'
  /** A node that takes part in an exchange waits so long for a step of another. Default 3,000. */
  readonly stepTimeoutMs: number
}

const FIELDS: Fields<XBotOptions> = {
  oracle: {
    fallback: 'roundTrip',
    check: check("'roundTrip' or a function", (v) => v === 'roundTrip' || typeof v === 'function'),
  },
  unbiased: { fallback: 1, check: integer(0, 99) },
  candidates: { fallback: 2, check: integer(1, 100) },
  accept: { fallback: 'sum', check: oneOf('sum', 'each') },
  stepTimeoutMs: { fallback: 3_000, check: durationMs(1) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export function readXBotOptions(
  of: string,
  given: Partial<XBotOptions>,
  activeSize: number,
): XBotOptions {
  const read = readOptions<XBotOptions>(of, FIELDS, given)
  if (read.unbiased < activeSize) return read
  throw badOption(`${of}.unbiased`, `below activeSize (${activeSize})`, read.unbiased)
}
