import type { AsyncCommand } from 'fast-check'
import { messageOf } from '../base/errors.js'
import { digest } from '../simulation/digest.js'
import {
  type Client,
  printCounterexample,
  type Result,
  type SimulateOptions,
  type TraceEvent,
  verifyDeterminism,
} from '../simulation/index.js'
import { toPlain } from '../simulation/plain.js'
import { pos } from '../verification/explorers/pos.js'
import { writeText } from '../world/real/text-file.js'
import { isBadModel } from './command-rules.js'
import type { FastCheck } from './fast-check-package.js'
import { type FaultDraw, faultDraws } from './fault-draws.js'
import type { Plan } from './model-options.js'
import { type ModelFailure, type ModelReport, reportText, sizesOf } from './model-report.js'
import type { Player } from './player.js'
import { partsOf, type Script, toJson } from './script.js'
import { withSmallerScript } from './smaller-script.js'
import { earlier, withSmallerTape } from './smaller-tape.js'
import { sequenceDraws } from './step-draws.js'
import { type Sequences, sequencesOf, type Trial, Trials } from './trial.js'

/** Seeds of worlds. */
const SEED_MAX = 999_999
/** Other failures that are kept. */
const OTHERS_MAX = 5

/** Of the runs that may be spent on a failure: those that fast-check gets. */
const FIRST_SHARE = 0.4
/** Where choices matter: in so many other worlds fewer steps are tried too. */
const OTHER_WORLDS = 2
/** Choices that a comment of a counterexample shows. */
const CHOICES_SHOWN = 12
/** What befalls single messages by choice. */
const CHOSEN: ReadonlySet<string> = new Set(['drop', 'duplicate', 'crash'])

/** Tells fast-check that a run has failed; what of it, is written down here. */
class RunFailed extends Error {}

/** One model test: runs, and what is made of the first that fails. */
export class Search<M> {
  readonly #fc: FastCheck
  readonly #plan: Plan<M>
  readonly #draws: readonly FaultDraw[]
  readonly #trials: Trials<M>
  readonly #commands: Record<string, number>
  readonly #faults: Record<string, number> = {}
  readonly #others = new Map<string, string>()
  readonly #warnings = new Set<string>()
  #runs = 0
  #shrinkRuns = 0
  #answered = 0
  #undecided = 0
  /** The run that failed first, and the smallest so far that fails in the same way. */
  #first: { readonly trial: Trial; readonly run: number } | undefined
  #smallest: Trial | undefined
  #differs: string | undefined
  #fatal: unknown

  constructor(fc: FastCheck, plan: Plan<M>) {
    this.#fc = fc
    this.#plan = plan
    const draws = plan.faults === undefined ? [] : faultDraws(fc, plan.faults, plan.nodes)
    this.#draws = draws
    this.#trials = new Trials(fc, plan, draws)
    this.#commands = Object.fromEntries(Object.keys(plan.rules.commands).map((name) => [name, 0]))
  }

  /** @throws TroupeError ERR_BAD_MODEL, ERR_BAD_SCENARIO: what no run can be made of */
  async run(): Promise<ModelReport> {
    await this.#check()
    if (this.#fatal !== undefined) throw this.#fatal
    await this.#shrink()
    const failure = await this.#failure()
    const { scenario, seed } = this.#plan
    const verdict =
      this.#differs !== undefined ? 'nondeterministic' : failure === undefined ? 'ok' : 'fail'
    const report: Omit<ModelReport, 'report'> = {
      ok: verdict === 'ok',
      verdict,
      scenario: scenario.name,
      seed,
      runs: this.#runs,
      shrinkRuns: this.#shrinkRuns,
      answered: this.#answered,
      undecided: this.#undecided,
      commands: this.#commands,
      faults: this.#faults,
      failure,
      others: [...this.#others.values()],
      warnings: [...this.#warnings, ...this.#idle()],
    }
    return { ...report, report: () => reportText(report) }
  }

  /** Lets fast-check draw, and shrink what fails. */
  async #check(): Promise<void> {
    const fc = this.#fc
    const { seed, runs } = this.#plan
    const { clients, faults: beside } = sequenceDraws(fc, this.#plan, this.#draws)
    // commands are made smaller in the world in which they fail
    const world = fc.noShrink(fc.noBias(fc.nat(SEED_MAX)))
    const all = fc.tuple(...clients, ...(beside === undefined ? [] : [beside]))
    const property = fc.asyncProperty(world, all, async (worldSeed, sequences) => {
      const drawn: readonly Iterable<AsyncCommand<Player<M>, Client>>[] = sequences
      await this.#ran(worldSeed, {
        clients: drawn.slice(0, clients.length),
        faults: drawn[clients.length] ?? [],
      })
    })
    await fc.check(property, { seed, numRuns: runs, endOnFailure: false, path: '', verbose: 0 })
  }

  /** A run that fast-check has drawn. */
  async #ran(worldSeed: number, sequences: Sequences<M>): Promise<void> {
    if (this.#fatal !== undefined || this.#differs !== undefined) return
    const first = this.#first
    if (first !== undefined && this.#shrinkRuns >= this.#plan.shrinkRuns * FIRST_SHARE) return
    let trial: Trial
    try {
      trial = await this.#trials.run(sequences, this.#world(worldSeed))
    } catch (error) {
      if (first === undefined) this.#fatal = located(error, worldSeed)
      else this.#warnings.add(`while it was made smaller: ${messageOf(error)}`)
      if (first === undefined) throw new RunFailed()
      return
    }
    const failed = trial.result.verdict === 'fail'
    if (first !== undefined) {
      this.#shrinkRuns++
      if (!failed) return
      if (trial.result.signature !== first.trial.result.signature) {
        this.#keepOther(trial)
        return
      }
      this.#smallest = trial
      throw new RunFailed()
    }
    this.#runs++
    this.#count(trial)
    if ((this.#runs === 1 || failed) && !(await this.#repeats(trial))) {
      this.#first = { trial, run: this.#runs }
      throw new RunFailed()
    }
    if (!failed) return
    this.#first = { trial, run: this.#runs }
    this.#smallest = trial
    throw new RunFailed()
  }

  /** A world, and who answers its choices: where messages travel one by one, also which of them comes next. */
  #world(seed: number | string): SimulateOptions {
    const { scenario } = this.#plan
    if (scenario.level !== 'messages') return { seed }
    const explorer = pos().create(scenario, {
      seedBase: Number(seed),
      shard: { index: 0, of: 1 },
    })
    const choices = explorer.next()?.choices
    return { seed, ...(choices && { choices }) }
  }

  /** Whether the same steps in the same world give the same run; if not, how they differ is kept. */
  async #repeats({ result, script }: Trial): Promise<boolean> {
    const { seed } = result
    const run = async (onEvent?: (event: TraceEvent) => void): Promise<string> => {
      const options = { ...this.#world(seed), ...(onEvent && { onEvent }) }
      return outcomeOf((await this.#trials.run(sequencesOf(script), options)).result)
    }
    const [first, again] = [outcomeOf(result), await run()]
    if (first === again) return true
    const traced = async (_: number | string, trace: (event: TraceEvent) => void) => ({
      hash: await run(trace),
    })
    this.#differs = await verifyDeterminism(traced, { seeds: [seed] }).then(
      () => `two runs of seed ${seed} differ: ${first}, then ${again}`,
      messageOf,
    )
    return false
  }

  /**
   * What is left to make smaller once fast-check is done: steps, with the choices as they are now or in a few other
   * worlds, and then the choices, until neither gets any smaller.
   */
  async #shrink(): Promise<void> {
    for (let trial = this.#smallest; trial !== undefined; ) {
      const { signature } = (trial as Trial).result
      const before = sizeOf(trial)
      const steps = await withSmallerScript(trial, (script, { result: { seed, tape } }) => {
        const others = Object.keys(tape).length === 0 ? 0 : OTHER_WORLDS
        const worlds: SimulateOptions[] = [{ seed, tape }]
        if (others > 0) worlds.push({ seed, tape: earlier(tape) })
        for (let at = 1; at <= others; at++) worlds.push(this.#world(Number(seed) + at))
        return this.#again(script, worlds, signature)
      })
      const { seed } = steps.result
      const choices = await withSmallerTape(steps, (tape) =>
        this.#again(steps.script, [{ seed, tape }], signature),
      )
      this.#smallest = choices
      trial = sizeOf(choices) < before ? choices : undefined
    }
  }

  /** The first of these worlds in which those steps fail in that way. */
  async #again(
    script: Script,
    worlds: readonly SimulateOptions[],
    signature: string | undefined,
  ): Promise<Trial | undefined> {
    for (const world of worlds) {
      if (this.#shrinkRuns >= this.#plan.shrinkRuns) return undefined
      this.#shrinkRuns++
      const trial = await this.#trials.run(sequencesOf(script), world)
      if (trial.result.signature === signature) return trial
    }
    return undefined
  }

  async #failure(): Promise<ModelFailure | undefined> {
    if (this.#first === undefined) return undefined
    const { trial: first, run } = this.#first
    const trial = this.#smallest ?? first
    const { result } = trial
    const counterexample = this.#text(trial)
    const { out } = this.#plan
    const name = [result.scenario, result.check ?? 'differs', digest(counterexample)].join('-')
    const file =
      out === undefined
        ? undefined
        : await writeText(out, `${name.replace(/[^\w.-]+/g, '-')}.cx`, counterexample)
    return {
      check: result.check ?? 'none',
      message: this.#differs ?? messageOf(result.error),
      counterexample,
      file,
      result,
      run,
      sizes: sizesOf(first, trial),
    }
  }

  #text({ result, refuted, waits, script }: Trial): string {
    const expected = refuted?.misfit.expected
    const chosen = Object.keys(result.tape)
    const more = chosen.length - CHOICES_SHOWN
    return printCounterexample(result, {
      comments: [
        this.#differs ?? messageOf(result.error),
        ...chosen.slice(0, CHOICES_SHOWN).map((label) => `with ${label}`),
        ...(more > 0 ? [`and ${more} other choices, below`] : []),
      ],
      waits,
      ...(expected && { expected }),
      commands: toJson(script),
    })
  }

  #keepOther(trial: Trial): void {
    const signature = String(trial.result.signature)
    if (this.#others.size >= OTHERS_MAX || this.#others.has(signature)) return
    this.#others.set(signature, this.#text(trial))
  }

  #count({ result, script, undecided }: Trial): void {
    const { verdict, history, faults, tape } = result
    if (history.some(({ status }) => status === 'ok')) this.#answered++
    if (undecided || (verdict !== 'ok' && verdict !== 'fail')) this.#undecided++
    for (const step of script.clients.flat()) {
      if (step.type === 'call') add(this.#commands, step.name)
    }
    for (const { fault, ends } of faults) if (!ends) add(this.#faults, fault.verb)
    for (const label of Object.keys(tape)) {
      const [verb = ''] = label.split(' ', 1)
      if (CHOSEN.has(verb)) add(this.#faults, verb)
    }
  }

  /** What says that a test tests little. */
  #idle(): string[] {
    const warnings: string[] = []
    if (this.#first !== undefined) return warnings
    const never = Object.entries(this.#commands).filter(([, times]) => times === 0)
    if (never.length > 0) {
      warnings.push(`never called: ${never.map(([name]) => name).join(', ')}`)
    }
    if (this.#answered === 0) warnings.push('no operation was ever done')
    return warnings
  }
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1
}

const sizeOf = ({ script, result }: Trial): number =>
  partsOf(script).flat().length + Object.keys(result.tape).length

/** What came of a run, for comparison. */
function outcomeOf({ verdict, check, error, hash, history, tape }: Result): string {
  const seen = digest(JSON.stringify(toPlain([history, tape, error?.message])))
  return `${verdict}${check === undefined ? '' : ` (${check})`}, hash ${hash}/${seen}`
}

/** An error about the model, with the seed of the world in which it showed. */
function located(error: unknown, worldSeed: number): unknown {
  if (isBadModel(error)) Object.assign(error, { data: { ...(error.data as object), worldSeed } })
  return error
}
