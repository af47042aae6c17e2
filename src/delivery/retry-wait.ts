import type { Random } from '../base/random.js'

/** Sent again where nothing was heard since the last round: an answer to them tells what else is missing. */
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
  /** Something came since the last round, or ever before the first. */
  #answered = false
  /** The last round was of probes. */
  #probed = false
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

  /**
   * Messages that one round sends again at most. A lost acknowledgement, or a peer that is slow, must not
   * bring a whole window out again.
   */
  get roundMax(): number {
    return this.#answered ? Number.POSITIVE_INFINITY : PROBES
  }

  /** A round of retransmission went out. */
  round(): void {
    if (!this.#heard) this.#silentRounds++
    this.#heard = false
    this.#probed = !this.#answered
    this.#answered = false
    this.#ms = this.#draw()
  }

  /** Something came from the peer. True when what is due need not wait any longer. */
  heard(): boolean {
    const probed = this.#probed
    this.#heard = true
    this.#answered = true
    this.#probed = false
    if (this.#silentRounds === 0) return probed
    this.#silentRounds = 0
    this.#ms = this.#draw()
    return true
  }

  #draw(): number {
    const wait = Math.min(this.#maxRetryMs, this.#retryMs * 2 ** Math.min(this.#silentRounds, 30))
    return wait * (1 + this.#random.float() / 2)
  }
}
