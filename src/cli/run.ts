import { codeOf, messageOf } from '../base/errors.js'
import type { Terminal } from '../world/terminal.js'
import { type Command, EXIT, type ExitCode, UsageError } from './command.js'

const HELP = new Set(['--help', '-h'])

/** What is said of input that is no good; anything else that is thrown is a mistake of ours. */
const BAD_INPUT: ReadonlySet<unknown> = new Set([
  'ERR_BAD_OPTION',
  'ERR_BAD_HISTORY',
  'ERR_BAD_SCENARIO',
  'ERR_BAD_FAULT',
  'ERR_BAD_TRACE',
  'ERR_BAD_COUNTEREXAMPLE',
  'ERR_REPLAY',
  'ERR_PACKAGE_MISSING',
])

/** Runs the command that the words name, and gives what the process ends with. Never rejects. */
export async function run(commands: readonly Command[], terminal: Terminal): Promise<ExitCode> {
  try {
    return await runNamed(commands, terminal)
  } catch (error) {
    return internalError(error, terminal)
  }
}

/** Says what failed, so that it can be reported. */
export function internalError(error: unknown, terminal: Terminal): ExitCode {
  terminal.err('troupe: an error of troupe itself; it says nothing about the input')
  terminal.err((error as Error | undefined)?.stack ?? messageOf(error))
  return EXIT.internal
}

async function runNamed(commands: readonly Command[], terminal: Terminal): Promise<ExitCode> {
  const overview = (): string[] => overviewOf(commands)
  const { words } = terminal
  const [first] = words
  if (first === undefined) {
    for (const line of overview()) terminal.err(line)
    return EXIT.usage
  }
  const asksHelp = first === 'help' || words.some((word) => HELP.has(word))
  const named = words.slice(first === 'help' ? 1 : 0).filter((word) => !HELP.has(word))
  const command = commandOf(commands, named)
  if (asksHelp && (named.length === 0 || command !== undefined)) {
    for (const line of command === undefined ? overview() : helpOf(command)) terminal.out(line)
    return EXIT.clean
  }
  if (command === undefined) {
    terminal.err(`troupe: there is no command ${named.slice(0, 2).join(' ')}`)
    for (const line of overview()) terminal.err(line)
    return EXIT.usage
  }
  const { name, options, usage } = command
  try {
    const rest = words.slice(name.split(' ').length)
    return await command.run(parsed(rest, options, terminal), terminal)
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`troupe ${name}: ${error.message}`)
      terminal.err(`usage: troupe ${name} ${usage}`)
      return EXIT.usage
    }
    const nondeterminism = codeOf(error) === 'ERR_NONDETERMINISM'
    if (!nondeterminism && !BAD_INPUT.has(codeOf(error))) throw error
    terminal.err(`troupe ${name}: ${messageOf(error)}`)
    return nondeterminism ? EXIT.nondeterminism : EXIT.usage
  }
}

function parsed(words: readonly string[], options: Command['options'], terminal: Terminal) {
  try {
    return terminal.parse(words, options)
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error })
  }
}

const commandOf = (commands: readonly Command[], words: readonly string[]): Command | undefined =>
  commands.find(({ name }) => name.split(' ').every((word, at) => words[at] === word))

const overviewOf = (commands: readonly Command[]): string[] => [
  'usage: troupe COMMAND',
  '',
  ...commands.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`),
  `  ${'help [COMMAND]'.padEnd(16)}this, or what a command takes`,
  '',
  'Commands end with 0: nothing is wrong; 1: something is; 2: two runs of one seed differ;',
  '3: wrong use or bad input; 4: undecided within the budget; 70: an error of troupe itself.',
]

const helpOf = ({ name, usage, summary, details }: Command): string[] => [
  `usage: troupe ${name} ${usage}`,
  '',
  `${name}: ${summary}`,
  '',
  ...details,
]
