import { digest } from './digest.js'
import { toPlain } from './plain.js'
import type { Result } from './result.js'
import type { Scenario } from './scenario.js'
import { simulate } from './simulate.js'
import type { TraceEvent } from './trace-event.js'

/**
 * A scenario as a run of a seed, for `verifyDeterminism` and `runInWorker`. Its hash covers all events
 * and what came of them: the verdict, the history, the choices, the faults. A run that fails is a run
 * like any other.
 */
export const runOf =
  (scenario: Scenario) =>
  async (
    seed: number | string,
    trace?: (event: TraceEvent) => void,
  ): Promise<{ readonly hash: string }> => {
    const result = await simulate(scenario, { seed, ...(trace && { onEvent: trace }) })
    return { hash: outcomeHash(result) }
  }

/** Over all events of a run and what came of them. */
export const outcomeHash = (result: Result): string =>
  `${result.hash}/${digest(outcomeText(result))}`

/** What came of a run, for comparison. */
function outcomeText(result: Result): string {
  const { verdict, check, error, history, tape, faults, membership, sometimes } = result
  const parts = [verdict, check, error?.message, history, tape, faults, membership, sometimes]
  return JSON.stringify(parts.map((part) => toPlain(part)))
}

/** True for what a module may export in place of a run. */
export const isScenario = (value: unknown): value is Scenario =>
  typeof value === 'object' && value !== null && 'name' in value && 'nodes' in value
