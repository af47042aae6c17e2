import type { Candidate } from '../../simulation/index.js'
import type { ExplorerFactory } from '../explorer.js'
import { PriorityOrder } from './random-order.js'
import { seeded } from './seeded-explorer.js'

/**
 * Partial order sampling (Yuan, Yang, Gu: "Partial Order Aware Concurrency Sampling", CAV 2018): every message has
 * a random priority, which is drawn anew when it has just lost a race, that is, when another message came to the
 * same node before it. Rare orders of racing messages become much likelier than in a random walk.
 */
export const pos = (): ExplorerFactory => seeded('pos', (seed) => new PosOrder(seed))

class PosOrder extends PriorityOrder {
  /** How often a message has lost. */
  readonly #lost = new Map<string, number>()

  protected priority({ label }: Candidate): number {
    return this.draw(`${label}~${this.#lost.get(label) ?? 0}`)
  }

  protected override picked(chosen: Candidate, candidates: readonly Candidate[]): void {
    for (const { label, to } of candidates) {
      if (label === chosen.label || to !== chosen.to) continue
      this.#lost.set(label, (this.#lost.get(label) ?? 0) + 1)
    }
    this.#lost.delete(chosen.label)
  }
}
