import type { Counts } from './tally.js'

/**
 * `ok`: nothing is wrong, and what was to be tried was. `fail`: there is a counterexample, or a run that never ends.
 * `nondeterministic`: the same run came out in two ways. `undecided`: nothing wrong was seen, and not all was tried.
 */
export type CampaignVerdict = 'ok' | 'fail' | 'nondeterministic' | 'undecided'

/** A failure that a campaign has found: the smallest of its signature. */
export interface CampaignCounterexample {
  /** The check that did not hold; `workload`, `start` or `error` for what threw. */
  readonly check: string
  /** Which failure this is: runs that fail alike have the same. */
  readonly signature: string
  readonly message: string
  /** How many runs failed like this. */
  readonly runs: number
  /** Who found it, as in `--using`. */
  readonly using: string
  readonly seed: string
  readonly hash: string
  readonly events: number
  readonly operations: number
  readonly faults: number
  /** Choices that were not the most ordinary ones: orders, losses. */
  readonly deviations: number
  /**
   * Whether its text gave the same run again: `exact`; `by explorer`: only with what its explorer had changed in the
   * scenario; `other`: not; `untried`: the campaign was ended before.
   */
  readonly repeats: 'exact' | 'by explorer' | 'other' | 'untried'
  /** What was taken away from it, where it was made smaller. */
  readonly shrunk?: string
  /** Its files in the folder of results. */
  readonly file?: string
  readonly trace?: string
  /** A picture of it, for a browser. */
  readonly page?: string
  /** The `.cx` file: lines for people, and what replays it. */
  readonly text: string
}

/** A run that was killed because it took no step any more. */
export interface StuckRun {
  readonly using: string
  readonly seed: string
  readonly reason: string
}

/** What one explorer did. */
export interface ExplorerRecord {
  readonly using: string
  readonly executions: number
  /** The first and the last of its seeds, where it counts them; several ranges where campaigns were merged. */
  readonly seeds?: readonly (readonly [from: number, to: number])[]
  /** Runs that count as tried without being run. */
  readonly skipped: number
  /** All there is has been tried. Absent for one that has no end. */
  readonly exhausted?: boolean
}

/** What came of a campaign, as it stands in `summary.json`. */
export interface CampaignRecord extends Counts {
  readonly v: 1
  readonly kind: 'campaign'
  readonly scenario: string
  /** Version of troupe. */
  readonly runtime: string
  /** What was otherwise than in the scenario. */
  readonly nodes?: number | readonly string[]
  readonly level?: 'nodes' | 'messages'
  readonly verdict: CampaignVerdict
  readonly perSecond: number
  readonly seconds: number
  /** Runs that differ, by their hash and what was lost in them. */
  readonly distinct: number
  readonly explorers: readonly ExplorerRecord[]
  /** Which part of the work this was, and how many threads shared it. */
  readonly shard: { readonly index: number; readonly of: number }
  readonly workers: number
  readonly counterexamples: readonly CampaignCounterexample[]
  readonly stuck: readonly StuckRun[]
  /** How two runs that ought to be the same differ. */
  readonly nondeterminism?: string
  /** It was ended from outside. */
  readonly interrupted: boolean
  /** Why it is undecided, if nothing is wrong. */
  readonly undecided: readonly string[]
  /** Of a merged one: how many campaigns. */
  readonly merged?: number
}

/** What a verdict follows from. */
export type Grounds = Pick<
  CampaignRecord,
  'nondeterminism' | 'counterexamples' | 'stuck' | 'undecided'
>

export function verdictOf(grounds: Grounds): CampaignVerdict {
  if (grounds.nondeterminism !== undefined) return 'nondeterministic'
  if (grounds.counterexamples.length + grounds.stuck.length > 0) return 'fail'
  return grounds.undecided.length > 0 ? 'undecided' : 'ok'
}

/** Why nobody can say that nothing is wrong. */
export function openQuestions(
  counts: Pick<CampaignRecord, 'executions' | 'limits'>,
  explorers: readonly ExplorerRecord[],
  interrupted: boolean,
): string[] {
  const reasons: string[] = []
  if (interrupted) reasons.push('it was ended from outside')
  if (counts.executions === 0) reasons.push('nothing was run')
  for (const [limit, { runs, seed }] of Object.entries(counts.limits)) {
    const times = runs === 1 ? 'a run was' : `${runs} runs were`
    reasons.push(`${times} ended by a limit: ${limit} [SEED=${seed}]`)
  }
  for (const { using, exhausted } of explorers) {
    if (exhausted === false) reasons.push(`${using} had more to try`)
  }
  return reasons
}
