import {
  badOption,
  check,
  type Fields,
  integer,
  isBoolean,
  isObject,
  readOptions,
} from '../base/options.js'
import type { Fault, FaultArgument } from '../fault/fault.js'

/** What a model may choose from. Each becomes faults of the vocabulary, and is ended after a while. */
export type FaultKind =
  /** Two groups without a way between them. */
  | 'partition'
  /** A way that is cut in one direction only. */
  | 'oneway'
  /** A program is killed, and started anew where the model says so. */
  | 'crash'
  /** The same with what was not synced lost, and nothing heard of it by others. */
  | 'powerLoss'
  /** A program stands still, as by SIGSTOP. */
  | 'pause'
  /** What a node sends to another, or gets from it, is late. */
  | 'delay'
  /** Connections between two nodes break. */
  | 'reset'
  /** A share of what a node sends is lost. */
  | 'omitSend'
  /** A share of what a node gets is lost. */
  | 'omitReceive'
  /** A share of the messages on a link arrives twice. */
  | 'duplicate'
  /** Messages on a link overtake each other. */
  | 'reorder'
  /** Bits of what a node sends are wrong. */
  | 'bitflip'
  /** What a node sends has the contents of the time before. */
  | 'stale'
  /** A wall clock is off, drifts, or jumps. */
  | 'clock'
  /** A disk is slow, fails, or is full. */
  | 'store'

export const FAULT_KINDS: readonly FaultKind[] = [
  'partition',
  'oneway',
  'crash',
  'powerLoss',
  'pause',
  'delay',
  'reset',
  'omitSend',
  'omitReceive',
  'duplicate',
  'reorder',
  'bitflip',
  'stale',
  'clock',
  'store',
]

/** The kind of which a model has drawn a fault; undefined for faults that no model draws, such as ends. */
export function kindOf(fault: Fault): FaultKind | undefined {
  switch (fault.verb) {
    case 'partition':
      return fault.oneway ? 'oneway' : 'partition'
    case 'crash':
      return fault.loseUnsynced ? 'powerLoss' : 'crash'
    case 'pause':
    case 'duplicate':
    case 'reorder':
    case 'clock':
    case 'store':
      return fault.verb
    case 'egress_delay':
    case 'ingress_delay':
      return 'delay'
    case 'connection':
      return 'reset'
    case 'omit_send':
      return 'omitSend'
    case 'omit_receive':
      return 'omitReceive'
    case 'byzantine':
      return fault.how === 'stale' ? 'stale' : 'bitflip'
    default:
      return undefined
  }
}

/** Of which a model has one faulty node at a time, or as many as it allows. */
export const FAULTY_KINDS: ReadonlySet<FaultKind> = new Set([
  'crash',
  'powerLoss',
  'pause',
  'omitSend',
  'omitReceive',
  'bitflip',
  'stale',
  'store',
])

/** What can befall a single node. */
const ALONE: ReadonlySet<FaultKind> = new Set(['crash', 'powerLoss', 'pause', 'clock', 'store'])

/** A fault of the scenario's own (`Scenario.userFaults`) in a model. */
export interface UserFaultChoice {
  /** How likely it is, beside the kinds. Default 1. */
  readonly weight?: number
  /** For each argument the values that it is chosen from. Default: it takes none. */
  readonly args?: readonly (readonly FaultArgument[])[]
}

export interface FaultModelOptions {
  /** How likely each kind is, beside the others. What is not named does not happen. */
  readonly weights: Readonly<Partial<Record<FaultKind, number>>>
  /** Faults of the scenario's own, by their names; each is ended after a while. Default: none. */
  readonly user?: Readonly<Record<string, UserFaultChoice>>
  /** Nodes that may be crashed, paused, omitting or lying at once. Default 1. */
  readonly faulty?: number
  /** Crashed nodes are started anew. Default true. */
  readonly recover?: boolean
  /** Time between two faults in ms, from and to. Default [200, 3000]. */
  readonly everyMs?: readonly [from: number, to: number]
  /** How long one lasts in ms, from and to. Default [100, 8000]. */
  readonly lastMs?: readonly [from: number, to: number]
  /** Faults in all. Default: no limit but the end of the workload. */
  readonly most?: number
  /** Share of messages between actors that are lost, each by a choice of its own, from 0 to 1. Default 0. */
  readonly loss?: number
  /** Share of messages that arrive twice. Default 0. */
  readonly duplication?: number
  /**
   * Share of messages between actors before which their sender crashes, each by a choice of its own: what it sends
   * from then on, in the same step too, is never sent. It stays down; at most `faulty` nodes do. Default 0.
   */
  readonly stops?: number
  /** Every seed leaves some kinds out, so that the rest is seen on its own. Default true. */
  readonly swarm?: boolean
}

const isSpan = check<readonly [number, number]>(
  'two numbers of milliseconds above 0, the smaller first',
  (v) => Array.isArray(v) && v.length === 2 && v.every(Number.isFinite) && v[0] > 0 && v[0] <= v[1],
)

const isShare = check<number>(
  'a share from 0 to 1',
  (v) => typeof v === 'number' && v >= 0 && v <= 1,
)

const isArgument = (value: unknown): boolean =>
  ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)

function isUserFaultChoice(value: unknown): boolean {
  if (!isObject<UserFaultChoice>().test(value)) return false
  const { weight = 1, args = [], ...rest } = value
  if (Object.keys(rest).length > 0 || !(Number.isFinite(weight) && weight >= 0)) return false
  return (
    Array.isArray(args) &&
    args.every((of) => Array.isArray(of) && of.length > 0 && of.every(isArgument))
  )
}

const FIELDS: Fields<Required<FaultModelOptions>> = {
  weights: {
    fallback: {},
    check: check<FaultModelOptions['weights']>(
      'numbers >= 0 by kind of fault',
      (v) =>
        typeof v === 'object' &&
        v !== null &&
        Object.values(v).every((w) => Number.isFinite(w) && (w as number) >= 0),
    ),
  },
  user: {
    fallback: {},
    check: check<Readonly<Record<string, UserFaultChoice>>>(
      '{ weight, args } by name of a user fault, args a non-empty list of values for each argument',
      (v) => isObject<object>().test(v) && Object.values(v).every(isUserFaultChoice),
    ),
  },
  faulty: { fallback: 1, check: integer(0) },
  recover: { fallback: true, check: isBoolean },
  everyMs: { fallback: [200, 3_000] as const, check: isSpan },
  lastMs: { fallback: [100, 8_000] as const, check: isSpan },
  most: {
    fallback: Number.POSITIVE_INFINITY,
    check: check<number>('a number >= 0', (v) => typeof v === 'number' && v >= 0),
  },
  loss: { fallback: 0, check: isShare },
  duplication: { fallback: 0, check: isShare },
  stops: { fallback: 0, check: isShare },
  swarm: { fallback: true, check: isBoolean },
}

/** Which faults may befall a run, and how often. The seed decides which of them do. */
export class FaultModel {
  readonly options: Readonly<Required<FaultModelOptions>>

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(options: FaultModelOptions) {
    this.options = readOptions('faultModel', FIELDS, options)
    for (const kind of Object.keys(this.options.weights)) {
      if ((FAULT_KINDS as readonly string[]).includes(kind)) continue
      throw badOption('faultModel.weights', `by kind: ${FAULT_KINDS.join(', ')}`, kind)
    }
  }

  /** The kinds it has a weight for that can befall so many nodes, in a fixed order. */
  kinds(nodes: number): FaultKind[] {
    const { weights } = this.options
    const all = FAULT_KINDS.filter((kind) => (weights[kind] ?? 0) > 0)
    return nodes > 1 ? all : all.filter((kind) => ALONE.has(kind))
  }

  /** Both together: the kinds of both, the larger of each number, the shorter wait. */
  plus(other: FaultModel): FaultModel {
    const [a, b] = [this.options, other.options]
    const weights: Partial<Record<FaultKind, number>> = { ...a.weights }
    for (const [kind, weight] of Object.entries(b.weights) as [FaultKind, number][]) {
      weights[kind] = Math.max(weights[kind] ?? 0, weight)
    }
    return new FaultModel({
      weights,
      user: { ...a.user, ...b.user },
      faulty: Math.max(a.faulty, b.faulty),
      recover: a.recover && b.recover,
      everyMs: a.everyMs[1] <= b.everyMs[1] ? a.everyMs : b.everyMs,
      lastMs: a.lastMs[1] >= b.lastMs[1] ? a.lastMs : b.lastMs,
      most: Math.max(a.most, b.most),
      loss: Math.max(a.loss, b.loss),
      duplication: Math.max(a.duplication, b.duplication),
      stops: Math.max(a.stops, b.stops),
      swarm: a.swarm && b.swarm,
    })
  }

  /** The same with other numbers. */
  with(options: Partial<FaultModelOptions>): FaultModel {
    return new FaultModel({ ...this.options, ...options })
  }
}

const model = (
  weights: FaultModelOptions['weights'],
  rest: Omit<FaultModelOptions, 'weights'> = {},
): FaultModel => new FaultModel({ weights, ...rest })

/** The usual models. Join them with `plus`. */
export const faultModels = {
  /** At most `f` nodes crash and stay down. */
  crashStop: (f = 1): FaultModel => model({ crash: 1 }, { faulty: f, recover: false, most: f }),
  /** At most `f` nodes are down at once; they come back. */
  crashRecovery: (f = 1): FaultModel => model({ crash: 1, powerLoss: 1 }, { faulty: f }),
  /** At most `f` nodes lose a part of what they send. */
  sendOmission: (f = 1): FaultModel => model({ omitSend: 1 }, { faulty: f }),
  /** At most `f` nodes lose a part of what they get. */
  receiveOmission: (f = 1): FaultModel => model({ omitReceive: 1 }, { faulty: f }),
  generalOmission: (f = 1): FaultModel => model({ omitSend: 1, omitReceive: 1 }, { faulty: f }),
  /** Ways are cut, both ways or one. */
  partitions: (): FaultModel => model({ partition: 2, oneway: 1 }),
  /** A slow and shaky network: delays, resets, reordering, messages that come twice. */
  network: (): FaultModel => model({ delay: 1, reset: 1, reorder: 1, duplicate: 1 }),
  /** That share of all messages is lost. */
  loss: (share: number): FaultModel => model({}, { loss: share }),
  /** That share of all messages arrives twice. */
  duplication: (share: number): FaultModel => model({}, { duplication: share }),
  /** At most `f` nodes stand still at times. */
  pauses: (f = 1): FaultModel => model({ pause: 1 }, { faulty: f }),
  /** At most `f` nodes send wrong bits, or old contents. */
  byzantine: (f = 1): FaultModel => model({ bitflip: 1, stale: 1 }, { faulty: f }),
  clocks: (): FaultModel => model({ clock: 1 }),
  /** At most `f` disks fail at once. */
  disks: (f = 1): FaultModel => model({ store: 1 }, { faulty: f }),
  /** A fault of the scenario's own (`userFaults`): for each argument the values that it is chosen from. */
  user: (name: string, ...args: readonly (readonly FaultArgument[])[]): FaultModel =>
    model({}, { user: { [name]: { args } } }),
} as const
