/** The entry point `troupe/fault`: faults as data and text. */
export type { Fault, FaultArgument, FaultOf, Link, MessageLabel, Verb } from './fault.js'
export type { TextPosition } from './fault-error.js'
export { checkFault, VERBS } from './fault-shape.js'
export { parseFault, parseFaults, printFault } from './fault-text.js'
