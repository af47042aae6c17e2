/** How much of a channel may be under way to a peer, in messages that need credit and in their bytes. */
export interface CreditWindow {
  readonly messages: number
  readonly bytes: number
}

/**
 * The sender's half of a lane's credit, a machine: how much it has let go over the connection that
 * stands, and how much of that the peer has granted back. Both are cumulative, so a grant that is
 * lost, repeated or late does no harm. Bytes bound as messages do, but the last one may be too large.
 */
export class Credit {
  /** What may still be let go; 0 and less: nothing, of messages or of bytes. */
  leftMessages: number
  leftBytes: number
  #grantedMessages = 0
  #grantedBytes = 0
  #window: CreditWindow

  constructor(window: CreditWindow) {
    this.#window = window
    this.leftMessages = window.messages
    this.leftBytes = window.bytes
  }

  get isLeft(): boolean {
    return this.leftMessages > 0 && this.leftBytes > 0
  }

  use(messages: number, bytes: number): void {
    this.leftMessages -= messages
    this.leftBytes -= bytes
  }

  /** A connection ended, or a session agrees on a window: so much was let go and not written. */
  restart(messages: number, bytes: number, window = this.#window): void {
    this.#window = window
    this.leftMessages = window.messages - messages
    this.leftBytes = window.bytes - bytes
    this.#grantedMessages = this.#grantedBytes = 0
  }

  /** The peer has got so much of it and takes as much again. False: more than was let go, which is a lie. */
  grant(messages: number, bytes: number): boolean {
    const moreMessages = messages - this.#grantedMessages
    const moreBytes = bytes - this.#grantedBytes
    if (this.leftMessages + moreMessages > this.#window.messages) return false
    if (this.leftBytes + moreBytes > this.#window.bytes) return false
    if (moreMessages > 0) {
      this.leftMessages += moreMessages
      this.#grantedMessages = messages
    }
    if (moreBytes > 0) {
      this.leftBytes += moreBytes
      this.#grantedBytes = bytes
    }
    return true
  }
}
