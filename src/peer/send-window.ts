import { FRAGMENT_ABOVE } from '../wire/frame.js'

/** A fragment is never larger: control frames have a limit, and small messages wait for its end. */
const FRAGMENT_MAX = 256 * 1024

/**
 * How much of a lane's bulk may be handed to the network, so that a small message that comes next
 * does not stand behind megabytes. This one is fixed: a helping per turn, and none while the
 * connection still holds a whole one. An adaptive window (by the delay of acknowledgements) has the
 * same calls.
 */
export class SendWindow {
  readonly #bytes: number
  #left: number

  constructor(bytes: number) {
    this.#bytes = bytes
    this.#left = bytes
  }

  /** A turn of the event loop begins: a new helping. */
  refill(): void {
    this.#left = this.#bytes
  }

  /** May more be handed down now, with `unsentBytes` waiting in the connection? */
  allows(unsentBytes: number): boolean {
    return this.#left > 0 && unsentBytes < this.#bytes
  }

  /** How much the next fragment may carry: a line that takes all at once gets large ones, which cost less. */
  fragmentBytes(unsentBytes: number): number {
    return unsentBytes === 0 ? Math.min(this.#bytes, FRAGMENT_MAX) : FRAGMENT_ABOVE
  }

  handed(bytes: number): void {
    this.#left -= bytes
  }
}
