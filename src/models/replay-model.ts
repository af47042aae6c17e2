import { TroupeError } from '../base/errors.js'
import { printFault } from '../fault/index.js'
import { checkLines } from '../simulation/cx-check.js'
import {
  type Counterexample,
  type CxRun,
  parseCounterexample,
  runCounterexample,
  type Scenario,
  simulate,
} from '../simulation/index.js'
import { nodesIn } from '../simulation/sim-faults.js'
import { loadFastCheck } from './fast-check-package.js'
import { type Arguments, type ModelTestOptions, type Plan, readPlan } from './model-options.js'
import { fromJson, type Script, type Step } from './script.js'
import { refuseBadModel, sequencesOf, Trials } from './trial.js'

export interface ReplayModelOptions {
  /** The name of the counterexample's file, for errors. */
  readonly file?: string
  /** Default `none`. `memory`: the result has a trace. */
  readonly trace?: 'none' | 'memory'
}

/**
 * Runs a counterexample of a model test again: its commands in its world, with its choices. Lines that a person wrote,
 * without `#!`, are commands of one client; what stands behind their colons is not looked at, for the model says what is right.
 *
 * @param options those of the model test; what concerns its draws does not matter
 * @throws TroupeError ERR_BAD_COUNTEREXAMPLE, ERR_BAD_OPTION, ERR_BAD_SCENARIO, ERR_BAD_MODEL, ERR_PACKAGE_MISSING
 */
export async function replayModel<M, const A extends Arguments>(
  text: string,
  options: ModelTestOptions<M, A>,
  { file = 'counterexample', trace = 'none' }: ReplayModelOptions = {},
): Promise<CxRun> {
  const fc = await loadFastCheck()
  const plan = readPlan(fc, options)
  const read = parseCounterexample(text, file)
  const trials = new Trials(fc, plan, undefined)
  if (read.meta === undefined) {
    checkLines(read, { ...plan.scenario, operations: namesOf(plan) }, text, file)
    const scenario = trials.scenario(sequencesOf(byHand(read, file)))
    const result = refuseBadModel(await simulate(scenario, { seed: 1, trace }))
    return { result, outcome: 'byHand', unused: [], changed: false }
  }
  const script = fromJson(read.meta.commands, file)
  for (const step of [...script.clients.flat(), ...script.faults]) {
    const unknown = unknownIn(step, plan)
    if (unknown === undefined) continue
    const detail = `${file}: its commands name ${unknown}, which is not there`
    throw new TroupeError('ERR_BAD_COUNTEREXAMPLE', detail)
  }
  const scenario = trials.scenario(sequencesOf(script))
  const run = await runCounterexample(text, scenario, { file, trace })
  refuseBadModel(run.result)
  return run
}

/** As operations, whether they are the scenario's or have a `run` of their own. */
const namesOf = <M>({ rules }: Plan<M>): NonNullable<Scenario['operations']> =>
  Object.fromEntries(Object.keys(rules.commands).map((name) => [name, () => undefined]))

/** A command, a node or a fault that the model test does not have. */
function unknownIn<M>(step: Step, { rules, nodes, scenario }: Plan<M>): string | undefined {
  const unknownNode = (names: readonly string[]): string | undefined => {
    const name = names.find((one) => !nodes.includes(one))
    return name && `node ${name}`
  }
  if (step.type === 'call') {
    if (!Object.hasOwn(rules.commands, step.name)) return `command ${step.name}`
    return unknownNode([step.node])
  }
  if (step.type !== 'fault') return undefined
  const { fault } = step
  const known = fault.verb !== 'user' || Object.hasOwn(scenario.userFaults ?? {}, fault.name)
  return known ? unknownNode(nodesIn(fault)) : `user fault ${(fault as { name: string }).name}`
}

/** The lines of a file as steps of one client. */
function byHand({ lines }: Counterexample, file: string): Script {
  const steps = lines.map(({ at, line }): Step => {
    switch (line.type) {
      case 'op':
        return { type: 'call', name: line.name, node: line.node, args: line.args }
      case 'wait':
        return { type: 'wait', ms: line.ms }
      case 'fault':
        return line.ends
          ? { type: 'end', which: printFault(line.fault) }
          : { type: 'fault', fault: line.fault }
      default: {
        const detail = `${file}:${at}: expected a command, a fault or wait, got ${line.type}`
        throw new TroupeError('ERR_BAD_COUNTEREXAMPLE', detail)
      }
    }
  })
  return { clients: [steps], faults: [] }
}
