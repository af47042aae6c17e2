import { check, type Fields, integer, isBoolean, isFunction, oneOf } from '../base/options.js'
import { type GuardOptions, isGuardOptions } from './guarded-host.js'
import type { LatencyTable } from './latency.js'
import { LINK_FIELDS } from './links.js'
import { DISK_STATES } from './sim-store.js'
import type { WaitLevel } from './sim-waits.js'
import type { TraceEvent } from './trace-event.js'

export interface SimulationOptions {
  /** Everything drawn in the run follows from it. Default 1. */
  readonly seed?: number | string
  /** One-way latency between hosts in milliseconds, drawn uniformly for every chunk, now and then up to eight times as much; equal bounds make it constant. Default [0.2, 2]. */
  readonly latencyMs?: readonly [from: number, to: number]
  /** In its place a table of quantiles in microseconds, such as `latencies.wan` or `betweenRegions('europe', 'asia')`. */
  readonly latencyUs?: LatencyTable
  /** Bandwidth of the way from one host to another. Default: no limit. */
  readonly bytesPerMs?: number
  /** Bytes under way or unread on a connection before its sender has to wait. Default 256 KiB. */
  readonly windowBytes?: number
  /** How promises are run to their end between events; both give the same run. Default: `fast` where Node allows it. */
  readonly drain?: 'fast' | 'portable'
  /** Called for every event before it runs. */
  readonly trace?: (event: TraceEvent) => void
  /** The run fails (`kind: 'events'`) when one more would run. Default: no limit. */
  readonly maxEvents?: number
  /** The run fails (`kind: 'time'`) when virtual time would go beyond. Default: no limit. */
  readonly maxVirtualMs?: number
  /** The run fails (`kind: 'sends'`) when one event writes more often to connections. Default 100,000. */
  readonly maxSendsAnEvent?: number
  /**
   * A handler of an actor that waits for something outside of the simulated world ends the run with an
   * `EscapedWaitError`. `handler`: each has to wait for a promise made by a handler of its own actor.
   * `node`: of some actor of its node, for actors that share locks. Costs about a tenth on Node.js before 24, less on later ones.
   * Default: `off`, since tests of single parts often hold a handler at a promise of their own.
   */
  readonly escapedWaits?: WaitLevel | 'off'
  /** What becomes of Date, timers and the like while code of a node runs, where `troupe/guards` was loaded first. Default: `virtualize`. */
  readonly guards?: GuardOptions
  /** Adds to an escaped wait the stack of the handler. Slow. Default: false. */
  readonly debug?: boolean
}

/** How a host's clock is wrong; what is not named stays as it is. */
export interface Skew {
  readonly offsetMs?: number
  readonly driftPpm?: number
}

export interface CrashOptions {
  /** The machine loses its power. Default false. */
  readonly silent?: boolean
  /** What was not synced is not on the disk any more. Default: as `silent`. */
  readonly loseUnsynced?: boolean
}

export const isShift = check<number>(
  'a number of milliseconds from -2^40 to 2^40',
  (v) => typeof v === 'number' && Math.abs(v) <= 2 ** 40,
)
export const isDiskState = oneOf(...DISK_STATES)
export const isBits = integer(0, 1_000)
export const isPercent = check<number>(
  'a number from 0 to 100',
  (v) => typeof v === 'number' && v >= 0 && v <= 100,
)

export const SKEW_FIELDS = {
  offsetMs: { fallback: undefined, check: isShift },
  driftPpm: { fallback: undefined, check: integer(-100_000, 100_000) },
} as unknown as Fields<Skew>

const atLeast = (least: number) =>
  check<number>(`a number >= ${least}`, (v) => typeof v === 'number' && v >= least)

export const SIMULATION_FIELDS = {
  seed: {
    fallback: 1,
    check: check<number | string>('a number or a string', (v) => /^(num|str)/.test(typeof v)),
  },
  ...LINK_FIELDS,
  windowBytes: { fallback: 256 * 1024, check: atLeast(1) },
  drain: { fallback: undefined, check: oneOf('fast', 'portable') },
  trace: { fallback: undefined, check: isFunction<(event: TraceEvent) => void>() },
  maxEvents: { fallback: Number.POSITIVE_INFINITY, check: atLeast(1) },
  maxVirtualMs: { fallback: Number.POSITIVE_INFINITY, check: atLeast(0) },
  maxSendsAnEvent: { fallback: 100_000, check: atLeast(1) },
  escapedWaits: { fallback: 'off' as const, check: oneOf('handler', 'node', 'off') },
  guards: { fallback: 'virtualize' as const, check: isGuardOptions },
  debug: { fallback: false, check: isBoolean },
} as unknown as Fields<SimulationOptions>
