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
  /** Let go since the connection stands: written, or next to be. */
  messages = 0
  bytes = 0
  #grantedMessages = 0
  #grantedBytes = 0
  #window: CreditWindow

  constructor(window: CreditWindow) {
    this.#window = window
  }

  get isLeft(): boolean {
    return this.leftMessages > 0 && this.leftBytes > 0
  }

  /** Below 0 where the window became smaller. */
  get leftMessages(): number {
    return this.#grantedMessages + this.#window.messages - this.messages
  }

  get leftBytes(): number {
    return this.#grantedBytes + this.#window.bytes - this.bytes
  }

  /** Another session may agree on another window. */
  agree(window: CreditWindow): void {
    this.#window = window
  }

  use(messages: number, bytes: number): void {
    this.messages += messages
    this.bytes += bytes
  }

  /** A connection ended: the next one begins with so much that was let go and not written. */
  restart(messages: number, bytes: number): void {
    this.messages = messages
    this.bytes = bytes
    this.#grantedMessages = this.#grantedBytes = 0
  }

  /** The peer has got so much of it and takes as much again. False: more than was let go, which is a lie. */
  grant(messages: number, bytes: number): boolean {
    if (messages > this.messages || bytes > this.bytes) return false
    if (messages > this.#grantedMessages) this.#grantedMessages = messages
    if (bytes > this.#grantedBytes) this.#grantedBytes = bytes
    return true
  }
}
