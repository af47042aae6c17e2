import { TroupeError } from '../../base/errors.js'
import {
  badOption,
  check,
  type Fields,
  integer,
  isFunction,
  readOptions,
} from '../../base/options.js'
import {
  CheckFailed,
  printCounterexample,
  type Result,
  runCounterexample,
  type Scenario,
  scriptOf,
  simulate,
} from '../../simulation/index.js'
import { RealClock } from '../../world/real/real-clock.js'
import type { Case, Present } from './case.js'
import { dropDeviations } from './deviations.js'
import { dropFaults, spellChoices, weakenFaults } from './faults.js'
import { renameNodes } from './names.js'
import { dropClients, dropNodes, dropOperations } from './operations.js'
import { OtherOrders } from './other-orders.js'
import { OtherSeeds } from './other-seeds.js'
import { moveFaults, simplifySequence } from './sequence.js'
import { type CaseCounts, countsOf, type Shrunk, shrunkOf } from './shrunk.js'
import { Trials } from './trials.js'
import { simplifyValues } from './values.js'

/** What shrinking is at. */
export interface ShrinkProgress {
  readonly stage: 'start' | Kept
  readonly executions: number
  readonly before: CaseCounts
  readonly now: CaseCounts
}

/** Stages of shrinking that may be left out. */
export type Kept = 'nodes' | 'clients' | 'operations' | 'faults' | 'deviations' | 'values'

export interface ShrinkOptions {
  /** Runs at most, those included that make sure of the failure. Default 3,000. */
  readonly executions?: number
  /** Wall time at most. Default 60. Where it ends the search, the result depends on the machine. */
  readonly seconds?: number
  /**
   * What stays as it is. `nodes`: a system of another size is another one. `values`: arguments have a meaning that
   * their form does not show. Default: nothing.
   */
  readonly keep?: readonly Kept[]
  /** Hears after every run how far it is. */
  readonly progress?: (progress: ShrinkProgress) => void
}

const KEPT: readonly Kept[] = ['nodes', 'clients', 'operations', 'faults', 'deviations', 'values']

const FIELDS: Fields<ShrinkOptions> = {
  executions: { fallback: 3_000, check: integer(1) },
  seconds: {
    fallback: 60,
    check: check<number>('a number above 0', (v) => typeof v === 'number' && v > 0),
  },
  keep: {
    fallback: [],
    check: check<readonly Kept[]>(
      `a list of ${KEPT.join(', ')}`,
      (v) => Array.isArray(v) && v.every((one) => (KEPT as readonly unknown[]).includes(one)),
    ),
  },
  progress: { fallback: undefined, check: isFunction() } as Fields<ShrinkOptions>['progress'],
}

/** In the order in which they are tried, until none takes anything away any more. */
const STAGES: readonly (readonly [part: Kept, run: (trials: Trials) => Promise<void>])[] = [
  ['nodes', dropNodes],
  ['clients', dropClients],
  ['operations', dropOperations],
  ['clients', simplifySequence],
  ['faults', dropFaults],
  ['faults', weakenFaults],
  ['faults', spellChoices],
  ['deviations', dropDeviations],
  ['faults', moveFaults],
  ['values', simplifyValues],
  ['values', renameNodes],
]

/**
 * Makes a failing run small: takes out nodes, clients, operations, faults and choices, weakens what is left, and keeps
 * what still fails the same check with the same signature. The same run gives the same result, unless time ends it.
 *
 * @param scenario the one of the run; where an explorer has changed it (`Attempt.scenario`), as it was changed
 * @param failing what `simulate`, a campaign or `runCounterexample` gave
 * @param nowMs wall time, for `seconds` alone
 * @throws TroupeError ERR_BAD_OPTION, also for a run that has not failed; ERR_BAD_COUNTEREXAMPLE for a run of another
 *   scenario, or one that does not fail any more; ERR_NONDETERMINISM when a run of the same is another
 */
export async function shrink(
  scenario: Scenario,
  failing: Result,
  options: ShrinkOptions = {},
  nowMs: () => number = realNow(),
): Promise<Shrunk> {
  const {
    executions = 0,
    seconds = 0,
    keep = [],
    progress,
  } = readOptions('shrink', FIELDS, options)
  checkFailing(scenario, failing)
  const first = await failsAgain(scenario, failing)
  const before = countsOf(failing)
  let stage: ShrinkProgress['stage'] = 'start'
  const trials: Trials = new Trials(scenario, first, {
    executions,
    endMs: nowMs() + seconds * 1000,
    nowMs,
    ran: () =>
      progress?.({
        stage,
        executions: trials.executions + AGAIN,
        before,
        now: countsOf(trials.present.result),
      }),
  })
  const orders = new OtherOrders()
  const seeds = new OtherSeeds()
  let kept: string | undefined
  for (let number = -1; number !== trials.number && trials.ended === undefined; ) {
    number = trials.number
    kept = await scripted(trials, seeds)
    if (trials.first === undefined) await trials.expectSound()
    trials.first ??= trials.present.case.script
    if (!keep.includes('faults')) await seeds.surer(trials)
    for (const [part, run] of STAGES) {
      if (keep.includes(part)) continue
      stage = part
      await run(trials)
    }
    stage = 'deviations'
    if (!keep.some((part) => OF_ORDERS.has(part))) await orders.draw(trials, scenario)
    if (!keep.includes('operations') && !keep.includes('faults')) await seeds.draw(trials)
  }
  const result = await trials.confirmed(scenario)
  return shrunkOf({
    result,
    before,
    executions: trials.executions + AGAIN,
    ended: trials.ended ?? 'fixpoint',
    byHand: await failsByHand(scenario, result),
    kept,
  })
}

/** What another order takes away. */
const OF_ORDERS: ReadonlySet<Kept> = new Set(['clients', 'operations', 'deviations'])

/** Runs that make sure of a failure. */
const AGAIN = 2

function realNow(): () => number {
  const clock = new RealClock()
  return () => clock.now()
}

function checkFailing({ name }: Scenario, { scenario, verdict }: Result): void {
  if (scenario !== name) {
    const detail = `the run is of scenario ${scenario}, not of ${name}`
    throw new TroupeError('ERR_BAD_COUNTEREXAMPLE', detail)
  }
  if (verdict !== 'fail') {
    throw badOption('shrink: the run', "one that has failed (verdict 'fail')", verdict)
  }
}

/** The run once more, twice: it must fail as it did, and be the same both times. */
async function failsAgain(scenario: Scenario, failing: Result): Promise<Present> {
  const { seed, tape, script, signature } = failing
  const faults = failing.faults.filter(({ by }) => by === 'schedule')
  const again = (): Promise<Result> =>
    simulate(scenario, { seed, tape, ...(script === undefined ? { faults } : { script }) })
  const result = await again()
  const other = await again()
  if (wholeOf(result) !== wholeOf(other)) {
    const detail = `two runs of seed ${seed} with the same tape and faults differ: ${outcome(result)}, then ${outcome(other)}`
    throw new TroupeError('ERR_NONDETERMINISM', `${detail}; verifyDeterminism finds where`)
  }
  if (result.signature !== signature) {
    const detail = `the run does not fail again as it did: it was ${outcome(failing)}, and is now ${outcome(result)}`
    const why =
      'the code has changed since, the scenario is not the one that ran, or something decides that is not in its tape'
    throw new TroupeError('ERR_BAD_COUNTEREXAMPLE', `${detail}: ${why}`)
  }
  const left = script === undefined ? faults : []
  return { case: { seed, script, faults: left, tape: result.tape }, result }
}

/** Its hash knows no operations that send nothing. */
const wholeOf = ({ hash, signature, history, tape, faults }: Result): string =>
  JSON.stringify([hash, signature, history, tape, faults])

const outcome = ({ verdict, signature, hash, history }: Result): string => {
  const failed = signature === undefined ? '' : ` of ${signature}`
  return `${verdict}${failed} after ${history.length} operations with hash ${hash}`
}

/** Puts a script in the place of the workload; gives why that cannot be. */
async function scripted(trials: Trials, seeds: OtherSeeds): Promise<string | undefined> {
  const { case: present, result } = trials.present
  if (present.script !== undefined) return undefined
  for (const times of ['gaps', 'all'] as const) {
    const script = scriptOf(result, times)
    const ofScript: Case = { ...present, script, faults: [] }
    if (await trials.take(ofScript)) return undefined
    if (await seeds.find(trials, ofScript)) return undefined
  }
  return result.check === 'workload'
    ? 'it is its own code that fails'
    : 'the same operations, without its code, do not fail in the same way'
}

/** Line by line, without what is for the machine, it fails in the same way or at the line with the mismatch. */
async function failsByHand(scenario: Scenario, result: Result): Promise<boolean> {
  if (result.script === undefined) return false
  const lines = printCounterexample(result).split('\n')
  const text = lines.filter((line) => !line.startsWith('#!')).join('\n')
  try {
    const { result: seen } = await runCounterexample(text, scenario)
    if (seen.verdict !== 'fail') return false
    if (seen.signature === result.signature) return true
    const { error } = seen
    return error instanceof CheckFailed && /: FAIL, \{.*, but the result was /.test(error.message)
  } catch {
    return false
  }
}
