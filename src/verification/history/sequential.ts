import { type Budget, Ledger } from './budget.js'
import { findCausalConvergence } from './causal.js'
import { type History, type HistoryEvent, type HistoryOp, opText, pending } from './history.js'
import { findLinearizable } from './linearizability.js'
import type { AnyModel } from './model.js'
import { noticedOf, SequentialSearch } from './sequential-search.js'
import { canTellWriters } from './session-graph.js'
import { eventsOf } from './shown-events.js'
import type { Finding, Violation } from './verdict.js'

/** What the quick way to a yes may take. */
const QUICK_STATES = 200_000

/**
 * Whether all operations have one order, over all keys, that keeps the order of each process and fits the model (Lamport
 * 1979). A linearizable history has; one that is not causally convergent has not; what lies between is searched.
 */
export function findSequential(history: History, model: AnyModel, budget: Budget): Finding {
  const quick = budget.part(QUICK_STATES)
  if (findLinearizable(history, model, quick) === 'ok') return 'ok'
  const ledger = new Ledger(budget)
  const canTell = canTellWriters(history, model, budget, ledger)
  ledger.release()
  if (canTell === undefined) return 'unknown'
  if (canTell) {
    const found = findCausalConvergence(history, model, budget)
    if (typeof found === 'object') return found
  }
  const found = isSequential(history.ops, model, budget)
  if (found === undefined) return 'unknown'
  if (found) return 'ok'
  // to show it in short is worth as much again as to know it, and no more
  return shortest(history, model, budget.part(2 * budget.states + QUICK_STATES))
}

/** Undefined: the budget ended first. */
function isSequential(
  ops: readonly HistoryOp[],
  model: AnyModel,
  budget: Budget,
): boolean | undefined {
  const search = new SequentialSearch(model, ops, budget)
  const found = search.run()
  search.end()
  return found
}

/**
 * What is asked of a part of the history: that its returns before `end` are explained. What is called later may be done or not,
 * because here one may see what is called later.
 */
const upTo = (ops: readonly HistoryOp[], end: number): HistoryOp[] =>
  ops.map((op) => (op.returnedAt < end ? op : pending(op)))

function shortest(history: History, model: AnyModel, budget: Budget): Violation {
  const ends = history.ops
    .filter(({ status }) => status === 'ok')
    .map(({ returnedAt }) => returnedAt + 1)
    .sort((a, b) => a - b)
  let low = 0
  let high = ends.length - 1
  let known = true
  while (low < high && known) {
    const middle = (low + high) >> 1
    const found = isSequential(upTo(history.ops, ends[middle] as number), model, budget)
    if (found === undefined) known = false
    else if (found) low = middle + 1
    else high = middle
  }
  const end = ends[high] as number
  const last = history.ops.find(({ returnedAt }) => returnedAt === end - 1) as HistoryOp
  const events = eventsUpTo(history, model, end)
  const keys = new Set(events.map(({ key }) => key))
  return {
    key: keys.size === 1 ? last.key : undefined,
    events,
    smallest: known,
    detail: `no order that keeps that of each process explains ${opText(last)} and what returned before`,
  }
}

/** The events up to there, and the calls of what may be seen though it was called later. */
function eventsUpTo(history: History, model: AnyModel, end: number): HistoryEvent[] {
  const { ops } = history
  const asked = upTo(ops, end)
  const noticed = new Set(noticedOf(model, asked))
  const done = ops.filter(({ returnedAt }) => returnedAt < end)
  const calls = ops.filter(
    (op, place) =>
      op.returnedAt >= end && (op.calledAt < end || noticed.has(asked[place] as HistoryOp)),
  )
  return eventsOf(history, done, calls)
}
