import { check } from '../../base/options.js'

/** Why a run may be left out: see `OmissionsOptions.prune`. */
export const PRUNE_RULES = ['same-run', 'lineage', 'equivalent', 'symmetry'] as const
export type PruneRule = (typeof PRUNE_RULES)[number]

/** How many runs were left out by each rule. */
export type SkippedBy = Partial<Record<PruneRule, number>>

/** What `prune: true` stands for: a run that is left out would have been event for event like one that was seen. */
const PLAIN: ReadonlySet<PruneRule> = new Set(['same-run'])
const NONE: ReadonlySet<PruneRule> = new Set()

export const rulesOf = (given: boolean | readonly PruneRule[]): ReadonlySet<PruneRule> =>
  typeof given === 'boolean' ? (given ? PLAIN : NONE) : new Set(given)

export const isPrune = check<boolean | readonly PruneRule[]>(
  `true, false or an array of ${PRUNE_RULES.join(', ')}`,
  (v) =>
    typeof v === 'boolean' ||
    (Array.isArray(v) && v.every((rule) => (PRUNE_RULES as readonly unknown[]).includes(rule))),
)
