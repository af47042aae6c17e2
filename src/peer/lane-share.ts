import { RingQueue } from '../base/ring-queue.js'

/** A fragment on its way. */
class Flight {
  readonly bytes: number
  readonly sentAtMs: number

  constructor(bytes: number, sentAtMs: number) {
    this.bytes = bytes
    this.sentAtMs = sentAtMs
  }
}

/** What an acknowledgement told. */
export interface Arrival {
  readonly bytes: number
  /** Since the last of the fragments it is about was written. */
  readonly rttMs: number
}

const HALF = 0x8000_0000
const CAP_MIN = 64 * 1024
/** A bound found again within so much of the last one stands for longer. */
const SAME = 0.25
const HOLD_MAX_MS = 10_000

/**
 * What one lane has under way of its peer's `SendWindow`: fragments written and not acknowledged, the
 * oldest first, and the bound that the kernel's buffers have shown. A machine without a clock.
 */
export class LaneShare {
  /** Bytes written and not acknowledged. */
  inFlight = 0
  readonly #flights = new RingQueue<Flight>()
  /** Fragments acknowledged, modulo 2^32. */
  #arrived = 0
  #cap = Number.POSITIVE_INFINITY
  #lastCap = 0
  /** Infinite: until the next acknowledgement. */
  #capUntilMs = 0
  #holdMs = 0

  sent(bytes: number, nowMs: number): void {
    this.#flights.push(new Flight(bytes, nowMs))
    this.inFlight += bytes
  }

  /**
   * The other side has `count` fragments of this connection, modulo 2^32. Undefined when that is no
   * news; false when it is more than was sent.
   */
  acked(count: number, nowMs: number): Arrival | undefined | false {
    const news = (count - this.#arrived) >>> 0
    if (news === 0 || news >= HALF) return undefined
    if (news > this.#flights.size) return false
    let bytes = 0
    let sentAtMs = nowMs
    for (let i = 0; i < news; i++) {
      const flight = this.#flights.shift() as Flight
      bytes += flight.bytes
      sentAtMs = flight.sentAtMs
    }
    this.#arrived = count
    this.inFlight -= bytes
    if (this.#capUntilMs === Number.POSITIVE_INFINITY) this.#capUntilMs = nowMs
    return { bytes, rttMs: nowMs - sentAtMs }
  }

  /** The connection is gone. Returns the bytes that were on their way. */
  reset(): number {
    const bytes = this.inFlight
    this.inFlight = this.#arrived = 0
    this.#flights.clear()
    this.#cap = Number.POSITIVE_INFINITY
    this.#lastCap = this.#holdMs = 0
    return bytes
  }

  /** The most that may be under way now. */
  cap(nowMs: number): number {
    if (nowMs >= this.#capUntilMs) this.#cap = Number.POSITIVE_INFINITY
    return this.#cap
  }

  /**
   * The kernel did not take all that was written: more under way would only wait in this process, before
   * small messages. Tried again after two round trips, or later where the same was found before. Where other
   * lanes have something under way too (`shared`), with the next acknowledgement: what waits here is a part
   * of all, and a connection that is kept short never grows.
   */
  kernelFull(nowMs: number, rttMs: number, shared: boolean): void {
    if (shared) {
      this.#cap = this.inFlight
      this.#capUntilMs = Number.POSITIVE_INFINITY
      return
    }
    const cap = Math.max(CAP_MIN, 0.9 * this.inFlight)
    const same = Math.abs(cap - this.#lastCap) <= SAME * this.#lastCap
    this.#holdMs = same ? Math.min(HOLD_MAX_MS, 2 * this.#holdMs) : Math.max(1, 2 * rttMs)
    this.#cap = this.#lastCap = cap
    this.#capUntilMs = nowMs + this.#holdMs
  }
}
