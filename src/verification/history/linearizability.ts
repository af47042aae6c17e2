import type { Budget } from './budget.js'
import { type History, type HistoryKey, type HistoryOp, opText, prefixOf } from './history.js'
import { LinearSearch } from './linear-search.js'
import type { AnyModel } from './model.js'
import { eventsOf } from './shown-events.js'
import { byKey, type Finding, type Violation } from './verdict.js'

/** Steps of one part's turn. */
const TURN_STEPS = 4_096
/** When one part has failed, the others are looked at for about as long, in case one fails sooner. */
const MORE_TURNS = 4

/** The operations on one object, and the search through their orders. */
interface Part {
  readonly key: HistoryKey
  readonly ops: readonly HistoryOp[]
  readonly search: LinearSearch | undefined
}

/** A part that failed, and which of its prefixes did for sure. */
interface Failed {
  readonly part: Part
  /** A prefix that fails ends before this event, … */
  readonly end: number
  /** … and none that ends before this one fails. */
  readonly from: number
}

/**
 * Whether all operations have an order that fits the clock and the model: a key at a time where the model has them apart
 * (Herlihy and Wing: a history is linearizable when it is so on each object), in turns, so that a part which
 * is hard does not hide what is wrong with another.
 */
export function findLinearizable(history: History, model: AnyModel, budget: Budget): Finding {
  const failed: Failed[] = []
  let turns = 0
  let parts: Part[] = []
  for (const [key, ops] of byKey(history.ops, model.keys === 'together')) {
    const decided = model.decide?.(ops)
    if (decided === true) continue
    if (decided === false) {
      failed.push({ part: { key, ops, search: undefined }, end: endOf(ops), from: 0 })
    } else if (budget.look()) {
      parts.push({ key, ops, search: new LinearSearch(model, ops, budget) })
    } else {
      return failed.length > 0 ? smallest(history, model, budget, failed) : 'unknown'
    }
  }
  let last = Number.POSITIVE_INFINITY
  while (parts.length > 0 && budget.spent === undefined && turns < last) {
    turns++
    const rest: Part[] = []
    for (const part of parts) {
      const search = part.search as LinearSearch
      const found = search.run(TURN_STEPS)
      if (found === undefined) {
        rest.push(part)
        continue
      }
      if (!found) failed.push(failedPart(part, model, search))
      search.end()
    }
    parts = rest
    if (failed.length > 0) last = Math.min(last, turns * 2 + MORE_TURNS)
  }
  for (const { search } of parts) search?.end()
  if (failed.length > 0) return smallest(history, model, budget, failed)
  return parts.length === 0 ? 'ok' : 'unknown'
}

function failedPart(part: Part, model: AnyModel, search: LinearSearch): Failed {
  const at = search.furthestAt
  const exact = model.lookahead === undefined
  return { part, end: exact ? at + 1 : endOf(part.ops), from: at + 1 }
}

/** Past the last return. */
const endOf = (ops: readonly HistoryOp[]): number =>
  1 +
  ops.reduce(
    (end, { returnedAt, status }) => (status === 'ok' ? Math.max(end, returnedAt) : end),
    -1,
  )

/** Of all parts that failed, the one with the fewest events up to where it fails. */
function smallest(
  history: History,
  model: AnyModel,
  budget: Budget,
  failed: readonly Failed[],
): Violation {
  const violations = failed.map((one) => shortest(history, model, budget, one))
  return violations.reduce((best, one) => (one.events.length < best.events.length ? one : best))
}

/**
 * Looks for the end of the shortest failing prefix: every longer one fails, too. In growing steps from the first that is possible, because it
 * is near as a rule, and then by halves.
 */
function shortest(
  history: History,
  model: AnyModel,
  budget: Budget,
  { part: { key, ops }, end, from }: Failed,
): Violation {
  const ends = ops
    .filter(
      ({ status, returnedAt }) => status === 'ok' && returnedAt + 1 >= from && returnedAt < end,
    )
    .map(({ returnedAt }) => returnedAt + 1)
    .sort((a, b) => a - b)
  let low = 0
  let high = ends.length - 1
  let known = true
  for (let step = from === 0 ? ends.length : 1; low < high && known; step *= 2) {
    const tried = Math.min(low + step - 1, (low + high) >> 1)
    const found = isLinearizable(prefixOf(ops, ends[tried] as number), model, budget)
    if (found === undefined) known = false
    else if (found) low = tried + 1
    else high = tried
  }
  const at = ends[high] as number
  const isDone = ({ returnedAt }: HistoryOp): boolean => returnedAt < at
  const done = ops.filter(isDone)
  const underWay = ops.filter((op) => op.calledAt < at && !isDone(op))
  return {
    key,
    events: eventsOf(history, done, underWay),
    smallest: known,
    detail: detailOf(ops, at, model, budget),
  }
}

/** Undefined: the budget ended first. */
function isLinearizable(
  ops: readonly HistoryOp[],
  model: AnyModel,
  budget: Budget,
): boolean | undefined {
  if (!budget.look()) return undefined
  const decided = model.decide?.(ops)
  if (decided !== undefined) return decided
  const search = new LinearSearch(model, ops, budget)
  let found: boolean | undefined
  do found = search.run(TURN_STEPS)
  while (found === undefined && budget.look())
  search.end()
  return found
}

/** The operation with whose return the prefix ends, and what else it could have found. */
function detailOf(ops: readonly HistoryOp[], end: number, model: AnyModel, budget: Budget): string {
  const last = ops.find(({ returnedAt }) => returnedAt === end - 1) as HistoryOp
  const detail = `no order explains ${opText(last)}`
  const search = new LinearSearch(model, prefixOf(ops, end), budget)
  const states = search.run(TURN_STEPS) === false ? search.furthestStates : []
  const exact = search.furthestAt === end - 1
  search.end()
  if (states.length === 0 || !exact) return detail
  const shown = states.map((text) => (text.length > 60 ? `…${text.slice(-60)}` : text || '""'))
  return `${detail}; before its return it could be ${shown.join(' or ')}`
}
