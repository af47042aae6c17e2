import type { HistoryKey, HistoryOp } from '../../../src/verification/history/history.js'
import type { AnyModel } from '../../../src/verification/history/model.js'

/**
 * Consistency by its definition: tries every order of the operations that are done, with every choice of those that may have
 * been. For histories of a handful.
 */
export function hasOrder(
  ops: readonly HistoryOp[],
  model: AnyModel,
  before: (first: HistoryOp, second: HistoryOp) => boolean,
): boolean {
  const search = (
    left: readonly HistoryOp[],
    states: ReadonlyMap<HistoryKey, unknown>,
  ): boolean => {
    if (left.every(({ status }) => status === 'info')) return true
    return left.some((op) => {
      if (left.some((other) => other !== op && before(other, op))) return false
      const state = states.has(op.key) ? states.get(op.key) : model.initial
      const next = model.step(state, op)
      if (next === undefined) return false
      return search(
        left.filter((other) => other !== op),
        new Map(states).set(op.key, next),
      )
    })
  }
  return search(ops, new Map())
}

export const byClock = (first: HistoryOp, second: HistoryOp): boolean =>
  first.returnedAt < second.calledAt

export const byProcess = (first: HistoryOp, second: HistoryOp): boolean =>
  first.process === second.process && byClock(first, second)
