import { check, type Fields, isFunction, isObject, oneOf, readOptions } from '../base/options.js'
import type { ChoiceSource, Tape } from './choices.js'
import { Exchanges } from './exchanges.js'
import { Execution } from './execution.js'
import type { FaultLine } from './fault-schedule.js'
import type { Result } from './result.js'
import type { Scenario } from './scenario.js'
import type { Script } from './script.js'
import type { TraceEvent } from './trace-event.js'
import type { TraceLine } from './trace-line.js'
import { withPlace } from './user-place.js'

export interface SimulateOptions {
  /** Everything drawn in the run follows from it. Default 1. */
  readonly seed?: number | string
  /** Answers to the run's choices, in place of those that follow from the seed; 0 for all others. */
  readonly tape?: Tape
  /** Faults at their times, in place of those that the scenario's model draws. */
  readonly faults?: readonly FaultLine[]
  /**
   * What clients do and what befalls the nodes, in place of the scenario's workload and of the faults that its
   * model draws.
   */
  readonly script?: Script
  /** Who answers the run's choices, in place of seed and tape. */
  readonly choices?: ChoiceSource
  /** Default `none`. `memory`: `Result.trace` holds it. */
  readonly trace?: 'none' | 'memory'
  /** How promises are run to their end between events; both give the same run. Default: the faster one. */
  readonly drain?: 'fast' | 'portable'
  /** Hears of every event of the simulation before it runs: what `verifyDeterminism` compares. */
  readonly onEvent?: (event: TraceEvent) => void
  /** At level `messages`: keeps what each node gets and gives. A new one for each run. */
  readonly exchanges?: Exchanges
  /** Hears of every line as it is written, whatever `trace` says; `stop` ends the run. */
  readonly sink?: (line: TraceLine) => 'stop' | undefined
}

const FIELDS = {
  seed: {
    fallback: undefined,
    check: check<number | string>(
      'a number or a text',
      (v) => typeof v === 'string' || Number.isFinite(v),
    ),
  },
  tape: {
    fallback: undefined,
    check: check<Tape>(
      'numbers by label',
      (v) => isObject<object>().test(v) && Object.values(v).every(Number.isInteger),
    ),
  },
  faults: {
    fallback: undefined,
    check: check<readonly FaultLine[]>(
      'an array of faults, each with atUs',
      (v) => Array.isArray(v) && v.every((line) => Number.isFinite(line?.atUs)),
    ),
  },
  script: {
    fallback: undefined,
    check: check<Script>('an object with an array of steps', (v) =>
      Array.isArray((v as Script | null)?.steps),
    ),
  },
  choices: {
    fallback: undefined,
    check: check<ChoiceSource>('an object with a method choose', (v) =>
      isFunction().test((v as ChoiceSource | null)?.choose),
    ),
  },
  trace: { fallback: 'none' as const, check: oneOf('none', 'memory') },
  drain: { fallback: undefined, check: oneOf('fast', 'portable') },
  exchanges: {
    fallback: undefined,
    check: check<Exchanges>('an Exchanges', (v) => v instanceof Exchanges),
  },
  onEvent: { fallback: undefined, check: isFunction<(event: TraceEvent) => void>() },
  sink: { fallback: undefined, check: isFunction<(line: TraceLine) => 'stop' | undefined>() },
} as unknown as Fields<SimulateOptions>

/**
 * Runs a scenario once, in a simulated cluster under virtual time: starts the nodes, joins them, lets
 * the workload run while faults befall it, ends the faults, and asks the checks. The same seed gives
 * the same run. Works under any test runner: it is just a promise.
 *
 * A run that fails is a result, not a rejection.
 *
 * @throws TroupeError ERR_BAD_OPTION; ERR_BAD_SCENARIO for a malformed scenario and for what its `start` throws at
 *   first; ERR_BAD_FAULT for a fault that names an unknown node; with file and line in `data`, where they are known
 */
export async function simulate(scenario: Scenario, options: SimulateOptions = {}): Promise<Result> {
  const execution = withPlace(
    ['ERR_BAD_SCENARIO', 'ERR_BAD_FAULT', 'ERR_BAD_OPTION'],
    () => new Execution(scenario, readOptions('simulate', FIELDS, options)),
  )
  return execution.run()
}
