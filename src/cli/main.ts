#!/usr/bin/env node
import { codeOf, messageOf } from '../base/errors.js'
import { realTerminal } from '../world/real/real-terminal.js'
import type { Terminal } from '../world/terminal.js'
import { checkHistoryCommand } from './check-history.js'
import { type Command, EXIT, type ExitCode, UsageError } from './command.js'
import { showCommand } from './show.js'

/** All commands of `npx troupe`. */
const COMMANDS: readonly Command[] = [checkHistoryCommand, showCommand]

const HELP = new Set(['--help', '-h'])

async function main(terminal: Terminal): Promise<ExitCode> {
  const { words } = terminal
  const [first] = words
  if (first === undefined) {
    for (const line of overview()) terminal.err(line)
    return EXIT.usage
  }
  const asksHelp = first === 'help' || words.some((word) => HELP.has(word))
  const named = words.slice(first === 'help' ? 1 : 0).filter((word) => !HELP.has(word))
  const command = commandOf(named)
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
    if (codeOf(error) === undefined) throw error
    terminal.err(`troupe ${name}: ${messageOf(error)}`)
    return EXIT.usage
  }
}

function parsed(words: readonly string[], options: Command['options'], terminal: Terminal) {
  try {
    return terminal.parse(words, options)
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error })
  }
}

const commandOf = (words: readonly string[]): Command | undefined =>
  COMMANDS.find(({ name }) => name.split(' ').every((word, at) => words[at] === word))

const overview = (): string[] => [
  'usage: troupe COMMAND',
  '',
  ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`),
  `  ${'help [COMMAND]'.padEnd(16)}this, or what a command takes`,
  '',
  'Commands end with 0: nothing is wrong; 1: something is; 2: two runs of one seed differ;',
  '3: wrong use or bad input; 4: undecided within the budget.',
]

const helpOf = ({ name, usage, summary, details }: Command): string[] => [
  `usage: troupe ${name} ${usage}`,
  '',
  `${name}: ${summary}`,
  '',
  ...details,
]

realTerminal.exitWith(await main(realTerminal))
