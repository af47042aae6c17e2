import { DeskStuck } from '../verification/exploration/desk-thread.js'
import type { Rerun, RerunRequest } from '../verification/exploration/rerun.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { type Command, EXIT, type ExitCode, UsageError } from './command.js'
import {
  SCENARIO_HELP,
  SCENARIO_OPTIONS,
  sourceOf,
  text,
  tried,
  whole,
  withDesk,
} from './scenario-file.js'

/** `troupe replay FILE FOUND…`. */
export const replayCommand: Command = {
  name: 'replay',
  usage: 'FILE FOUND… [--lenient] [--until N] [--by-hand] [--trace OUT] [--json]',
  summary: 'runs counterexamples and traces again',
  details: [
    ...SCENARIO_HELP,
    '',
    'FOUND is a counterexample (*.cx) or a trace (*.trace.jsonl, *.trace.jsonl.gz); several are run one after another.',
    '',
    '--lenient             a trace of code that has changed: what still fits is done, the rest is listed',
    '--until               a trace up to that line; a debugger that is attached stops there',
    '--by-hand             a counterexample line by line, whatever its #! lines say',
    '--trace               where the trace of the run goes, of one that is run',
    '--json                each result as a JSON object, one a line',
    '',
    'Ends with 0: all pass now, or fail in a way that is known (#! expect=fail); 1: one fails, or passes that is',
    'expected to fail; 2: run twice, one is two runs; 3: wrong use, a damaged file, one of another scenario.',
  ],
  options: {
    ...SCENARIO_OPTIONS,
    lenient: { type: 'boolean' },
    until: { type: 'string' },
    'by-hand': { type: 'boolean' },
    trace: { type: 'string' },
  },
  run,
}

const OUTCOMES: Readonly<Record<Rerun['outcome'], string>> = {
  asRecorded: 'the run that was recorded, to the last bit',
  sameFailure: 'another run, that fails in the same way',
  other: 'another run, that does not fail in that way',
  byHand: 'line by line',
}

async function run({ values, positionals }: ParsedWords, terminal: Terminal): Promise<ExitCode> {
  const [file, ...found] = positionals
  const source = sourceOf(file, values)
  if (found.length === 0) throw new UsageError('which counterexample, or which trace?')
  const trace = text(values, 'trace')
  if (trace !== undefined && found.length > 1) throw new UsageError('--trace is for one at a time')
  const requests = found.map((one) => requestOf(one, values, terminal))
  return withDesk(source, values, async (desk) => {
    let code: ExitCode = EXIT.clean
    for (const request of requests) {
      const rerun = await desk.do({ type: 'rerun', request }).catch((error: unknown) => {
        if (error instanceof DeskStuck) return error
        throw error
      })
      if (rerun instanceof DeskStuck) {
        terminal.err(`${request.file}: the run never ended: ${rerun.message}`)
        return EXIT.violation
      }
      if (trace !== undefined) tried(trace, () => terminal.writeText(trace, rerun.trace))
      tell(request.file, rerun, values['json'] === true, terminal)
      if (!isFine(rerun)) code = EXIT.violation
    }
    return code
  })
}

/** @throws UsageError for a file that cannot be read */
function requestOf(file: string, values: ParsedWords['values'], terminal: Terminal): RerunRequest {
  const content = tried(`${file} cannot be read`, () => terminal.readText(file))
  const until = whole(values, 'until', 0)
  const kind = /\.jsonl(\.gz)?$/.test(file) ? 'trace' : 'counterexample'
  if (kind === 'counterexample' && (until !== undefined || values['lenient'] === true)) {
    throw new UsageError(
      `--until and --lenient are for traces (*.jsonl, *.jsonl.gz), not for ${file}`,
    )
  }
  return {
    kind,
    text: content,
    file,
    lenient: values['lenient'] === true,
    byHand: values['by-hand'] === true,
    ...(until !== undefined && { until }),
  }
}

/** What was known to fail must do so in its way, all else must pass. */
function isFine({ verdict, outcome, expectsFailure }: Rerun): boolean {
  if (expectsFailure) return outcome === 'asRecorded' || outcome === 'sameFailure'
  return verdict === 'ok' || verdict === 'stopped'
}

function tell(file: string, rerun: Rerun, json: boolean, terminal: Terminal): void {
  if (json) {
    const { trace: _, counterexample: __, report: ___, ...plain } = rerun
    terminal.out(JSON.stringify({ file, ...plain }))
    return
  }
  const { outcome, unused, changed, expectsFailure, verdict } = rerun
  const code = changed ? '; the code has changed since' : ''
  terminal.out(`${file}: ${OUTCOMES[outcome]}${code}`)
  for (const line of rerun.report.split('\n')) terminal.out(`  ${line}`)
  for (const label of unused) terminal.out(`  not used: ${label}`)
  if (!expectsFailure) return
  terminal.out(
    verdict === 'ok' ? '  it passes, and is marked expect=fail' : '  as expected (expect=fail)',
  )
}
