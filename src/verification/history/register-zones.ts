import type { HistoryOp } from './history.js'
import type { Access } from './model.js'
import { valueText } from './value-text.js'

/** A write and the reads that saw it. */
interface Cluster {
  readonly writeCalledAt: number
  /** The first return of any of them. */
  firstReturn: number
  /** The last call of any of them. */
  lastCall: number
  seen: boolean
}

/** A time in which a value was surely held (`forward`), or in which it was at least for a moment. */
interface Zone {
  readonly from: number
  readonly to: number
}

/**
 * Whether the history of a register is linearizable, where each value is written once: then who read whose write is known,
 * and zones tell (Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 1997). Undefined where a value is
 * written twice, or an operation is more than a read or a write.
 */
export function decideRegister(
  ops: readonly HistoryOp[],
  initial: string,
  access: (op: HistoryOp) => Access | undefined,
): boolean | undefined {
  const clusters = new Map<string, Cluster>([[initial, written(-2, -1, true)]])
  const reads: { readonly text: string; readonly op: HistoryOp }[] = []
  for (const op of ops) {
    const how = access(op)
    if (how === undefined || (how.reads !== undefined && how.writes !== undefined)) return undefined
    if (how.reads !== undefined) reads.push({ text: valueText(how.reads), op })
    if (how.writes === undefined) continue
    const text = valueText(how.writes)
    if (clusters.has(text)) return undefined
    clusters.set(text, written(op.calledAt, op.returnedAt, op.status === 'ok'))
  }
  for (const { text, op } of reads) {
    const cluster = clusters.get(text)
    if (cluster === undefined || op.returnedAt < cluster.writeCalledAt) return false
    cluster.seen = true
    cluster.firstReturn = Math.min(cluster.firstReturn, op.returnedAt)
    cluster.lastCall = Math.max(cluster.lastCall, op.calledAt)
  }
  return zonesFit([...clusters.values()].filter(({ seen }) => seen))
}

/** `seen`: it counts, even if nobody reads it. */
const written = (calledAt: number, returnedAt: number, seen: boolean): Cluster => ({
  writeCalledAt: calledAt,
  firstReturn: returnedAt,
  lastCall: calledAt,
  seen,
})

/** Values that were surely held at one time exclude each other, and one that was held at some moment of it. */
function zonesFit(clusters: readonly Cluster[]): boolean {
  const forward: Zone[] = []
  const backward: Zone[] = []
  for (const { firstReturn, lastCall } of clusters) {
    if (firstReturn < lastCall) forward.push({ from: firstReturn, to: lastCall })
    else backward.push({ from: lastCall, to: firstReturn })
  }
  const byStart = (a: Zone, b: Zone): number => a.from - b.from
  forward.sort(byStart)
  backward.sort(byStart)
  let at = -1
  for (const { from, to } of backward) {
    while (at + 1 < forward.length && (forward[at + 1] as Zone).from < from) at++
    const around = forward[at]
    if (around !== undefined && to < around.to) return false
  }
  return forward.every(({ from }, place) => place === 0 || (forward[place - 1] as Zone).to < from)
}
