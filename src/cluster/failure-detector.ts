import { TroupeError } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'
import { compareIncarnations } from '../overlay/member.js'
import type { LeaveReason, Member } from '../overlay/overlay.js'

export type DetectorEvent =
  | { readonly type: 'peerUp'; readonly peer: Member }
  /** `parted`: one of the two let go of the connection on purpose. */
  | {
      readonly type: 'peerDown'
      readonly peer: Member
      readonly reason: TroupeError
      readonly parted?: boolean
    }
  /** The peer stops on purpose; its `peerDown` follows. */
  | { readonly type: 'goodbye'; readonly peer: Member }
  /** A message came from a connected peer, possibly ahead of the news of its membership. */
  | { readonly type: 'heard'; readonly peer: Member }
  | { readonly type: 'memberJoined'; readonly member: Member }
  | {
      readonly type: 'memberLeft'
      readonly member: Member
      readonly reason: LeaveReason
    }
  | { readonly type: 'timer'; readonly peer: string }
  // only where nodes are reached through others, see LeaseDetector
  /** A message came from a node through others, or a search has found it. */
  | { readonly type: 'contact'; readonly node: Member }
  /** Another sign of life, which is no news of a node that nobody here deals with. */
  | { readonly type: 'alive'; readonly node: Member }
  /** A node that is reached through others said that it stops. */
  | { readonly type: 'bye'; readonly node: Member }
  /** A message goes to that node through others. */
  | { readonly type: 'used'; readonly peer: string }
  /** A message could not be sent because that node is down. */
  | { readonly type: 'wanted'; readonly peer: string }
  /** Nobody holds that idle node. */
  | { readonly type: 'forget'; readonly peer: string }

export type DetectorEffect =
  /** Comes back as `timer`. */
  | { readonly type: 'startTimer'; readonly peer: string; readonly delayMs: number }
  | { readonly type: 'cancelTimer'; readonly peer: string }
  /** It can be reached. `again`: it had lost its connections for a moment, and was not given up. */
  | { readonly type: 'nodeUp'; readonly node: Member; readonly again: boolean }
  /** `orderly`: it said goodbye or left. */
  | {
      readonly type: 'nodeDown'
      readonly node: Member
      readonly reason: TroupeError
      readonly orderly: boolean
    }
  // from the LeaseDetector
  /** Ask it for a sign of life; `fresh`: over a way that is searched anew. */
  | { readonly type: 'ping'; readonly node: Member; readonly fresh: boolean }
  /** It has a lease and no user: `forget` it unless somebody holds it. */
  | { readonly type: 'idle'; readonly node: Member }
  /** It is not remembered any more, neither as up nor as down. */
  | { readonly type: 'forgotten'; readonly node: Member }

/** The one component that decides which nodes are down. */
export interface Detector {
  step(event: DetectorEvent): readonly DetectorEffect[]
  /** The incarnation of that name that was reported up and not down since. */
  up(name: string): Member | undefined
  /** True when it is up and can be reached right now. */
  isConnected(name: string): boolean
  /** True from the moment it was given up until it is up again; false for one that was never up. */
  isDown(name: string): boolean
  /** The incarnation that is up, or was given up and may come back. */
  known(name: string): Member | undefined
  /** Nodes that are up without a connection. */
  leased(): readonly Member[]
}

/**
 * The detector of overlays that connect all directly. A node is up while it is a member (or was
 * heard) and connected; it is down when its connections are lost and none comes back within
 * `downAfterMs`, and at once when it said goodbye, left, or a newer incarnation shows up. Reports
 * alternate for each incarnation: up, down, up … Membership is not its business.
 */
export class FailureDetector implements Detector {
  readonly #downAfterMs: number
  readonly #watched = new Map<string, Watched>()
  #effects: DetectorEffect[] = []

  constructor(downAfterMs: number) {
    this.#downAfterMs = downAfterMs
  }

  step(event: DetectorEvent): readonly DetectorEffect[] {
    this.#effects = []
    switch (event.type) {
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        this.#peerDown(event.peer, event.reason)
        break
      case 'goodbye':
        this.#goodbye(event.peer)
        break
      case 'heard':
        this.#heard(event.peer)
        break
      case 'memberJoined':
        this.#memberJoined(event.member)
        break
      case 'memberLeft':
        this.#memberLeft(event.member, event.reason)
        break
      case 'timer':
        this.#timer(event.peer)
        break
      case 'contact': // nothing is relayed where all are connected
      case 'alive':
      case 'bye':
      case 'used':
      case 'wanted':
      case 'forget':
        break
      default:
        unreachable(event)
    }
    return this.#effects
  }

  up(name: string): Member | undefined {
    const watched = this.#watched.get(name)
    return watched?.up ? watched.node : undefined
  }

  known(name: string): Member | undefined {
    return this.up(name)
  }

  leased(): readonly Member[] {
    return []
  }

  isConnected(name: string): boolean {
    const watched = this.#watched.get(name)
    return watched?.up ? watched.connected : false
  }

  isDown(name: string): boolean {
    return this.#watched.get(name)?.down ?? false
  }

  /** Nodes known to it: members and connected peers. */
  get size(): number {
    return this.#watched.size
  }

  #peerUp(peer: Member): void {
    const watched = this.#watch(peer)
    if (watched === undefined) return
    watched.connected = true
    watched.saidGoodbye = false
    if (watched.up) {
      this.#cancel(watched)
      this.#effects.push({ type: 'nodeUp', node: watched.node, again: true })
    } else if (watched.member || watched.isHeir) this.#up(watched)
  }

  #peerDown(peer: Member, reason: TroupeError): void {
    const watched = this.#same(peer)
    if (watched === undefined) return
    watched.connected = false
    if (!watched.up) {
      this.#forgetIdle(watched)
      return
    }
    if (watched.saidGoodbye) {
      const text = `node ${peer.name} said goodbye`
      this.#down(watched, new TroupeError('ERR_NODE_DOWN', text, { cause: reason }), true)
      return
    }
    watched.lost = reason
    this.#effects.push({
      type: 'startTimer',
      peer: peer.name,
      delayMs: this.#downAfterMs,
    })
  }

  #goodbye(peer: Member): void {
    const watched = this.#same(peer)
    if (watched !== undefined) watched.saidGoodbye = true
  }

  #heard(peer: Member): void {
    const watched = this.#same(peer)
    if (watched === undefined || watched.up || watched.left || !watched.connected) return
    this.#up(watched)
  }

  #memberJoined(member: Member): void {
    const watched = this.#watch(member)
    if (watched === undefined) return
    watched.member = true
    watched.left = false
    if (watched.connected && !watched.up) this.#up(watched)
  }

  #memberLeft(member: Member, reason: LeaveReason): void {
    const watched = this.#same(member)
    if (watched === undefined) return
    watched.member = false
    if (reason === 'forgotten') {
      if (!watched.up) this.#forgetIdle(watched)
      return // nothing is known of its end; while it is connected it stays up
    }
    watched.left = true
    watched.isHeir = false
    if (watched.up) this.#down(watched, departure(member, reason), reason === 'left')
    else this.#forgetIdle(watched)
  }

  #timer(name: string): void {
    const watched = this.#watched.get(name)
    if (watched === undefined || !watched.up || watched.connected) return
    const text = `node ${name} did not come back within ${this.#downAfterMs} ms`
    this.#down(watched, new TroupeError('ERR_NODE_DOWN', text, { cause: watched.lost }))
  }

  /** What is known of this incarnation; a newer one ends the older. Undefined for an older one. */
  #watch(node: Member): Watched | undefined {
    let watched = this.#watched.get(node.name)
    if (watched !== undefined) {
      const age = compareIncarnations(node, watched.node)
      if (age < 0) return undefined
      if (age === 0) return watched
      if (watched.up) this.#down(watched, departure(watched.node, 'replaced'))
    }
    const isHeir = watched?.member ?? false
    watched = new Watched(node)
    watched.isHeir = isHeir
    this.#watched.set(node.name, watched)
    return watched
  }

  #same(node: Member): Watched | undefined {
    const watched = this.#watched.get(node.name)
    return watched?.node.incarnation === node.incarnation ? watched : undefined
  }

  #up(watched: Watched): void {
    watched.up = true
    watched.down = false
    this.#effects.push({ type: 'nodeUp', node: watched.node, again: false })
  }

  #down(watched: Watched, reason: TroupeError, orderly = false): void {
    this.#cancel(watched)
    watched.up = false
    watched.down = true
    this.#effects.push({ type: 'nodeDown', node: watched.node, reason, orderly })
    this.#forgetIdle(watched)
  }

  #cancel(watched: Watched): void {
    if (watched.lost === undefined) return
    watched.lost = undefined
    this.#effects.push({ type: 'cancelTimer', peer: watched.node.name })
  }

  #forgetIdle(watched: Watched): void {
    if (!watched.connected && !watched.member) this.#watched.delete(watched.node.name)
  }
}

class Watched {
  readonly node: Member
  connected = false
  member = false
  /** An older start of it was a member when this one showed up: it takes its place before the membership knows. */
  isHeir = false
  /** It was a member and left: what it still sends does not bring it back. */
  left = false
  up = false
  /** It was up, and was given up. */
  down = false
  saidGoodbye = false
  /** Why its connections are gone, while a timer runs for it. */
  lost: TroupeError | undefined

  constructor(node: Member) {
    this.node = node
  }
}

export function departure(node: Member, reason: Exclude<LeaveReason, 'forgotten'>): TroupeError {
  switch (reason) {
    case 'left':
      return new TroupeError('ERR_LEFT', `node ${node.name} left the cluster`)
    case 'evicted':
      return new TroupeError('ERR_NODE_DOWN', `node ${node.name} was evicted`)
    case 'replaced':
      return new TroupeError(
        'ERR_NODE_DOWN',
        `a newer incarnation took the place of node ${node.name}`,
      )
    default:
      return unreachable(reason)
  }
}
