import { type Check, CheckFailed, check, type Op, type Scenario } from '../simulation/index.js'
import { linearizableBy } from './command-model.js'
import type { CommandRules } from './command-rules.js'
import { loadFastCheck } from './fast-check-package.js'
import { type Arguments, type ModelTestOptions, readPlan } from './model-options.js'
import { misfitText } from './player.js'
import { PossibleModels } from './possible-models.js'

/**
 * The scenario of a model test with the model as a check, named `model`, of what clients saw: for its own workload, for explorers,
 * and for whatever takes a run to pieces. Operations count that are called as commands are; one after another they are judged as by
 * `modelTest`, and where some overlap they must be linearizable by the model.
 *
 * @throws TroupeError ERR_BAD_OPTION, ERR_BAD_SCENARIO, ERR_PACKAGE_MISSING
 */
export async function modelScenario<M, const A extends Arguments>(
  options: ModelTestOptions<M, A>,
): Promise<Scenario> {
  const { scenario, rules, faults } = readPlan(await loadFastCheck(), options)
  return {
    ...scenario,
    ...(faults && { faults }),
    checks: [...(scenario.checks ?? []), modelCheck(rules)],
  }
}

function modelCheck<M>(rules: CommandRules<M>): Check {
  const together = linearizableBy(rules)
  return check.history('model', (history) => {
    const ops = history.filter(({ name }) => Object.hasOwn(rules.commands, name))
    if (together.type === 'history' && overlap(ops)) return together.holds(ops)
    const possible = new PossibleModels(rules)
    for (const op of ops) {
      const misfit = possible.take(op.name, op.args, op)
      if (misfit === undefined) continue
      throw new CheckFailed('model', misfitText(op, op, misfit), misfit.cause, op.name, op.index)
    }
    return true
  })
}

/** Whether one was called before another had returned. */
const overlap = (ops: readonly Op[]): boolean =>
  ops.some(({ callOrder }, at) => at > 0 && (ops[at - 1]?.returnOrder ?? Infinity) > callOrder)
