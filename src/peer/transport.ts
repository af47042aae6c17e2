import type { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { Envelope } from '../wire/envelope.js'
import type { FrameKind } from '../wire/frame.js'
import type { Address } from '../world/network.js'
import type { ChannelCounters } from './channel-counters.js'
import type { ChannelTable, LanePolicy } from './channel-table.js'
import type { Busy } from './grants.js'
import type { LoopLagStats } from './loop-lag.js'

/**
 * Talking to peers, as `cluster/` sees it: `peers.ts` implements it over lanes of a network, other
 * transports (worker threads, a broker) implement it their way. It knows how to talk to a peer and
 * never which peers to have.
 */
export interface Transport {
  /** Where others may dial this node; set once `start` has resolved. */
  readonly addresses: readonly Address[]
  /** Channels by index: this node's own, then those that peers brought. */
  readonly channels: ChannelTable
  /** @throws TroupeError ERR_ADDRESS_IN_USE, with nothing left open */
  start(): Promise<void>
  /**
   * Dials an address nobody has introduced yet and shakes hands on the membership lane. Resolves with
   * who is there, once that peer is up (its default channel stands too).
   * @throws TroupeError ERR_CONNECT, ERR_COOKIE, ERR_PROTOCOL, ERR_NAME_TAKEN, ERR_OVERLAY_MISMATCH,
   *   ERR_JOIN_SELF, ERR_HANDSHAKE, ERR_HANDSHAKE_TIMEOUT
   */
  introduce(address: Address, timeoutMs: number): Promise<Member>
  /**
   * Be connected to this member until `disconnect`: dial, redial with backoff and jitter. `patient`
   * leaves it a moment to dial first.
   */
  connect(peer: Member, patient?: boolean): void
  /** Say goodbye, close, forget the wish. What is unsent is handed to `undelivered`. */
  disconnect(peer: string, reason: string): void
  /** Forget the wish, and keep a connection that stands until the other side closes it, too. */
  release(peer: string): void
  /**
   * That incarnation was given up: what waits for it is handed to `undelivered`, and who waits for
   * `ready` is told. The wish to be connected stays. Does nothing while it is connected.
   */
  giveUp(peer: Member, reason: TroupeError): void
  /** True while at least one lane to that peer stands. */
  isUp(peer: string): boolean
  /**
   * Puts an envelope on the lane its key picks in that channel. Encodes in place, so it throws
   * ERR_NOT_SERIALIZABLE or ERR_TOO_LARGE, with nothing queued; ERR_NO_ROUTE for a peer nobody knows.
   */
  send(peer: string, channel: number, envelope: Envelope): SendOutcome
  /**
   * A frame of a room of its own (overlay, broadcast, relay), on the membership lane. FULL when there is
   * none, or no room: relayed messages get half of it, so that what overlays say finds some.
   */
  sendControl(peer: string, kind: FrameKind, body: Uint8Array): SendOutcome
  /**
   * Resolves when the lane takes what is to be sent: a tell (default) when it is below its low-water mark and nothing
   * waits for credit; an ask or an answer that was turned away when half of its room is free, for an answer whatever
   * waits for credit. Of channel 0 it is the membership lane.
   * @throws TroupeError ERR_NODE_DOWN when the peer is given up or forgotten
   */
  ready(peer: string, channel: number, key: number, sends?: Sends): Promise<void>
  /**
   * What came from that peer on the lane of that channel and key has made something here busy: no more
   * credit is granted there until it is ready. Without such a lane nothing happens.
   */
  withhold(peer: string, channel: number, key: number, busy: Busy): void
  /** Smoothed round-trip time to a peer from heartbeats, in ms. */
  rttMs(peer: string): number | undefined
  /** Asks the peer for a sign of life: true when a ping is answered within `timeoutMs`, false at once without a connection. */
  probe(peer: string, timeoutMs: number): Promise<boolean>
  /** Flushes lanes for at most `drainMs`, says goodbye, closes everything. */
  stop(drainMs: number): Promise<void>
  stats(): TransportStats
}

/**
 * What somebody waits to send. A tell waits until its lane is calm. An ask or an answer that was turned
 * away waits for half of the room, and what comes later waits behind it. An answer needs no credit: it must
 * not wait for an actor that may itself wait for it.
 */
export type Sends = 'tell' | 'ask' | 'answer'

export const SENT = 0
/** Accepted, but the lane is above its high-water mark: wait for `ready`. */
export const SLOW = 1
/** Not accepted: the lane is at its bound. */
export const FULL = 2
export type SendOutcome = typeof SENT | typeof SLOW | typeof FULL

/** What the transport tells the cluster. Called synchronously, in the order things happen. */
export interface TransportSink {
  /** The first lane to a peer stands. One report, then exactly one `peerDown` before the next. */
  peerUp(peer: Member): void
  /** The last lane was lost or the peer was silent for silenceMs. Nothing of that connection is delivered after this. `parted`: one side let go of it on purpose. */
  peerDown(peer: Member, reason: TroupeError, parted?: boolean): void
  /** A goodbye: the peer stops on purpose; `peerDown` follows. */
  goodbye(peer: Member): void
  /** All lanes of a channel to that peer stand, or one of them was lost. */
  channelUp(peer: Member, channel: string): void
  channelDown(peer: Member, channel: string): void
  connectFailed(peer: Member, error: TroupeError): void
  /** A whole envelope for this node. */
  envelope(from: Member, channel: number, envelope: Envelope): void
  /** A control frame's body, a view that may be kept. */
  control(from: Member, kind: FrameKind, body: Uint8Array): void
  /** Accepted by `send` and never written: for the dead-letter event. */
  undelivered(peer: Member, channel: string, envelope: Envelope, reason: TroupeError): void
  /** `count` envelopes were written to a connection that broke: each may have arrived or not. */
  connectionLost(peer: Member, channel: string, count: number): void
  /** This process ran its timers so late, a heartbeat or more: it was busy, or stopped. */
  lagged(lateMs: number): void
  /** Somebody was turned away; `code` says why. For counters and the log. */
  refused(remote: string, error: TroupeError): void
  /** A peer has proven itself and said that a newer incarnation holds this node's name; `reason` says which. */
  replaced(teller: Member, reason: TroupeError): void
  /** A newcomer claims the name of a living or silent member: probe, then `true` keeps the holder. */
  nameContested(newcomer: Member, holder: Member): Promise<boolean>
}

export interface TransportStats {
  readonly connections: number
  readonly refused: Readonly<Record<string, number>>
  /** How late this process runs its timers; deadlines of silent peers are moved by as much. */
  readonly lag: LoopLagStats
  readonly peers: readonly PeerStats[]
  readonly channels: readonly ChannelStats[]
  readonly lanes: readonly LaneStats[]
}

export interface PeerStats {
  readonly peer: string
  readonly up: boolean
  /** Over all channels. */
  readonly lanes: number
  /** Smoothed round-trip time of heartbeats in ms; undefined before the first. */
  readonly rttMs: number | undefined
  /** The least round trip of the last 15 to 30 s in ms. */
  readonly minRttMs: number | undefined
  /** So much of large messages may be under way to the peer now, over all lanes … */
  readonly windowBytes: number
  /** … and so much is. */
  readonly inFlightBytes: number
}

/** One channel, over all peers. */
export interface ChannelStats extends Readonly<ChannelCounters> {
  readonly channel: string
  readonly policy: LanePolicy
  readonly lanes: number
  /** Held ones included. */
  readonly queuedBytes: number
  readonly queuedMessages: number
  /** What waits for credit of its receiver's node. */
  readonly heldBytes: number
  readonly heldMessages: number
}

export interface LaneStats {
  readonly peer: string
  readonly channel: string
  readonly lane: number
  readonly connected: boolean
  /** Held ones included. */
  readonly queuedBytes: number
  readonly queuedMessages: number
  /** What waits for credit of the peer. */
  readonly heldMessages: number
  /** An actor here that is behind keeps the peer's credit back. */
  readonly withheld: boolean
  /** Of large messages: written, and not acknowledged. */
  readonly inFlightBytes: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly framesIn: number
  readonly framesOut: number
}
