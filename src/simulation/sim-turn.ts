import { microtask } from '../world/real/drain.js'
import type { Turn } from '../world/turn.js'
import type { Agenda } from './agenda.js'
import type { Life } from './sim-host.js'

/**
 * Turns of one incarnation: real microtasks, and immediates as events of the same instant. What is
 * called from outside, between two runs of the simulation, waits for the next one: nothing happens
 * until time is told to move.
 */
export class SimTurn implements Turn {
  readonly #agenda: Agenda
  readonly #life: Life
  readonly #fail: (error: unknown) => void

  constructor(agenda: Agenda, life: Life, fail: (error: unknown) => void) {
    this.#agenda = agenda
    this.#life = life
    this.#fail = fail
  }

  micro(run: () => void): void {
    if (!this.#agenda.stepping) {
      this.immediate(run)
      return
    }
    microtask(() => {
      if (!this.#life.alive) return
      try {
        run()
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  workedMs(): number {
    return 0
  }

  immediate(run: () => void): void {
    if (this.#life.alive) this.#agenda.schedule(0, 'immediate', this.#life, this.#life.name, run)
  }
}
