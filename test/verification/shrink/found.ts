import type { Result, Scenario } from '../../../src/simulation/index.js'
import { simulate } from '../../../src/simulation/index.js'
import { type ExplorerFactory, runCampaign } from '../../../src/verification/index.js'

/** Runs in which a failure must be found. */
const HUNT = 2_000

/** The first run that fails, of those that the explorers name. @throws when there is none */
export async function found(
  scenario: Scenario,
  using: readonly ExplorerFactory[],
  seedBase = 1,
): Promise<Result> {
  const plan = { seedBase, shard: { index: 0, of: 1 } }
  let failure: Result | undefined
  await runCampaign(
    scenario,
    using.map((factory) => factory.create(scenario, plan)),
    { executions: HUNT },
    {
      failed({ result }) {
        failure = result
        return 'stop'
      },
    },
    () => 0,
  )
  if (failure === undefined) throw new Error(`${scenario.name} did not fail in ${HUNT} runs`)
  return failure
}

/** The first seed from that on whose own run fails. */
export async function failingSeed(scenario: Scenario, from = 1): Promise<Result> {
  for (let seed = from; seed < from + HUNT; seed++) {
    const result = await simulate(scenario, { seed })
    if (result.verdict === 'fail') return result
  }
  throw new Error(`${scenario.name} did not fail in ${HUNT} runs`)
}

/** The lines for people of a counterexample. */
export const linesIn = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#!'))
