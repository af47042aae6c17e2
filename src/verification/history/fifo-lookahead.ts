import { EMPTY } from './fifo-order.js'
import type { HistoryOp } from './history.js'
import { valueText } from './value-text.js'

/** A dequeue that took something. */
interface Taker {
  readonly place: number
  readonly text: string
  readonly calledAt: number
  readonly returnedAt: number
}

/**
 * Whether what is in a queue can leave it in that order. The i-th to leave does so by a dequeue that was called before i
 * others have returned. As many as there are open dequeues may leave unseen.
 */
export function fifoLookahead(
  ops: readonly HistoryOp[],
): (at: number, state: readonly string[], taken: (place: number) => boolean) => boolean {
  const takers: Taker[] = []
  const byText = new Map<string, Taker[]>()
  let unseen = 0
  for (const [place, { f, status, result, calledAt, returnedAt }] of ops.entries()) {
    if (f !== 'dequeue') continue
    const text = valueText(result)
    if (status !== 'ok') unseen++
    else if (text !== EMPTY) takers.push({ place, text, calledAt, returnedAt })
  }
  takers.sort((a, b) => a.returnedAt - b.returnedAt)
  for (const taker of takers) {
    const same = byText.get(taker.text)
    if (same === undefined) byText.set(taker.text, [taker])
    else same.push(taker)
  }
  return (at, state, taken) => {
    let missing = 0
    let next = firstFrom(takers, at)
    for (const text of state) {
      while (next < takers.length && taken((takers[next] as Taker).place)) next++
      const bound = takers[next++]
      if (bound === undefined) return false
      const same = byText.get(text) ?? []
      let can = false
      for (let i = firstFrom(same, at); i < same.length && !can; i++) {
        const { calledAt, place } = same[i] as Taker
        can = calledAt < bound.returnedAt && !taken(place)
      }
      if (!can && ++missing > unseen) return true
    }
    return false
  }
}

/** The first of them, in the order of their returns, that returns at `at` or later. */
function firstFrom(takers: readonly Taker[], at: number): number {
  let low = 0
  let high = takers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((takers[middle] as Taker).returnedAt < at) low = middle + 1
    else high = middle
  }
  return low
}
