import { codeOf, TroupeError } from '../base/errors.js'
import { parseFault } from '../fault/fault-text.js'
import type { Counterexample, CxLine, CxMeta } from './cx-line.js'
import { type LineNotes, linesOf } from './cx-lines.js'
import { parseLine, printLine } from './cx-text.js'
import { CxReader, CxSyntax } from './cx-value.js'
import { faultTexts } from './fault-player.js'
import type { Result } from './result.js'
import { readScript, SCRIPT_RULE, scriptText } from './script-text.js'

const VERSION = 'v1'

/**
 * A counterexample from its text:
 *
 *     nodes n1 n2 n3               only these nodes of the scenario are there
 *     join n2 n1 : OK              a node joins another
 *     n1 write x 1 : OK            an operation of the scenario on a node, and its result
 *     n1 read x : 1
 *     leave n2 : OK
 *     fault partition { n1 } { n2 n3 }
 *     end omit_send n1 n3          a fault that lasts ends
 *     wait 250                     milliseconds
 *     # for people                 and what stands behind `#!` for the machine
 *
 * @throws TroupeError ERR_BAD_COUNTEREXAMPLE with file, line and column, and what was expected
 */
export function parseCounterexample(text: string, file = 'counterexample'): Counterexample {
  const lines: { at: number; line: CxLine }[] = []
  const machine: Record<string, unknown> = {}
  let marked = false
  for (const [index, row] of text.split('\n').entries()) {
    const at = index + 1
    try {
      if (row.startsWith('#!')) {
        marked = true
        Object.assign(machine, parseMachine(row.slice(2), file, at))
      } else if (!/^\s*(#|$)/.test(row)) lines.push({ at, line: parseLine(row, file, at) })
    } catch (error) {
      throw located(error, file, at)
    }
  }
  if (!marked) return { lines, meta: undefined }
  for (const name of ['scenario', 'seed', 'code', 'hash']) {
    if (typeof machine[name] === 'string') continue
    throw new TroupeError('ERR_BAD_COUNTEREXAMPLE', `${file}: its #! lines do not say ${name}=…`)
  }
  const meta = { tape: {}, faults: [], ...machine, events: Number(machine['events']) }
  return { lines, meta: meta as unknown as CxMeta }
}

/** What a counterexample says beside its run. */
export interface CxNotes extends LineNotes {
  /** Comments at its head. */
  readonly comments?: readonly string[]
  /** The commands of a model test, for the machine. */
  readonly commands?: unknown
}

/** A run as a counterexample: its lines in the order in which they began, and what replays it. */
export function printCounterexample(result: Result, notes: CxNotes = {}): string {
  const { comments = [], commands } = notes
  const machine = machineLines(result)
  if (commands !== undefined) machine.push(`#! commands ${JSON.stringify(commands)}`)
  const said = comments.flatMap((text) => text.split('\n')).map((text) => `# ${text}`)
  return [...said, ...linesOf(result, notes).map(printLine), ...machine, ''].join('\n')
}

function machineLines(result: Result): string[] {
  const { scenario, check, signature, seed, code, hash, events, tape, script } = result
  // those of a script are steps of it
  const faults = faultTexts(result.faults)
  const words = [`scenario=${word(scenario)}`]
  if (check !== undefined) words.push(`check=${word(check)}`)
  if (signature !== undefined) words.push(`signature=${word(signature)}`)
  words.push(`seed=${word(seed)}`, `code=${code}`, `hash=${hash}`, `events=${events}`)
  return [
    `#! ${VERSION} ${words.join(' ')}`,
    `#! tape ${JSON.stringify(tape)}`,
    `#! faults ${JSON.stringify(faults)}`,
    ...(script === undefined ? [] : [`#! script ${JSON.stringify(scriptText(script))}`]),
  ]
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTape = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((pick) => Number.isInteger(pick))

function isFaultTexts(value: unknown): boolean {
  if (!Array.isArray(value)) return false
  return value.every((line: unknown) => {
    if (!isRecord(line) || typeof line['fault'] !== 'string') return false
    parseFault(line['fault'])
    return Number.isFinite(line['atUs']) && typeof line['ends'] === 'boolean'
  })
}

const word = (text: string): string => (/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text))

/** What stands in JSON behind one of these words. Undefined: it is something else than it should be. */
const MACHINE: Readonly<
  Record<string, readonly [read: (value: unknown, file: string, at: number) => unknown, is: string]>
> = {
  tape: [(value) => (isTape(value) ? value : undefined), 'numbers by label'],
  faults: [
    (value) => (isFaultTexts(value) ? value : undefined),
    'an array of { atUs, fault, ends }',
  ],
  script: [readScript, SCRIPT_RULE],
  commands: [(value) => (isRecord(value) ? value : undefined), 'an object'],
}

function parseMachine(row: string, file: string, at: number): Record<string, unknown> {
  const [, keyword, json] = /^\s*(tape|faults|script|commands)\s+(.*)$/.exec(row) ?? []
  if (keyword !== undefined) {
    let value: unknown
    try {
      value = JSON.parse(json as string)
    } catch {
      // refused below
    }
    const [read, what] = MACHINE[keyword] as (typeof MACHINE)[string]
    const known = read(value, file, at)
    if (known !== undefined) return { [keyword]: known }
    const column = row.indexOf(json as string) + 3
    throw new CxSyntax(column, `the ${keyword} in JSON, ${what}`, json as string)
  }
  const read: Record<string, unknown> = {}
  const reader = new CxReader(row)
  while (!reader.done) {
    const [, name, value] = /^([A-Za-z]\w*)(?:=("(?:[^"\\]|\\.)*"|\S*))?/.exec(reader.rest) ?? []
    if (name === undefined) throw reader.fail('name=value')
    reader.accept(value === undefined ? name : `${name}=${value}`)
    if (value !== undefined) read[name] = wordOf(value, reader)
    else if (name !== VERSION) throw new CxSyntax(4, `version ${VERSION} or name=value`, name)
  }
  return read
}

function wordOf(text: string, reader: CxReader): unknown {
  if (!text.startsWith('"')) return text
  try {
    return JSON.parse(text)
  } catch {
    throw reader.fail('a text in JSON before this')
  }
}

function located(error: unknown, file: string, line: number): unknown {
  if (error instanceof CxSyntax) {
    const { column, message } = error
    return new TroupeError('ERR_BAD_COUNTEREXAMPLE', `${file}:${line}:${column}: ${message}`, {
      data: { file, line, column },
    })
  }
  if (codeOf(error) !== 'ERR_BAD_FAULT') return error
  const { message, data } = error as TroupeError
  const place = isRecord(data) && data['file'] === file ? '' : `${file}:${line}: in faults, `
  const detail = `${place}${message.replace(/ \(ERR_BAD_FAULT\)$/, '')}`
  return new TroupeError('ERR_BAD_COUNTEREXAMPLE', detail, { cause: error, data })
}
