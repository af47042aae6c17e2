import type { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { DurableOptions } from '../delivery/durable-options.js'
import type { Member } from '../overlay/overlay.js'
import type { ChannelTable } from '../peer/channel-table.js'
import type { SendOutcome } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import type { Envelope } from '../wire/envelope.js'
import type { Clock } from '../world/clock.js'
import type { Entropy } from '../world/entropy.js'
import type { Store } from '../world/store.js'
import type { Turn } from '../world/turn.js'

/** What durable delivery of a node stands on. */
export interface DurableGround {
  readonly clock: Clock
  readonly turn: Turn
  readonly entropy: Entropy
  readonly codec: Codec
  readonly logger: Logger
  readonly channels: ChannelTable
  readonly options: DurableOptions
  /** Absent: nothing can be sent durably, and what came is forgotten with this start. */
  readonly store?: Store | undefined
  /** The newest known start of a node that can be sent to, or undefined. */
  member(node: string): Member | undefined
  /** Where not all nodes are connected: searches one; true when there is a way now or soon. */
  seek(node: string): void
  /** Through the other stages of delivery. @throws TroupeError as DeliveryDriver.send */
  send(node: string, channel: number, envelope: Envelope, plan: DeliveryPlan): SendOutcome
  /** A message for this node. False: not now, it is to come again. */
  take(from: Member, channel: number, envelope: Envelope): boolean
  undelivered(to: Member, channel: string, envelope: Envelope, reason: TroupeError): void
  badMessage(from: string, detail: string): void
}

/** What became of durable messages since this start of the node, and what waits. */
export class DurableCounters {
  /** Own messages that are in the store, or were. */
  stored = 0
  /** Own messages that their receivers have handled. */
  acknowledged = 0
  /** Given up at `expireAfterMs`. */
  expired = 0
  /** Given up because their receiver's node left, or its only start that could have them is history. */
  abandoned = 0
  /** Refused because the store failed. */
  notStored = 0
  /** Found in the store at the start. */
  restored = 0
  /** Records of the store that were damaged, or belonged to nothing. */
  damaged = 0
  /** Messages of others that were handled here. */
  handled = 0
  /** Messages of others that had come before. */
  duplicates = 0
  /** Messages of others that broke a rule or a bound. */
  refused = 0
}

export interface DurableStats extends Readonly<DurableCounters> {
  /** Own messages in the outbox, and their bytes. */
  readonly waiting: number
  readonly waitingBytes: number
  /** Own messages that were sent to one more start of their receiver. */
  readonly resent: number
  /** Messages of others that were handed over and are not handled. */
  readonly running: number
  /** Flows of others that are remembered. */
  readonly senders: number
  /** Groups of changes that were written to the store, and those that failed. */
  readonly groups: number
  readonly failures: number
}
