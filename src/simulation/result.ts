import { CheckFailed } from './check.js'
import type { Tape } from './choices.js'
import type { CxLine } from './cx-line.js'
import type { FaultLine } from './fault-schedule.js'
import type { Sources } from './fingerprint.js'
import type { GuardWarning } from './guarded-host.js'
import type { Op } from './op.js'
import type { Script } from './script.js'
import type { Trace } from './trace-line.js'
import { placeText } from './user-place.js'

/**
 * `ok`: all checks held. `fail`: one did not, or something threw. `stepLimit`, `timeLimit`,
 * `sendLimit`: the run was ended by that limit. `stopped`: by `until`.
 */
export type Verdict = 'ok' | 'fail' | 'stepLimit' | 'timeLimit' | 'sendLimit' | 'stopped'

/** Who joined whom, or who left. */
export interface Membership {
  readonly atUs: number
  readonly line: CxLine
  /** So many calls and returns of clients had come before; undefined before there were clients. */
  readonly order?: number
}

/** How a run went, and all it takes to see it again. */
export interface Result {
  readonly scenario: string
  readonly verdict: Verdict
  /** The check that did not hold; `workload`, `start` or `error` for what threw. */
  readonly check: string | undefined
  /** What threw, what a check said, or which limit it was and what had not ended by then. */
  readonly error: Error | undefined
  /** What sets this failure apart from others: same signature, same bug in all likelihood. */
  readonly signature: string | undefined
  readonly seed: string
  /** What was done in place of the workload; see `SimulateOptions.script`. */
  readonly script?: Script | undefined
  /** Over all events of the run: equal for equal runs. */
  readonly hash: string
  readonly events: number
  readonly virtualMs: number
  readonly nodes: readonly string[]
  readonly history: readonly Op[]
  readonly tape: Tape
  /** The faults that happened. */
  readonly faults: readonly FaultLine[]
  /** Those about messages that never came, as text: a label that is misspelt, mostly. */
  readonly unmet: readonly string[]
  /** When the workload began, in virtual microseconds: the faults' times count from here. */
  readonly workloadUs: number
  /** Who joined whom and who left, in order. */
  readonly membership: readonly Membership[]
  /** How often each `sometimes` was reached. */
  readonly sometimes: Readonly<Record<string, number>>
  /** False where `troupe/guards` was not loaded: then nothing keeps the machine's time and randomness out. */
  readonly guarded: boolean
  /** Globals that code of nodes used, and that the simulated world did in their place. */
  readonly warnings: readonly GuardWarning[]
  readonly trace: Trace | undefined
  /** A fingerprint of all `sources`. */
  readonly code: string
  /** What the run was made of, by a digest each: parts of the scenario, and the actor classes that ran. */
  readonly sources: Sources
}

/** Verdict, what failed, the last operations, and how to see it again: for people. */
export function report(result: Result): string {
  const { scenario, verdict, check, error, seed, events, virtualMs, history, hash } = result
  const lines = [`${scenario}: ${verdict}${check === undefined ? '' : ` (${check})`}`]
  if (error !== undefined) {
    const thrown = error instanceof CheckFailed ? error.cause : error
    const at = verdict === 'fail' ? placeText(thrown) : undefined
    const placed = at === undefined || error.message.includes(at)
    lines.push(`  ${error.message}${placed ? '' : ` (at ${at})`}`)
  }
  lines.push(`  seed ${seed}, ${events} events, ${Math.round(virtualMs)} ms, hash ${hash}`)
  const done = history.filter(({ status }) => status === 'ok').length
  lines.push(`  ${done} of ${history.length} operations done, ${result.faults.length} faults`)
  for (const text of result.unmet) lines.push(`  never met: ${text}`)
  if (!result.guarded) lines.push('  troupe/guards is not loaded: Date and the like are real')
  for (const { name, count, host, at } of result.warnings) {
    const where = at === undefined ? '' : `, ${at}`
    lines.push(`  ${name} was simulated ${count} times, first on ${host}${where}`)
  }
  return lines.join('\n')
}
