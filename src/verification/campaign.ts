import { type Result, type Scenario, type SimulateOptions, simulate } from '../simulation/index.js'
import type { Attempt, Explorer } from './explorer.js'

/** One run of a campaign that failed: what it takes to see it again. */
export interface Failure {
  readonly explorer: string
  readonly result: Result
}

export interface CampaignEvents {
  /** Before every run. */
  begins?(attempt: Attempt, explorer: Explorer): void
  /** An explorer has come to its end. */
  ended?(explorer: Explorer): void
  /** After every run. */
  ran?(result: Result, explorer: string, attempt: Attempt): void
  /** A run that failed. `stop`: no more runs. */
  failed?(failure: Failure): 'stop' | undefined
}

export interface CampaignBounds {
  /** Runs, at most. Default: until the explorers end. */
  readonly executions?: number
  /** Wall time in seconds, at most. */
  readonly seconds?: number
  /** Asked before every run; false: no more. */
  readonly goesOn?: () => boolean
}

/** Counts of a campaign. */
export interface CampaignCounts {
  /** Runs. */
  executions: number
  /** Runs that differ, by their hash and what was lost in them. */
  readonly distinct: Set<string>
  /** Runs in which an operation was done. */
  completed: number
  failed: number
  /** Runs that limits ended. */
  undecided: number
  /** How often each `check.sometimes` was reached. */
  readonly sometimes: Record<string, number>
  /** How often each fault was met, by its first word. */
  readonly faults: Record<string, number>
  /** Every explorer has come to its end. */
  exhausted: boolean
}

/** After so many runs with the watch for escaped waits the rest goes without: it costs a third. */
const WATCHED_RUNS = 3
/** So many are kept apart; those that differ beyond are not counted. */
const DISTINCT_MAX = 1_000_000

/**
 * Runs what explorers name, in turns, one run at a time, until all have ended or a bound is reached. What is told
 * of a run is told before the next begins.
 */
export async function runCampaign(
  scenario: Scenario,
  explorers: readonly Explorer[],
  bounds: CampaignBounds,
  events: CampaignEvents,
  nowMs: () => number,
): Promise<CampaignCounts> {
  const counts = newCounts(scenario)
  const { executions = Number.POSITIVE_INFINITY, seconds = Number.POSITIVE_INFINITY } = bounds
  const endMs = nowMs() + seconds * 1000
  const left = [...explorers]
  for (let at = 0; left.length > 0; ) {
    if (counts.executions >= executions || nowMs() >= endMs) return counts
    const explorer = left[at % left.length] as Explorer
    const attempt = explorer.next()
    if (attempt === undefined) {
      left.splice(at % left.length, 1)
      events.ended?.(explorer)
      continue
    }
    at++
    if (bounds.goesOn?.() === false) return counts
    events.begins?.(attempt, explorer)
    const result = await runAttempt(scenario, attempt, counts.executions < WATCHED_RUNS)
    explorer.report(attempt, result)
    count(counts, result)
    events.ran?.(result, explorer.name, attempt)
    const failed = result.verdict === 'fail'
    if (failed && events.failed?.({ explorer: explorer.name, result }) === 'stop') return counts
  }
  counts.exhausted = true
  return counts
}

/** One run as an explorer wants it. `watched`: also with a look at what handlers wait for, as the scenario says. */
export function runAttempt(
  scenario: Scenario,
  { seed, choices, exchanges, scenario: patch }: Attempt,
  watched = true,
  options: SimulateOptions = {},
): Promise<Result> {
  const escapedWaits = watched ? scenario.escapedWaits : 'off'
  const { network: _, ...withoutNetwork } = scenario
  const base = (patch?.level ?? scenario.level) === 'messages' ? withoutNetwork : scenario
  const run: Scenario = { ...base, ...patch, ...(escapedWaits && { escapedWaits }) }
  return simulate(run, {
    ...options,
    seed,
    ...(choices && { choices }),
    ...(exchanges && { exchanges }),
  })
}

const newCounts = ({ checks = [] }: Scenario): CampaignCounts => ({
  executions: 0,
  distinct: new Set(),
  completed: 0,
  failed: 0,
  undecided: 0,
  sometimes: Object.fromEntries(
    checks.filter(({ type }) => type === 'sometimes').map(({ name }) => [name, 0]),
  ),
  faults: {},
  exhausted: false,
})

function count(counts: CampaignCounts, result: Result): void {
  const { hash, verdict, history, sometimes, faults, tape } = result
  counts.executions++
  if (counts.distinct.size < DISTINCT_MAX) {
    counts.distinct.add(`${hash} ${Object.keys(tape).join(' ')}`)
  }
  if (history.some(({ status }) => status === 'ok')) counts.completed++
  if (verdict === 'fail') counts.failed++
  else if (verdict !== 'ok') counts.undecided++
  for (const [name, times] of Object.entries(sometimes)) {
    counts.sometimes[name] = (counts.sometimes[name] ?? 0) + times
  }
  for (const { fault, ends } of faults) if (!ends) add(counts.faults, fault.verb)
  for (const label of Object.keys(tape)) {
    if (label.startsWith('drop ')) add(counts.faults, 'drop')
    else if (label.startsWith('duplicate ')) add(counts.faults, 'duplicate')
    else if (label.startsWith('crash ')) add(counts.faults, 'crash')
  }
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}
