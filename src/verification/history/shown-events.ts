import type { History, HistoryEvent, HistoryOp } from './history.js'

/**
 * The events of some operations, in their order, as they are shown and can be checked again: their calls and returns; only
 * the calls of `calls`, as if they were under way at the end. A process that goes on after one of unknown outcome has said so before:
 * then that event is there, too.
 */
export function eventsOf(
  history: History,
  ops: readonly HistoryOp[],
  calls: readonly HistoryOp[] = [],
): HistoryEvent[] {
  const places = new Set<number>()
  const lastCall = new Map<number | string, number>()
  for (const { process, calledAt } of [...ops, ...calls]) {
    places.add(calledAt)
    lastCall.set(process, Math.max(calledAt, lastCall.get(process) ?? -1))
  }
  const open = [...calls]
  for (const op of ops) {
    if (op.status === 'ok') places.add(op.returnedAt)
    else open.push(op)
  }
  for (const op of open) {
    const end = endOf(history, op, lastCall.get(op.process) as number)
    if (end !== undefined) places.add(end)
  }
  return [...places].sort((a, b) => a - b).map((place) => history.events[place] as HistoryEvent)
}

/** The place before `bound` where an operation ended, or was given up. */
function endOf(
  { events }: History,
  { process, f, key, calledAt, returnedAt, status }: HistoryOp,
  bound: number,
): number | undefined {
  if (status === 'ok') return returnedAt < bound ? returnedAt : undefined
  for (let at = calledAt + 1; at < bound; at++) {
    const event = events[at] as HistoryEvent
    if (event.process !== process || event.type === 'invoke') continue
    if (event.type === 'info' && event.f === f && event.key === key) return at
  }
  return undefined
}
