import { Heap } from '../../base/heap.js'
import type { HistoryOp } from './history.js'
import { valueText } from './value-text.js'

/** The text of what a dequeue of an empty queue gives. */
export const EMPTY = valueText(null)

/** A value on its way through the queue. */
interface Item {
  readonly calledAt: number
  readonly returnedAt: number
  /** Who is known to have taken it; without one it is there for ever, unless an open dequeue took it. */
  readonly taker: HistoryOp | undefined
  gone: boolean
  /** Its enqueue has returned. */
  there: boolean
}

/**
 * Whether a history of a first-in-first-out queue is linearizable; undefined where it cannot tell, because a value was
 * enqueued twice and the likely guesses at which of them was taken when do not fit.
 *
 * Enqueues need no search: their order is that in which values leave, and it exists unless a value leaves before
 * one whose enqueue had returned when its own was called. So the earliest moment at which a dequeue can be is
 * always the best: it hinders nobody, and makes way for others. Open dequeues, of which nobody knows what they took,
 * are used when something that must happen now would else be impossible, and as few as it needs.
 */
export function decideFifo(ops: readonly HistoryOp[]): boolean | undefined {
  const enqueues = new Map<string, HistoryOp[]>()
  const dequeues = new Map<string, HistoryOp[]>()
  let twice = false
  for (const op of ops) {
    const given = op.f === 'enqueue'
    if (!given && op.status !== 'ok') continue
    const text = valueText(given ? op.value : op.result)
    if (!given && text === EMPTY) continue
    const lists = given ? enqueues : dequeues
    const list = lists.get(text)
    if (list === undefined) lists.set(text, [op])
    else list.push(op)
    twice ||= given && list !== undefined
  }
  for (const [text, takers] of dequeues) {
    if (takers.length > (enqueues.get(text)?.length ?? 0)) return false
  }
  for (const matching of twice ? GUESSES : GUESSES.slice(0, 1)) {
    if (new FifoOrder(matched(enqueues, dequeues, matching)).follows(ops)) return true
  }
  return twice ? undefined : false
}

/** By what time equal values are matched, the first to come with the first to leave. */
const GUESSES = [
  ['returnedAt', 'returnedAt'],
  ['calledAt', 'returnedAt'],
  ['returnedAt', 'calledAt'],
  ['calledAt', 'calledAt'],
] as const

/** Each enqueue with the dequeue that took its value, and each such dequeue with its value. */
function matched(
  enqueues: ReadonlyMap<string, readonly HistoryOp[]>,
  dequeues: ReadonlyMap<string, readonly HistoryOp[]>,
  [come, leave]: (typeof GUESSES)[number],
): ReadonlyMap<HistoryOp, Item> {
  const items = new Map<HistoryOp, Item>()
  for (const [text, given] of enqueues) {
    const takers = [...(dequeues.get(text) ?? [])].sort((a, b) => a[leave] - b[leave])
    const inOrder = [...given].sort((a, b) => (a[come] < b[come] ? -1 : 1))
    for (const [at, op] of inOrder.entries()) {
      const { calledAt, returnedAt } = op
      const taker = takers[at]
      const item = { calledAt, returnedAt, taker, gone: false, there: false }
      items.set(op, item)
      if (taker !== undefined) items.set(taker, item)
    }
  }
  return items
}

class FifoOrder {
  /** Of enqueues, and of the dequeues that took them. */
  readonly #items: ReadonlyMap<HistoryOp, Item>
  /** Values whose enqueue has returned, in that order; those before `#first` are gone. */
  readonly #there: Item[] = []
  #first = 0
  /** How many of those that are there nobody is known to take. */
  #orphans = 0
  /** How many of them are taken by dequeues that were not called yet. */
  #due = 0
  /** Dequeues that took something, under way and not at their point yet. */
  readonly #takers = new Map<HistoryOp, Item>()
  /** What they take, as far as its enqueue was called: the first that was. */
  readonly #taken = new Heap<Item>((a, b) => a.calledAt < b.calledAt)
  /** Dequeues that found nothing, likewise. */
  readonly #finders = new Set<HistoryOp>()
  /** Open dequeues that were called and are not used up. */
  #spare = 0
  readonly #called = new Set<Item>()

  constructor(items: ReadonlyMap<HistoryOp, Item>) {
    this.#items = items
  }

  follows(ops: readonly HistoryOp[]): boolean {
    const events = ops.flatMap((op) =>
      op.status === 'ok'
        ? [
            { at: op.calledAt, op, call: true },
            { at: op.returnedAt, op, call: false },
          ]
        : [{ at: op.calledAt, op, call: true }],
    )
    events.sort((a, b) => a.at - b.at)
    for (const { op, call } of events) {
      if (call) this.#call(op)
      else if (op.f === 'enqueue') this.#arrive(this.#item(op))
      else if (!this.#return(op)) return false
      this.#settle()
    }
    return true
  }

  #call(op: HistoryOp): void {
    if (op.f === 'enqueue') {
      const item = this.#item(op)
      this.#called.add(item)
      if (item.taker !== undefined && this.#takers.has(item.taker)) this.#taken.push(item)
      return
    }
    if (op.status !== 'ok') {
      this.#spare++
      return
    }
    if (valueText(op.result) === EMPTY) this.#finders.add(op)
    else this.#take(op, this.#item(op))
  }

  #take(op: HistoryOp, item: Item): void {
    this.#takers.set(op, item)
    if (this.#called.has(item)) this.#taken.push(item)
    if (item.there) this.#due--
  }

  #item(op: HistoryOp): Item {
    return this.#items.get(op) as Item
  }

  #arrive(item: Item): void {
    item.there = true
    if (item.gone) return
    this.#there.push(item)
    if (item.taker === undefined) this.#orphans++
    else if (!this.#takers.has(item.taker)) this.#due++
  }

  /** A dequeue returns: its point must be now, if it has not been. */
  #return(op: HistoryOp): boolean {
    if (this.#finders.has(op)) return false
    const item = this.#takers.get(op)
    if (item === undefined) return true
    if (item.gone || !this.#called.has(item)) return false
    this.#takeOrphans(item.calledAt)
    this.#settle()
    return this.#spare >= 0 && !this.#takers.has(op)
  }

  /** Open dequeues take those that nobody else does and that arrived before `at`. */
  #takeOrphans(at: number): void {
    for (let i = this.#first; i < this.#there.length; i++) {
      const item = this.#there[i] as Item
      if (item.returnedAt >= at) break
      if (item.gone || item.taker !== undefined) continue
      item.gone = true
      this.#orphans--
      this.#spare--
    }
  }

  /** All that can have its point now has it. */
  #settle(): void {
    for (let item = this.#taken.peek(); item !== undefined; item = this.#taken.peek()) {
      if (this.#oldest() < item.calledAt) break
      this.#taken.pop()
      item.gone = true
      this.#takers.delete(item.taker as HistoryOp)
    }
    if (this.#finders.size > 0 && this.#canBeEmpty()) this.#finders.clear()
  }

  /** When the first of those that are there had arrived. */
  #oldest(): number {
    while (this.#there[this.#first]?.gone) this.#first++
    return this.#there[this.#first]?.returnedAt ?? Number.POSITIVE_INFINITY
  }

  /** Makes the queue empty for a moment, if it can be. */
  #canBeEmpty(): boolean {
    if (this.#orphans > this.#spare || this.#due > 0) return false
    if (this.#orphans > 0) {
      this.#takeOrphans(Number.POSITIVE_INFINITY)
      this.#settle()
    }
    return true
  }
}
