/** Wall time at the start of every simulation: 2026-01-01T00:00:00Z. */
export const EPOCH_MS = 1_767_225_600_000

const MILLION = 1_000_000

/**
 * What a host takes for the time: it may go faster or slower than virtual time and its wall time may
 * be off and jump. The monotonic time never goes backwards. Integers of microseconds all the way.
 */
export class HostClock {
  /** Since these two moments the clock goes at this rate. */
  #anchorUs = 0
  #localAnchorUs = 0
  #driftPpm = 0
  /** What wall time is ahead of the monotonic time, beyond the epoch. */
  offsetUs = 0

  get driftPpm(): number {
    return this.#driftPpm
  }

  /** From `nowUs` on this many microseconds are gained in a million. */
  drift(ppm: number, nowUs: number): void {
    this.#localAnchorUs = this.localUs(nowUs)
    this.#anchorUs = nowUs
    this.#driftPpm = ppm
  }

  /** Monotonic time of this host. */
  localUs(nowUs: number): number {
    if (this.#driftPpm === 0) return this.#localAnchorUs + nowUs - this.#anchorUs
    return this.#localAnchorUs + this.#gone(nowUs - this.#anchorUs)
  }

  wallMs(nowUs: number): number {
    return Math.max(0, EPOCH_MS + Math.floor((this.localUs(nowUs) + this.offsetUs) / 1000))
  }

  /** The first moment of virtual time at which this clock shows `localUs` or more. */
  dueUs(localUs: number): number {
    const local = localUs - this.#localAnchorUs
    if (this.#driftPpm === 0) return this.#anchorUs + local
    const rate = MILLION + this.#driftPpm
    const whole = Math.floor(local / rate)
    const rest = local - whole * rate
    return this.#anchorUs + whole * MILLION + Math.ceil((rest * MILLION) / rate)
  }

  /** Local microseconds in so many of virtual time since the anchor. */
  #gone(virtualUs: number): number {
    const whole = Math.floor(virtualUs / MILLION)
    const rest = virtualUs - whole * MILLION
    return whole * (MILLION + this.#driftPpm) + rest + Math.floor((rest * this.#driftPpm) / MILLION)
  }
}
