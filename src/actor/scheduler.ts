import { RingQueue } from '../base/ring-queue.js'
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
/** Messages all actors may handle in one turn of the event loop. */
export const MESSAGES_PER_TURN = 1_000

/**
 * The run queue. It runs in a microtask as soon as there is work, so that a local ask costs no turn of
 * the event loop, but only `MESSAGES_PER_TURN` messages: then timers and sockets have their turn. A
 * budget per pass would not do, because `for (;;) await ref.ask.x()` ends each pass after one message
 * and never leaves the microtask queue.
 */
export class Scheduler {
  readonly #turn: Turn
  readonly #queue = new RingQueue<Runnable>()
  readonly #pass: () => void
  readonly #refill: () => void
  #left = MESSAGES_PER_TURN
  /** A pass is on its way, by microtask or by immediate. */
  #armed = false
  /** Messages handled since the start. */
  handled = 0

  constructor(turn: Turn) {
    this.#turn = turn
    this.#pass = () => this.#run()
    this.#refill = () => {
      this.#left = MESSAGES_PER_TURN
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
    while (this.#left > 0) {
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
}
