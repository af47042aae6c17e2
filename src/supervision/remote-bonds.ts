import type { ExitReason } from '../actor/exit-reason.js'
import type { AnyRef } from '../actor/ref.js'
import type { Place } from './relocation.js'

/** A Down without its ref, which the watcher's side knows. */
export interface DownNews {
  /** Which life of the actor ended; 0 when it was never there or is not known. */
  readonly incarnation: number
  readonly reason: ExitReason
  readonly willRestart: boolean
}

/**
 * Watches and links with actors on other nodes, outbound; filled by `remote/`. The side that makes a
 * watch or link numbers it (`id`, unique in its node's incarnation). Signals to one incarnation of a
 * peer arrive in order and once, or the node goes down.
 */
export interface RemoteBonds {
  /** False: that node is not known or is down; nothing was sent and the watcher is told `nodeDown`. */
  watch(target: AnyRef, id: number): boolean
  unwatch(target: AnyRef, id: number): void
  /** To the node that made watch `id`. Without `willRestart` the watch is over. */
  down(to: Place, id: number, news: DownNews): void
  /** `from` is the actor here. False as for `watch`. */
  link(target: AnyRef, id: number, from: AnyRef): boolean
  /** `made: 'here'` when this node made and numbered the link. */
  unlink(node: string, id: number, made: 'here' | 'there'): void
  /** One end of a link has ended; the link is over. */
  exit(to: string, id: number, made: 'here' | 'there', reason: ExitReason): void
}

/** The same inbound: `remote/` calls these. Whatever a peer claims here can do no harm. */
export interface RemoteBondsSink {
  /** An actor of the peer watches one here, named by its serial number or its registered name. */
  watched(from: Place, id: number, target: number | string): void
  unwatched(from: Place, id: number): void
  /** Answers `RemoteBonds.watch`. */
  downed(from: Place, id: number, news: DownNews): void
  linked(from: Place, id: number, source: AnyRef, target: number | string): void
  /** `made: 'there'` when the peer made and numbered the link. */
  unlinked(from: Place, id: number, made: 'here' | 'there'): void
  exited(from: Place, id: number, made: 'here' | 'there', reason: ExitReason): void
  /** That incarnation was given up, left or was replaced: every bond with it is over. */
  nodeDown(place: Place): void
  /**
   * The peer had given this node up and is back: what it watched here is void, and links with it have
   * ended (`Links.nodeDown`, `Watches.forgotten`). What `outgoing` answers then is sent again.
   */
  forgotten(place: Place): void
  /** The watches and links this node made and still wants on that node: to be sent again after the peer forgot them. */
  outgoing(node: string): OutgoingBonds
}

export interface OutgoingBonds {
  readonly watches: readonly { readonly id: number; readonly target: AnyRef }[]
  readonly links: readonly { readonly id: number; readonly target: AnyRef; readonly from: AnyRef }[]
}

/** A node without peers. */
export const noRemoteBonds: RemoteBonds = {
  watch: () => false,
  unwatch: () => {},
  down: () => {},
  link: () => false,
  unlink: () => {},
  exit: () => {},
}

/** Bonds one incarnation of a peer may hold here. */
export const MAX_BONDS_PER_PEER = 1_000_000

export const peerKey = (place: Place): string => `${place.node} ${place.incarnation}`
