import { codeOf, TroupeError } from '../../base/errors.js'
import { record } from '../../simulation/determinism.js'
import { NondeterminismError, type Result, type Scenario } from '../../simulation/index.js'
import { outcomeHash } from '../../simulation/scenario-run.js'
import { runAttempt, runCampaign } from '../campaign.js'
import type { Attempt, Explorer, ExplorerPlan } from '../explorer.js'
import type { NamedExplorer } from './explorer-names.js'
import { type Finding, findingOf, noteOf, type RunNote, sizeOf } from './run-note.js'

/** What one thread does of a campaign. */
export interface SharePlan {
  readonly explorers: readonly ShareExplorer[]
  /** Runs of this share; absent: no bound. */
  readonly executions?: number
  readonly seconds?: number
  readonly stopAtFirst: boolean
  /** So many runs, the first ones, are run twice before. */
  readonly verify: number
}

export interface ShareExplorer extends ExplorerPlan {
  /** Its place among those of the campaign. */
  readonly index: number
  readonly text: string
}

/** What a share says while it runs. */
export type ShareEvent =
  /** A run; `verifies`: one that is run twice, before those that count. */
  | {
      readonly type: 'begins'
      readonly explorer: number
      readonly seed: string
      readonly verifies: boolean
    }
  | { readonly type: 'ended'; readonly explorer: number; readonly skipped: number }
  | { readonly type: 'ran'; readonly note: RunNote }
  /** A counterexample is being made smaller. */
  | { readonly type: 'shrinks'; readonly executions: number; readonly how: string }
  /** The smallest failing run of its signature so far. */
  | { readonly type: 'found'; readonly finding: Finding }

/**
 * Runs one share of a campaign.
 * @param goesOn asked before each run; false: no more
 * @throws NondeterminismError when one of the first runs is another when it is run again; TroupeError ERR_BAD_SCENARIO
 */
export async function runShare(
  scenario: Scenario,
  named: readonly NamedExplorer[],
  plan: SharePlan,
  say: (event: ShareEvent) => void,
  nowMs: () => number,
  goesOn: () => boolean = () => true,
): Promise<void> {
  const began = nowMs()
  if (plan.verify > 0) await verifyFirst(scenario, create(scenario, named, plan), plan, say)
  const explorers = create(scenario, named, plan)
  const indexOf = new Map(explorers.map((one, at) => [one, plan.explorers[at]?.index as number]))
  const smallest = new Map<string, number>()
  let current = 0
  const { executions, seconds } = plan
  const left = seconds === undefined ? undefined : Math.max(0, seconds - (nowMs() - began) / 1000)
  await refusing(() =>
    runCampaign(
      scenario,
      explorers,
      {
        goesOn,
        ...(executions !== undefined && { executions }),
        ...(left !== undefined && { seconds: left }),
      },
      {
        begins({ seed }, explorer) {
          current = indexOf.get(explorer) as number
          say({ type: 'begins', explorer: current, seed, verifies: false })
        },
        ended(explorer) {
          const { skipped = 0 } = explorer
          say({ type: 'ended', explorer: indexOf.get(explorer) as number, skipped })
        },
        ran(result, _, attempt) {
          say({ type: 'ran', note: noteOf(result, current) })
          if (result.verdict !== 'fail') return
          const { signature = '' } = result
          const size = sizeOf(result)
          if (size >= (smallest.get(signature) ?? Number.POSITIVE_INFINITY)) return
          smallest.set(signature, size)
          const patched = attempt.scenario !== undefined
          say({ type: 'found', finding: findingOf(result, current, patched) })
        },
        failed: () => (plan.stopAtFirst ? 'stop' : undefined),
      },
      nowMs,
    ),
  )
}

const create = (
  scenario: Scenario,
  named: readonly NamedExplorer[],
  { explorers }: SharePlan,
): Explorer[] =>
  explorers.map(({ index, seedBase, shard }) =>
    (named[index] as NamedExplorer).factory.create(scenario, { seedBase, shard }),
  )

/** The first runs of a campaign, each a second time as its tape says; both must be the same to the last event. */
async function verifyFirst(
  scenario: Scenario,
  explorers: readonly Explorer[],
  { verify, explorers: shares }: SharePlan,
  say: (event: ShareEvent) => void,
): Promise<void> {
  for (let run = 0; run < verify; run++) {
    const at = run % explorers.length
    const explorer = explorers[at] as Explorer
    const attempt = explorer.next()
    if (attempt === undefined) continue
    const { seed, choices: _, ...plain } = attempt
    say({ type: 'begins', explorer: shares[at]?.index as number, seed, verifies: true })
    let tape: Result['tape'] = {}
    const first = await logged(seed, async (onEvent) => {
      const result = await runAttempt(scenario, attempt, true, { onEvent })
      explorer.report(attempt, result)
      tape = result.tape
      return result
    })
    const again: Attempt = { seed, ...plain }
    const second = await logged(seed, (onEvent) =>
      runAttempt(scenario, again, true, { onEvent, tape }),
    )
    if (first.outcome === second.outcome && first.events.at.length === second.events.at.length) {
      continue
    }
    throw new NondeterminismError(seed, 'the same process', first, second)
  }
}

type OnEvent = NonNullable<Parameters<typeof runAttempt>[3]>['onEvent'] & {}

/** A run with its events. @throws what says that it cannot be run at all */
async function logged(seed: string, run: (onEvent: OnEvent) => Promise<Result>) {
  const failures: unknown[] = []
  const log = await record(
    async (_, onEvent) => ({ hash: outcomeHash(await run(onEvent)) }),
    seed,
    failures,
  )
  if (failures.length > 0) throw failures[0]
  return log
}

/** An explorer that finds in the middle that it was asked for too much says so as a bad option. */
async function refusing(run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (codeOf(error) !== undefined || !(error instanceof RangeError)) throw error
    throw new TroupeError('ERR_BAD_OPTION', error.message, { cause: error })
  }
}
