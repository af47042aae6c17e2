import type { ChoiceSource, Exchanges, Result, Scenario } from '../simulation/index.js'
import type { SkippedBy } from './explorers/prune-rules.js'

/** One run that an explorer wants to see. */
export interface Attempt {
  readonly seed: string
  /** Who answers the choices of the run; absent: its seed. */
  readonly choices?: ChoiceSource
  /** Keeps what each node gets and gives. */
  readonly exchanges?: Exchanges
  /** What the explorer needs of the scenario in place of what is there. */
  readonly scenario?: Partial<Pick<Scenario, 'faults' | 'level' | 'limits'>>
}

/**
 * A way to go through the runs of a scenario: names one run after another, and hears what became of each
 * before it names the next. One search each: an explorer that has ended stays at its end.
 */
export interface Explorer {
  readonly name: string
  /** Runs that count as tried without being run, for they could only end like others. */
  readonly skipped?: number
  /** The same by the reason why. */
  readonly skippedBy?: SkippedBy
  /** The next run; undefined when nothing is left to try. */
  next(): Attempt | undefined
  report(attempt: Attempt, result: Result): void
}

/** Makes an explorer for a scenario, once for each campaign. */
export interface ExplorerFactory {
  readonly name: string
  /** True where its runs follow from numbered seeds, so that several processes may share them out. */
  readonly seeded: boolean
  create(scenario: Scenario, plan: ExplorerPlan): Explorer
}

export interface ExplorerPlan {
  /** The first seed, for those that count them. */
  readonly seedBase: number
  /** With how many others it shares the work, and which of them it is, from 0. */
  readonly shard: { readonly index: number; readonly of: number }
}
