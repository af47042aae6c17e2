import type { Clock, Timer } from '../world/clock.js'
import type { Agenda, SimEvent } from './agenda.js'
import type { Life } from './sim-host.js'

/** Wall time at the start of every simulation: 2026-01-01T00:00:00Z. */
export const EPOCH_MS = 1_767_225_600_000

/** Further than any run goes, and still exact in microseconds. */
const FOREVER_US = 2 ** 52

/** The clock of one incarnation of a host: virtual time, and timers that end with it. */
export class VirtualClock implements Clock {
  readonly #agenda: Agenda
  readonly #life: Life

  constructor(agenda: Agenda, life: Life) {
    this.#agenda = agenda
    this.#life = life
  }

  now(): number {
    return this.#agenda.nowUs / 1000
  }

  wallMs(): number {
    return EPOCH_MS + Math.floor(this.#agenda.nowUs / 1000)
  }

  /** Never early: part of a microsecond counts as a whole one. */
  after(delayMs: number, run: () => void): Timer {
    if (!this.#life.alive) return DEAD_TIMER
    const delayUs = delayMs > 0 ? Math.min(Math.ceil(delayMs * 1000), FOREVER_US) : 0
    const event = this.#agenda.schedule(delayUs, 'timer', this.#life, this.#life.name, run)
    return new VirtualTimer(this.#agenda, event)
  }
}

class VirtualTimer implements Timer {
  readonly #agenda: Agenda
  readonly #event: SimEvent

  constructor(agenda: Agenda, event: SimEvent) {
    this.#agenda = agenda
    this.#event = event
  }

  cancel(): void {
    this.#agenda.cancel(this.#event)
  }
}

/** What a crashed incarnation sets never fires. */
const DEAD_TIMER: Timer = { cancel() {} }
