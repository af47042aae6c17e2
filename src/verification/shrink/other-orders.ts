import { TapeChoices } from '../../simulation/choices.js'
import {
  type ChoiceSource,
  type Scenario,
  type Tape,
  withoutSteps,
} from '../../simulation/index.js'
import { pos } from '../explorers/pos.js'
import { random } from '../explorers/random.js'
import { type Case, isOp } from './case.js'
import { dropDeviations } from './deviations.js'
import { asOne } from './sequence.js'
import { countsOf } from './shrunk.js'
import { isOrdered, type Trials } from './trials.js'

const OPERATIONS_MOST = 8
/** With so few there is nothing left to look for. */
const DEVIATIONS_LEAST = 4
/** Orders that are drawn for one candidate. */
const DRAWS = 16
/** How often an order is looked for that needs fewer deviations. */
const RESTARTS = 4

/**
 * What is taken away bit by bit may come to where no bit can go, though a quite different order would do with
 * less. So some orders are drawn anew: without one of the operations, with all by one client, and as it is.
 */
export class OtherOrders {
  /** Cases for which they were. */
  readonly #searched = new Set<string>()

  async draw(trials: Trials, scenario: Scenario): Promise<void> {
    if (!trials.ofMessages || !isOrdered(trials.present.case)) return
    const { length } = trials.present.result.history
    if (length > OPERATIONS_MOST) return
    for (const candidate of candidates(trials.present.case)) {
      if (await this.#found(trials, scenario, candidate, 0)) return
    }
    for (let turn = 1; turn <= RESTARTS; turn++) await this.#restart(trials, scenario, turn)
  }

  /** Keeps another order if, made small, it is smaller. */
  async #restart(trials: Trials, scenario: Scenario, turn: number): Promise<void> {
    const { present, number } = trials
    const { deviations } = countsOf(present.result)
    if (deviations <= DEVIATIONS_LEAST) return
    if (!(await this.#found(trials, scenario, present.case, turn))) return
    await dropDeviations(trials)
    if (countsOf(trials.present.result).deviations >= deviations) trials.restore(present, number)
  }

  async #found(
    trials: Trials,
    scenario: Scenario,
    candidate: Case,
    turn: number,
  ): Promise<boolean> {
    const key = JSON.stringify([candidate.script, turn])
    if (this.#searched.has(key)) return false
    this.#searched.add(key)
    const plan = { seedBase: turn * DRAWS, shard: { index: 0, of: 1 } }
    const explorers = [pos(), random()].map((factory) => factory.create(scenario, plan))
    for (let draw = 0; draw < DRAWS; draw++) {
      const choices = explorers[draw % 2]?.next()?.choices
      if (choices && (await trials.takeOrder(candidate, ordered(choices, candidate.tape))))
        return true
    }
    return false
  }
}

/** Fewer operations first. */
function* candidates(present: Case): Generator<Case> {
  const { script } = present
  if (script === undefined) return
  const ops = script.steps.flatMap((step, at) => (isOp(step) ? [at] : []))
  if (ops.length > 1) {
    for (const at of ops.reverse()) {
      const left = withoutSteps(script, new Set([at]))
      yield { ...present, script: asOne(left) }
    }
  }
  const one = asOne(script)
  if (JSON.stringify(one) !== JSON.stringify(script)) yield { ...present, script: one }
}

/** Messages in the order of that source; choices about single ones by the tape. */
function ordered({ pick }: ChoiceSource, tape: Tape): ChoiceSource {
  const taped = new TapeChoices(tape)
  return { choose: (label, of) => taped.choose(label, of), pick }
}
