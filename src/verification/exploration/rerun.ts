import { codeOf, messageOf, TroupeError } from '../../base/errors.js'
import {
  type CxRun,
  parseCounterexample,
  printCounterexample,
  printTrace,
  type Replayed,
  type Result,
  replay,
  report,
  runCounterexample,
  type Scenario,
} from '../../simulation/index.js'

/** A counterexample or a trace that is to be run again. */
export interface RerunRequest {
  readonly kind: 'counterexample' | 'trace'
  readonly text: string
  /** The name of its file, for errors. */
  readonly file: string
  /** Of a trace: what still fits, where the code has changed. */
  readonly lenient?: boolean
  /** Of a trace: up to that line. */
  readonly until?: number
  /** Of a counterexample: line by line, whatever its `#!` lines say. */
  readonly byHand?: boolean
}

/** How it came out; plain. */
export interface Rerun {
  readonly outcome: CxRun['outcome']
  readonly verdict: Result['verdict']
  readonly check?: string
  readonly signature?: string
  readonly seed: string
  readonly hash: string
  readonly events: number
  readonly message?: string
  /** For people. */
  readonly report: string
  /** What is recorded and does not occur any more. */
  readonly unused: readonly string[]
  /** The code is not the one that was recorded, as far as its fingerprint knows it. */
  readonly changed: boolean
  /** Of a counterexample: that it fails is known. */
  readonly expectsFailure: boolean
  /** The run that was seen now, as texts. */
  readonly counterexample: string
  readonly trace: string
}

/**
 * Runs a text again; twice where it is another run than the recorded one, though the code is the same.
 * @throws TroupeError ERR_NONDETERMINISM where these two differ; ERR_REPLAY, ERR_BAD_TRACE, ERR_BAD_COUNTEREXAMPLE
 */
export async function rerun(scenario: Scenario, request: RerunRequest): Promise<Rerun> {
  return request.kind === 'trace' ? trace(scenario, request) : counterexample(scenario, request)
}

async function counterexample(scenario: Scenario, request: RerunRequest): Promise<Rerun> {
  const { text, file, byHand = false } = request
  const { meta } = parseCounterexample(text, file)
  const run = await runCounterexample(text, scenario, { file, byHand, trace: 'memory' })
  const { unused, changed, result } = run
  // The hash is over what happened; what a check says of it may be another thing now.
  const same = run.outcome !== 'asRecorded' || result.signature === meta?.signature
  const outcome = same ? run.outcome : 'other'
  if (outcome !== 'asRecorded' && !changed) {
    const second = await runCounterexample(text, scenario, { file, byHand })
    compare(file, result, second.result)
  }
  const expectsFailure = meta?.expect === 'fail'
  return { ...described(result), outcome, unused, changed, expectsFailure }
}

async function trace(scenario: Scenario, request: RerunRequest): Promise<Rerun> {
  const { text, file, lenient = false, until } = request
  const options = { file, trace: 'memory', ...(until !== undefined && { until }) } as const
  let run: Replayed
  try {
    run = await replay(text, scenario, { ...options, mode: lenient ? 'lenient' : 'strict' })
  } catch (error) {
    if (codeOf(error) === 'ERR_REPLAY') {
      const [a, b] = [await again(text, scenario, file), await again(text, scenario, file)]
      compare(file, a.result, b.result, messageOf(error))
    }
    throw error
  }
  const { result, unused, changed } = run
  const outcome = lenient && changed.length > 0 ? 'other' : 'asRecorded'
  return {
    ...described(result),
    outcome,
    unused,
    changed: changed.length > 0,
    expectsFailure: false,
  }
}

const again = (text: string, scenario: Scenario, file: string): Promise<Replayed> =>
  replay(text, scenario, { file, mode: 'lenient' })

function compare(file: string, a: Result, b: Result, why = ''): void {
  if (a.hash === b.hash && a.signature === b.signature) return
  const first = `${file}: run twice, it is two runs: ${ended(a)}, and ${ended(b)}`
  throw new TroupeError('ERR_NONDETERMINISM', why === '' ? first : `${first}; ${why}`)
}

const ended = ({ verdict, hash, events }: Result): string =>
  `${verdict} after ${events} events with hash ${hash}`

function described(result: Result) {
  const { verdict, check, signature, seed, hash, events, error, trace: kept } = result
  return {
    verdict,
    ...(check !== undefined && { check }),
    ...(signature !== undefined && { signature }),
    seed,
    hash,
    events,
    ...(error !== undefined && { message: error.message }),
    report: report(result),
    counterexample: printCounterexample(result),
    trace: kept === undefined ? '' : printTrace(kept),
  }
}
