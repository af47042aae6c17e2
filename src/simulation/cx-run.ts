import { TroupeError } from '../base/errors.js'
import { CheckFailed } from './check.js'
import { checkLines } from './cx-check.js'
import { parseCounterexample } from './cx-file.js'
import type { Counterexample, CxLine, CxMeta, CxResult } from './cx-line.js'
import { resultOf } from './cx-lines.js'
import { printLine } from './cx-text.js'
import { printResult } from './cx-value.js'
import type { Driver } from './driver.js'
import { faultsThatFit } from './recorded-faults.js'
import type { Result } from './result.js'
import type { Scenario } from './scenario.js'
import { scriptThatFits } from './script-check.js'
import { simulate } from './simulate.js'

export interface CxRun {
  readonly result: Result
  /** `asRecorded`: the same run to the last bit. `sameFailure`: the code has changed, and it fails in the same way. `other`: neither. `byHand`: the file has no `#!` lines. */
  readonly outcome: 'asRecorded' | 'sameFailure' | 'other' | 'byHand'
  /** Labels of recorded choices, texts of recorded faults and lines of a script that do not occur any more: the code has changed. */
  readonly unused: readonly string[]
  /** True when the code is not the one that was recorded, as far as its fingerprint knows it; false by hand. */
  readonly changed: boolean
}

export interface CxOptions {
  /** The name of the file, for errors. */
  readonly file?: string
  /** Line by line, whatever the `#!` lines say. */
  readonly byHand?: boolean
  readonly trace?: 'none' | 'memory'
}

/**
 * Runs a counterexample. One that was written by a run repeats that run, with the scenario's workload, or its own script;
 * one without `#!` lines is done line by line, and each result must be the one that stands there.
 *
 * @throws TroupeError ERR_BAD_COUNTEREXAMPLE with file, line and column, before anything runs: for a
 *   syntax error, a file of another scenario and, line by line, for nodes, operations and faults that
 *   the scenario does not have; ERR_BAD_SCENARIO
 */
export async function runCounterexample(
  text: string,
  scenario: Scenario,
  options: CxOptions = {},
): Promise<CxRun> {
  const { file = 'counterexample', byHand = false, trace = 'none' } = options
  const read = parseCounterexample(text, file)
  if (read.meta === undefined || byHand) {
    checkLines(read, scenario, text, file)
    const seed = read.meta?.seed ?? 1
    const result = await simulate(lineByLine(read, scenario, file), { seed, trace })
    return { result, outcome: 'byHand', unused: [], changed: false }
  }
  return again(read.meta, scenario, file, trace)
}

async function again(
  meta: CxMeta,
  scenario: Scenario,
  file: string,
  trace: 'none' | 'memory',
): Promise<CxRun> {
  if (meta.scenario !== scenario.name) {
    const detail = `${file}: it is of scenario ${meta.scenario}, not of ${scenario.name}`
    throw new TroupeError('ERR_BAD_COUNTEREXAMPLE', detail)
  }
  const { faults, unused } = faultsThatFit(meta.faults, scenario)
  const { seed, tape } = meta
  const fitting = meta.script && scriptThatFits(meta.script, scenario)
  const script = fitting && { script: fitting.script }
  const result = await simulate(scenario, { seed, tape, faults, trace, ...script })
  const same = result.signature === meta.signature
  const failed = same && meta.signature !== undefined
  const recorded = same && result.hash === meta.hash
  const outcome = recorded ? 'asRecorded' : failed ? 'sameFailure' : 'other'
  const idle = Object.keys(meta.tape).filter((label) => !(label in result.tape))
  const lines = fitting?.unused ?? []
  return {
    result,
    outcome,
    unused: [...idle, ...unused, ...lines],
    changed: result.code !== meta.code,
  }
}

/** The scenario with the lines of a file as its workload. */
function lineByLine({ lines }: Counterexample, scenario: Scenario, file: string): Scenario {
  const joins = lines.some(({ line }) => line.type === 'join')
  const { faults: _, ...faultless } = scenario
  const nodes = lines.findLast(({ line }) => line.type === 'nodes')?.line
  return {
    ...faultless,
    ...(nodes?.type === 'nodes' && { nodes: nodes.names }),
    ...(joins && { joined: false }),
    async workload(w) {
      let ops = 0
      for (const { at, line } of lines) {
        const op = line.type === 'op' ? ops++ : undefined
        const seen = await perform(w, line)
        if (seen === undefined || agrees(expectedOf(line), seen)) continue
        const detail = `${file}:${at}: ${printLine(line)}, but the result was ${printResult(seen)}`
        throw new CheckFailed('result', detail, undefined, undefined, op)
      }
    },
  }
}

async function perform(w: Driver, line: CxLine): Promise<CxResult | undefined> {
  switch (line.type) {
    case 'op':
      return resultOf(await w.callOn(line.node, line.name, ...line.args))
    case 'join':
      return attempt(() => w.join(line.node, line.contact))
    case 'leave':
      return attempt(() => w.leave(line.node))
    case 'fault':
      if (line.ends) w.endFault(line.fault)
      else w.fault(line.fault)
      return undefined
    case 'nodes':
      return undefined
    case 'wait':
      await w.sleep(line.ms)
      return undefined
  }
}

async function attempt(run: () => void | Promise<void>): Promise<CxResult> {
  try {
    await run()
    return { type: 'ok' }
  } catch (error) {
    return { type: 'fail', code: String((error as { code?: unknown }).code) }
  }
}

/** What a line says its result is; of a mismatch what the model expects, which is what must be seen now. */
function expectedOf(line: CxLine): CxResult {
  if (!('result' in line)) return { type: 'ok' }
  const { result } = line
  return result.type === 'mismatch' ? { type: 'value', value: result.expected } : result
}

function agrees(expected: CxResult, seen: CxResult): boolean {
  if (expected.type === 'fail' && expected.code === undefined) return seen.type === 'fail'
  // OK says that it was done, whatever it gave.
  if (expected.type === 'ok') return seen.type === 'ok' || seen.type === 'value'
  return JSON.stringify(expected) === JSON.stringify(seen)
}
