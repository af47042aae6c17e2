/** The least of what was seen in the present span of time and the one before. */
export class LeastRecent {
  readonly #spanMs: number
  #sinceMs = 0
  #now = Number.POSITIVE_INFINITY
  #before = Number.POSITIVE_INFINITY

  constructor(spanMs: number) {
    this.#spanMs = spanMs
  }

  /** Infinity before the first. */
  get value(): number {
    return Math.min(this.#now, this.#before)
  }

  /** True when another span began with it. */
  add(value: number, nowMs: number): boolean {
    const ageMs = nowMs - this.#sinceMs
    const turns = ageMs >= this.#spanMs
    if (turns) {
      this.#before = ageMs >= 2 * this.#spanMs ? Number.POSITIVE_INFINITY : this.#now
      this.#now = value
      this.#sinceMs = nowMs
    } else if (value < this.#now) this.#now = value
    return turns
  }
}
