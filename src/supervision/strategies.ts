import { check, durationMs, type Fields, integer, oneOf, readOptions } from '../base/options.js'
import type { Intensity } from './restart-policy.js'

/** Which children a failing child takes with it. */
export type StrategyType = 'oneForOne' | 'oneForAll' | 'restForOne' | 'dynamic'

/**
 * When the end of a *significant* child ends the supervisor (OTP's `auto_shutdown`): never, when any
 * of them has ended by itself, or when the last one has. Only ends after which the child is not
 * restarted count.
 */
export type AutoShutdown = 'never' | 'anySignificant' | 'allSignificant'

export interface StrategyOptions {
  /** Restarts granted within `withinMs`; one more and the supervisor gives up. Infinity: no limit. Default 1. */
  readonly maxRestarts?: number
  /** Width of that window in milliseconds. Default 5,000. */
  readonly withinMs?: number
  /** Default `never`. */
  readonly autoShutdown?: AutoShutdown
  /** Children at one time; `startChild` beyond it is refused with ERR_TOO_MANY_CHILDREN. Default 1,000,000. */
  readonly maxChildren?: number
}

export interface Strategy extends Intensity {
  readonly type: StrategyType
  readonly autoShutdown: AutoShutdown
  readonly maxChildren: number
}

/** A failing child is restarted alone. @throws TroupeError ERR_BAD_OPTION */
export const oneForOne = (options?: StrategyOptions): Strategy => strategy('oneForOne', options)

/**
 * When a child fails, all are stopped in reverse order and started again in order.
 * @throws TroupeError ERR_BAD_OPTION
 */
export const oneForAll = (options?: StrategyOptions): Strategy => strategy('oneForAll', options)

/**
 * When a child fails, those declared after it are stopped in reverse order, then it and they are
 * started again in order. @throws TroupeError ERR_BAD_OPTION
 */
export const restForOne = (options?: StrategyOptions): Strategy => strategy('restForOne', options)

/**
 * OTP's simple_one_for_one: `children()` declares one template, no child is started with the
 * supervisor, each `startChild(args)` adds one. A failing child is restarted alone; at the end all
 * children are stopped at the same time. @throws TroupeError ERR_BAD_OPTION
 */
export const dynamic = (options?: StrategyOptions): Strategy => strategy('dynamic', options)

const countOrInfinity = check<number>(
  'an integer >= 0 or Infinity',
  (v) => v === Number.POSITIVE_INFINITY || (Number.isSafeInteger(v) && (v as number) >= 0),
)

const FIELDS: Fields<Required<StrategyOptions>> = {
  maxRestarts: { fallback: 1, check: countOrInfinity },
  withinMs: { fallback: 5_000, check: durationMs(1) },
  autoShutdown: { fallback: 'never', check: oneOf('never', 'anySignificant', 'allSignificant') },
  maxChildren: { fallback: 1_000_000, check: integer(1) },
}

function strategy(type: StrategyType, options: StrategyOptions | undefined): Strategy {
  return Object.freeze({ type, ...readOptions(type, FIELDS, options) })
}
