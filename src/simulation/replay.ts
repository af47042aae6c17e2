import { TroupeError } from '../base/errors.js'
import { changesSince } from './fingerprint.js'
import { faultsThatFit, recordedFaults } from './recorded-faults.js'
import type { Result } from './result.js'
import type { Scenario } from './scenario.js'
import { scriptThatFits } from './script-check.js'
import { readScript, SCRIPT_RULE } from './script-text.js'
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
  /** Labels of choices, texts of faults and lines of a script that no longer occur. Empty in strict mode. */
  readonly unused: readonly string[]
  /** What of the code is not as it was recorded: `start`, `operation add`, `actor bank/account`, `troupe`. */
  readonly changed: readonly string[]
}

/**
 * Runs a scenario as a trace says it ran.
 *
 * @throws TroupeError ERR_BAD_TRACE for a trace that is damaged, of another scenario, or recorded from
 *   real nodes; ERR_REPLAY in strict mode, with both lines and what has changed in the code
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
  const recorded = header.script && readScript(header.script, file, 1)
  if (header.script !== undefined && recorded === undefined) {
    throw badTrace(file, `its script must be ${SCRIPT_RULE}`)
  }
  const fitting = recorded && mode === 'lenient' ? scriptThatFits(recorded, scenario) : undefined
  const script = fitting?.script ?? recorded
  const wrong = mode === 'strict' ? new Comparison(lines, file) : undefined
  const result = await simulate(scenario, {
    seed: header.seed,
    tape: header.tape,
    faults,
    ...(script && { script }),
    trace: options.trace ?? 'none',
    sink: (line) => {
      if (line.i === until) return stopHere()
      return wrong?.take(line)
    },
  })
  const whole = until === undefined
  const deviation = wrong?.deviation(whole ? { result, hash: end.hash } : undefined)
  const complete = whole && deviation === undefined
  const changed = changesSince(header.sources ?? result.sources, result.sources, complete)
  if (deviation !== undefined) throw deviationError(deviation, changed)
  const unused = Object.keys(header.tape).filter((label) => !(label in result.tape))
  return { result, unused: [...unused, ...skipped, ...(fitting?.unused ?? [])], changed }
}

function stopHere(): 'stop' {
  // biome-ignore lint/suspicious/noDebugger: `until` is asked for by whoever has a debugger attached
  debugger
  return 'stop'
}

const badTrace = (file: string, detail: string, line = 1): TroupeError =>
  new TroupeError('ERR_BAD_TRACE', `${file}:${line}: ${detail}`, { data: { file, line } })

/** Where a run went another way than its trace. */
interface Deviation {
  readonly text: string
  readonly data?: object
}

/** Holds the lines of a run against those of a trace. */
class Comparison {
  readonly #lines: readonly TraceLine[]
  readonly #file: string
  #count = 0
  #difference: Deviation | undefined

  constructor(lines: readonly TraceLine[], file: string) {
    this.#lines = lines
    this.#file = file
  }

  take(line: TraceLine): 'stop' | undefined {
    if (this.#difference !== undefined) return 'stop'
    const expected = this.#lines[this.#count++]
    if (expected !== undefined && same(expected, line)) return undefined
    this.#difference = this.#between(expected, line)
    return 'stop'
  }

  /** @param ended the run, which should have come to the end of the trace with this hash */
  deviation(
    ended: { readonly result: Result; readonly hash: string } | undefined,
  ): Deviation | undefined {
    if (this.#difference !== undefined || ended === undefined) return this.#difference
    const missing = this.#lines[this.#count]
    if (missing !== undefined) return this.#between(missing, undefined)
    const { hash } = ended.result
    if (hash === ended.hash) return undefined
    const detail = `all ${this.#count} lines are the same, but the hash at the end is ${hash}, not ${ended.hash}`
    return { text: `${this.#file}: ${detail}` }
  }

  #between(expected: TraceLine | undefined, got: TraceLine | undefined): Deviation {
    const { i } = (expected ?? got) as TraceLine
    const detail = `the run went another way at line ${i}: expected ${show(expected)}, got ${show(got)}`
    // The header is the file's first line.
    return { text: `${this.#file}:${i + 2}: ${detail}`, data: { line: i, expected, got } }
  }
}

function deviationError({ text, data }: Deviation, changed: readonly string[]): TroupeError {
  const why =
    changed.length > 0
      ? `changed since it was recorded: ${changed.join(', ')}: mode 'lenient' takes what still fits`
      : 'scenario and actors are as they were recorded: look at what they import, or for something that the seed does not decide (verifyDeterminism)'
  return new TroupeError('ERR_REPLAY', `${text}; ${why}`, { data: { ...data, changed } })
}

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
