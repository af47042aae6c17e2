import type { DeliveryOptions } from '../base/delivery-options.js'
import type { TroupeError } from '../base/errors.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { Member } from '../overlay/overlay.js'
import type { Busy } from '../peer/grants.js'
import type { SendOutcome, Sends } from '../peer/transport.js'
import type { Envelope } from '../wire/envelope.js'
import type { BroadcastHandler } from './broadcast-handlers.js'

export type { DeliveryPlan } from '../delivery/delivery-plan.js'
export type { Member } from '../overlay/overlay.js'
export type { Busy } from '../peer/grants.js'
export { FULL, SENT, type SendOutcome, SLOW } from '../peer/transport.js'

/** The cluster as `remote/` sees it: envelopes to nodes by name, and news about nodes. */
export interface Carrier {
  readonly self: Member
  /** `members` is a part of the cluster: a node that is not among them may be there all the same. */
  readonly partial: boolean
  /** Not all nodes are connected: a member that was never in reach may be there all the same. */
  readonly relays: boolean
  /** Members as known here, itself included. */
  members(): readonly Member[]
  /** The newest known incarnation of a node, or undefined. */
  member(node: string): Member | undefined
  /** The index of a channel declared at start. @throws TroupeError ERR_UNKNOWN_CHANNEL */
  channelIndex(name: string): number
  channelName(index: number): string
  /**
   * The delivery stages for a message: what one send asks for wins over its method, that over its
   * channel. Undefined for none, which costs nothing.
   */
  plan(
    channel: number,
    method: DeliveryOptions | undefined,
    send: DeliveryOptions | undefined,
  ): DeliveryPlan | undefined
  /** The stages of an answer: those its question came through. */
  answerPlan(question: Envelope): DeliveryPlan | undefined
  /** True when questions wait for room where the lane is at its bound. */
  waits(channel: number): boolean
  /** True when every member is, or will be, connected to this node. Known once the node has started. */
  readonly direct: boolean
  /** To that handler on every node, this one included. @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_NODE_STOPPED */
  broadcast(handler: string, message: unknown): boolean
  /** Handles what is broadcast to that name; the function returned ends it. */
  onBroadcast(handler: string, run: BroadcastHandler): () => void
  /**
   * Sends over whatever way the overlay knows. Throws at once for what can never arrive:
   * ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE, ERR_UNKNOWN_NODE, ERR_NODE_DOWN, ERR_NO_ROUTE,
   * ERR_NODE_STOPPED. What waits for a node when it is given up is handed to `undelivered`.
   */
  send(node: string, channel: number, envelope: Envelope, plan?: DeliveryPlan): SendOutcome
  /**
   * Searches a node that is not known here, where `partial`. `found` runs once it is up: after
   * `nodeUp`, and in the order of the calls; else `failed`, at once when there is no room for `bytes` more.
   */
  seek(node: string, bytes: number, found: () => void, failed: (reason: TroupeError) => void): void
  /**
   * A tell with a receipt (`callId`) came over a durable channel from that start of its node: it is
   * handled, or never will be. Until then it is sent again to each start of this node.
   */
  handled(receipt: number, incarnation: string): void
  /**
   * A message from that node made its receiver busy: until that is ready, what else the node has for
   * this channel and key waits there, where lanes lead straight to it.
   */
  withhold(node: string, channel: number, key: number, busy: Busy): void
  /**
   * Resolves when the lane of that key, and the window of what is acknowledged, have room for what is to be sent
   * (default: a tell). Answers do not wait for credit, for which the node that asks may wait itself.
   */
  ready(node: string, channel: number, key: number, sends?: Sends): Promise<void>
}

/** What the cluster tells `remote/`. */
export interface CarrierSink {
  /**
   * A message for this node. False only with `again`, where it is acknowledged: there is no room for
   * it now, and it is to come again.
   */
  envelope(from: Member, channel: number, envelope: Envelope, again: boolean): boolean
  /**
   * A member can be reached (again, also when it had lost its connections for a moment and was never
   * down): watches may be renewed, groups exchanged.
   */
  nodeUp(node: Member): void
  /** The failure detector gave this incarnation up, it left, or a newer one took its name: nothing it hosts will answer. */
  nodeDown(node: Member, reason: TroupeError): void
  /** True when something here counts on hearing of that node's end: then it is asked for signs of life. */
  holds(node: Member): boolean
  /** A node that nothing holds is not observed any more; what comes of it is not known. */
  forgotten(node: Member): void
  undelivered(node: Member, channel: string, envelope: Envelope, reason: TroupeError): void
}
