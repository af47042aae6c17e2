import type { TroupeError } from '../base/errors.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import type { Sends } from './transport.js'

export const SENDS: readonly Sends[] = ['answer', 'ask', 'tell']

/** Undefined for what nobody waits to send again. */
export function sendsOf({ kind }: Envelope): Sends | undefined {
  if (kind === ENVELOPE.ASK) return 'ask'
  return kind === ENVELOPE.REPLY || kind === ENVELOPE.FAILURE ? 'answer' : undefined
}

interface Waiter {
  resolve(): void
  reject(error: TroupeError): void
}

/** Who waits until a lane takes more. */
export class LaneWaiters {
  readonly #waiting: Record<Sends, Waiter[]> = { tell: [], ask: [], answer: [] }
  /** Of these some were turned away, and have the next room. */
  readonly #turnedAway: Record<Sends, boolean> = { tell: false, ask: false, answer: false }

  get none(): boolean {
    const { tell, ask, answer } = this.#waiting
    if (this.#turnedAway.ask || this.#turnedAway.answer) return false
    return tell.length + ask.length + answer.length === 0
  }

  wait(sends: Sends): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting[sends].push({ resolve, reject })
    })
  }

  /** The lane is full: who sends that comes back when there is room, before those who come later. */
  turnAway(sends: Sends): void {
    this.#turnedAway[sends] = true
  }

  /** Others were turned away before. */
  isBehind(envelope: Envelope): boolean {
    const { ask, answer } = this.#turnedAway
    if (!ask && !answer) return false
    const sends = sendsOf(envelope)
    return sends !== undefined && this.#turnedAway[sends]
  }

  resolve(sends: Sends): void {
    this.#turnedAway[sends] = false
    for (const waiter of this.#waiting[sends].splice(0)) waiter.resolve()
  }

  resolveAll(): void {
    for (const sends of SENDS) this.resolve(sends)
  }

  rejectAll(reason: TroupeError): void {
    for (const sends of SENDS) {
      this.#turnedAway[sends] = false
      for (const waiter of this.#waiting[sends].splice(0)) waiter.reject(reason)
    }
  }
}
