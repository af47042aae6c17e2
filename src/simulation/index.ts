export type { LinkOptions } from './links.js'
export { Simulation, type SimulationOptions, type TraceEvent } from './simulation.js'
export { SimulationFailure } from './simulation-failure.js'
