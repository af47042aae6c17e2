/** How late this process ran its own timers: it was busy, or stopped. */
export interface LoopLagStats {
  /** The last time a heartbeat's timer was due, in ms. */
  readonly lastMs: number
  readonly mostMs: number
  /** How often it was a whole heartbeat or more, and reported as `lagged`. */
  readonly reported: number
}

/** The lateness that the heartbeats of all peers have seen. A machine: times come as arguments. */
export class LoopLag {
  readonly #reportMs: number
  #lastMs = 0
  #mostMs = 0
  #reported = 0
  #reportedAtMs = Number.NEGATIVE_INFINITY

  /** From this much on it is worth a report. */
  constructor(reportMs: number) {
    this.#reportMs = reportMs
  }

  /** A timer ran `lateMs` late. True when that is to be reported: once for all timers of one pause. */
  late(lateMs: number, nowMs: number): boolean {
    this.#lastMs = lateMs
    if (lateMs > this.#mostMs) this.#mostMs = lateMs
    if (lateMs < this.#reportMs || nowMs - lateMs < this.#reportedAtMs) return false
    this.#reportedAtMs = nowMs
    this.#reported++
    return true
  }

  stats(): LoopLagStats {
    return { lastMs: this.#lastMs, mostMs: this.#mostMs, reported: this.#reported }
  }
}
