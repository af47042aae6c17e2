import type { CreditWindow } from './credit.js'

/** Something behind a lane that holds more messages than it likes. */
export interface Busy {
  /** Calls `run` once, when it takes messages again, or never will. */
  whenReady(run: () => void): void
}

/**
 * The receiver's half of a lane's credit, a machine: how much has come in over the connection that
 * stands, and how much of that was granted back. While something behind the lane is busy nothing is.
 */
export class Grants {
  /** As told last: cumulative. */
  messages = 0
  bytes = 0
  #half: CreditWindow
  readonly #busy = new Set<Busy>()

  constructor(window: CreditWindow) {
    this.#half = halfOf(window)
  }

  get withheld(): boolean {
    return this.#busy.size > 0
  }

  agree(window: CreditWindow): void {
    this.#half = halfOf(window)
  }

  /** Another connection counts from the beginning. */
  restart(): void {
    this.messages = this.bytes = 0
  }

  /** With so much in, half of the window is used: time to grant. */
  isDue(messages: number, bytes: number): boolean {
    if (this.#busy.size > 0) return false
    const { messages: halfMessages, bytes: halfBytes } = this.#half
    return messages - this.messages >= halfMessages || bytes - this.bytes >= halfBytes
  }

  /** Grants all that is in, unless that is withheld. */
  raise(messages: number, bytes: number): void {
    if (this.#busy.size > 0) return
    this.messages = messages
    this.bytes = bytes
  }

  /** Grants nothing until that is ready, then calls `over` if nothing else is busy. False: that is known. */
  withhold(busy: Busy, over: () => void): boolean {
    if (this.#busy.has(busy)) return false
    this.#busy.add(busy)
    busy.whenReady(() => {
      if (this.#busy.delete(busy) && this.#busy.size === 0) over()
    })
    return true
  }
}

/** At half of it a sender that is quick is told before it has to wait. */
const halfOf = ({ messages, bytes }: CreditWindow): CreditWindow => ({
  messages: Math.ceil(messages / 2),
  bytes: Math.ceil(bytes / 2),
})
