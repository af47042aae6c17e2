import type { Candidate } from '../../simulation/index.js'
import type { ExplorerFactory } from '../explorer.js'
import { PriorityOrder } from './random-order.js'
import { seeded } from './seeded-explorer.js'

/**
 * Random runs, one a seed. The fault model of the scenario says what goes wrong and how often; each seed leaves
 * some kinds of faults out ("swarm"). At level `messages` any message that may come next is as likely as the others.
 */
export const random = (): ExplorerFactory => seeded('random', (seed) => new RandomOrder(seed))

class RandomOrder extends PriorityOrder {
  #step = 0

  /** Drawn anew at every step. */
  protected priority({ label }: Candidate): number {
    return this.draw(`${this.#step} ${label}`)
  }

  protected override picked(): void {
    this.#step++
  }
}
