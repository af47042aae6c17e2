import { show } from '../base/options.js'
import { BYZANTINE, type Fault, type FaultOf, type Verb } from './fault.js'
import { clockAmount, durationOr, percent } from './fault-amount.js'
import { badFault } from './fault-error.js'
import {
  afterLabel,
  args,
  type Fields,
  faultName,
  flag,
  groups,
  label,
  labelOrLink,
  node,
  oneOf,
  optionOf,
  type Part,
  peer,
} from './fault-part.js'

/** What a verb has behind it, in the order in which it is written. */
type Shape<F> = { readonly [K in keyof Omit<F, 'verb'>]-?: Part<F[K]> }

const WIRE_OR_STORE = optionOf('wire', 'store')

/** Old contents are of the wire only. */
const whereOf: Part<'wire' | 'store'> = {
  ...WIRE_OR_STORE,
  text: `${WIRE_OR_STORE.text}, for stale 'wire'`,
  parse: (from, before) => {
    if (before['how'] !== 'stale') return WIRE_OR_STORE.parse(from, before)
    from.accept('wire')
    return 'wire'
  },
  test: (value, all) =>
    WIRE_OR_STORE.test(value, all) && (all['how'] !== 'stale' || value === 'wire'),
}

const DELAY_MS = 100
const WINDOW_MS = 10

/** The grammar: parser, printer and check all follow from it. */
const SHAPES: { readonly [V in Verb]: Shape<FaultOf<V>> } = {
  partition: { groups, oneway: flag('oneway') },
  heal: {},
  crash: { node, after: afterLabel, loseUnsynced: flag('lose-unsynced') },
  restart: { node, loseUnsynced: flag('lose-unsynced') },
  pause: { node },
  resume: { node },
  egress_delay: { node, peer, ms: durationOr(DELAY_MS) },
  ingress_delay: { node, peer, ms: durationOr(DELAY_MS) },
  omit: { message: label },
  omit_send: { node, peer, percent },
  omit_receive: { node, peer, percent },
  omit_all: { node, percent },
  duplicate: { what: labelOrLink, percent },
  reorder: { from: peer, to: peer, windowMs: durationOr(WINDOW_MS) },
  byzantine: {
    node,
    how: oneOf(...BYZANTINE),
    where: whereOf,
    percent,
  },
  connection: { a: node, b: node, how: oneOf('reset') },
  clock: { node, how: oneOf('offset', 'drift', 'jump'), amount: clockAmount },
  store: { node, how: oneOf('slow', 'fail', 'torn', 'full') },
  resolve_all: {},
  user: { name: faultName, args },
}

/** All verbs, in the order of the documentation. */
export const VERBS = Object.keys(SHAPES) as readonly Verb[]

export const isVerb = (word: unknown): word is Verb =>
  typeof word === 'string' && Object.hasOwn(SHAPES, word)

/** The parts of a verb by name, in order. */
export const partsOf = (verb: Verb): readonly (readonly [string, Part<unknown>])[] =>
  Object.entries(SHAPES[verb]) as [string, Part<unknown>][]

/**
 * Refuses what is no fault: for data that does not come from `parseFault`.
 * @throws TroupeError ERR_BAD_FAULT naming field, rule and value
 */
export function checkFault(given: unknown): asserts given is Fault {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw badFault(`a fault must be an object or a text, got ${show(given)}`)
  }
  const fields = given as Fields
  const verb = fields['verb']
  if (!isVerb(verb))
    throw badFault(`fault.verb must be one of ${VERBS.join(', ')}, got ${show(verb)}`)
  const parts = partsOf(verb)
  for (const [name, part] of parts) {
    if (part.test(fields[name], fields)) continue
    throw badFault(`${verb}.${name} must be ${part.text}, got ${show(fields[name])}`)
  }
  const known = new Set(['verb', ...parts.map(([name]) => name)])
  for (const name of Object.keys(fields)) {
    if (!known.has(name)) throw badFault(`${verb}.${name} is no part of that fault`)
  }
  if (
    verb === 'partition' &&
    fields['oneway'] === true &&
    (fields['groups'] as readonly unknown[]).length !== 2
  ) {
    throw badFault('partition.groups must be two groups when oneway is true')
  }
}
