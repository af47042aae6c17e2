import { RingQueue } from '../base/ring-queue.js'
import type { Clock } from '../world/clock.js'
import type { Turn } from '../world/turn.js'

/** What the scheduler runs: a cell. */
export interface Runnable {
  /** Handles up to `budget` messages and returns how many it was. */
  run(budget: number): number
  /** True when it could go on: it is queued again behind the others. */
  readonly runnable: boolean
}

/** Messages an actor may handle before the next actor's turn. */
export const MESSAGES_PER_ACTOR = 100
/** Messages all actors together may handle between two looks at the clock. */
export const MESSAGES_PER_LOOK = 250
/** Messages all actors together may handle in one turn of the event loop … */
export const MESSAGES_PER_TURN = 10_000
/** … and how long that may take, from the first look at the clock on. */
export const TURN_MS = 0.5

/**
 * The run queue. It runs in a microtask as soon as there is work, so that a local ask costs no turn of
 * the event loop, but only until the turn's budget is spent: then timers and sockets come first. A
 * budget per pass would not do, because `for (;;) await ref.ask.x()` ends each pass after one message
 * and never leaves the microtask queue; so only an immediate refills it, asked for once the turn
 * turns out to be a busy one. The budget is time as much as a count: many quick messages are better
 * handled in one turn (a turn costs microseconds, and garbage collection there finds the queues full),
 * slow ones are not.
 */
export class Scheduler {
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #queue = new RingQueue<Runnable>()
  readonly #pass = (): void => this.#run()
  readonly #refill = (): void => {
    this.#left = MESSAGES_PER_LOOK
    this.#busySince = undefined
    if (!this.#spent) return
    this.#spent = false
    this.#run()
  }
  /** Messages until the next look. */
  #left = MESSAGES_PER_LOOK
  /** Messages of this turn after those. */
  #later = 0
  /** When this turn was found to be busy; its end will refill the budget. */
  #busySince: number | undefined
  /** A pass is on its way, by microtask or with the refill. */
  #armed = false
  #spent = false
  /** Who waits until so many messages have been handled, the first first. */
  readonly #waiting = new RingQueue<Waiting>()
  /** Messages handled since the start. */
  handled = 0

  constructor(clock: Clock, turn: Turn) {
    this.#clock = clock
    this.#turn = turn
  }

  /** Queues a cell; the caller sees to it that it is queued once. */
  enqueue(cell: Runnable): void {
    this.#queue.push(cell)
    if (this.#armed) return
    this.#armed = true
    this.#turn.micro(this.#pass)
  }

  /** This turn's budget is spent and messages are left. */
  get behind(): boolean {
    return this.#spent
  }

  /** Calls `run` once `count` more messages have been handled, or none is left. */
  afterHandled(count: number, run: () => void): void {
    this.#waiting.push({ due: this.handled + count, run })
  }

  #run(): void {
    let whole = false
    try {
      this.#runQueue()
      whole = true
    } finally {
      if (!whole) this.#turn.micro(this.#pass)
    }
  }

  #runQueue(): void {
    const queue = this.#queue
    while (this.#left > 0 || this.#look()) {
      const cell = queue.shift()
      if (cell === undefined) {
        this.#armed = false
        if (this.#waiting.size > 0) this.#release(Number.POSITIVE_INFINITY)
        return
      }
      const handled = cell.run(Math.min(this.#left, MESSAGES_PER_ACTOR))
      this.handled += handled
      this.#left -= Math.max(1, handled)
      if (cell.runnable) queue.push(cell)
    }
    this.#spent = true
    if (this.#waiting.size > 0) this.#release(this.handled)
  }

  #release(handled: number): void {
    for (let count = this.#waiting.size; count > 0; count--) {
      const waiting = this.#waiting.shift() as Waiting
      if (waiting.due <= handled) waiting.run()
      else this.#waiting.push(waiting)
    }
  }

  /** Looks at the clock. False: the budget of this turn is spent. */
  #look(): boolean {
    const now = this.#clock.now()
    if (this.#busySince === undefined) {
      this.#busySince = now
      this.#later = MESSAGES_PER_TURN - MESSAGES_PER_LOOK
      this.#turn.immediate(this.#refill)
    } else if (this.#later <= 0 || now - this.#busySince >= TURN_MS) return false
    this.#left = MESSAGES_PER_LOOK
    this.#later -= MESSAGES_PER_LOOK
    return true
  }
}

interface Waiting {
  readonly due: number
  readonly run: () => void
}
