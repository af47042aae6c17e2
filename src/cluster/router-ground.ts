import type { TroupeError } from '../base/errors.js'
import type { Member, Overlay } from '../overlay/overlay.js'
import type { ChannelTable } from '../peer/channel-table.js'
import type { Transport } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import type { Envelope } from '../wire/envelope.js'
import type { Clock } from '../world/clock.js'
import type { Turn } from '../world/turn.js'
import type { Reach } from './reach.js'

/** What the router stands on. */
export interface RouterGround {
  readonly self: Member
  readonly overlay: Overlay
  readonly transport: Transport
  readonly channels: ChannelTable
  readonly codec: Codec
  readonly turn: Turn
  readonly clock: Clock
  readonly relayTtl: number
  /** The newest known incarnation of a node that can be sent to, or undefined. */
  member(node: string): Member | undefined
  /** It was given up and is not up again. */
  isDown(node: string): boolean
  /** Ways to nodes without a connection. */
  readonly reach: Reach
  /** A relayed message of that node has arrived. */
  contact(node: Member): void
  /** A message leaves, or would leave, for a node that is reached through others. */
  used(node: string, sent: boolean): void
  /** A message of this node will not arrive. */
  undelivered(to: Member, channel: string, envelope: Envelope, reason: TroupeError): void
  deliver(from: Member, channel: number, envelope: Envelope): void
  badMessage(from: string, detail: string): void
}
