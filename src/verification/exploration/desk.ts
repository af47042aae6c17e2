import { unreachable } from '../../base/unreachable.js'
import { type CxRun, printTrace, runCounterexample, type Scenario } from '../../simulation/index.js'
import { type ShrinkOptions, type ShrinkProgress, shrink } from '../shrink/shrink.js'
import { countsText } from '../shrink/shrunk.js'
import { explorersNamed, type NamedExplorer } from './explorer-names.js'
import { type Rerun, type RerunRequest, rerun } from './rerun.js'
import { type Finding, findingOf } from './run-note.js'
import { factsOf, type ScenarioFacts } from './scenario-source.js'
import { runShare, type ShareEvent, type SharePlan } from './share.js'

/** Something that is done with a scenario: here, or in a thread of its own. */
export type DeskTask =
  | { readonly type: 'describe' }
  | {
      readonly type: 'share'
      readonly using: string
      readonly plan: SharePlan
      /** Runs that all shares together may still begin. */
      readonly pool?: Int32Array
    }
  | { readonly type: 'confirm'; readonly finding: Finding }
  | { readonly type: 'rerun'; readonly request: RerunRequest }
  | {
      readonly type: 'shrink'
      readonly text: string
      /** The name of its file, for errors. */
      readonly file: string
      readonly options: ShrinkBudget
    }

/** What comes of each. */
export interface DeskAnswers {
  readonly describe: ScenarioFacts
  readonly share: undefined
  readonly confirm: Confirmed
  readonly rerun: Rerun
  readonly shrink: Smaller
}

/** Bounds of shrinking, as they cross threads. */
export type ShrinkBudget = Omit<ShrinkOptions, 'progress'>

/** A counterexample that was made smaller; plain. */
export interface Smaller {
  /** As a finding: its text, and what is left of it. Undefined: its run does not fail any more. */
  readonly finding: Finding | undefined
  /** What was taken away, for people. */
  readonly taken: string
  /** Its lines alone fail, too. */
  readonly byHand: boolean
}

/** A finding that was run again from its text. */
export interface Confirmed {
  readonly finding: Finding
  /** As in a `.trace.jsonl`. */
  readonly trace: string
  /** `exact`: the same run. `by explorer`: it fails only with what its explorer had changed. `other`: another run. */
  readonly repeats: 'exact' | 'by explorer' | 'other'
  /** Where it was another run: how that ended. */
  readonly instead?: string
}

/** Does tasks with one scenario. */
export class Desk {
  readonly #scenario: Scenario
  readonly #nowMs: () => number
  readonly #named: readonly NamedExplorer[] | undefined

  /** @param named the explorers, where they are not made from their names */
  constructor(scenario: Scenario, nowMs: () => number, named?: readonly NamedExplorer[]) {
    this.#scenario = scenario
    this.#nowMs = nowMs
    this.#named = named
  }

  async do(
    task: DeskTask,
    say: (event: ShareEvent) => void,
    goesOn: () => boolean = () => true,
  ): Promise<DeskAnswers[DeskTask['type']]> {
    switch (task.type) {
      case 'describe':
        return factsOf(this.#scenario)
      case 'share': {
        const { pool } = task
        const mayRun = (): boolean =>
          goesOn() && (pool === undefined || Atomics.sub(pool, 0, 1) > 0)
        const named = this.#named ?? explorersNamed(task.using)
        await runShare(this.#scenario, named, task.plan, say, this.#nowMs, mayRun)
        return undefined
      }
      case 'confirm':
        return this.#confirm(task.finding)
      case 'shrink':
        return this.#shrink(task, say)
      case 'rerun':
        return rerun(this.#scenario, task.request)
      default:
        return unreachable(task)
    }
  }

  async #shrink(
    { text, file, options }: DeskTask & { readonly type: 'shrink' },
    say: (event: ShareEvent) => void,
  ): Promise<Smaller> {
    const { result: failing } = await runCounterexample(text, this.#scenario, { file })
    if (failing.verdict !== 'fail') return { finding: undefined, taken: '', byHand: false }
    const progress = (at: ShrinkProgress): void => {
      const { stage, executions, before, now } = at
      say({ type: 'shrinks', executions, how: `${stage}: ${countsText(before, now)}` })
    }
    const shrunk = await shrink(this.#scenario, failing, { ...options, progress }, this.#nowMs)
    const { before, after, executions, ended, byHand, result } = shrunk
    const bound = ended === 'fixpoint' ? '' : `; ended by the budget of ${ended}`
    const taken = `${countsText(before, after)} in ${executions} runs${bound}`
    return { finding: findingOf(result, 0, false), taken, byHand }
  }

  async #confirm(finding: Finding): Promise<Confirmed> {
    const first = await this.#again(finding.text)
    // As the scenario itself gives it: a campaign leaves out what costs time, such as the watch for escaped waits.
    const plain = findingOf(first.result, finding.explorer, false)
    if (isSame(first, finding)) return confirmed(plain, first)
    if (!finding.patched) return other(finding, first)
    // Without what the explorer had changed it may be another run: if that fails alike, it is the one to keep.
    if (first.outcome !== 'sameFailure') {
      return { finding, trace: traceOf(first), repeats: 'by explorer' }
    }
    const second = await this.#again(plain.text)
    return isSame(second, plain) ? confirmed(plain, second) : other(plain, second)
  }

  #again(text: string): Promise<CxRun> {
    return runCounterexample(text, this.#scenario, { trace: 'memory' })
  }
}

/** All events the same, and what came of them. */
const isSame = ({ outcome, result }: CxRun, { signature }: Finding): boolean =>
  outcome === 'asRecorded' && result.signature === signature

const traceOf = ({ result }: CxRun): string =>
  result.trace === undefined ? '' : printTrace(result.trace)

const confirmed = (finding: Finding, run: CxRun): Confirmed => ({
  finding,
  trace: traceOf(run),
  repeats: 'exact',
})

function other(finding: Finding, run: CxRun): Confirmed {
  const { verdict, check, error, hash } = run.result
  const what = error === undefined ? '' : `: ${error.message}`
  const instead = `${verdict}${check === undefined ? '' : ` (${check})`} with hash ${hash}${what}`
  return { finding, trace: traceOf(run), repeats: 'other', instead }
}
