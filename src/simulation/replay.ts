import { TroupeError } from '../base/errors.js'
import { fingerprint } from './fingerprint.js'
import { faultsThatFit, recordedFaults } from './recorded-faults.js'
import type { Result } from './result.js'
import type { Scenario } from './scenario.js'
import { simulate } from './simulate.js'
import { parseTrace } from './trace-file.js'
import type { Trace, TraceLine } from './trace-line.js'

export interface ReplayOptions {
  /**
   * `strict` (default), for unchanged code: the first line that differs is an error. `lenient`, for
   * code that has changed: choices whose labels still occur are answered as recorded, the rest is listed.
   */
  readonly mode?: 'strict' | 'lenient'
  /** Ends the run with the line of this index, the last that is written; a debugger that is attached stops there. */
  readonly until?: number
  /** The name of the trace's file, for errors. */
  readonly file?: string
  /** Default `none`. `memory`: the result has a trace of its own. */
  readonly trace?: 'none' | 'memory'
}

export interface Replayed {
  readonly result: Result
  /** Labels of choices, and texts of faults, that no longer occur. Empty in strict mode. */
  readonly unused: readonly string[]
}

/**
 * Runs a scenario as a trace says it ran.
 *
 * @throws TroupeError ERR_BAD_TRACE for a trace that is damaged, of another scenario, or recorded from
 *   real nodes; ERR_REPLAY in strict mode, with both lines
 */
export async function replay(
  trace: Trace | string,
  scenario: Scenario,
  options: ReplayOptions = {},
): Promise<Replayed> {
  const { mode = 'strict', until, file = 'trace' } = options
  const { header, lines, end } = typeof trace === 'string' ? parseTrace(trace, file) : trace
  if (header.world !== 'simulation') {
    throw badTrace(file, 'it was recorded from real nodes, which cannot be replayed')
  }
  if (header.name !== scenario.name) {
    throw badTrace(file, `it is of scenario ${header.name}, not of ${scenario.name}`)
  }
  const gap = lines.findIndex(({ i }, at) => i !== at)
  if (gap !== -1) throw badTrace(file, `expected line ${gap}, got ${lines[gap]?.i}`, gap + 2)
  const { faults, unused: skipped } =
    mode === 'lenient'
      ? faultsThatFit(header.faults, scenario)
      : { faults: recordedFaults(header.faults), unused: [] }
  const changed = header.code !== fingerprint(scenario)
  const wrong = mode === 'strict' ? new Comparison(lines, file, changed) : undefined
  const result = await simulate(scenario, {
    seed: header.seed,
    tape: header.tape,
    faults,
    trace: options.trace ?? 'none',
    sink: (line) => {
      if (line.i === until) return stopHere()
      return wrong?.take(line)
    },
  })
  if (until === undefined) wrong?.end(result, end.hash)
  else wrong?.check()
  const unused = Object.keys(header.tape).filter((label) => !(label in result.tape))
  return { result, unused: [...unused, ...skipped] }
}

function stopHere(): 'stop' {
  // biome-ignore lint/suspicious/noDebugger: `until` is asked for by whoever has a debugger attached
  debugger
  return 'stop'
}

const badTrace = (file: string, detail: string, line = 1): TroupeError =>
  new TroupeError('ERR_BAD_TRACE', `${file}:${line}: ${detail}`, { data: { file, line } })

/** Holds the lines of a run against those of a trace. */
class Comparison {
  readonly #lines: readonly TraceLine[]
  readonly #file: string
  readonly #changed: boolean
  #count = 0
  #difference: TroupeError | undefined

  /** `changed`: the scenario is not the one that was recorded. */
  constructor(lines: readonly TraceLine[], file: string, changed: boolean) {
    this.#lines = lines
    this.#file = file
    this.#changed = changed
  }

  take(line: TraceLine): 'stop' | undefined {
    if (this.#difference !== undefined) return 'stop'
    const expected = this.#lines[this.#count++]
    if (expected !== undefined && same(expected, line)) return undefined
    this.#difference = this.#deviation(expected, line)
    return 'stop'
  }

  check(): void {
    if (this.#difference !== undefined) throw this.#difference
  }

  end(result: Result, hash: string): void {
    this.check()
    const missing = this.#lines[this.#count]
    if (missing !== undefined) throw this.#deviation(missing, undefined)
    if (result.hash === hash) return
    const detail = `all ${this.#count} lines are the same, but the hash at the end is ${result.hash}, not ${hash}`
    throw new TroupeError('ERR_REPLAY', `${this.#file}: ${detail}${this.#hint}`)
  }

  get #hint(): string {
    return this.#changed ? `; ${CHANGED}` : ''
  }

  #deviation(expected: TraceLine | undefined, got: TraceLine | undefined): TroupeError {
    const { i } = (expected ?? got) as TraceLine
    const detail = `the run went another way at line ${i}: expected ${show(expected)}, got ${show(got)}`
    // The header is the file's first line.
    const place = `${this.#file}:${i + 2}`
    return new TroupeError('ERR_REPLAY', `${place}: ${detail}${this.#hint}`, {
      data: { line: i, expected, got },
    })
  }
}

const CHANGED =
  "the scenario is not the one that was recorded: mode 'lenient' takes what still fits"

/** What a line says; fields that a later version may add do not count. */
const FIELDS = [
  'i',
  't',
  'k',
  'n',
  'id',
  'c',
  'ch',
  'd',
  'h',
] as const satisfies (keyof TraceLine)[]

const same = (a: TraceLine, b: TraceLine): boolean =>
  FIELDS.every(
    (field) => a[field] === b[field] || JSON.stringify(a[field]) === JSON.stringify(b[field]),
  )

function show(line: TraceLine | undefined): string {
  if (line === undefined) return 'the end'
  const { t, k, n, id, d, h } = line
  const what = [k, n, id, d === undefined ? undefined : JSON.stringify(d)]
  return `"${what.filter((part) => part !== undefined).join(' ')}" at ${t} us with hash ${h}`
}
