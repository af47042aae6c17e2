import type { PruneRule, SkippedBy } from '../../src/verification/index.js'
import { Witnesses } from './witnesses.js'

/** What a search has found. */
export interface Found {
  readonly executions: number
  /** Runs that count as tried without being run. */
  readonly skipped: number
  /** The same by the rule that left them out. */
  readonly skippedBy: SkippedBy
  /** What sets apart the runs that differ in what was delivered. */
  readonly distinct: readonly string[]
  readonly violating: number
  /** Runs that a limit ended before it was known how they end. */
  readonly undecided: number
  readonly blocked: number
  readonly witnesses: readonly (readonly string[])[]
  /** All there is has been tried. */
  readonly exhausted: boolean
}

/** What shards have found, together. */
export function together(parts: readonly Found[]): Found {
  const witnesses = new Witnesses()
  const distinct = new Set<string>()
  for (const part of parts) {
    for (const set of part.witnesses) witnesses.add(set)
    for (const one of part.distinct) distinct.add(one)
  }
  const sum = (of: (found: Found) => number): number =>
    parts.reduce((total, found) => total + of(found), 0)
  const skippedBy: SkippedBy = {}
  for (const part of parts) {
    for (const [rule, count] of Object.entries(part.skippedBy) as [PruneRule, number][]) {
      skippedBy[rule] = (skippedBy[rule] ?? 0) + count
    }
  }
  return {
    executions: sum(({ executions }) => executions),
    skipped: sum(({ skipped }) => skipped),
    skippedBy,
    distinct: [...distinct],
    violating: sum(({ violating }) => violating),
    undecided: sum(({ undecided }) => undecided),
    blocked: sum(({ blocked }) => blocked),
    witnesses: witnesses.sets,
    exhausted: parts.every(({ exhausted }) => exhausted),
  }
}
