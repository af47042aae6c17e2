import type { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { SendOutcome } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'

export type { Member } from '../overlay/overlay.js'
export { FULL, SENT, type SendOutcome, SLOW } from '../peer/transport.js'

/** The cluster as `remote/` sees it: envelopes to nodes by name, and news about nodes. */
export interface Carrier {
  readonly self: Member
  /** Members as known here, itself included. */
  members(): readonly Member[]
  /** The newest known incarnation of a node, or undefined. */
  member(node: string): Member | undefined
  /** The index of a channel declared at start. @throws TroupeError ERR_UNKNOWN_CHANNEL */
  channelIndex(name: string): number
  channelName(index: number): string
  /**
   * Sends over whatever way the overlay knows. Throws at once for what can never arrive:
   * ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_UNKNOWN_NODE, ERR_NODE_DOWN, ERR_NO_ROUTE,
   * ERR_NODE_STOPPED. What waits for a node when it is given up is handed to `undelivered`.
   */
  send(node: string, channel: number, envelope: Envelope): SendOutcome
  ready(node: string, channel: number, key: number): Promise<void>
}

/** What the cluster tells `remote/`. */
export interface CarrierSink {
  envelope(from: Member, channel: number, envelope: Envelope): void
  /**
   * A member can be reached (again, also when it had lost its connections for a moment and was never
   * down): watches may be renewed, groups exchanged.
   */
  nodeUp(node: Member): void
  /** The failure detector gave this incarnation up, it left, or a newer one took its name: nothing it hosts will answer. */
  nodeDown(node: Member, reason: TroupeError): void
  undelivered(node: Member, channel: string, envelope: Envelope, reason: TroupeError): void
}
