import type { Timer } from '../world/clock.js'
import { backoffMs } from './backoff.js'
import type { PeerContext } from './peer-context.js'

/** An attempt under way. */
export interface Attempt {
  cancel(): void
}

/**
 * Tries until it succeeds or is stopped: one attempt at a time, with backoff and jitter between
 * them. Whoever makes the attempts says how each of them ended.
 */
export class Redial {
  readonly #context: PeerContext
  readonly #attempt: (failures: number) => Attempt | undefined
  #failures = 0
  #timer: Timer | undefined
  #current: Attempt | undefined
  #wanted = false

  /** `attempt` gets the number of failures in a row; undefined means that there is nothing to try. */
  constructor(context: PeerContext, attempt: (failures: number) => Attempt | undefined) {
    this.#context = context
    this.#attempt = attempt
  }

  /** The first attempt is made at once, or after `waitMs`. Harmless while it runs. */
  start(waitMs = 0): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#failures = 0
    if (waitMs > 0) this.#wait(waitMs)
    else this.#try()
  }

  /** The first attempt is made after a short random wait. Harmless while it runs. */
  startSoon(): void {
    if (this.#wanted) return
    this.#wanted = true
    this.#failures = 0
    this.#later()
  }

  /** It succeeded, or is not wanted any more: an attempt under way is cancelled. */
  stop(): void {
    this.#wanted = false
    this.#timer?.cancel()
    this.#timer = undefined
    const current = this.#current
    this.#current = undefined
    current?.cancel()
  }

  /** The attempt came to nothing: the next one follows, later with every failure in a row. */
  again(isFailure: boolean): void {
    this.#current = undefined
    if (!this.#wanted) return
    if (isFailure) this.#failures++
    this.#later()
  }

  #later(): void {
    const { backoffMinMs, backoffMaxMs } = this.#context.options
    const { random } = this.#context.world
    this.#wait(backoffMs(this.#failures, backoffMinMs, backoffMaxMs, random))
  }

  #wait(waitMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#context.world.clock.after(waitMs, () => this.#try())
  }

  #try(): void {
    this.#timer = undefined
    this.#current = this.#attempt(this.#failures)
  }
}
