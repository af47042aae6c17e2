import { codeOf, TroupeError } from '../base/errors.js'
import { parseFault, printFault } from '../fault/fault-text.js'
import type { Counterexample, CxLine, CxMeta, CxResult } from './cx-line.js'
import { CxReader, CxSyntax, printResult, printValue } from './cx-value.js'
import { faultTexts } from './fault-player.js'
import type { Op, Plain } from './op.js'
import type { Result } from './result.js'

const VERSION = 'v1'

/**
 * A counterexample from its text:
 *
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
        Object.assign(machine, parseMachine(row.slice(2)))
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
export interface CxNotes {
  /** Comments at its head. */
  readonly comments?: readonly string[]
  /** Waits of the workload. */
  readonly waits?: readonly { readonly atUs: number; readonly ms: number }[]
  /** What a model expected of the last operation, where it was told something else. */
  readonly expected?: { readonly value: Plain }
  /** The commands of a model test, for the machine. */
  readonly commands?: unknown
}

/** A run as a counterexample: its lines in the order in which they began, and what replays it. */
export function printCounterexample(result: Result, notes: CxNotes = {}): string {
  const { comments = [], waits = [], expected, commands } = notes
  const rows: { atUs: number; order: number; text: string }[] = []
  const add = (atUs: number, order: number, line: CxLine): void => {
    rows.push({ atUs, order, text: printLine(line) })
  }
  for (const { atUs, line } of result.membership) add(atUs, 0, line)
  for (const { atUs, fault, ends, order = 0 } of result.faults) {
    add(result.workloadUs + atUs, order, { type: 'fault', fault, ends })
  }
  for (const op of result.history) {
    const { index, node, name, args, value, callOrder } = op
    const differs = expected !== undefined && index === result.history.length - 1
    const seen: CxResult = differs
      ? { type: 'mismatch', expected: expected.value, seen: value }
      : resultOf(op)
    add(op.calledUs, callOrder, { type: 'op', node, name, args, result: seen })
  }
  // what is done at the time of a wait was done before it
  for (const { atUs, ms } of waits) add(atUs, Number.MAX_VALUE, { type: 'wait', ms })
  rows.sort((a, b) => a.atUs - b.atUs || a.order - b.order)
  const machine = machineLines(result)
  if (commands !== undefined) machine.push(`#! commands ${JSON.stringify(commands)}`)
  const said = comments.flatMap((text) => text.split('\n')).map((text) => `# ${text}`)
  return [...said, ...rows.map(({ text }) => text), ...machine, ''].join('\n')
}

export function printLine(line: CxLine): string {
  switch (line.type) {
    case 'op': {
      const words = [line.node, line.name, ...line.args.map(printValue)]
      return `${words.join(' ')} : ${printResult(line.result)}`
    }
    case 'join':
      return `join ${line.node} ${line.contact} : ${printResult(line.result)}`
    case 'leave':
      return `leave ${line.node} : ${printResult(line.result)}`
    case 'fault': {
      const text = printFault(line.fault)
      return line.ends ? text.replace(/^fault/, 'end') : text
    }
    case 'wait':
      return `wait ${line.ms}`
  }
}

/** How an operation ended. */
export function resultOf({ status, value, code }: Pick<Op, 'status' | 'value' | 'code'>): CxResult {
  switch (status) {
    case 'ok':
      return value === undefined ? { type: 'ok' } : { type: 'value', value }
    case 'fail':
      return { type: 'fail', code }
    case 'info':
      if (code === 'TIMEOUT' || code === 'ERR_ASK_TIMEOUT') return { type: 'timeout' }
      return { type: 'maybe', code: code ?? 'UNKNOWN' }
    case 'open':
      return { type: 'open' }
  }
}

function machineLines(result: Result): string[] {
  const { scenario, check, signature, seed, code, hash, events, tape, faults } = result
  const words = [`scenario=${word(scenario)}`]
  if (check !== undefined) words.push(`check=${word(check)}`)
  if (signature !== undefined) words.push(`signature=${word(signature)}`)
  words.push(`seed=${word(seed)}`, `code=${code}`, `hash=${hash}`, `events=${events}`)
  return [
    `#! ${VERSION} ${words.join(' ')}`,
    `#! tape ${JSON.stringify(tape)}`,
    `#! faults ${JSON.stringify(faultTexts(faults))}`,
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

/** What stands in JSON behind `#!` and one of these words. */
const MACHINE: Readonly<Record<string, readonly [is: (value: unknown) => boolean, what: string]>> =
  {
    tape: [isTape, 'numbers by label'],
    faults: [isFaultTexts, 'an array of { atUs, fault, ends }'],
    commands: [isRecord, 'an object'],
  }

const word = (text: string): string => (/^[^\s"=]+$/.test(text) ? text : JSON.stringify(text))

function parseLine(row: string, file: string, at: number): CxLine {
  const reader = new CxReader(row)
  const first = reader.word('a node, join, leave, fault, end or wait')
  switch (first) {
    case 'fault':
    case 'end': {
      const column = row.indexOf(first) + first.length + 1
      const text = row.slice(column - 1)
      const fault = parseFault(text, { file, line: at, column })
      return { type: 'fault', fault, ends: first === 'end' }
    }
    case 'wait': {
      const ms = reader.value('a number of milliseconds')
      if (typeof ms !== 'number' || !(ms >= 0)) throw reader.fail('a number of milliseconds')
      reader.end()
      return { type: 'wait', ms }
    }
    case 'join': {
      const node = reader.name('a node')
      const contact = reader.name('the node to join')
      return { type: 'join', node, contact, result: ending(reader) }
    }
    case 'leave':
      return { type: 'leave', node: reader.name('a node'), result: ending(reader) }
    default: {
      const name = reader.name('an operation')
      const args = []
      while (!/^:(\s|$)/.test(reader.rest)) args.push(reader.value("a value or ':' and a result"))
      return { type: 'op', node: first, name, args, result: ending(reader) }
    }
  }
}

function ending(reader: CxReader): CxResult {
  reader.expect(':')
  const result = reader.result()
  reader.end()
  return result
}

function parseMachine(row: string): Record<string, unknown> {
  const [, keyword, json] = /^\s*(tape|faults|commands)\s+(.*)$/.exec(row) ?? []
  if (keyword !== undefined) {
    let value: unknown
    try {
      value = JSON.parse(json as string)
    } catch {
      // refused below
    }
    const [is, what] = MACHINE[keyword] as (typeof MACHINE)[string]
    if (is(value)) return { [keyword]: value }
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
