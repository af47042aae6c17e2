import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import { EventHash } from './event-hash.js'
import {
  TRACE_VERSION,
  type Trace,
  type TraceEnd,
  type TraceHeader,
  type TraceLine,
} from './trace-line.js'

/**
 * A trace as text: a header, a line for each thing that happened, an end; each a JSON object. `s`
 * seals a line: it is over that line and all before it, so that one that was lost or changed is found.
 */
export function printTrace({ header, lines, end }: Trace): string {
  const seal = new Seal()
  return [header, ...lines, end].map((line) => seal.line(line)).join('')
}

/**
 * A trace from its text.
 * @throws TroupeError ERR_BAD_TRACE naming file and line: of another version, damaged, or cut short
 */
export function parseTrace(text: string, file = 'trace'): Trace {
  const seal = new Seal()
  const rows = text.split('\n')
  const bad = (at: number, detail: string, cause?: unknown): TroupeError =>
    new TroupeError('ERR_BAD_TRACE', `${file}:${at + 1}: ${detail}`, {
      cause,
      data: { file, line: at + 1 },
    })
  const read = (at: number): Record<string, unknown> => {
    const row = rows[at] ?? ''
    let value: unknown
    try {
      value = JSON.parse(row)
    } catch (cause) {
      if (at > 0 && at === rows.length - 1)
        throw bad(at, 'the trace is cut short in this line', cause)
      throw bad(at, `expected a JSON object, got ${show(row)}`, cause)
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw bad(at, `expected a JSON object, got ${show(row)}`)
    }
    return value as Record<string, unknown>
  }
  if (text === '') throw bad(0, 'the trace is empty')
  const header = readHeader(read(0), (detail) => bad(0, detail))
  const lines: TraceLine[] = []
  for (let at = 0; ; at++) {
    if (at >= rows.length || (rows[at] === '' && at === rows.length - 1)) {
      throw bad(at, 'the trace is cut short: expected a line of kind end')
    }
    const row = rows[at] as string
    const value = read(at)
    if (!seal.matches(row)) {
      throw bad(at, 'this line, or one that stood before it, was changed or removed')
    }
    if (at === 0) continue
    if (value['k'] === 'end') {
      if (rows.slice(at + 1).some((rest) => rest !== '')) throw bad(at + 1, 'more after the end')
      return { header, lines, end: readEnd(value, lines.length, (detail) => bad(at, detail)) }
    }
    if (value['i'] !== at - 1) throw bad(at, `expected line ${at - 1}, got ${show(value['i'])}`)
    lines.push(withoutSeal(value) as unknown as TraceLine)
  }
}

function readHeader(value: Record<string, unknown>, bad: (detail: string) => Error): TraceHeader {
  if (value['kind'] !== 'trace') throw bad('expected the header of a trace')
  if (value['v'] !== TRACE_VERSION) {
    throw bad(`expected version ${TRACE_VERSION}, got ${show(value['v'])}`)
  }
  for (const [field, type] of Object.entries(HEADER)) {
    const is = Array.isArray(value[field]) ? 'array' : typeof value[field]
    if (is !== type) throw bad(`${field} must be of type ${type}, got ${show(value[field])}`)
  }
  return withoutSeal(value) as unknown as TraceHeader
}

const HEADER = {
  name: 'string',
  seed: 'string',
  code: 'string',
  nodes: 'array',
  world: 'string',
  tape: 'object',
  faults: 'array',
} as const

function readEnd(
  value: Record<string, unknown>,
  lines: number,
  bad: (detail: string) => Error,
): TraceEnd {
  if (value['lines'] !== lines) throw bad(`expected ${lines} lines, got ${show(value['lines'])}`)
  return withoutSeal(value) as unknown as TraceEnd
}

function withoutSeal({ s: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest
}

/** A hash over all lines so far. */
class Seal {
  readonly #hash = new EventHash()

  line(value: object): string {
    const text = JSON.stringify(value)
    this.#hash.once(text)
    return `${text.slice(0, -1)},"s":"${this.#hash.value}"}\n`
  }

  matches(row: string): boolean {
    const [, text, seal] = SEALED.exec(row) ?? []
    if (text === undefined) return false
    this.#hash.once(`${text}}`)
    return this.#hash.value === seal
  }
}

const SEALED = /^(.*),"s":"([0-9a-f]{16})"\}$/
