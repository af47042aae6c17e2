/** So much a second, and a burst of so much after a pause: a token bucket. */
export class Allowance {
  readonly #perSecond: number
  readonly #burst: number
  #left: number
  #sinceMs = 0

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#left = burst
  }

  /** False when it is used up for now. */
  take(nowMs: number): boolean {
    const grown = ((nowMs - this.#sinceMs) * this.#perSecond) / 1_000
    this.#left = Math.min(this.#burst, this.#left + Math.max(0, grown))
    this.#sinceMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
