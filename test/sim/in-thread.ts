import { type SimulatedSeed, simulateInWorker } from '../../src/simulation/index.js'

/** Where a thread finds a scenario, and how long it may take no step. */
export interface ScenarioModule {
  /** Exports the scenario by default. */
  readonly module: string
  readonly stallMs: number
  readonly nodes?: number
}

/** The thread has loaders of its own: for TypeScript, and the guards. */
const IMPORTS = [
  new URL('../simulation/typescript-loader.mjs', import.meta.url),
  new URL('../../src/simulation/guards/index.ts', import.meta.url),
]

/** A scenario under one seed after another, in a thread that is watched. */
export const simulated = (
  { module, ...options }: ScenarioModule,
  seeds: Iterable<string>,
  trace: 'none' | 'memory' = 'none',
): AsyncGenerator<SimulatedSeed, void> =>
  simulateInWorker(module, seeds, { ...options, trace, imports: IMPORTS })

/** There is no result. */
export class NoResult extends Error {
  /** The scenario could not be run at all, or it was killed. */
  readonly verdict: 'failed' | 'stuck'

  constructor(scenario: string, { verdict, reason }: SimulatedSeed) {
    super(`${scenario}: ${reason}`)
    this.verdict = verdict === 'stuck' ? 'stuck' : 'failed'
  }
}
