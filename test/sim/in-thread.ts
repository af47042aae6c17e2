import { codeOf } from '../../src/base/errors.js'
import {
  type CxRun,
  type Replayed,
  replayInWorker,
  runCounterexampleInWorker,
  type SimulatedSeed,
  simulateInWorker,
  verifyInWorker,
  type Watched,
  type WorkerCxOptions,
  type WorkerReplayOptions,
  type WorkerSimulateOptions,
} from '../../src/simulation/index.js'

/** Where a thread finds a scenario, and how long it may take no step. */
export interface ScenarioModule {
  /** Exports the scenario by default. */
  readonly module: string
  readonly stallMs: number
  readonly nodes?: number
}

/** The thread has loaders of its own: the guards, and one for TypeScript where this is not compiled. */
const IMPORTS = import.meta.url.endsWith('.ts')
  ? [
      new URL('../simulation/typescript-loader.mjs', import.meta.url),
      new URL('../../src/simulation/guards/index.ts', import.meta.url),
    ]
  : [new URL('../../src/simulation/guards/index.js', import.meta.url)]

/** A scenario under one seed after another, in a thread that is watched. */
export const simulated = (
  { module, ...options }: ScenarioModule,
  seeds: Iterable<string>,
  more: Pick<WorkerSimulateOptions, 'trace' | 'heapEvery'> = {},
): AsyncGenerator<SimulatedSeed, void> =>
  simulateInWorker(module, seeds, { ...options, ...more, imports: IMPORTS })

/** A trace or a counterexample once more, in a thread that is watched. @throws NoResult */
export const replayed = async (
  name: string,
  { module, ...from }: ScenarioModule,
  text: string,
  options: WorkerReplayOptions,
): Promise<Replayed> =>
  valueIn(name, await replayInWorker(module, text, { ...options, ...from, imports: IMPORTS }))

export const ranAgain = async (
  name: string,
  { module, ...from }: ScenarioModule,
  text: string,
  options: WorkerCxOptions,
): Promise<CxRun> =>
  valueIn(
    name,
    await runCounterexampleInWorker(module, text, { ...options, ...from, imports: IMPORTS }),
  )

/** The same run twice, and once in another process unless other nodes are asked for. @throws NoResult */
export async function verified(
  name: string,
  { module, ...from }: ScenarioModule,
  seed: string,
): Promise<void> {
  const elsewhere = from.nodes === undefined && { otherProcess: {} }
  const options = { ...from, ...elsewhere, imports: IMPORTS }
  for await (const one of verifyInWorker(module, [seed], options)) {
    if (one.verdict !== 'done') throw new NoResult(name, one)
  }
}

function valueIn<T>(name: string, watched: Watched<T>): T {
  if (watched.value === undefined) throw new NoResult(name, watched)
  return watched.value
}

/** There is no result. */
export class NoResult extends Error {
  /** The scenario could not be run at all, or it was killed. */
  readonly verdict: 'failed' | 'stuck'
  readonly code: string | undefined

  constructor(scenario: string, none: Pick<SimulatedSeed, 'verdict' | 'reason'>) {
    super(`${scenario}: ${none.reason}`)
    this.verdict = none.verdict === 'stuck' ? 'stuck' : 'failed'
    this.code = codeOf(none)
  }
}
