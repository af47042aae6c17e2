import { check, durationMs, integer, isText, oneOf, readOptions } from '../base/options.js'
import type { Result } from './result.js'
import { answersOf, type ScenarioTask, type ThreadPlan } from './seed-thread.js'

export interface WorkerRunOptions {
  /** The name by which the module exports the run, `(seed) => Promise<unknown>`, or a scenario. Default: `run`. */
  readonly export?: string
  /** Real time without a step of a simulation after which a run counts as stuck, in ms; a seed's start and end count as steps, and loading has a minute. Default: 10,000. */
  readonly stallMs?: number
  /**
   * Modules that the thread loads first, in order: `troupe/guards`, one that registers a loader for
   * TypeScript. What `--import` gave this process does not reach the thread on every Node.js.
   */
  readonly imports?: readonly (string | URL)[]
}

/** How the run of one seed came out. */
export interface SeedOutcome {
  readonly seed: number | string
  /** `stuck`: it took no step for `stallMs` and was killed, or its thread ended. */
  readonly verdict: 'done' | 'failed' | 'stuck'
  /** What it gave, where that can be copied between threads. */
  readonly value?: unknown
  /** What it failed with, or why it was killed. */
  readonly reason?: string
}

export interface WorkerSimulateOptions extends WorkerRunOptions {
  /** The name by which the module exports the scenario. Default: `default`. */
  readonly export?: string
  /** How many nodes, in place of those of the scenario. */
  readonly nodes?: number
  /** Default `none`. `memory`: each result holds its trace. */
  readonly trace?: 'none' | 'memory'
  /** After every so many seeds garbage is collected, and what lives is measured: `heapBytes`. Default 0: never. */
  readonly heapEvery?: number
}

/** How a scenario came out under one seed. */
export interface SimulatedSeed {
  readonly seed: number | string
  /**
   * `done`: there is a result, whatever its verdict. `failed`: it could not be run. `stuck`: it took no
   * step for `stallMs` and was killed, or its thread ended.
   */
  readonly verdict: 'done' | 'failed' | 'stuck'
  /** With what can be copied between threads: its error is an `Error` with message and stack. */
  readonly result?: Result
  /** Why there is no result. */
  readonly reason?: string
  /** What lives in the thread when this run is over, buffers included; where it was measured. */
  readonly heapBytes?: number
}

export const WORKER_FIELDS = {
  export: { fallback: 'run', check: isText },
  stallMs: { fallback: 10_000, check: durationMs(1) },
  imports: {
    fallback: [],
    check: check<readonly (string | URL)[]>('an array of modules', (value) => Array.isArray(value)),
  },
}

const SIMULATE_FIELDS = {
  ...WORKER_FIELDS,
  export: { fallback: 'default', check: isText },
  nodes: { fallback: undefined as unknown as number, check: integer(1, 10_000) },
  trace: { fallback: 'none' as const, check: oneOf('none', 'memory') },
  heapEvery: { fallback: 0, check: integer(0) },
}

/**
 * Runs seeds one after the other in a thread, which is watched from this one: a loop of promises that
 * never ends cannot be stopped from inside. The thread of a seed that is stuck is killed, and the next
 * seed begins in a new one.
 *
 * @param module the module that exports the run: a `file:` URL
 * @throws TroupeError ERR_BAD_OPTION
 */
export async function runInWorker(
  module: string | URL,
  seeds: readonly (number | string)[],
  options?: WorkerRunOptions,
): Promise<SeedOutcome[]> {
  const read = readOptions<WorkerRunOptions>('runInWorker', WORKER_FIELDS, options)
  const outcomes: SeedOutcome[] = []
  for await (const { code: _, ...outcome } of answersOf(planOf(module, read, 'run'), seeds)) {
    outcomes.push(outcome)
  }
  return outcomes
}

/**
 * Simulates a scenario under one seed after another in a thread that is watched, as `runInWorker` does.
 * Seeds may be without end: whoever leaves the loop ends the thread.
 *
 *     for await (const { seed, verdict, result } of simulateInWorker(module, [1, 2, 3])) …
 *
 * @param module the module that exports the scenario: a `file:` URL
 * @throws TroupeError ERR_BAD_OPTION
 */
export async function* simulateInWorker(
  module: string | URL,
  seeds: Iterable<number | string>,
  options?: WorkerSimulateOptions,
): AsyncGenerator<SimulatedSeed, void> {
  const read = readOptions<WorkerSimulateOptions>('simulateInWorker', SIMULATE_FIELDS, options)
  const { nodes, trace = 'none', heapEvery = 0 } = read
  const task: ScenarioTask = {
    type: 'simulate',
    trace,
    heapEvery,
    ...(nodes !== undefined && { nodes }),
  }
  const plan = { ...planOf(module, read, 'default'), task }
  for await (const { value, code: _, ...outcome } of answersOf(plan, seeds)) {
    yield value === undefined ? outcome : { ...outcome, result: value as Result }
  }
}

export function planOf(
  module: string | URL,
  { export: name, stallMs = 10_000, imports = [] }: WorkerRunOptions,
  byDefault: string,
): ThreadPlan {
  return { module: String(module), name: name ?? byDefault, stallMs, imports: imports.map(String) }
}
