import { LeastRecent } from './least-recent.js'

/** Over so long bytes are counted for a rate: a pause of some milliseconds and the burst after it are one. */
const RATE_MS = 200
/** The best rate is that of the last 20 to 40 s; each such span begins with the most under way, to see what the way can do. */
const BEST_SPAN_MS = 20_000
/** A rate below this part of the best one wants more under way … */
const KEPT = 0.88
/** … and of four rates one may be. */
const GROW = 1.2
const SHRINK = 0.94
/** Acknowledgements that come so seldom are lost on the way: heartbeats bring them then, and what is between two is to suffice. */
const SELDOM_MS = 400
const FIRST_MS = 2
const LEAST_MS = 0.125
/** What busy processors take to answer. */
const MOST_MS = 32
/** For each lane: a connection that has little under way is kept slow by its kernel. */
const MOST_BYTES = 2_048 * 1024
/** An event loop that works for so much of its time is the bound itself: less under way would make nobody quicker. */
const BUSY = 0.5

/**
 * How little may be under way before the rate falls. Delay alone does not tell a full line from a busy
 * processor, which answers late: a window that yields to it falls with each late answer, and the rate with
 * it. So the floor is high while this processor is busy; it grows while the rate is below most of the best
 * of the last seconds, and shrinks while it is not. A machine: times come as arguments.
 */
export class RateFloor {
  readonly #workedMs: () => number
  /** Negative: the best rate is the least of these. */
  #slowest = new LeastRecent(BEST_SPAN_MS)
  #floorMs = FIRST_MS
  /** With the most under way, for one rate. */
  #probing = false
  #busy = false
  /** From one acknowledgement to the next, where they come seldom. */
  #seldomMs = 0
  #times = 0
  #bytes = 0
  #heldBytes = 0
  #sinceMs = 0
  #workedSinceMs = 0

  /** `workedMs`: how long this event loop has worked in all. */
  constructor(workedMs: () => number) {
    this.#workedMs = workedMs
  }

  /** So much may always be under way on a way with that round trip, over so many lanes: the most before a rate is known. */
  bytes(rttMs: number, lanes: number): number {
    const rate = this.#bestRate
    const most = lanes * MOST_BYTES
    if (rate === Number.POSITIVE_INFINITY) return most
    const ms = this.#busy || this.#probing ? MOST_MS : this.#floorMs
    return rttMs * rate + Math.min(most, Math.max(ms, 2 * this.#seldomMs) * rate)
  }

  /** Nothing was under way until now. */
  begins(nowMs: number): void {
    this.#bytes = this.#heldBytes = this.#times = 0
    this.#sinceMs = nowMs
    this.#workedSinceMs = this.#workedMs()
  }

  /** Bytes have arrived; `held`: the window was what kept more back. */
  arrived(bytes: number, held: boolean, nowMs: number): void {
    this.#bytes += bytes
    this.#times++
    if (held) this.#heldBytes += bytes
    const ms = nowMs - this.#sinceMs
    if (ms < RATE_MS) return
    const rate = this.#bytes / ms
    const betweenMs = ms / this.#times
    this.#seldomMs = betweenMs >= SELDOM_MS ? betweenMs : 0
    const byWindow = 2 * this.#heldBytes > this.#bytes
    this.#busy = this.#workedMs() - this.#workedSinceMs >= BUSY * ms
    this.begins(nowMs)
    const turns = this.#slowest.add(-rate, nowMs)
    if (byWindow && !this.#busy && !this.#probing) {
      this.#move(rate < KEPT * this.#bestRate, rate, nowMs)
    }
    this.#probing = turns
  }

  #move(slow: boolean, rate: number, nowMs: number): void {
    if (!slow) this.#floorMs = Math.max(LEAST_MS, SHRINK * this.#floorMs)
    else if (this.#floorMs < MOST_MS) this.#floorMs = Math.min(MOST_MS, GROW * this.#floorMs)
    else {
      // the most that may be under way has not brought the rate back: the line has become slower
      this.#slowest = new LeastRecent(BEST_SPAN_MS)
      this.#slowest.add(-rate, nowMs)
      this.#floorMs = FIRST_MS
    }
  }

  /** Bytes a millisecond; infinite before one is known. */
  get #bestRate(): number {
    return Math.abs(this.#slowest.value)
  }
}
