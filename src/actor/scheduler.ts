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
/** Messages all actors together may handle in one turn of the event loop … */
export const MESSAGES_PER_TURN = 10_000
/** … and how long that may take: after so many messages the clock is read. */
export const MESSAGES_PER_LOOK = 250
export const TURN_MS = 1

/**
 * The run queue. It runs in a microtask as soon as there is work, so that a local ask costs no turn of
 * the event loop, but only until the turn's budget is spent: then timers and sockets come first. A
 * budget per pass would not do, because `for (;;) await ref.ask.x()` ends each pass after one message
 * and never leaves the microtask queue; so only an immediate refills it. A turn costs 2 to 12 µs,
 * hence the time limit beside the count: a thousand quick messages do not end a turn, slow ones do.
 */
export class Scheduler {
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #queue = new RingQueue<Runnable>()
  readonly #pass: () => void
  readonly #refill: () => void
  /** Messages until the clock is read, or the turn ends. */
  #left = MESSAGES_PER_LOOK
  /** Messages of this turn that are left after those. */
  #later = MESSAGES_PER_TURN - MESSAGES_PER_LOOK
  #turnBegan: number
  /** A pass is on its way, by microtask or by immediate. */
  #armed = false
  /** Messages handled since the start. */
  handled = 0

  constructor(clock: Clock, turn: Turn) {
    this.#clock = clock
    this.#turn = turn
    this.#turnBegan = clock.now()
    this.#pass = () => this.#run()
    this.#refill = () => {
      this.#left = MESSAGES_PER_LOOK
      this.#later = MESSAGES_PER_TURN - MESSAGES_PER_LOOK
      this.#turnBegan = this.#clock.now()
      this.#run()
    }
  }

  /** Queues a cell; the caller sees to it that it is queued once. */
  enqueue(cell: Runnable): void {
    this.#queue.push(cell)
    if (this.#armed) return
    this.#armed = true
    this.#turn.micro(this.#pass)
  }

  #run(): void {
    const queue = this.#queue
    while (this.#left > 0 || this.#goOn()) {
      const cell = queue.shift()
      if (cell === undefined) {
        this.#armed = false
        return
      }
      const handled = cell.run(Math.min(this.#left, MESSAGES_PER_ACTOR))
      this.handled += handled
      this.#left -= Math.max(1, handled)
      if (cell.runnable) queue.push(cell)
    }
    this.#turn.immediate(this.#refill)
  }

  /** The clock is due to be read. True: this turn has time and messages left. */
  #goOn(): boolean {
    if (this.#later <= 0 || this.#clock.now() - this.#turnBegan >= TURN_MS) return false
    this.#left = Math.min(MESSAGES_PER_LOOK, this.#later)
    this.#later -= this.#left
    return true
  }
}
