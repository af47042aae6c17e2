import type { Random } from '../../base/random.js'
import { type Member, NO_EFFECTS, type OverlayEffect } from '../overlay.js'

/** The effects of the step that runs, and who is connected: what is not would not get a message. */
export class StepEffects {
  readonly up = new Map<string, Member>()
  readonly #random: Random
  #effects: OverlayEffect[] = []

  constructor(random: Random) {
    this.#random = random
  }

  begin(): void {
    this.#effects = []
  }

  end(): readonly OverlayEffect[] {
    return this.#effects.length === 0 ? NO_EFFECTS : this.#effects
  }

  /** True when exactly this incarnation is connected. */
  isUp({ name, incarnation }: Pick<Member, 'name' | 'incarnation'>): boolean {
    return this.up.get(name)?.incarnation === incarnation
  }

  emit(effect: OverlayEffect): void {
    this.#effects.push(effect)
  }

  send(to: string, body: unknown): void {
    if (this.up.has(to)) this.emit({ type: 'send', to, body })
  }

  disconnect(peer: string, reason: string): void {
    this.emit({ type: 'disconnect', peer, reason })
  }

  bad(from: string, detail: string): void {
    this.emit({ type: 'badMessage', from, detail })
  }

  /** With a quarter more or less, so that nodes do not act in step. */
  startTimer(name: string, delayMs: number): void {
    const spread = 0.75 + 0.5 * this.#random.float()
    this.emit({ type: 'startTimer', name, delayMs: Math.round(delayMs * spread) })
  }
}
