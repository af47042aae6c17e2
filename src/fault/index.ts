/** The entry point `troupe/fault`: break the network of a node, real or simulated, and stand between it and its messages. */
export type { FrameInfo, Rule, Ruling } from '../peer/gate.js'
export type { MessageKind, PassingMessage, Point } from '../peer/passage.js'
export type { Fault, FaultArgument, FaultOf, Link, MessageLabel, Verb } from './fault.js'
export type { TextPosition } from './fault-error.js'
export { checkFault, VERBS } from './fault-shape.js'
export { parseFault, parseFaults, printFault } from './fault-text.js'
export {
  type ActiveFault,
  type FaultBody,
  type FaultOptions,
  type FaultSite,
  type Faults,
  faults,
} from './faults.js'
export type {
  Action,
  Interposed,
  InterposedFailure,
  InterposedHandle,
  InterposedStats,
  Outcome,
} from './interposed.js'
export { type InterposeOptions, type Interposition, interpose } from './interposition.js'
export { VERB_PLACES, type VerbPlace } from './verb-place.js'
