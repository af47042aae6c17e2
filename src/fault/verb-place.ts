import type { Fault, Verb } from './fault.js'

/** Where a verb works: on running nodes and in a simulation, or in a simulation only. */
export type VerbPlace = 'node' | 'simulation'

/** `docs/testing.md` says the same; a test holds both equal. */
export const VERB_PLACES: Readonly<Record<Verb, VerbPlace>> = {
  partition: 'node',
  heal: 'node',
  crash: 'simulation',
  restart: 'simulation',
  pause: 'simulation',
  resume: 'simulation',
  egress_delay: 'node',
  ingress_delay: 'node',
  omit: 'node',
  omit_send: 'node',
  omit_receive: 'node',
  omit_all: 'node',
  duplicate: 'node',
  reorder: 'node',
  byzantine: 'node',
  connection: 'node',
  clock: 'simulation',
  store: 'simulation',
  resolve_all: 'node',
  user: 'node',
}

/** The verbs that work on a running node; of `byzantine` all but `store`. */
export const WORKING_VERBS = (Object.keys(VERB_PLACES) as Verb[]).filter(
  (verb) => VERB_PLACES[verb] === 'node',
)

export function worksOnNode(fault: Fault): boolean {
  if (fault.verb === 'byzantine' && fault.where === 'store') return false
  return VERB_PLACES[fault.verb] === 'node'
}
