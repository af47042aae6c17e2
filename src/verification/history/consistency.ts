import { TroupeError } from '../../base/errors.js'
import { show } from '../../base/options.js'
import { Budget, type BudgetOptions } from './budget.js'
import { findCausal, findCausalConvergence } from './causal.js'
import { findConvergence } from './convergence.js'
import type { History } from './history.js'
import { findLinearizable } from './linearizability.js'
import type { AnyModel } from './model.js'
import { findSequential } from './sequential.js'
import { findSession, GUARANTEES } from './session-guarantees.js'
import { byKey, type Finding, type HistoryVerdict } from './verdict.js'

/**
 * From strong to weak. `session` is all four guarantees that are named before it. What each demands is in
 * docs/verification.md.
 */
export type Consistency =
  | 'linearizable'
  | 'sequential'
  | 'causal+'
  | 'causal'
  | 'read-your-writes'
  | 'monotonic-reads'
  | 'monotonic-writes'
  | 'writes-follow-reads'
  | 'session'
  | 'eventual'

export interface HistoryCheckOptions extends BudgetOptions {
  readonly model: AnyModel
  /** Default `linearizable`. */
  readonly consistency?: Consistency
}

type Find = (history: History, model: AnyModel, budget: Budget) => Finding

const CHECKERS: Readonly<Record<Consistency, Find>> = {
  linearizable: findLinearizable,
  sequential: findSequential,
  'causal+': findCausalConvergence,
  causal: findCausal,
  'read-your-writes': findSession(['read-your-writes']),
  'monotonic-reads': findSession(['monotonic-reads']),
  'monotonic-writes': findSession(['monotonic-writes']),
  'writes-follow-reads': findSession(['writes-follow-reads']),
  session: findSession(GUARANTEES),
  eventual: findConvergence,
}

export const CONSISTENCIES = Object.keys(CHECKERS) as readonly Consistency[]

/**
 * Whether what clients saw is what that model allows under that consistency.
 *
 * `nowMs` is the clock of `budgetMs`; without it there is no time limit.
 *
 * @throws TroupeError ERR_BAD_OPTION; ERR_BAD_HISTORY for a history that this check cannot judge, such as one of
 * a queue, or one that writes a value twice where it must tell who read whose
 */
export function checkHistory(
  history: History,
  options: HistoryCheckOptions,
  nowMs: () => number = () => 0,
): HistoryVerdict {
  const { model, consistency = 'linearizable', ...bounds } = options
  if (!Object.hasOwn(CHECKERS, consistency)) {
    const known = CONSISTENCIES.join(', ')
    throw new TroupeError(
      'ERR_BAD_OPTION',
      `${show(consistency)} is no consistency; there are: ${known}`,
    )
  }
  const budget = new Budget(bounds, nowMs)
  const found = CHECKERS[consistency](history, model, budget)
  const common = {
    consistency,
    model: model.name,
    operations: history.ops.length,
    keys: byKey(history.ops, false).size,
    states: budget.states,
  }
  if (typeof found === 'object') {
    return { ...common, verdict: 'violation', violation: found, reason: undefined }
  }
  const reason = found === 'unknown' ? `undecided after ${budget.spent}` : undefined
  return { ...common, verdict: found, violation: undefined, reason }
}
