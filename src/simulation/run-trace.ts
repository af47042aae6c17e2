import { VERSION } from '../base/version.js'
import { CheckFailed } from './check.js'
import { faultTexts } from './fault-player.js'
import type { Result } from './result.js'
import { scriptText } from './script-text.js'
import { TRACE_VERSION, type Trace, type TraceLine } from './trace-line.js'

/** Characters of what a check said that a trace keeps. */
const ERROR_MAX = 2_000

/** The trace of a simulated run: its lines, with what replays the run in front and what came of it behind. */
export function traceOf(result: Result, lines: readonly TraceLine[]): Trace {
  const { scenario: name, seed, code, sources, nodes, tape } = result
  const { verdict, check, error, events, hash } = result
  return {
    header: {
      v: TRACE_VERSION,
      kind: 'trace',
      name,
      seed,
      runtime: VERSION,
      code,
      sources,
      nodes,
      world: 'simulation',
      tape,
      faults: faultTexts(result.faults),
      ...(result.script && { script: scriptText(result.script) }),
    },
    lines,
    end: {
      k: 'end',
      verdict,
      check,
      error: error?.message.slice(0, ERROR_MAX),
      op: error instanceof CheckFailed ? error.op : undefined,
      lines: lines.length,
      events,
      hash,
    },
  }
}
