import { isBlocked } from '../../examples/protocols/agreement.js'
import type { Scenario } from '../../src/simulation/index.js'
import { type ExplorerFactory, runCampaign } from '../../src/verification/index.js'
import { Witnesses } from './witnesses.js'

/** What a search has found. */
export interface Found {
  readonly executions: number
  /** Runs that count as tried without being run. */
  readonly skipped: number
  /** What sets apart the runs that differ in what was delivered. */
  readonly distinct: readonly string[]
  readonly violating: number
  readonly blocked: number
  readonly witnesses: readonly (readonly string[])[]
  /** All there is has been tried. */
  readonly exhausted: boolean
}

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
        }
        if (executions % PROGRESS_RUNS === 0) progress?.(executions)
      },
    },
    () => performance.now(),
  )
  return {
    executions,
    skipped: explorer.skipped ?? 0,
    distinct: [...distinct],
    violating,
    blocked,
    witnesses: witnesses.sets,
    exhausted: counts.exhausted,
  }
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
  return {
    executions: sum(({ executions }) => executions),
    skipped: sum(({ skipped }) => skipped),
    distinct: [...distinct],
    violating: sum(({ violating }) => violating),
    blocked: sum(({ blocked }) => blocked),
    witnesses: witnesses.sets,
    exhausted: parts.every(({ exhausted }) => exhausted),
  }
}
