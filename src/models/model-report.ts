import type { Result } from '../simulation/index.js'
import { count, type Script } from './script.js'

/** A failure before and after it was made smaller. */
export interface Sizes {
  readonly commands: readonly [from: number, to: number]
  readonly faults: readonly [from: number, to: number]
  /** Choices other than the ordinary ones: messages lost, messages that overtook others. */
  readonly choices: readonly [from: number, to: number]
}

/** The run that failed, as small as it could be made. */
export interface ModelFailure {
  /** `model`, or the scenario's check that did not hold; `start`, `error` for what threw elsewhere. */
  readonly check: string
  /** What did not hold, or what differs between two runs. */
  readonly message: string
  /** The text of a `.cx` file: what was done, line by line, and what `replayModel` needs. */
  readonly counterexample: string
  /** Where it was written, with `out`. */
  readonly file: string | undefined
  readonly result: Result
  /** Which run it was, from 1. */
  readonly run: number
  readonly sizes: Sizes
}

/** What a model test has done, and what it has found. */
export interface ModelReport {
  readonly ok: boolean
  /**
   * `ok`: nothing failed. `fail`: a run did. `nondeterministic`: the same commands and the same seed gave two runs that
   * differ, so that nothing else can be said.
   */
  readonly verdict: 'ok' | 'fail' | 'nondeterministic'
  readonly scenario: string
  readonly seed: number
  /** Runs, without those spent on a failure. */
  readonly runs: number
  readonly shrinkRuns: number
  /** Runs in which something was done: an operation was ok. */
  readonly answered: number
  /** Runs that limits ended, or in which too many outcomes were unknown. */
  readonly undecided: number
  /** How often each command was called. */
  readonly commands: Readonly<Record<string, number>>
  /** How often each fault happened, by its first word. */
  readonly faults: Readonly<Record<string, number>>
  readonly failure: ModelFailure | undefined
  /** Other failures that were met on the way: of each kind the first, as a counterexample. */
  readonly others: readonly string[]
  readonly warnings: readonly string[]
  /** All that for people: the counterexample, and how to see it again. */
  report(): string
}

/** What of a run can be made smaller. */
interface Sized {
  readonly script: Script
  readonly result: Result
}

export const sizesOf = (before: Sized, after: Sized): Sizes => ({
  commands: [count(before.script, 'call'), count(after.script, 'call')],
  faults: [count(before.script, 'fault'), count(after.script, 'fault')],
  choices: [choices(before.result), choices(after.result)],
})

const choices = ({ tape }: Result): number => Object.keys(tape).length

/** A report as text. */
export function reportText(report: Omit<ModelReport, 'report'>): string {
  const { scenario, verdict, failure, runs, seed, answered, undecided, others, warnings } = report
  const lines: string[] = []
  if (failure === undefined) lines.push(`${scenario}: ${verdict}, ${runs} runs, seed ${seed}`)
  else {
    const { check, message, run, sizes, counterexample, file } = failure
    const title = verdict === 'fail' ? check : verdict
    lines.push(`${scenario}: ${message.startsWith(title) ? '' : `${title}: `}${message}`)
    const sized = Object.entries(sizes).map(([what, [from, to]]) => `${what} ${from} -> ${to}`)
    const smaller = `${sized.join(', ')}, in ${report.shrinkRuns} runs`
    lines.push(`  in run ${run} of seed ${seed}${verdict === 'fail' ? `; ${smaller}` : ''}`, '')
    lines.push(counterexample.trimEnd(), '')
    const where = file === undefined ? 'that text' : file
    lines.push(
      `  again: replayModel(text, options) with ${where}, or modelTest({ ...options, seed: ${seed} })`,
    )
  }
  lines.push(
    `  something was done in ${answered} of ${runs} runs${undecided > 0 ? `; ${undecided} undecided` : ''}`,
  )
  lines.push(`  commands: ${counts(report.commands)}`)
  if (Object.keys(report.faults).length > 0) lines.push(`  faults: ${counts(report.faults)}`)
  for (const warning of warnings) lines.push(`  warning: ${warning}`)
  for (const other of others) lines.push('', 'another failure, not made smaller:', other.trimEnd())
  return lines.join('\n')
}

const counts = (of: Readonly<Record<string, number>>): string =>
  Object.entries(of)
    .map(([name, times]) => `${name} ${times}`)
    .join(', ')
