import { parseArgs } from 'node:util'
import { PRUNE_RULES, type PruneRule } from '../../src/verification/explorers/prune-rules.js'
import {
  PROTOCOL_NAMES,
  PROTOCOLS,
  type ProtocolEntry,
  type ProtocolName,
} from './protocol-names.js'

export const MODES = ['static', 'dynamic', 'dpor'] as const
export type Mode = (typeof MODES)[number]

/** What is to be searched. */
export interface CheckArguments {
  readonly protocol: ProtocolName
  readonly mode: Mode
  readonly participants: number
  /** Infinity: no bound. */
  readonly maxOmissions: number
  readonly crashes: number
  /** By which rules runs are left out. */
  readonly prune: readonly PruneRule[]
  readonly bug: string | undefined
  readonly seconds: number | undefined
  readonly json: boolean
}

export class WrongUse extends Error {}

export const CHECK_USAGE = [
  'usage: npm run check -- PROTOCOL [--mode static|dynamic|dpor] [--participants P] [--max-omissions K]',
  '         [--crashes C] [--prune [RULES]] [--bug NAME] [--seconds N] [--json]',
]

export const CHECK_HELP = [
  ...CHECK_USAGE,
  '',
  'Runs a protocol of examples/protocols with every set of lost messages (static: every subset of the messages of',
  'its run without faults; dynamic: also of those that only come of a loss), or in every order of its messages',
  '(dpor), and prints the smallest sets of faults that break it.',
  '',
  ...PROTOCOL_NAMES.map((name) => `  ${name.padEnd(26)}${PROTOCOLS[name].is}`),
  '',
  '--participants     nodes beside the first one; in commit protocols the first also takes part',
  '--max-omissions    messages lost in one run at most; all: no bound',
  '--crashes          nodes that crash in one run at most, before any message they would send; each counts as a',
  '                   loss (dynamic only; 0)',
  '--prune            leaves out runs that could only end like others. Alone: same-run in static mode, else all but',
  '                   symmetry that apply. With a comma between, any of',
  '                     same-run     the same losses count, so it is the same run',
  '                     lineage      a loss more, which only its receiver could notice, and does not',
  '                     equivalent   a loss and then the crash of its sender: as the crash before it (dynamic)',
  '                     symmetry     the same with nodes renamed of which one is as good as another',
  '--bug              puts a mistake into the protocol:',
  ...PROTOCOL_NAMES.filter((name) => PROTOCOLS[name].bugs.length > 0).map(
    (name) => `                     ${name}: ${PROTOCOLS[name].bugs.join(', ')}`,
  ),
  '--seconds          ends the search after that time',
  '--json             the result as one JSON object',
  '',
  'Ends with 0: it holds within the bounds; 1: it does not; 3: wrong use; 4: undecided, because the time was over',
  'first or a limit ended a run; 70: the search itself failed.',
]

const OPTIONS = {
  mode: { type: 'string', default: 'dynamic' },
  participants: { type: 'string' },
  'max-omissions': { type: 'string' },
  crashes: { type: 'string' },
  prune: { type: 'string' },
  bug: { type: 'string' },
  seconds: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

/** @throws WrongUse */
export function readCheckArguments(argv: readonly string[]): CheckArguments {
  const { values, positionals } = parsed(argv)
  const [protocol, ...more] = positionals
  if (protocol === undefined) throw new WrongUse('which protocol?')
  if (more.length > 0) throw new WrongUse(`one protocol at a time, got ${positionals.join(' ')}`)
  if (!isOneOf(PROTOCOL_NAMES, protocol)) {
    throw new WrongUse(`there is no protocol ${protocol}; there are: ${PROTOCOL_NAMES.join(', ')}`)
  }
  const { mode, bug, json } = values
  if (!isOneOf(MODES, mode)) {
    throw new WrongUse(`--mode must be one of ${MODES.join(', ')}, got ${mode}`)
  }
  const entry: ProtocolEntry = PROTOCOLS[protocol]
  if (bug !== undefined && !entry.bugs.includes(bug)) {
    const known = entry.bugs.length === 0 ? 'absent' : `one of ${entry.bugs.join(', ')}`
    throw new WrongUse(`--bug of ${protocol} must be ${known}, got ${bug}`)
  }
  const omissions = values['max-omissions']
  if (mode === 'dpor' && omissions !== undefined && omissions !== '0') {
    throw new WrongUse('--max-omissions is for --mode static or dynamic: dpor loses nothing')
  }
  const crashes = whole('crashes', values.crashes, 0, 10) ?? 0
  if (crashes > 0 && mode !== 'dynamic') throw new WrongUse('--crashes is for --mode dynamic')
  const prune = rules(values.prune, mode)
  const byDefault = mode === 'static' ? Number.POSITIVE_INFINITY : entry.maxOmissions
  return {
    protocol,
    mode,
    participants: whole('participants', values.participants, 1, 20) ?? entry.participants,
    maxOmissions: mode === 'dpor' ? 0 : bound(omissions, byDefault),
    crashes,
    prune,
    bug,
    seconds: whole('seconds', values.seconds, 1, 1_000_000),
    json,
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: withRules(argv), options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new WrongUse((error as Error).message)
  }
}

/** `--prune` stands alone, or has its rules behind it. */
const withRules = (argv: readonly string[]): string[] =>
  argv.flatMap((word, at) => {
    const next = argv[at + 1]
    if (word === '--prune' && (next === undefined || !isRules(next))) return ['--prune=']
    return [word]
  })

const isRules = (text: string): boolean =>
  text.split(',').every((word) => isOneOf(PRUNE_RULES, word))

const APPLY: Readonly<Record<Mode, readonly PruneRule[]>> = {
  static: ['same-run', 'lineage', 'symmetry'],
  dynamic: PRUNE_RULES,
  dpor: ['symmetry'],
}

function rules(text: string | undefined, mode: Mode): readonly PruneRule[] {
  if (text === undefined) return []
  if (text === '') {
    return mode === 'static' ? ['same-run'] : APPLY[mode].filter((rule) => rule !== 'symmetry')
  }
  if (!isRules(text)) {
    throw new WrongUse(`--prune must be of ${PRUNE_RULES.join(', ')}, got ${text}`)
  }
  const wanted = text.split(',') as PruneRule[]
  const idle = wanted.find((rule) => !APPLY[mode].includes(rule))
  if (idle !== undefined) throw new WrongUse(`--prune ${idle} is not for --mode ${mode}`)
  return wanted
}

const isOneOf = <T extends string>(words: readonly T[], word: string): word is T =>
  (words as readonly string[]).includes(word)

function bound(text: string | undefined, byDefault: number): number {
  if (text === 'all') return Number.POSITIVE_INFINITY
  return whole('max-omissions', text, 0, 1_000_000) ?? byDefault
}

function whole(name: string, text: string | undefined, least: number, most: number) {
  if (text === undefined) return undefined
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new WrongUse(`--${name} must be a whole number from ${least} to ${most}, got ${text}`)
}
