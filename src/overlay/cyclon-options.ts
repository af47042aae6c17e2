import { badOption, durationMs, type Fields, integer, readOptions } from '../base/options.js'
import { ENTRIES_MAX } from './cyclon-message.js'

export interface CyclonOptions {
  /** The paper's c: members of the view. More survive more failures and shorten paths. Default 20. */
  readonly view: number
  /** The paper's ℓ: entries exchanged at a time, this node's own included; at most `view`. Default 8. */
  readonly shuffle: number
  /** One exchange this often, give or take a quarter. Default 10,000. */
  readonly periodMs: number
  /**
   * Connections this node seeks and keeps, to random members; as many again come from others. With
   * `view` or more there is no such choice: the whole view is connected to, and changes with it.
   * Default 5.
   */
  readonly links: number
  /** Hops of the random walks that bring a newcomer into views: more than the mean path. Default 5. */
  readonly walk: number
}

const FIELDS: Fields<CyclonOptions> = {
  view: { fallback: 20, check: integer(1, 1_000) },
  shuffle: { fallback: 8, check: integer(1, ENTRIES_MAX) },
  periodMs: { fallback: 10_000, check: durationMs(1) },
  links: { fallback: 5, check: integer(1, 1_000) },
  walk: { fallback: 5, check: integer(1, 64) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export function readCyclonOptions(given: Partial<CyclonOptions>): CyclonOptions {
  const read = readOptions<CyclonOptions>('cyclon', FIELDS, given)
  if (read.shuffle > read.view) {
    throw badOption('cyclon.shuffle', `at most cyclon.view (${read.view})`, read.shuffle)
  }
  return read
}
