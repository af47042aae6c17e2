/** The entry point `troupe/models`: model-based tests of simulated clusters. Needs the package `fast-check`. */
export type { AnyCommand, Command } from './command.js'
export type { Arguments, ModelTestOptions } from './model-options.js'
export type { ModelFailure, ModelReport, Sizes } from './model-report.js'
export { modelScenario } from './model-scenario.js'
export { modelTest } from './model-test.js'
export { type ReplayModelOptions, replayModel } from './replay-model.js'
