export { BroadcastLayer } from './broadcast-layer.js'
export {
  type Blame,
  type Check,
  CheckFailed,
  check,
  type LivingActor,
  type Verification,
  type View,
} from './check.js'
export { type Candidate, type ChoiceSource, SeededChoices, type Tape } from './choices.js'
export { type CxNotes, parseCounterexample, printCounterexample } from './cx-file.js'
export type { Counterexample, CxLine, CxMeta, CxResult } from './cx-line.js'
export { type CxOptions, type CxRun, runCounterexample } from './cx-run.js'
export {
  NondeterminismError,
  type OtherProcess,
  type SeededRun,
  type VerifyOptions,
  verifyDeterminism,
} from './determinism.js'
export type { Client, Driver } from './driver.js'
export { EscapedWaitError } from './escaped-wait.js'
export { Exchanges, type Input, type NodeExchange } from './exchanges.js'
export {
  type FaultKind,
  FaultModel,
  type FaultModelOptions,
  faultModels,
  kindOf,
  type UserFaultChoice,
} from './fault-model.js'
export type { FaultLine } from './fault-schedule.js'
export type { GuardOptions, GuardWarning } from './guarded-host.js'
export type { GuardKind, GuardPolicy } from './guards/slot.js'
export { betweenRegions, type LatencyTable, latencies, type Region } from './latency.js'
export type { LinkOptions } from './links.js'
export type { Op, OpStatus, Outcome, Plain } from './op.js'
export { OverlayGraph, type Spread } from './overlay-graph.js'
export {
  type OverlayRunOptions,
  type OverlayRunResult,
  type Progress,
  runOverlay,
} from './overlay-run.js'
export { OverlayTown, type OverlayTownOptions } from './overlay-town.js'
export type { Detection } from './protocol-connections.js'
export {
  type LatencyOf,
  type NetworkLayer,
  ProtocolNetwork,
  type ProtocolNetworkOptions,
} from './protocol-network.js'
export type { ProtocolNode } from './protocol-node.js'
export { mergeTraces, type Recording, recordTrace } from './real-trace.js'
export { scriptOf } from './recorded-script.js'
export { type Replayed, type ReplayOptions, replay } from './replay.js'
export {
  replayInWorker,
  runCounterexampleInWorker,
  verifyInWorker,
  type Watched,
  type WorkerCxOptions,
  type WorkerReplayOptions,
  type WorkerVerifyOptions,
} from './replay-in-worker.js'
export { type Membership, type Result, report, type Verdict } from './result.js'
export {
  runInWorker,
  type SeedOutcome,
  type SimulatedSeed,
  simulateInWorker,
  type WorkerRunOptions,
  type WorkerSimulateOptions,
} from './run-in-worker.js'
export type { Limits, Operation, Scenario, ScenarioNodeOptions, StartContext } from './scenario.js'
export { runOf } from './scenario-run.js'
export { type Script, type ScriptAct, type ScriptStep, withoutSteps } from './script.js'
export type { UserFault } from './sim-faults.js'
export type { DiskState } from './sim-store.js'
export type { WaitLevel } from './sim-waits.js'
export { type SimulateOptions, simulate } from './simulate.js'
export { type CrashOptions, Simulation, type SimulationOptions, type Skew } from './simulation.js'
export { type FailureKind, SimulationFailure } from './simulation-failure.js'
export type { TraceEvent } from './trace-event.js'
export { parseTrace, printTrace } from './trace-file.js'
export type { Trace, TraceEnd, TraceHeader, TraceKind, TraceLine } from './trace-line.js'
export { UnitTorus } from './unit-torus.js'
export { type BroadcastOutcome, ViewGossip } from './view-gossip.js'
