import type { Logger } from '../base/logger.js'
import type { Member, OverlayFactory } from '../overlay/overlay.js'
import type { ChannelTable } from '../peer/channel-table.js'
import type { Gate } from '../peer/gate.js'
import type { Transport, TransportSink } from '../peer/transport.js'
import type { Codec } from '../wire/codec.js'
import type { World } from '../world/world.js'

/** A transport at which faults and traces can attach. */
export interface GatedTransport extends Transport {
  readonly gate: Gate
  /** Breaks all connections to a peer at once and says how many. */
  reset(peer: string): number
  /** The lane that a key picks; undefined for a peer nobody knows. */
  laneOf(peer: string, channel: number, key: number): number | undefined
}

/** What a transport is made for. */
export interface TransportGround {
  readonly world: World
  /** The node; its addresses follow from the transport. */
  readonly self: Omit<Member, 'addresses'>
  readonly codec: Codec
  readonly channels: ChannelTable
  readonly sink: TransportSink
  readonly logger: Logger
}

/** An overlay that brings what carries its messages, in place of lanes over a network. */
export interface OverlayWithTransport extends OverlayFactory {
  transport(ground: TransportGround): GatedTransport
}

export const bringsTransport = (overlay: OverlayFactory): overlay is OverlayWithTransport =>
  typeof (overlay as Partial<OverlayWithTransport>).transport === 'function'
