import { messageOf } from '../base/errors.js'
import type { CampaignVerdict } from '../verification/exploration/campaign-record.js'
import type { Again } from '../verification/exploration/campaign-report.js'
import { DeskThread } from '../verification/exploration/desk-thread.js'
import type { ScenarioSource } from '../verification/exploration/scenario-source.js'
import { BadModule, userModule } from '../world/real/user-module.js'
import type { OptionSpecs, ParsedWords } from '../world/terminal.js'
import { EXIT, type ExitCode, UsageError } from './command.js'

/** Options of every command that runs a scenario. */
export const SCENARIO_OPTIONS: OptionSpecs = {
  scenario: { type: 'string' },
  nodes: { type: 'string' },
  level: { type: 'string' },
  'stall-ms': { type: 'string' },
  json: { type: 'boolean' },
}

export const SCENARIO_HELP: readonly string[] = [
  'FILE is a module, in JavaScript or (where tsx is installed) TypeScript, that exports a scenario.',
  '',
  '--scenario            the name of its export, where there are several (the default export)',
  '--nodes               how many nodes, in place of its own',
  '--level               nodes | messages, in place of its own',
  '--stall-ms            time without a step after which a run counts as never ending (10,000)',
]

const OWN = new URL('../../', import.meta.url)
const STALL_MS = 10_000

type Values = ParsedWords['values']

/** The scenario that the words of a command name. @throws UsageError */
export function sourceOf(file: string | undefined, values: Values): ScenarioSource {
  if (file === undefined) throw new UsageError('which file?')
  const name = text(values, 'scenario')
  const nodes = whole(values, 'nodes', 1, 10_000)
  const level = oneOf(values, 'level', ['nodes', 'messages'] as const)
  try {
    return {
      module: userModule(file, OWN),
      ...(name !== undefined && { export: name }),
      ...(nodes !== undefined && { nodes }),
      ...(level !== undefined && { level }),
    }
  } catch (error) {
    if (error instanceof BadModule) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

export const stallMsOf = (values: Values): number =>
  whole(values, 'stall-ms', 1, 2 ** 31 - 1) ?? STALL_MS

/** Does something with a scenario in a thread that is watched. */
export async function withDesk<T>(
  source: ScenarioSource,
  values: Values,
  run: (desk: DeskThread) => Promise<T>,
): Promise<T> {
  const desk = new DeskThread(source, { imports: [], stallMs: stallMsOf(values) })
  try {
    return await run(desk)
  } finally {
    await desk.close()
  }
}

/** The words that name the same scenario again. */
export function scenarioWords(file: string, values: Values): string[] {
  const words = ['scenario', 'nodes', 'level'].flatMap((name) => {
    const value = text(values, name)
    return value === undefined ? [] : [`--${name}`, value]
  })
  return [file, ...words]
}

/** How findings are seen again, on a command line. */
export const againBy = (file: string, values: Values, out: string): Again => {
  const [first = '', ...options] = scenarioWords(file, values)
  const within = (name: string): string => `${out.replace(/\/+$/, '')}/${name}`
  return {
    replay: ({ file: found = '' }) => command('replay', first, within(found), ...options),
    picture: ({ page }) => page && within(page),
    rerun: (using, seed) => {
      const words = ['--using', using, '--seed-base', seed, '--executions', '1']
      return command('explore', first, ...words, ...options)
    },
  }
}

const command = (...words: string[]): string => ['npx troupe', ...words.map(quoted)].join(' ')

/** As a shell takes it for one word. */
const quoted = (word: string): string =>
  /^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

export const EXITS: Readonly<Record<CampaignVerdict, ExitCode>> = {
  ok: EXIT.clean,
  fail: EXIT.violation,
  nondeterministic: EXIT.nondeterminism,
  undecided: EXIT.undecided,
}

/** @throws UsageError for what is no whole number in that range */
export function whole(
  values: Values,
  name: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number | undefined {
  const given = text(values, name)
  if (given === undefined) return undefined
  const value = Number(given)
  if (/^\d+$/.test(given) && value >= least && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
  throw new UsageError(`--${name} must be a whole number ${range}, got ${given}`)
}

export function text(values: Values, name: string): string | undefined {
  const value = values[name]
  return value === undefined ? undefined : String(value)
}

export function oneOf<T extends string>(
  values: Values,
  name: string,
  known: readonly T[],
): T | undefined {
  const given = text(values, name)
  if (given === undefined || (known as readonly string[]).includes(given)) return given as T
  throw new UsageError(`--${name} must be one of ${known.join(', ')}, got ${given}`)
}

/** What an action gives. @throws UsageError with what it is about, where the system refuses */
export function tried<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw new UsageError(`${what}: ${messageOf(error)}`, { cause: error })
  }
}
