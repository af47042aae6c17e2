import type { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Member } from '../overlay/overlay.js'
import type { Codec } from '../wire/codec.js'
import type { TlsOptions } from '../world/network.js'
import type { World } from '../world/world.js'
import type { ChannelTable } from './channel-table.js'
import type { Connections } from './connections.js'
import type { Gate } from './gate.js'
import type { LoopLag } from './loop-lag.js'
import type { Pace } from './pace.js'
import type { PeerOptions } from './peer-options.js'
import type { TransportSink } from './transport.js'

/** What everything in this room shares: one for each node. */
export interface PeerContext {
  readonly world: World
  readonly options: PeerOptions
  readonly codec: Codec
  /**
   * For handshakes, heartbeats and goodbyes: knows neither classes of users nor refs, so that no code
   * of theirs runs on what a stranger sends, and has no bound but that of these frames.
   */
  readonly plainCodec: Codec
  readonly gate: Gate
  readonly pace: Pace
  readonly table: ChannelTable
  readonly connections: Connections
  readonly lag: LoopLag
  readonly sink: TransportSink
  readonly logger: Logger
  readonly overlay: string
  readonly cookie: Uint8Array | undefined
  readonly tls: TlsOptions | undefined
  /** This node as it introduces itself; its addresses are known once it listens. */
  self: Member
  /** Numbers what this node does, for `arbitrate`: higher than every number before. */
  nextClock(): number
  /** Counts and reports a node that broke a rule. */
  turnAway(remote: string, error: TroupeError): void
}
