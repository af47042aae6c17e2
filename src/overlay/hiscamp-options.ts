import { badOption, check, type Fields, integer, isFunction, readOptions } from '../base/options.js'
import type { Member } from './overlay.js'
import { SCAMP_FIELDS, type ScampOptions } from './scamp-options.js'

/**
 * How far two members are from each other, in any unit; must be the same for the same two members,
 * whoever asks and in whatever order. What is no number, or throws, counts as infinitely far. Names,
 * tags and addresses come from the members themselves.
 */
export type Distance = (a: Member, b: Member) => number

export interface HiScampOptions extends ScampOptions {
  /** Required. */
  readonly distance: Distance
  /** A node joins the nearest cluster whose founder is at most so far away, or founds one. Default 1. */
  readonly threshold: number
  /** Members of other clusters every node is connected to; more while it has few near ones. Default 1. */
  readonly farLinks: number
  /** The same at most, those included that other clusters' subscriptions bring. Default 16. */
  readonly farMax: number
}

const FIELDS: Fields<HiScampOptions> = {
  ...SCAMP_FIELDS,
  distance: { fallback: undefined as unknown as Distance, check: isFunction<Distance>() },
  threshold: { fallback: 1, check: check('a number >= 0', (v) => typeof v === 'number' && v >= 0) },
  farLinks: { fallback: 1, check: integer(1, 64) },
  farMax: { fallback: 16, check: integer(1, 256) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export function readHiScampOptions(
  given: Partial<HiScampOptions> & Pick<HiScampOptions, 'distance'>,
): HiScampOptions {
  const read = readOptions<HiScampOptions>('hiscamp', FIELDS, given)
  if (read.distance === undefined) {
    throw badOption('hiscamp.distance', 'a function of two members', read.distance)
  }
  if (read.farLinks > read.farMax) {
    throw badOption('hiscamp.farLinks', `at most hiscamp.farMax (${read.farMax})`, read.farLinks)
  }
  return read
}
