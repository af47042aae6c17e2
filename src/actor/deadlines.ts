import type { Clock, Timer } from '../world/clock.js'
import type { Turn } from '../world/turn.js'

/** Something that ends at a time unless it is removed before. A node of its line's list. */
export abstract class Deadline {
  /** Whole milliseconds of the world's clock, rounded up. */
  dueMs = 0
  line: Line | undefined = undefined
  previous: Deadline | undefined = undefined
  next: Deadline | undefined = undefined

  abstract expire(): void
}

/** After so many sweeps in a row that found nothing to cancel … */
const SWEEPS_IN_VAIN = 8
/** … the next ones come only so much later. */
const SWEEP_MS = 10

/**
 * Deadlines in constant time and one timer for all of equal length: what begins later ends later, so
 * a list per length stays sorted by itself. A timer that has nothing to wait for is cancelled one turn
 * of the event loop later, so that a loop of asks does not arm one each. A loop of asks to other nodes
 * would have a turn for each all the same: once sweeps are seen to be in vain, they become rare.
 */
export class Deadlines {
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #lines = new Map<number, Line>()
  #last: Line | undefined
  #empty: Line[] = []
  #sweepArmed = false
  #inVain = 0
  readonly #sweep = (): void => this.#cancelIdle()

  constructor(clock: Clock, turn: Turn) {
    this.#clock = clock
    this.#turn = turn
  }

  add(deadline: Deadline, timeoutMs: number): void {
    let line = this.#last
    if (line === undefined || line.timeoutMs !== timeoutMs) line = this.#line(timeoutMs)
    deadline.dueMs = Math.ceil(this.#clock.now()) + line.timeoutMs
    line.push(deadline)
    if (line.timer === undefined) this.#arm(line)
  }

  /** Harmless for one that has expired or was removed. */
  remove(deadline: Deadline): void {
    const line = deadline.line
    if (line === undefined) return
    line.remove(deadline)
    if (line.first === undefined && !line.idle) this.#idle(line)
  }

  get size(): number {
    let size = 0
    for (const line of this.#lines.values()) {
      for (let at = line.first; at !== undefined; at = at.next) size++
    }
    return size
  }

  /** The number of timers that run. */
  get timers(): number {
    return this.#lines.size
  }

  #line(timeoutMs: number): Line {
    const rounded = Math.ceil(timeoutMs)
    let line = this.#lines.get(rounded)
    if (line === undefined) {
      line = new Line(rounded)
      this.#lines.set(rounded, line)
    }
    this.#last = line
    return line
  }

  #arm(line: Line): void {
    const delayMs = Math.max(0, (line.first?.dueMs ?? 0) - this.#clock.now())
    line.timer = this.#clock.after(delayMs, () => this.#fire(line))
  }

  #fire(line: Line): void {
    line.timer = undefined
    const now = this.#clock.now()
    for (let first = line.first; first !== undefined && first.dueMs <= now; first = line.first) {
      line.remove(first)
      first.expire()
    }
    if (line.timer !== undefined) return
    if (line.first !== undefined) this.#arm(line)
    else this.#forget(line)
  }

  #idle(line: Line): void {
    line.idle = true
    this.#empty.push(line)
    if (this.#sweepArmed) return
    this.#sweepArmed = true
    if (this.#inVain < SWEEPS_IN_VAIN) this.#turn.immediate(this.#sweep)
    else this.#clock.after(SWEEP_MS, this.#sweep, true)
  }

  #cancelIdle(): void {
    this.#sweepArmed = false
    const lines = this.#empty
    this.#empty = []
    this.#inVain++
    for (const line of lines) {
      line.idle = false
      if (line.first !== undefined) continue
      line.timer?.cancel()
      line.timer = undefined
      this.#forget(line)
      this.#inVain = 0
    }
  }

  #forget(line: Line): void {
    if (this.#lines.get(line.timeoutMs) === line) this.#lines.delete(line.timeoutMs)
    if (this.#last === line) this.#last = undefined
  }
}

/** All deadlines of one length, the next to end first. */
class Line {
  readonly timeoutMs: number
  first: Deadline | undefined = undefined
  last: Deadline | undefined = undefined
  timer: Timer | undefined = undefined
  /** It was empty and waits for the sweep. */
  idle = false

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs
  }

  push(deadline: Deadline): void {
    deadline.line = this
    deadline.previous = this.last
    if (this.last === undefined) this.first = deadline
    else this.last.next = deadline
    this.last = deadline
  }

  remove(deadline: Deadline): void {
    const { previous, next } = deadline
    if (previous === undefined) this.first = next
    else previous.next = next
    if (next === undefined) this.last = previous
    else next.previous = previous
    deadline.line = undefined
    deadline.previous = undefined
    deadline.next = undefined
  }
}

export type { Line }
