import { type Member, NO_EFFECTS, type OverlayEffect } from './overlay.js'

/** The effects of the step that runs, in the order in which they came up. */
export class StepEffects {
  #list: OverlayEffect[] = []

  emit(effect: OverlayEffect): void {
    this.#list.push(effect)
  }

  /** Ends the step: what it returns is the caller's. */
  take(): readonly OverlayEffect[] {
    if (this.#list.length === 0) return NO_EFFECTS
    const taken = this.#list
    this.#list = []
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
