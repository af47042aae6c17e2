import {
  type Fields,
  integer,
  isBoolean,
  isObject,
  isText,
  oneOf,
  readOptions,
} from '../base/options.js'
import { parseCounterexample } from './cx-file.js'
import type { CxOptions, CxRun } from './cx-run.js'
import type { OtherProcess } from './determinism.js'
import type { Replayed, ReplayOptions } from './replay.js'
import { planOf, WORKER_FIELDS, type WorkerRunOptions } from './run-in-worker.js'
import { answersOf, type ScenarioTask, type SeedAnswer } from './seed-thread.js'
import { parseTrace } from './trace-file.js'

/** What became of something that was done in a watched thread. */
export interface Watched<T> {
  /** Of the run that it was about. */
  readonly seed: number | string
  /** `failed`: it was refused. `stuck`: it took no step for `stallMs` and was killed, or its thread ended. */
  readonly verdict: 'done' | 'failed' | 'stuck'
  readonly value?: T
  /** Why there is no value. */
  readonly reason?: string
  /** The code of the error it was refused with, such as ERR_REPLAY. */
  readonly code?: string
}

interface OnScenario extends WorkerRunOptions {
  /** How many nodes, in place of those of the scenario. */
  readonly nodes?: number
}

export interface WorkerReplayOptions extends OnScenario, ReplayOptions {}

export interface WorkerCxOptions extends OnScenario, CxOptions {}

export interface WorkerVerifyOptions extends OnScenario {
  /** Runs every seed once more in another process; its module and export are those of the scenario. */
  readonly otherProcess?: Pick<OtherProcess, 'env' | 'timeoutMs'>
}

const FIELDS = {
  ...WORKER_FIELDS,
  export: { fallback: 'default', check: isText },
  nodes: { fallback: undefined, check: integer(1, 10_000) },
}

const RUN_FIELDS = {
  ...FIELDS,
  file: { fallback: undefined, check: isText },
  trace: { fallback: 'none', check: oneOf('none', 'memory') },
}

const REPLAY_FIELDS = {
  ...RUN_FIELDS,
  mode: { fallback: 'strict', check: oneOf('strict', 'lenient') },
  until: { fallback: undefined, check: integer(0) },
} as unknown as Fields<WorkerReplayOptions>

const CX_FIELDS = {
  ...RUN_FIELDS,
  byHand: { fallback: false, check: isBoolean },
} as unknown as Fields<WorkerCxOptions>

const VERIFY_FIELDS = {
  ...FIELDS,
  otherProcess: { fallback: undefined, check: isObject<OtherProcess>() },
} as unknown as Fields<WorkerVerifyOptions>

/**
 * `replay` in a thread that is watched, as in `simulateInWorker`: a scenario that has changed may never end.
 *
 * @param module the module that exports the scenario: a `file:` URL
 * @throws TroupeError ERR_BAD_TRACE for a damaged trace, ERR_BAD_OPTION
 */
export async function replayInWorker(
  module: string | URL,
  trace: string,
  options?: WorkerReplayOptions,
): Promise<Watched<Replayed>> {
  const read = readOptions('replayInWorker', REPLAY_FIELDS, options)
  const { file, mode, until, trace: kept } = read
  const { seed } = parseTrace(trace, file).header
  const task: ScenarioTask = {
    type: 'replay',
    text: trace,
    options: given({ file, mode, until, trace: kept }),
    ...nodesOf(read),
  }
  return only(module, read, task, seed)
}

/**
 * `runCounterexample` in a thread that is watched.
 *
 * @throws TroupeError ERR_BAD_COUNTEREXAMPLE for a syntax error, ERR_BAD_OPTION
 */
export async function runCounterexampleInWorker(
  module: string | URL,
  text: string,
  options?: WorkerCxOptions,
): Promise<Watched<CxRun>> {
  const read = readOptions('runCounterexampleInWorker', CX_FIELDS, options)
  const { file, byHand, trace } = read
  const { meta } = parseCounterexample(text, file)
  const task: ScenarioTask = {
    type: 'counterexample',
    text,
    options: given({ file, byHand, trace }),
    ...nodesOf(read),
  }
  return only(module, read, task, meta?.seed ?? 1)
}

/**
 * `verifyDeterminism` of a scenario in a thread that is watched, one seed after another. Of a seed that
 * does not give the same run `code` is ERR_NONDETERMINISM, and `reason` says which event differs.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export async function* verifyInWorker(
  module: string | URL,
  seeds: Iterable<number | string>,
  options?: WorkerVerifyOptions,
): AsyncGenerator<Watched<undefined>, void> {
  const read = readOptions('verifyInWorker', VERIFY_FIELDS, options)
  const plan = planOf(module, read, 'default')
  const { otherProcess } = read
  const other = otherProcess && { ...otherProcess, module: plan.module, export: plan.name }
  const task: ScenarioTask = {
    type: 'verify',
    ...(other && { otherProcess: other }),
    ...nodesOf(read),
  }
  for await (const answer of answersOf({ ...plan, task }, seeds)) yield watched(answer)
}

async function only<T>(
  module: string | URL,
  options: WorkerRunOptions,
  task: ScenarioTask,
  seed: number | string,
): Promise<Watched<T>> {
  const plan = { ...planOf(module, options, 'default'), task }
  for await (const answer of answersOf(plan, [seed])) return watched(answer)
  throw new Error('a thread gave no answer')
}

const watched = <T>({ value, ...rest }: SeedAnswer): Watched<T> =>
  value === undefined ? rest : { ...rest, value: value as T }

const nodesOf = ({ nodes }: OnScenario): { readonly nodes?: number } =>
  nodes === undefined ? {} : { nodes }

/** Without what was not given. */
const given = <T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
