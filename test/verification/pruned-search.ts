import type { Scenario } from '../../src/simulation/index.js'
import { type ExplorerFactory, runCampaign, type SkippedBy } from '../../src/verification/index.js'
import { Witnesses } from '../check/witnesses.js'

/** What a search comes to. */
export interface Outcome {
  readonly executions: number
  readonly skipped: number
  readonly skippedBy: SkippedBy
  /** The smallest sets of faults that break the scenario, as on tapes. */
  readonly witnesses: readonly (readonly string[])[]
  /** All ways in which it breaks. */
  readonly failures: readonly string[]
  /** What each run's choices were, in order, where messages came out of turn. */
  readonly tapes: readonly (readonly string[])[]
}

/** All that an explorer does with a scenario. */
export async function outcomeOf(scenario: Scenario, factory: ExplorerFactory): Promise<Outcome> {
  const explorer = factory.create(scenario, { seedBase: 1, shard: { index: 0, of: 1 } })
  const witnesses = new Witnesses()
  const failures = new Set<string>()
  const tapes: (readonly string[])[] = []
  const { executions } = await runCampaign(
    scenario,
    [explorer],
    {},
    {
      ran({ verdict, tape, signature }) {
        tapes.push(Object.keys(tape))
        if (verdict !== 'fail') return
        witnesses.add(Object.keys(tape))
        failures.add(String(signature))
      },
    },
    () => 0,
  )
  return {
    executions,
    skipped: explorer.skipped ?? 0,
    skippedBy: { ...explorer.skippedBy },
    witnesses: witnesses.sets,
    failures: [...failures].sort(),
    tapes,
  }
}
