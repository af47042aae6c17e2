export {
  NondeterminismError,
  type OtherProcess,
  type SeededRun,
  type VerifyOptions,
  verifyDeterminism,
} from './determinism.js'
export { EscapedWaitError } from './escaped-wait.js'
export type { GuardOptions, GuardWarning } from './guarded-host.js'
export type { GuardKind, GuardPolicy } from './guards/slot.js'
export type { LinkOptions } from './links.js'
export { runInWorker, type SeedOutcome, type WorkerRunOptions } from './run-in-worker.js'
export type { WaitLevel } from './sim-waits.js'
export { Simulation, type SimulationOptions, type TraceEvent } from './simulation.js'
export { SimulationFailure } from './simulation-failure.js'
