import { VERSION } from '../base/version.js'
import { faultTexts } from './fault-player.js'
import type { Result } from './result.js'
import { TRACE_VERSION, type Trace, type TraceLine } from './trace-line.js'

/** The trace of a simulated run: its lines, with what replays the run in front and what came of it behind. */
export function traceOf(result: Result, lines: readonly TraceLine[]): Trace {
  const { scenario: name, seed, code, sources, nodes, tape, verdict, check, events, hash } = result
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
    },
    lines,
    end: { k: 'end', verdict, check, lines: lines.length, events, hash },
  }
}
