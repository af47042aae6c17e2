import type { Random } from '../base/random.js'

/** After so many rounds without any answer only a few messages are sent again, to ask for life. */
const SILENT_ROUNDS = 2
const PROBES = 32

/**
 * How long to wait for an acknowledgement: `retryMs`, doubled with each round of retransmission after
 * which nothing came back, up to `maxRetryMs`, and up to half as much again by chance. Not doubled by
 * losses: where answers come the peer lives, and waiting longer would only hold up what follows.
 */
export class RetryWait {
  readonly #retryMs: number
  readonly #maxRetryMs: number
  readonly #random: Random
  #silentRounds = 0
  #heard = true
  #ms: number

  constructor(retryMs: number, maxRetryMs: number, random: Random) {
    this.#retryMs = retryMs
    this.#maxRetryMs = maxRetryMs
    this.#random = random
    this.#ms = this.#draw()
  }

  /** Milliseconds from an attempt to the next one. */
  get ms(): number {
    return this.#ms
  }

  /** For messages that the receiver has and holds back. */
  get heldMs(): number {
    return this.#maxRetryMs
  }

  /** What falls due within this time goes out together. */
  get slackMs(): number {
    return this.#retryMs / 8
  }

  /** Messages that one round sends again at most. */
  get roundMax(): number {
    return this.#silentRounds >= SILENT_ROUNDS ? PROBES : Number.POSITIVE_INFINITY
  }

  /** A round of retransmission went out. */
  round(): void {
    if (!this.#heard) this.#silentRounds++
    this.#heard = false
    this.#ms = this.#draw()
  }

  /** Something came from the peer. True when the wait was long and is short again. */
  heard(): boolean {
    this.#heard = true
    if (this.#silentRounds === 0) return false
    this.#silentRounds = 0
    this.#ms = this.#draw()
    return true
  }

  #draw(): number {
    const wait = Math.min(this.#maxRetryMs, this.#retryMs * 2 ** Math.min(this.#silentRounds, 30))
    return wait * (1 + this.#random.float() / 2)
  }
}
