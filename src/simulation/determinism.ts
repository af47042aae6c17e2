import { messageOf, TroupeError } from '../base/errors.js'
import {
  badOption,
  check,
  durationMs,
  type Fields,
  isObject,
  readOptions,
} from '../base/options.js'
import { askChild } from '../world/real/child-run.js'
import { EventLog, type EventLogData } from './event-log.js'
import { takeStep } from './guards/slot.js'
import type { Scenario } from './scenario.js'
import { isScenario, runOf } from './scenario-run.js'
import { errorText } from './simulation-failure.js'
import type { TraceEvent } from './trace-event.js'

/**
 * One simulated run of a seed. `trace` goes to the `Simulation`; the hash is its `hash` at the end,
 * perhaps with something of the results added.
 */
export type SeededRun = (
  seed: number | string,
  trace: (event: TraceEvent) => void,
) => Promise<{ readonly hash: string }>

/** Where a process of its own finds the run. */
export interface OtherProcess {
  /** The module that exports it: `import.meta.url` of a file, mostly. */
  readonly module: string | URL
  /** By which name. Default: `run`, or `default` for a scenario. */
  readonly export?: string
  /** Environment in which it differs. Default: another time zone and another locale. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: 60,000. */
  readonly timeoutMs?: number
}

export interface VerifyOptions {
  readonly seeds: readonly (number | string)[]
  /** Runs every seed once more in another process, with another time zone and locale. */
  readonly otherProcess?: OtherProcess
}

/** How a run came out. */
export interface RunRecord {
  /** The hash it gave, or the error with which it failed. */
  readonly outcome: string
  readonly events: EventLogData
}

export const DEFAULT_ENV = { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }

/** Two runs of one seed differ: the program draws on something that does not follow from the seed. */
export class NondeterminismError extends TroupeError {
  override readonly name = 'NondeterminismError'
  readonly seed: number | string
  /** In which run it differs from the first. */
  readonly where: 'the same process' | 'another process'
  /** 1 for the first event; one more than there are when only the outcomes differ. */
  readonly index: number
  /** The first event that differs, as in the first run, or how that run ended. */
  readonly first: string
  readonly second: string

  constructor(
    seed: number | string,
    where: NondeterminismError['where'],
    a: RunRecord,
    b: RunRecord,
  ) {
    const logs = [new EventLog(a.events), new EventLog(b.events)] as const
    const index = logs[0].firstDifference(logs[1])
    const [first, second] = [sideOf(a, logs[0], index), sideOf(b, logs[1], index)]
    const before = [index - 2, index - 1].flatMap((at) => logs[0].text(at) ?? [])
    const same = first === second ? ': the same event, but it did something else' : ''
    super(
      'ERR_NONDETERMINISM',
      [
        `two runs of seed ${seed} differ at event ${index + 1}${same}`,
        ...before.map((text, at) => `  event ${index + 1 - before.length + at}: ${text}`),
        `  first run: ${first}`,
        `  in ${where}: ${second}`,
      ].join('\n'),
    )
    this.seed = seed
    this.where = where
    this.index = index + 1
    this.first = first
    this.second = second
  }
}

const sideOf = (run: RunRecord, log: EventLog, index: number): string =>
  log.text(index) ?? `the end, ${run.outcome}`

const FIELDS = {
  seeds: {
    fallback: undefined,
    check: check<readonly (number | string)[]>(
      'a non-empty array of numbers or texts',
      (value) => Array.isArray(value) && value.length > 0,
    ),
  },
  otherProcess: { fallback: undefined, check: isObject<OtherProcess>() },
}

/**
 * Runs every seed twice, and once more in another process if that is asked for, and compares. Module
 * state that carries over from run to run, the time, the time zone or the locale of the machine: what
 * of these a program uses shows here as the first event that differs. For a scenario the outcome counts
 * too: verdict, history, choices, faults. The module of `otherProcess` exports the run, or the scenario.
 *
 *     await verifyDeterminism(bank, { seeds: [1, 2], otherProcess: { module: import.meta.url } })
 *
 * @throws NondeterminismError, TroupeError ERR_BAD_OPTION, and what a run failed with each time
 */
export async function verifyDeterminism(
  of: SeededRun | Scenario,
  options: VerifyOptions,
): Promise<void> {
  if (typeof of !== 'function' && !isScenario(of)) {
    throw badOption('verifyDeterminism.of', 'a function or a scenario', of)
  }
  const run = isScenario(of) ? runOf(of) : of
  const { seeds, otherProcess } = readOptions(
    'verifyDeterminism',
    FIELDS as unknown as Fields<VerifyOptions>,
    options,
  )
  if (seeds === undefined)
    throw badOption('verifyDeterminism.seeds', FIELDS.seeds.check.text, seeds)
  const firsts: RunRecord[] = []
  for (const seed of seeds) {
    const failures: unknown[] = []
    const first = await record(run, seed, failures)
    compare(seed, 'the same process', first, await record(run, seed, failures))
    if (failures.length > 0) throw failures[0]
    firsts.push(first)
  }
  if (otherProcess === undefined) return
  const byDefault = isScenario(of) ? 'default' : 'run'
  const others = await elsewhere(seeds, { export: byDefault, ...otherProcess })
  seeds.forEach((seed, at) => {
    compare(seed, 'another process', firsts[at] as RunRecord, others[at] as RunRecord)
  })
}

function compare(
  seed: number | string,
  where: NondeterminismError['where'],
  a: RunRecord,
  b: RunRecord,
): void {
  if (a.outcome === b.outcome && a.events.at.length === b.events.at.length) return
  throw new NondeterminismError(seed, where, a, b)
}

/** One run with its events; what it fails with is added to `failures`. */
export async function record(
  run: SeededRun,
  seed: number | string,
  failures: unknown[] = [],
): Promise<RunRecord> {
  const log = new EventLog()
  let outcome: string
  try {
    outcome = `with hash ${(await run(seed, log.note)).hash}`
  } catch (error) {
    failures.push(error)
    outcome = `failed: ${errorText(error)}`
  }
  return { outcome, events: log.data }
}

/** What goes to the other process. */
export interface RecordRequest {
  readonly module: string
  readonly name: string
  readonly seeds: readonly (number | string)[]
}

async function elsewhere(
  seeds: readonly (number | string)[],
  { module, export: name = 'run', env = DEFAULT_ENV, timeoutMs = 60_000 }: OtherProcess,
): Promise<readonly RunRecord[]> {
  if (!durationMs(1).test(timeoutMs)) {
    throw badOption('verifyDeterminism.otherProcess.timeoutMs', durationMs(1).text, timeoutMs)
  }
  const request: RecordRequest = { module: String(module), name, seeds }
  const main = siblingOf('recorder-main')
  const answer = (await askChild(main, env, request, timeoutMs, takeStep).catch((error) => {
    throw new Error(`${messageOf(error)} [SEED=${seeds.join(', ')}]`, { cause: error })
  })) as readonly RunRecord[] | { readonly error: string }
  if ('error' in answer) throw new Error(`the other process: ${answer.error}`)
  return answer
}

/** A module beside this one, compiled or not. */
export const siblingOf = (name: string): URL =>
  new URL(`./${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)
