import { TroupeError } from '../base/errors.js'
import {
  durationMs,
  integer,
  isFunction,
  isObject,
  type Check as Rule,
  check as rule,
  show,
} from '../base/options.js'
import type { Node } from '../node/node.js'
import type { NodeOptions } from '../node/node-options.js'
import type { Check } from './check.js'
import type { Driver } from './driver.js'
import { FaultModel } from './fault-model.js'
import type { GuardOptions } from './guarded-host.js'
import type { Plain } from './op.js'
import type { UserFault } from './sim-faults.js'
import type { WaitLevel } from './sim-waits.js'
import type { SimulationOptions } from './simulation.js'

/** Options of the nodes of a scenario; what the simulation decides is left out. */
export type ScenarioNodeOptions = Partial<
  Omit<NodeOptions, 'name' | 'world' | 'listen' | 'dataDir' | 'store'>
>

/** What a node of a scenario starts with. */
export interface StartContext {
  /** 0 at the first start, 1 after the first restart. */
  readonly restarts: number
  /** All nodes of the scenario. */
  readonly nodes: readonly string[]
}

/**
 * Something a client does on a node, by asks and tells. What it gives must be plain. A `Refusal` says
 * that nothing was done; after any other error nobody knows.
 */
export type Operation = (node: Node, ...args: never[]) => Plain | undefined | Promise<unknown>

/** Ends of a run that is not over by itself. */
export interface Limits {
  /** Events. Default 2,000,000. */
  readonly steps?: number
  /** Virtual time until the workload must be done. Default 600,000. */
  readonly virtualMs?: number
  /** Writes to connections in one event. Default 100,000. */
  readonly sends?: number
  /**
   * At level `messages`: how often in a run a timer may fire while messages are under way, as if these were slow.
   * Choices decide when. Default 0: messages are quicker than any timer.
   */
  readonly earlyTimers?: number
  /** Quiet time between the end of faults and the last checks. Default 10,000, or 0 without faults. */
  readonly settleMs?: number
}

/** A system under test and what is done to it: the same nodes and actors as in production. */
export interface Scenario {
  readonly name: string
  /** Names, or how many: `n1`, `n2`, … */
  readonly nodes: number | readonly string[]
  readonly options?: ScenarioNodeOptions | ((node: string) => ScenarioNodeOptions)
  /**
   * `nodes` (default): whole nodes over a simulated network, with connections, lanes, heartbeats and an overlay.
   * `messages`: whole nodes whose messages travel one by one, in an order that choices decide; all are members
   * from the start. Some ten times quicker, and what explorers search.
   */
  readonly level?: 'nodes' | 'messages'
  /**
   * Default true: all nodes have joined the first one, and messages can travel between all, before `start`
   * is called. Where an overlay has partial views each has a neighbour then, and nobody is apart.
   */
  readonly joined?: boolean
  /**
   * What runs on a node: called for one node after the other, and again when one is started anew. Others may
   * not be in reach then.
   */
  start?(node: Node, context: StartContext): void | Promise<void>
  /** What clients can do, by name: for `call`, and for counterexample files. */
  readonly operations?: Readonly<Record<string, Operation>>
  /** The clients. Absent: nothing but what `start` sets off, for `virtualMs`. */
  workload?(w: Driver): Promise<void>
  readonly checks?: readonly Check[]
  /** What may go wrong, and how often. Default: nothing. */
  readonly faults?: FaultModel
  /** Faults of your own, by the name that `fault user NAME …` calls them. */
  readonly userFaults?: Readonly<Record<string, UserFault>>
  readonly limits?: Limits
  /** Latencies and bandwidth. */
  readonly network?: Pick<
    SimulationOptions,
    'latencyMs' | 'latencyUs' | 'bytesPerMs' | 'windowBytes'
  >
  /**
   * What a handler may wait for: see `SimulationOptions.escapedWaits`. Default `handler`: what it waits for
   * must belong to the simulated world, else the run fails, by name of node, actor and method.
   */
  readonly escapedWaits?: WaitLevel | 'off'
  /** What becomes of Date, timers and the like where `troupe/guards` was loaded. Default `virtualize`. */
  readonly guards?: GuardOptions
  /**
   * Groups of nodes of which one is as good as another: what holds with their names exchanged holds. For
   * explorers that are told to make use of it. Default: none.
   */
  readonly interchangeable?: readonly (readonly string[])[]
  /** How long a client waits for an operation before it gives up, in ms. Default 10,000. */
  readonly callTimeoutMs?: number
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/
const NODES_MAX = 10_000

export const badScenario = (
  name: unknown,
  detail: string,
  cause?: unknown,
  data?: object,
): TroupeError =>
  new TroupeError('ERR_BAD_SCENARIO', `scenario ${show(name)}: ${detail}`, { cause, data })

/**
 * The node names of a scenario, which is checked on the way.
 * @throws TroupeError ERR_BAD_SCENARIO naming what is wrong
 */
export function nodesOf(scenario: Scenario): readonly string[] {
  if (typeof scenario !== 'object' || scenario === null) {
    throw new TroupeError('ERR_BAD_SCENARIO', `a scenario must be an object, got ${show(scenario)}`)
  }
  const { name, nodes, operations, checks, limits = {} } = scenario
  if (typeof name !== 'string' || name === '') throw badScenario(name, 'it has no name')
  checkFields(name, '', FIELDS, scenario)
  checkFields(name, 'limits.', LIMITS, limits)
  for (const fault of Object.keys(scenario.faults?.options.user ?? {})) {
    if (Object.hasOwn(scenario.userFaults ?? {}, fault)) continue
    const known = Object.keys(scenario.userFaults ?? {}).join(', ') || 'none'
    throw badScenario(
      name,
      `its fault model names the user fault ${fault}; userFaults has: ${known}`,
    )
  }
  for (const [op, run] of Object.entries(operations ?? {})) {
    if (RESERVED.has(op)) throw badScenario(name, `an operation cannot be called ${op}`)
    if (/^[\w.-]+$/.test(op) && typeof run === 'function') continue
    throw badScenario(name, `operation ${show(op)} must be a function with a name of one word`)
  }
  const names = new Set<string>()
  for (const one of checks ?? []) {
    if (!isCheck(one))
      throw badScenario(name, `${show(one)} is no check: make one with check.always and the like`)
    const { name: check } = one
    if (names.has(check)) throw badScenario(name, `there are two checks named ${show(check)}`)
    names.add(check)
  }
  if (scenario.level === 'messages') checkLevel(scenario)
  const all = nodeNames(name, nodes)
  checkGroups(scenario, all)
  return all
}

const isGroups = (v: unknown): boolean =>
  Array.isArray(v) &&
  v.every((group) => Array.isArray(group) && group.every((one) => typeof one === 'string'))

function checkGroups({ name, interchangeable = [] }: Scenario, nodes: readonly string[]): void {
  const seen = new Set<string>()
  for (const node of interchangeable.flat()) {
    if (!nodes.includes(node)) {
      throw badScenario(name, `interchangeable names ${show(node)}, which is no node of it`)
    }
    if (seen.has(node)) throw badScenario(name, `interchangeable names ${show(node)} twice`)
    seen.add(node)
  }
}

/** What would have no effect where messages travel without a network. */
function checkLevel({ name, network, options }: Scenario): void {
  if (network !== undefined) throw badScenario(name, "at level 'messages' there is no network")
  if (typeof options === 'object' && options.overlay !== undefined) {
    throw badScenario(name, "at level 'messages' all nodes are connected: there is no overlay")
  }
}

type Rules = Readonly<Record<string, Rule<unknown> | undefined>>

/** Refuses fields that nobody would read, and values of the wrong kind. Undefined: looked at elsewhere. */
function checkFields(scenario: string, path: string, rules: Rules, given: object): void {
  for (const [field, value] of Object.entries(given)) {
    if (!Object.hasOwn(rules, field)) {
      const known = Object.keys(rules).join(', ')
      throw badScenario(scenario, `${path}${field} is no part of it; there are: ${known}`)
    }
    const is = rules[field]
    if (value === undefined || is === undefined || is.test(value)) continue
    throw badScenario(scenario, `${path}${field} must be ${is.text}, got ${show(value)}`)
  }
}

const FIELDS: { readonly [K in keyof Required<Scenario>]: Rule<unknown> | undefined } = {
  name: undefined,
  nodes: undefined,
  options: rule('an object or a function', (v) => isObject().test(v) || isFunction().test(v)),
  level: rule("'nodes' or 'messages'", (v) => v === 'nodes' || v === 'messages'),
  joined: rule('true or false', (v) => typeof v === 'boolean'),
  start: isFunction(),
  operations: isObject(),
  workload: isFunction(),
  checks: rule('an array of checks', Array.isArray),
  faults: rule('a FaultModel', (v) => v instanceof FaultModel),
  userFaults: rule(
    'an object of functions',
    (v) => isObject<object>().test(v) && Object.values(v).every(isFunction().test),
  ),
  limits: isObject(),
  // the simulation looks at these three
  network: undefined,
  escapedWaits: undefined,
  guards: undefined,
  interchangeable: rule('an array of arrays of node names', isGroups),
  callTimeoutMs: durationMs(1),
}

const LIMITS: { readonly [K in keyof Required<Limits>]: Rule<unknown> } = {
  steps: integer(1),
  virtualMs: rule('a number of milliseconds above 0', (v) => typeof v === 'number' && v > 0),
  sends: integer(1),
  earlyTimers: integer(0),
  settleMs: durationMs(0),
}

const CHECKS = new Set(['always', 'eventually', 'history', 'sometimes'])

const isCheck = (value: unknown): value is Check =>
  isObject<Check>().test(value) &&
  CHECKS.has(value.type) &&
  typeof value.name === 'string' &&
  (value.type === 'sometimes' || typeof value.holds === 'function')
/** Words that begin a line of a counterexample file or of a fault. */
const RESERVED = new Set(['join', 'leave', 'fault', 'wait'])

function nodeNames(name: string, nodes: number | readonly string[]): readonly string[] {
  if (typeof nodes === 'number') {
    if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) {
      throw badScenario(name, `nodes must be from 1 to ${NODES_MAX}, got ${nodes}`)
    }
    return Array.from({ length: nodes }, (_, at) => `n${at + 1}`)
  }
  if (!Array.isArray(nodes) || nodes.length === 0) {
    throw badScenario(name, `nodes must be a number or a list of names, got ${show(nodes)}`)
  }
  const seen = new Set<string>()
  for (const node of nodes) {
    if (typeof node !== 'string' || !NAME.test(node)) {
      throw badScenario(name, `${show(node)} is not a node name`)
    }
    if (seen.has(node)) throw badScenario(name, `the node name ${node} is used twice`)
    seen.add(node)
  }
  return [...nodes]
}
