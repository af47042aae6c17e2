import { type Member, NO_EFFECTS, type OverlayEffect } from './overlay.js'

/** The effects of the step that runs, in the order in which they came up. */
export class StepEffects {
  /** None for a node at rest: it would be the longest-lived garbage there is. */
  #list: OverlayEffect[] | undefined

  emit(effect: OverlayEffect): void {
    if (this.#list === undefined) this.#list = [effect]
    else this.#list.push(effect)
  }

  /** Ends the step: what it returns is the caller's. */
  take(): readonly OverlayEffect[] {
    const taken = this.#list ?? NO_EFFECTS
    this.#list = undefined
    return taken
  }

  connect(peer: Member): void {
    this.emit({ type: 'connect', peer })
  }

  disconnect(peer: string, reason: string): void {
    this.emit({ type: 'disconnect', peer, reason })
  }

  release(peer: string): void {
    this.emit({ type: 'release', peer })
  }

  send(to: string, body: unknown): void {
    this.emit({ type: 'send', to, body })
  }

  sendOnce(to: Member, body: unknown): void {
    this.emit({ type: 'sendOnce', to, body })
  }

  startTimer(name: string, delayMs: number): void {
    this.emit({ type: 'startTimer', name, delayMs })
  }

  cancelTimer(name: string): void {
    this.emit({ type: 'cancelTimer', name })
  }

  bad(from: string, detail: string): void {
    this.emit({ type: 'badMessage', from, detail })
  }
}
