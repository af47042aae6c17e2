import { messageOf } from '../base/errors.js'
import {
  CONSISTENCIES,
  type Consistency,
  checkHistory,
} from '../verification/history/consistency.js'
import { eventText, type HistoryEvent } from '../verification/history/history.js'
import { readHistory } from '../verification/history/history-reader.js'
import { MODEL_NAMES, modelNamed } from '../verification/history/models.js'
import type { HistoryVerdict } from '../verification/history/verdict.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { type Command, EXIT, type ExitCode, UsageError } from './command.js'

const BUDGET_MS = 60_000

/** `troupe check history FILE`. */
export const checkHistoryCommand: Command = {
  name: 'check history',
  usage: 'FILE --model MODEL [--consistency C] [--budget-ms N] [--json]',
  summary: 'is a history of client operations what its model allows?',
  details: [
    'FILE has one event a line, in the order in which they happened; - is the standard input:',
    '  {"process":0,"type":"invoke","f":"write","key":"x","value":1}',
    '  {"process":0,"type":"ok","f":"write","key":"x","value":1}',
    'type is invoke, ok, fail (not done) or info (may take effect later, or never).',
    '',
    `--model        ${MODEL_NAMES.join(' | ')}`,
    `--consistency  ${CONSISTENCIES.slice(0, 5).join(' | ')} |`,
    `               ${CONSISTENCIES.slice(5).join(' | ')}`,
    '               (linearizable)',
    `--budget-ms    time after which the answer is "unknown" (${BUDGET_MS})`,
    '--json         the result as one JSON object',
    '',
    'Ends with 0: consistent; 1: not, with the key and a smallest prefix of its events that is not;',
    '3: wrong use, or a file that is no history, with the line; 4: unknown within the budget;',
    '70: an error of troupe itself.',
  ],
  options: {
    model: { type: 'string' },
    consistency: { type: 'string' },
    'budget-ms': { type: 'string' },
    json: { type: 'boolean' },
  },
  run,
}

function run({ values, positionals }: ParsedWords, terminal: Terminal): ExitCode {
  const [file, ...more] = positionals
  if (file === undefined) throw new UsageError('which file?')
  if (more.length > 0) throw new UsageError(`one file at a time, got ${positionals.join(' ')}`)
  const { model: name, consistency = 'linearizable' } = values
  if (name === undefined) throw new UsageError(`--model is needed: ${MODEL_NAMES.join(', ')}`)
  if (!MODEL_NAMES.includes(String(name))) {
    throw new UsageError(`--model must be one of ${MODEL_NAMES.join(', ')}, got ${name}`)
  }
  if (!(CONSISTENCIES as readonly string[]).includes(String(consistency))) {
    throw new UsageError(
      `--consistency must be one of ${CONSISTENCIES.join(', ')}, got ${consistency}`,
    )
  }
  const budgetMs = budgetOf(values['budget-ms'])
  const began = terminal.nowMs()
  const model = modelNamed(String(name))
  let text: string
  try {
    text = terminal.readText(file)
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
  const verdict = checkHistory(
    readHistory(text, model),
    { model, consistency: consistency as Consistency, budgetMs },
    () => terminal.nowMs(),
  )
  const seconds = Math.round(terminal.nowMs() - began) / 1000
  if (values['json'] === true) terminal.out(JSON.stringify(jsonOf(file, verdict, seconds)))
  else for (const line of linesOf(file, verdict, seconds)) terminal.out(line)
  return EXITS[verdict.verdict]
}

const EXITS: Readonly<Record<HistoryVerdict['verdict'], ExitCode>> = {
  ok: EXIT.clean,
  violation: EXIT.violation,
  unknown: EXIT.undecided,
}

function budgetOf(given: ParsedWords['values'][string]): number {
  if (given === undefined) return BUDGET_MS
  const ms = Number(given)
  if (String(given).trim() !== '' && ms >= 0 && ms < 2 ** 31) return ms
  throw new UsageError(`--budget-ms must be a number of milliseconds, got ${given}`)
}

/** As in a file. */
function jsonEvent({ process, type, f, key, value, line }: HistoryEvent): object {
  return { process, type, f, key, value, line }
}

function jsonOf(file: string, verdict: HistoryVerdict, seconds: number): object {
  const { consistency, model, operations, keys, states, violation, reason } = verdict
  const { key = null, events = [], smallest, detail } = violation ?? {}
  const found =
    violation === undefined ? {} : { key, prefix: events.map(jsonEvent), smallest, detail }
  const why = reason === undefined ? {} : { reason }
  const counts = { operations, keys, states, seconds }
  return { file, model, consistency, verdict: verdict.verdict, ...found, ...why, ...counts }
}

const WORDS: Readonly<Record<HistoryVerdict['verdict'], (consistency: string) => string>> = {
  ok: (consistency) => consistency,
  violation: (consistency) => `not ${consistency}`,
  unknown: (consistency) => `unknown whether ${consistency}`,
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

function linesOf(file: string, verdict: HistoryVerdict, seconds: number): string[] {
  const { consistency, model, operations, keys, violation, reason } = verdict
  const answer = WORDS[verdict.verdict](consistency)
  const lines = [
    `${file}: ${answer} (${model}, ${counted(operations, 'operation')} on ${counted(keys, 'key')}, ${seconds} s)`,
  ]
  if (reason !== undefined) lines.push(`  ${reason}`)
  if (violation === undefined) return lines
  const { key, events, smallest, detail } = violation
  if (key !== undefined) lines.push(`  key ${key}`)
  lines.push(`  ${detail}`)
  const count = counted(events.length, 'event')
  lines.push(smallest ? `  a smallest prefix that shows it, ${count}:` : `  ${count} that show it:`)
  for (const event of events) lines.push(`    ${eventText(event)}`)
  return lines
}
