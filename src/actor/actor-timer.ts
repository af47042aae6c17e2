import type { Clock, Timer } from '../world/clock.js'
import type { Cell } from './cell.js'
import { Message } from './message.js'
import { MethodDefinition } from './method-definition.js'

/** A timer of one incarnation: when it fires its callback becomes a message of the actor. */
export class ActorTimer implements Timer {
  readonly #cell: Cell
  /** All timers of the incarnation; this one is in it while it can still fire. */
  readonly #all: Set<ActorTimer>
  readonly #clock: Clock
  readonly #delayMs: number
  readonly #run: () => unknown
  readonly #repeats: boolean
  #timer: Timer | undefined
  #dueMs = 0
  #waiting = false
  #cancelled = false

  constructor(
    cell: Cell,
    all: Set<ActorTimer>,
    clock: Clock,
    delayMs: number,
    run: () => unknown,
    repeats: boolean,
  ) {
    this.#cell = cell
    this.#all = all
    this.#clock = clock
    this.#delayMs = delayMs
    this.#run = run
    this.#repeats = repeats
  }

  arm(): void {
    this.#all.add(this)
    this.#dueMs = this.#clock.now() + this.#delayMs
    this.#timer = this.#clock.after(this.#delayMs, () => this.#fire())
  }

  /** Counts from when it was due: what timers are late does not add up. Times that have passed are left out. */
  #again(): void {
    const now = this.#clock.now()
    const interval = this.#delayMs
    const left = interval > 0 ? interval - ((now - this.#dueMs) % interval) : 0
    this.#dueMs = now + left
    this.#timer = this.#clock.after(left, () => this.#fire())
  }

  /** The callback does not run any more, not even when it waits in the mailbox. */
  cancel(): void {
    this.#cancelled = true
    this.#all.delete(this)
    this.#timer?.cancel()
  }

  #fire(): void {
    if (this.#repeats) this.#again()
    if (this.#waiting) return
    this.#waiting = true
    this.#cell.force(new Message(TIMER, 1, this, undefined))
  }

  /** Called by the cell through `TIMER` when the message's turn has come. */
  run(): unknown {
    if (this.#cancelled) return undefined
    if (!this.#repeats) {
      this.#all.delete(this)
      return this.#run()
    }
    let later = false
    try {
      const result = this.#run()
      later = isThenable(result)
      return later ? this.#finish(result as PromiseLike<unknown>) : result
    } finally {
      // what it throws may be a refusal, after which the timer goes on
      if (!later) this.#waiting = false
    }
  }

  async #finish(result: PromiseLike<unknown>): Promise<void> {
    try {
      await result
    } finally {
      this.#waiting = false
    }
  }
}

/** Stands in for a method in a timer's message. */
const TIMER = new MethodDefinition('', 'timer', -1, {
  body: (timer) => (timer as ActorTimer).run(),
})

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function'
