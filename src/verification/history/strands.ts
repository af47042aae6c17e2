import type { Budget, Ledger } from './budget.js'
import type { HistoryOp } from './history.js'

/** An operation must come after the first `count` of that strand. */
export interface Need {
  readonly strand: number
  readonly count: number
}

/** What a process has done so far. */
interface Course {
  /** Called and, when that was looked at last, not returned. */
  running: number[]
  /** Returned, and nothing that has returned was called after them. */
  front: number[]
  /** The last call of what has returned. */
  lastCall: number
}

/** By estimate: what an operation and a need cost. */
const OP_BYTES = 120
const NEED_BYTES = 50

const NONE: readonly Need[] = []

/**
 * The order of each process: an operation comes after those of its process that had returned when it was called. A strand is
 * a list of operations of which each comes after the one before it. A process that does one after another is one strand;
 * what nobody knows the outcome of ends one, for nothing comes after it.
 */
export class Strands {
  /** Places in the list of operations. */
  readonly strands: readonly (readonly number[])[]
  /** False: the budget was spent before all were looked at, and this is of no use. */
  readonly complete: boolean
  readonly #strandOf: number[] = []
  readonly #indexOf: number[] = []
  readonly #needs: (readonly Need[])[] = []

  /** In the order of their calls. */
  constructor(ops: readonly HistoryOp[], budget: Budget, ledger: Ledger) {
    const strands: number[][] = []
    this.strands = strands
    const courses = new Map<number | string, Course>()
    for (const [place, op] of ops.entries()) {
      ledger.keep(OP_BYTES)
      if (!budget.step()) {
        this.complete = false
        return
      }
      const course = courses.get(op.process) ?? { running: [], front: [], lastCall: -1 }
      courses.set(op.process, course)
      advance(course, ops, op.calledAt)
      const { front, running } = course
      if (op.status === 'ok') running.push(place)
      const isLast = (one: number): boolean => {
        const list = strands[this.strandOf(one)] as number[]
        return list[list.length - 1] === one
      }
      const before = front.find(isLast)
      const strand = before === undefined ? strands.push([]) - 1 : this.strandOf(before)
      const list = strands[strand] as number[]
      this.#strandOf[place] = strand
      this.#indexOf[place] = list.length
      list.push(place)
      const others = front.filter((one) => one !== before)
      ledger.keep(NEED_BYTES * others.length)
      this.#needs[place] =
        others.length === 0
          ? NONE
          : others.map((one) => ({ strand: this.strandOf(one), count: this.indexOf(one) + 1 }))
    }
    this.complete = true
  }

  strandOf(op: number): number {
    return this.#strandOf[op] as number
  }

  /** Its place in its strand. */
  indexOf(op: number): number {
    return this.#indexOf[op] as number
  }

  /** What it must come right after in other strands. */
  needsOf(op: number): readonly Need[] {
    return this.#needs[op] as readonly Need[]
  }

  /** All that it comes right after. */
  before(op: number): number[] {
    const own = this.strands[this.strandOf(op)]?.[this.indexOf(op) - 1]
    const others = this.needsOf(op).map(
      ({ strand, count }) => this.strands[strand]?.[count - 1] as number,
    )
    return own === undefined ? others : [own, ...others]
  }
}

/** Takes note of what has returned by then. */
function advance(course: Course, ops: readonly HistoryOp[], at: number): void {
  const { running, front } = course
  const isBack = (op: number): boolean => (ops[op] as HistoryOp).returnedAt < at
  if (!running.some(isBack)) return
  const back = running.filter(isBack)
  course.running = running.filter((op) => !isBack(op))
  for (const op of back)
    course.lastCall = Math.max(course.lastCall, (ops[op] as HistoryOp).calledAt)
  course.front = [...front, ...back].filter(
    (op) => (ops[op] as HistoryOp).returnedAt > course.lastCall,
  )
}
