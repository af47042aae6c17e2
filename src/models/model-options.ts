import { TroupeError } from '../base/errors.js'
import {
  badOption,
  check,
  type Fields,
  integer,
  isFunction,
  isObject,
  isText,
  readOptions,
  show,
} from '../base/options.js'
import { FaultModel, type Plain, type Scenario } from '../simulation/index.js'
import { nodesOf } from '../simulation/scenario.js'
import type { AnyCommand, Command } from './command.js'
import { CommandRules } from './command-rules.js'
import type { FastCheck } from './fast-check-package.js'

/** Arguments of commands, by the commands' names. */
export type Arguments = Readonly<Record<string, readonly Plain[]>>

export interface ModelTestOptions<M, A extends Arguments = Arguments> {
  /** The system. Its `workload` is not run: the commands are, in its place. Its checks hold too. */
  readonly scenario: Scenario
  /** What the model is at first: plain data, or something that `text` can tell apart. */
  readonly model: M
  /** What clients do, by name. */
  readonly commands: { readonly [K in keyof A]: Command<M, A[K]> }
  /** Faults that are mixed in. Default: the scenario's. */
  readonly faults?: FaultModel
  /**
   * So many clients at once, each on its node, with faults beside them. Then `post` and `expects` are not asked of one
   * command after another: a history check of the scenario decides, such as `linearizable(register())`, or, where there is
   * none, whether what clients saw is linearizable by this model. Default: one client, faults among its commands.
   */
  readonly concurrent?: number
  /** Runs, each with commands and a world of its own. Default 100. */
  readonly runs?: number
  /** Steps of one client in a run, faults and waits among them, at most. Default 30. */
  readonly length?: number
  /** All that is drawn follows from it. Default 1. */
  readonly seed?: number
  /** Runs that may be spent on making a failure smaller. Default 500. */
  readonly shrinkRuns?: number
  /** A folder, made if it is missing: a counterexample is written there as a `.cx` file. Default: none. */
  readonly out?: string
  /** A text that models share exactly when they are equal. Default: by their fields, maps and sets included. */
  readonly text?: (model: M) => string
}

/** A model test as it is read, with what follows from it. */
export interface Plan<M> {
  readonly scenario: Scenario
  readonly nodes: readonly string[]
  readonly rules: CommandRules<M>
  readonly faults: FaultModel | undefined
  /** Undefined: one client. */
  readonly concurrent: number | undefined
  /** A check decides, made of the model itself. */
  readonly byModel: boolean
  readonly runs: number
  readonly length: number
  readonly seed: number
  readonly shrinkRuns: number
  readonly out: string | undefined
}

const FIELDS = {
  scenario: { fallback: undefined, check: isObject() },
  model: { fallback: undefined, check: check('a model', () => true) },
  commands: { fallback: undefined, check: isObject() },
  faults: {
    fallback: undefined,
    check: check('a FaultModel, such as faultModels.partitions()', (v) => v instanceof FaultModel),
  },
  concurrent: { fallback: undefined, check: integer(2, 64) },
  runs: { fallback: 100, check: integer(1) },
  length: { fallback: 30, check: integer(1, 10_000) },
  seed: { fallback: 1, check: integer(-(2 ** 31), 2 ** 31 - 1) },
  shrinkRuns: { fallback: 500, check: integer(0) },
  out: { fallback: undefined, check: isText },
  text: { fallback: undefined, check: isFunction() },
} as unknown as Fields<ModelTestOptions<unknown>>

/** @throws TroupeError ERR_BAD_OPTION, ERR_BAD_SCENARIO, ERR_BAD_MODEL */
export function readPlan<M, A extends Arguments>(
  fc: FastCheck,
  given: ModelTestOptions<M, A>,
): Plan<M> {
  const options = readOptions('modelTest', FIELDS, given) as ModelTestOptions<M>
  const { scenario, model, concurrent, text, out } = options
  const { runs = 0, length = 0, seed = 0, shrinkRuns = 0 } = options
  if (scenario === undefined) throw badOption('modelTest.scenario', 'a scenario', scenario)
  const faults = options.faults ?? scenario.faults
  const nodes = nodesOf({ ...scenario, ...(faults && { faults }) })
  if (text === undefined && !isPlainData(model)) {
    const rule =
      'plain data, without functions and objects of classes, where there is no option text'
    throw badOption('modelTest.model', rule, model)
  }
  const commands = readCommands<M>(options.commands, scenario, nodes)
  const judged = (scenario.checks ?? []).some(({ type }) => type === 'history')
  const byModel = concurrent !== undefined && !judged
  for (const [name, { run }] of Object.entries(commands)) {
    if (!byModel || run === undefined) continue
    const detail = `modelTest.commands.${name}: what its run does is in no model's history; with concurrent, give the scenario a history check (linearizable, consistent)`
    throw new TroupeError('ERR_BAD_OPTION', detail)
  }
  const rules = new CommandRules<M>(commands, model, text ?? ((one) => fc.stringify(one)))
  rules.textOf(model)
  return {
    scenario,
    nodes,
    rules,
    faults,
    concurrent,
    byModel,
    runs,
    length,
    seed,
    shrinkRuns,
    out,
  }
}

const COMMAND_FUNCTIONS = ['pre', 'run', 'next', 'expects', 'post', 'unknown', 'refused'] as const
const COMMAND_FIELDS = new Set<string>(['arb', 'weight', 'on', ...COMMAND_FUNCTIONS])

function readCommands<M>(
  given: unknown,
  { operations = {} }: Scenario,
  nodes: readonly string[],
): Readonly<Record<string, AnyCommand<M>>> {
  if (!isObject<object>().test(given) || Object.keys(given).length === 0) {
    throw badOption('modelTest.commands', 'commands by name, one at least', given)
  }
  for (const [name, command] of Object.entries(given) as [string, AnyCommand<M>][]) {
    const path = `modelTest.commands.${name}`
    if (!/^[\w.-]+$/.test(name)) throw badOption(path, 'called by one word', name)
    if (!isObject<AnyCommand<M>>().test(command)) throw badOption(path, 'an object', command)
    for (const field of Object.keys(command)) {
      if (COMMAND_FIELDS.has(field)) continue
      const known = [...COMMAND_FIELDS].join(', ')
      throw new TroupeError(
        'ERR_BAD_OPTION',
        `${path}.${field} is no part of it; there are: ${known}`,
      )
    }
    for (const field of COMMAND_FUNCTIONS) {
      if (command[field] !== undefined && typeof command[field] !== 'function') {
        throw badOption(`${path}.${field}`, 'a function', command[field])
      }
    }
    const { arb, weight = 1, on, run } = command
    if (
      arb !== undefined &&
      typeof (arb as { generate?: unknown } | null)?.generate !== 'function'
    ) {
      throw badOption(`${path}.arb`, 'an arbitrary of fast-check, of a tuple', arb)
    }
    if (!(typeof weight === 'number' && weight > 0 && weight <= 1e6)) {
      throw badOption(`${path}.weight`, 'a number above 0', weight)
    }
    const placed = Array.isArray(on) && on.length > 0 && on.every((node) => nodes.includes(node))
    if (on !== undefined && !placed) {
      throw badOption(`${path}.on`, `nodes of the scenario (${nodes.join(', ')})`, on)
    }
    if (run === undefined && !Object.hasOwn(operations, name)) {
      const known = Object.keys(operations).join(', ') || 'none'
      const detail = `${path} has no run, and the scenario has no operation ${show(name)}; it has: ${known}`
      throw new TroupeError('ERR_BAD_OPTION', detail)
    }
  }
  return given as Readonly<Record<string, AnyCommand<M>>>
}

/** What a text by its fields says all of. */
function isPlainData(value: unknown, seen: readonly unknown[] = []): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false
  if (typeof value !== 'object' || value === null) return true
  if (seen.includes(value)) return false
  const path = [...seen, value]
  const all = (items: Iterable<unknown>): boolean =>
    [...items].every((item) => isPlainData(item, path))
  if (Array.isArray(value) || value instanceof Set) return all(value)
  if (value instanceof Map) return all([...value.keys(), ...value.values()])
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return all(Object.values(value))
}
