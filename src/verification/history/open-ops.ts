import type { HistoryOp } from './history.js'

/** Operations that may never be done, all of one kind: nothing but the time of their calls sets them apart. */
export interface PendingKind {
  readonly kind: number
  /** Of each of them, the earliest first. */
  readonly calledAt: number[]
}

/**
 * Which operations are under way at each return. Those that are done are numbered by the order of their
 * calls, returns by their own; each operation has a slot that none under way at its time shares.
 */
export class OpenOps {
  readonly pending: readonly PendingKind[]
  /** Slots. */
  readonly width: number
  /** False: what it would keep is more than there is room for, and this is of no use. */
  readonly complete: boolean
  readonly #done: readonly HistoryOp[]
  readonly #kinds: readonly number[]
  readonly #slots: number[] = []
  readonly #returning: number[] = []
  readonly #underWay: (readonly number[])[] = []
  readonly #reads: (readonly number[])[] = []

  /** Both lists in the order of their calls. */
  constructor(
    done: readonly HistoryOp[],
    open: readonly HistoryOp[],
    kindOf: (op: HistoryOp) => number,
    isRead: (op: HistoryOp) => boolean,
    keep: (bytes: number) => boolean,
  ) {
    this.#done = done
    this.#kinds = done.map(kindOf)
    const byKind = new Map<number, PendingKind>()
    for (const op of open) {
      const kind = kindOf(op)
      const known = byKind.get(kind)
      if (known !== undefined) known.calledAt.push(op.calledAt)
      else byKind.set(kind, { kind, calledAt: [op.calledAt] })
    }
    this.pending = [...byKind.values()]
    this.complete = keep(NUMBER_BYTES * underWayAtReturns(done))
    this.width = this.complete ? this.#sweep(done.map(isRead)) : 0
  }

  get returns(): number {
    return this.#done.length
  }

  /** The operation whose return it is. */
  returning(at: number): number {
    return this.#returning[at] as number
  }

  /** The place of a return in the history; of one past the last, past all. */
  returnedAt(at: number): number {
    const op = this.#returning[at]
    return op === undefined ? Number.POSITIVE_INFINITY : (this.#done[op] as HistoryOp).returnedAt
  }

  calledAt(op: number): number {
    return (this.#done[op] as HistoryOp).calledAt
  }

  /** Called before that return and not returned, the first to return first. */
  underWay(at: number): readonly number[] {
    return this.#underWay[at] ?? NONE
  }

  /** Those of them that change nothing. */
  reads(at: number): readonly number[] {
    return this.#reads[at] ?? NONE
  }

  slotOf(op: number): number {
    return this.#slots[op] as number
  }

  kindOf(op: number): number {
    return this.#kinds[op] as number
  }

  #sweep(isRead: readonly boolean[]): number {
    const ends = (op: number): number => (this.#done[op] as HistoryOp).returnedAt
    const byReturn = this.#done.map((_, op) => op).sort((a, b) => ends(a) - ends(b))
    const open: number[] = []
    const free: number[] = []
    let width = 0
    let next = 0
    for (const op of byReturn) {
      for (; next < this.#done.length && this.calledAt(next) < ends(op); next++) {
        let place = open.length
        while (place > 0 && ends(open[place - 1] as number) > ends(next)) place--
        open.splice(place, 0, next)
        this.#slots[next] = free.pop() ?? width++
      }
      this.#returning.push(op)
      this.#underWay.push([...open])
      this.#reads.push(open.filter((one) => isRead[one]))
      open.shift()
      free.push(this.#slots[op] as number)
    }
    return width
  }
}

const NONE: readonly number[] = []

/** Of an operation that is under way at a return; twice, if it reads. */
const NUMBER_BYTES = 16

/** How many are under way, at each return, all together. */
function underWayAtReturns(done: readonly HistoryOp[]): number {
  const returns = done.map(({ returnedAt }) => returnedAt).sort((a, b) => a - b)
  let sum = 0
  let called = 0
  for (const [returned, at] of returns.entries()) {
    while (called < done.length && (done[called] as HistoryOp).calledAt < at) called++
    sum += called - returned
  }
  return sum
}
