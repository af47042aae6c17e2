import type { Member } from './overlay.js'
import type { StepEffects } from './step-effects.js'
import { isCost } from './xbot-message.js'
import type { XBotOptions } from './xbot-options.js'

/** A measured time is good for so many cycles, and so many are kept. */
const FRESH_ROUNDS = 12
const MEASURED_MAX = 128

interface Measured {
  readonly incarnation: string
  readonly ms: number
  readonly round: number
}

/** What links from this node to others cost: as the user's oracle says, or as it was measured. */
export class LinkCosts {
  readonly #self: Member
  readonly #oracle: XBotOptions['oracle']
  readonly #effects: StepEffects
  /** By name, the oldest first. */
  readonly #measured = new Map<string, Measured>()

  constructor(self: Member, oracle: XBotOptions['oracle'], effects: StepEffects) {
    this.#self = self
    this.#oracle = oracle
    this.#effects = effects
  }

  get size(): number {
    return this.#measured.size
  }

  /** Undefined when it is not known (any more). */
  of(peer: Member, round: number): number | undefined {
    if (this.#oracle === 'roundTrip') {
      const measured = this.#measured.get(peer.name)
      const fresh =
        measured?.incarnation === peer.incarnation && round - measured.round <= FRESH_ROUNDS
      return fresh ? measured.ms : undefined
    }
    try {
      const cost = this.#oracle(this.#self, peer)
      return isCost(cost) ? cost : undefined
    } catch {
      return undefined // an oracle that throws cannot tell
    }
  }

  /** Has it measured where it is not known. False: there is nothing to wait for. */
  find(peer: Member, round: number): boolean {
    if (this.#oracle !== 'roundTrip' || this.of(peer, round) !== undefined) return false
    this.#effects.emit({ type: 'measure', peer })
    return true
  }

  learn(peer: string, incarnation: string, ms: number, round: number): void {
    if (!isCost(ms)) return
    this.#measured.delete(peer)
    this.#measured.set(peer, { incarnation, ms, round })
    for (const oldest of this.#measured.keys()) {
      if (this.#measured.size <= MEASURED_MAX) break
      this.#measured.delete(oldest)
    }
  }
}
