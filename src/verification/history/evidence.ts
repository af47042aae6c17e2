import { Budget, Ledger } from './budget.js'
import { History, type HistoryOp } from './history.js'
import type { AnyModel } from './model.js'
import { SessionGraph } from './session-graph.js'
import { eventsOf } from './shown-events.js'
import type { Finding, Violation } from './verdict.js'

/** What is wrong, and with which operations of a graph. */
export interface Fault {
  readonly detail: string
  readonly ops: readonly number[]
}

/** Looks for what is wrong with reads and writes. */
export type FindFault = (
  graph: SessionGraph,
  budget: Budget,
  ledger: Ledger,
) => Fault | 'ok' | 'unknown'

/** Up to so many operations it is tried to do without each. */
const SHORTEN_OPS = 64

/** Judges reads and writes; what is wrong is shown by events that are wrong in themselves. */
export function judge(history: History, model: AnyModel, budget: Budget, find: FindFault): Finding {
  const ledger = new Ledger(budget)
  try {
    const graph = SessionGraph.of(history, model, budget, ledger)
    if (graph === undefined) return 'unknown'
    const fault = find(graph, budget, ledger)
    return typeof fault === 'string' ? fault : shown(graph, model, fault, find)
  } finally {
    ledger.release()
  }
}

function shown(graph: SessionGraph, model: AnyModel, fault: Fault, find: FindFault): Violation {
  /** What is wrong with some of its operations alone. */
  const again = (places: ReadonlySet<number>): string | undefined => {
    const budget = new Budget({}, () => 0)
    const ledger = new Ledger(budget)
    const ops = graph.ops.filter((_, place) => places.has(place))
    const part = SessionGraph.of(partial(graph.history, ops), model, budget, ledger)
    const found = part === undefined ? 'unknown' : find(part, budget, ledger)
    return typeof found === 'string' ? undefined : found.detail
  }
  let kept = withWriters(graph, fault.ops)
  let detail = again(kept)
  if (detail === undefined) {
    kept = new Set(graph.ops.keys())
    detail = fault.detail
  }
  if (kept.size <= SHORTEN_OPS) {
    for (const op of [...kept].reverse()) {
      const fewer = without(graph, kept, op)
      const still = fewer.size < kept.size ? again(fewer) : undefined
      if (still === undefined) continue
      kept = fewer
      detail = still
    }
  }
  const ops = graph.ops.filter((_, place) => kept.has(place))
  const keys = new Set(ops.map(({ key }) => key))
  return {
    key: keys.size === 1 ? ops[0]?.key : undefined,
    events: eventsOf(graph.history, ops),
    smallest: false,
    detail,
  }
}

/** Those, and the writes that they read, and so on: else a read would be of what nobody has written. */
function withWriters({ writerOf }: SessionGraph, ops: readonly number[]): Set<number> {
  const all = new Set(ops)
  for (const op of all) {
    const writer = writerOf[op]
    if (writer !== undefined && writer >= 0) all.add(writer)
  }
  return all
}

/** All but that one and those that read what it wrote, and so on. */
function without({ writerOf }: SessionGraph, ops: ReadonlySet<number>, op: number): Set<number> {
  const gone = new Set([op])
  for (let before = 0; before !== gone.size; ) {
    before = gone.size
    for (const one of ops) if (gone.has(writerOf[one] as number)) gone.add(one)
  }
  return new Set([...ops].filter((one) => !gone.has(one)))
}

/** A history of these operations alone. */
function partial(history: History, ops: readonly HistoryOp[]): History {
  const places = ops
    .flatMap(({ calledAt, returnedAt, status }) =>
      status === 'ok' ? [calledAt, returnedAt] : [calledAt],
    )
    .sort((a, b) => a - b)
  const placeOf = new Map(places.map((place, at) => [place, at]))
  return new History(
    places.map((place) => history.events[place] as History['events'][number]),
    ops.map((op) => ({
      ...op,
      calledAt: placeOf.get(op.calledAt) as number,
      returnedAt: placeOf.get(op.returnedAt) ?? Number.POSITIVE_INFINITY,
    })),
  )
}
