import { isBlocked } from '../../examples/protocols/agreement.js'
import type { Scenario } from '../../src/simulation/index.js'
import { type ExplorerFactory, runCampaign } from '../../src/verification/index.js'
import type { Found } from './found.js'
import { Witnesses } from './witnesses.js'

export { type Found, together } from './found.js'

export interface SearchPlan {
  /** Default: the whole of it. */
  readonly shard?: { readonly index: number; readonly of: number }
  readonly seconds?: number
  /** After every so many runs. */
  readonly progress?: (executions: number) => void
}

const PROGRESS_RUNS = 50

/** Goes through all that an explorer names. What several shards see alike counts for the first of them. */
export async function search(
  scenario: Scenario,
  factory: ExplorerFactory,
  plan: SearchPlan = {},
): Promise<Found> {
  const { shard = { index: 0, of: 1 }, seconds, progress } = plan
  const explorer = factory.create(scenario, { seedBase: 1, shard })
  const witnesses = new Witnesses()
  const distinct = new Set<string>()
  let executions = 0
  let violating = 0
  let undecided = 0
  let blocked = 0
  // All shards begin with the run without faults.
  let known = shard.index > 0 ? 1 : 0
  const counts = await runCampaign(
    scenario,
    [explorer],
    { ...(seconds !== undefined && { seconds }) },
    {
      ran({ verdict, history, hash, tape }) {
        const faults = Object.keys(tape)
        distinct.add(`${hash} ${faults.join(' ')}`)
        if (known-- > 0) return
        executions++
        if (isBlocked(history)) blocked++
        if (verdict === 'fail') {
          violating++
          witnesses.add(faults.map((fault) => fault.replace(/^drop /, '')))
        } else if (verdict !== 'ok') undecided++
        if (executions % PROGRESS_RUNS === 0) progress?.(executions)
      },
    },
    () => performance.now(),
  )
  return {
    executions,
    skipped: explorer.skipped ?? 0,
    skippedBy: { ...explorer.skippedBy },
    distinct: [...distinct],
    violating,
    undecided,
    blocked,
    witnesses: witnesses.sets,
    exhausted: counts.exhausted,
  }
}
