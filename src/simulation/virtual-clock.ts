import type { Clock, Timer } from '../world/clock.js'
import type { Agenda, SimEvent } from './agenda.js'
import type { Life } from './sim-host.js'

/** Further than any run goes, and still exact in microseconds at every drift. */
const FOREVER_US = 2 ** 51

/** The clock of one incarnation of a host: its host's time, and timers that end with it. */
export class VirtualClock implements Clock {
  readonly #agenda: Agenda
  readonly #life: Life

  constructor(agenda: Agenda, life: Life) {
    this.#agenda = agenda
    this.#life = life
  }

  now(): number {
    return this.#life.host.clock.localUs(this.#agenda.nowUs) / 1000
  }

  wallMs(): number {
    return this.#life.host.clock.wallMs(this.#agenda.nowUs)
  }

  /** Never early by this clock: part of a microsecond counts as a whole one. */
  after(delayMs: number, run: () => void): Timer {
    if (!this.#life.alive) return DEAD_TIMER
    const { clock } = this.#life.host
    const { nowUs } = this.#agenda
    const delayUs = delayMs > 0 ? Math.min(Math.ceil(delayMs * 1000), FOREVER_US) : 0
    const localUs = clock.localUs(nowUs) + delayUs
    const virtualUs = delayUs === 0 ? 0 : clock.dueUs(localUs) - nowUs
    const event = this.#agenda.schedule(virtualUs, 'timer', this.#life, this.#life.name, run)
    event.localUs = localUs
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
