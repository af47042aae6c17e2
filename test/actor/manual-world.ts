import { type Random, seededRandom } from '../../src/base/random.js'
import type { Clock, Timer } from '../../src/world/clock.js'
import type { Turn } from '../../src/world/turn.js'

interface Waiting {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** A clock that moves when told to, the turns of the real event loop, and seeded randomness. */
export class ManualWorld {
  readonly random: Random = seededRandom('actor tests')
  readonly turn: Turn = {
    micro: (run) => queueMicrotask(run),
    immediate: (run) => void setImmediate(run),
    workedMs: () => 0,
  }
  #nowMs = 0
  #order = 0
  #timers: Waiting[] = []

  readonly clock: Clock = {
    now: () => this.#nowMs,
    wallMs: () => 1_700_000_000_000 + this.#nowMs,
    after: (delayMs, run): Timer => {
      const timer = { atMs: this.#nowMs + delayMs, order: this.#order++, run }
      this.#timers.push(timer)
      return {
        cancel: () => {
          this.#timers = this.#timers.filter((other) => other !== timer)
        },
      }
    },
  }

  /** Timers that run. */
  get timers(): number {
    return this.#timers.length
  }

  /** Moves time, running what becomes due, with all that follows from it in between. */
  async advance(ms: number): Promise<void> {
    await settle()
    const until = this.#nowMs + ms
    for (;;) {
      this.#timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
      const [first] = this.#timers
      if (first === undefined || first.atMs > until) break
      this.#timers.shift()
      this.#nowMs = Math.max(this.#nowMs, first.atMs)
      first.run()
      await settle()
    }
    this.#nowMs = until
    await settle()
  }
}

/** Lets everything run that needs no time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}
