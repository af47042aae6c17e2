import {
  CHECK_HELP,
  CHECK_USAGE,
  type CheckArguments,
  readCheckArguments,
  WrongUse,
} from './check-arguments.js'
import type { Found } from './found.js'
import { searched } from './shares.js'

/** Where lines go. */
export interface Output {
  log(line: string): void
  error(line: string): void
}

/** The same as those of `npx troupe`. */
const EXIT = { clean: 0, violation: 1, usage: 3, undecided: 4, internal: 70 } as const

/** Runs the command, and returns what the process ends with. Never rejects. */
export async function checkCommand(
  argv: readonly string[],
  output: Output = console,
  search = searched,
): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    for (const line of CHECK_HELP) output.log(line)
    return EXIT.clean
  }
  try {
    return await searchFor(readCheckArguments(argv), output, search)
  } catch (error) {
    if (!(error instanceof WrongUse)) {
      output.error('check: an error of the search itself; it says nothing about the protocol')
      output.error((error as Error | undefined)?.stack ?? String(error))
      return EXIT.internal
    }
    output.error(`check: ${error.message}`)
    for (const line of CHECK_USAGE) output.error(line)
    output.error('--help says more.')
    return EXIT.usage
  }
}

async function searchFor(
  given: CheckArguments,
  output: Output,
  search: typeof searched,
): Promise<number> {
  const began = performance.now()
  let found: Found
  try {
    found = await search(given, (executions) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${executions} executions `)
    })
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r')
  }
  const seconds = Math.round(performance.now() - began) / 1000
  if (given.json) output.log(JSON.stringify(jsonOf(given, found, seconds)))
  else for (const line of linesOf(given, found, seconds)) output.log(line)
  if (found.violating > 0) return EXIT.violation
  return holds(found) ? EXIT.clean : EXIT.undecided
}

/** All was tried, and it is known of all how it ends. */
const holds = ({ violating, undecided, exhausted }: Found): boolean =>
  violating === 0 && undecided === 0 && exhausted

function jsonOf(given: CheckArguments, found: Found, seconds: number): object {
  const { protocol, mode, participants, maxOmissions, crashes, prune, bug = null } = given
  const { executions, skipped, distinct, violating, undecided, blocked, witnesses, exhausted } =
    found
  const pruned = prune.length > 0 ? { rules: prune, skippedBy: found.skippedBy } : {}
  return {
    protocol,
    mode,
    maxOmissions: Number.isFinite(maxOmissions) ? maxOmissions : null,
    executions,
    distinct: distinct.length,
    violating,
    undecided,
    blocked,
    minimalWitnesses: witnesses,
    seconds,
    participants,
    crashes,
    prune: prune.length > 0,
    bug,
    skipped,
    exhausted,
    ...pruned,
  }
}

const counted = (count: number, what: string, many = `${what}s`): string =>
  `${count} ${count === 1 ? what : many}`

function linesOf(given: CheckArguments, found: Found, seconds: number): string[] {
  const { protocol, mode, participants, maxOmissions, crashes, bug } = given
  const { executions, skipped, distinct, violating, undecided, blocked, witnesses, exhausted } =
    found
  const losses = Number.isFinite(maxOmissions)
    ? `${counted(maxOmissions, 'loss', 'losses')} at most`
    : 'any losses'
  const bounds = [
    counted(participants, 'participant'),
    ...(mode === 'dpor' ? ['every order'] : [losses]),
    ...(crashes > 0 ? [`${counted(crashes, 'crash', 'crashes')} of them at most`] : []),
    ...(bug === undefined ? [] : [`with the mistake ${bug}`]),
  ]
  const why = Object.entries(found.skippedBy).map(([rule, count]) => `${rule} ${count}`)
  const by = why.length > 0 ? ` (${why.join(', ')})` : ''
  const left = skipped > 0 ? `, ${skipped} more known to end alike${by}` : ''
  const lines = [
    `${protocol} (${mode}, ${bounds.join(', ')}): ${violating > 0 ? 'it breaks' : holds(found) ? 'it holds' : 'undecided'}`,
    `  ${counted(executions, 'execution')}, ${distinct.length} distinct${left}, ${seconds} s`,
    `  ${violating} violate it${blocked > 0 ? `, ${blocked} leave a participant without an outcome` : ''}`,
  ]
  if (undecided > 0) lines.push(`  ${undecided} ended by a limit, nobody knows how they end`)
  if (!exhausted) lines.push('  the time was over first')
  if (witnesses.length === 0) return lines
  lines.push(`  the smallest sets of faults that break it, ${witnesses.length}:`)
  for (const set of witnesses) lines.push(`    ${set.join(', ') || '(none: it breaks by itself)'}`)
  return lines
}
