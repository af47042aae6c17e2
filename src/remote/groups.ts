import { unreachable } from '../base/unreachable.js'
import type { Member } from '../cluster/carrier.js'
import { BATCH, type GroupMessage, type GroupOp } from './group-messages.js'
import { GroupChanges, type GroupMember, GroupState } from './group-state.js'
import { byNodeAndAge, GroupViews } from './group-views.js'
import type { GroupsCore, GroupsEffect, GroupsEvent } from './groups-event.js'
import { OwnGroups } from './own-groups.js'

/**
 * Process groups where every node is connected to every other. Every node vouches for its
 * own actors only, under a version that rises with each change, and repeats to each reachable node
 * what that node has not acknowledged. So the view is eventually consistent, and one node's state
 * has one author.
 */
export class Groups implements GroupsCore {
  readonly #own: OwnGroups
  readonly #options: GroupsOptions
  readonly #peers = new Map<string, Peer>()
  readonly #views = new GroupViews(() => this.#states())
  #flushing = false
  #timer = false
  /** This node gave up some node: one that it meets may have told it more than it knows. */
  #hasForgotten = false

  constructor(self: Pick<Member, 'name' | 'incarnation'>, options: GroupsOptions) {
    this.#own = new OwnGroups(self)
    this.#options = options
  }

  members(group: string): readonly GroupMember[] {
    return this.#views.members(group)
  }

  localMembers(group: string): readonly GroupMember[] {
    return [...this.#own.state.membersOf(group)].sort(byNodeAndAge)
  }

  names(): readonly string[] {
    return this.#views.names()
  }

  get ownCount(): number {
    return this.#own.state.count
  }

  step(event: GroupsEvent): readonly GroupsEffect[] {
    const effects: GroupsEffect[] = []
    const changes = new GroupChanges()
    switch (event.type) {
      case 'join':
        if (this.#own.join(event.group, event.serial, event.actorType, changes))
          this.#flush(effects)
        break
      case 'leave':
        if (this.#own.leave(event.group, event.serial, changes)) this.#flush(effects)
        break
      case 'actorEnded':
        if (this.#own.actorEnded(event.serial, changes)) this.#flush(effects)
        break
      case 'nodeUp':
        this.#nodeUp(event.node, changes, effects)
        break
      case 'nodeDown':
        this.#nodeDown(event.node, changes)
        break
      case 'message':
        this.#onMessage(event.from, event.message, changes, effects)
        break
      case 'flushDue':
        this.#flushing = false
        for (const peer of this.#peers.values()) this.#tell(peer, effects)
        break
      case 'retryDue':
        this.#onRetryDue(effects)
        break
      case 'news': // what all are told is for overlays that connect not all
      case 'closing': // goodbyes tell it
        break
      default:
        unreachable(event)
    }
    for (const change of changes) {
      this.#views.changed(change.group)
      effects.push({ type: 'changed', change })
    }
    return effects
  }

  *#states(): Iterable<GroupState> {
    yield this.#own.state
    for (const peer of this.#peers.values()) yield peer.state
  }

  #flush(effects: GroupsEffect[]): void {
    if (this.#flushing || this.#peers.size === 0) return
    this.#flushing = true
    effects.push({ type: 'flushSoon' })
  }

  #nodeUp(node: Member, changes: GroupChanges, effects: GroupsEffect[]): void {
    const known = this.#peers.get(node.name)
    if (known !== undefined && known.state.incarnation !== node.incarnation) {
      changes.difference(known.state, undefined)
      this.#hasForgotten = true
    }
    let peer = known
    if (peer?.state.incarnation === node.incarnation) peer.sent = peer.acked
    else {
      peer = new Peer(new GroupState(node.name, node.incarnation))
      this.#peers.set(node.name, peer)
      // Where nothing was said yet, nobody has to be told that there is nothing to say.
      if (!this.#hasForgotten && this.#own.state.version === 0) peer.acked = peer.sent = 0
    }
    this.#tell(peer, effects)
  }

  #nodeDown(node: Pick<Member, 'name' | 'incarnation'>, changes: GroupChanges): void {
    const peer = this.#peers.get(node.name)
    if (peer?.state.incarnation !== node.incarnation) return
    this.#peers.delete(node.name)
    this.#hasForgotten = true
    changes.difference(peer.state, undefined)
  }

  /** Sends what the peer was not sent yet: the changes, or the whole state where the log is too short. */
  #tell(peer: Peer, effects: GroupsEffect[]): void {
    const { version } = this.#own.state
    if (peer.sent === version) return
    const from = Math.max(peer.sent, 0)
    const ops = this.#own.opsSince(from)
    const known = peer.state.version
    const send = (message: GroupMessage): void => {
      effects.push({ type: 'send', to: peer.state.node, message })
    }
    if (ops !== undefined) {
      for (let at = 0; at === 0 || at < ops.length; at += BATCH) {
        send({ type: 'delta', known, from: from + at, ops: ops.slice(at, at + BATCH) })
      }
    } else {
      const entries = this.#own.entries()
      for (let at = 0, index = 0; at === 0 || at < entries.length; at += BATCH, index++) {
        const last = at + BATCH >= entries.length
        const part = entries.slice(at, at + BATCH)
        send({ type: 'snapshot', known, version, index, last, entries: part })
      }
    }
    peer.sent = version
    this.#armTimer(effects)
  }

  #onMessage(
    from: Pick<Member, 'name' | 'incarnation'>,
    message: GroupMessage,
    changes: GroupChanges,
    effects: GroupsEffect[],
  ): void {
    const peer = this.#peers.get(from.name)
    if (peer?.state.incarnation !== from.incarnation) return
    const before = peer.state.version
    this.#onKnown(peer, message.known, effects)
    if (message.type === 'known') return
    if (message.type === 'delta') this.#onDelta(peer, message.from, message.ops, changes, effects)
    else if (!this.#onSnapshot(peer, message, changes, effects)) return
    if (peer.state.version !== before) peer.parts = undefined
    effects.push({
      type: 'send',
      to: from.name,
      message: { type: 'known', known: peer.state.version },
    })
  }

  /** The peer says how much it knows of us; less than thought means that it forgot or lost something. */
  #onKnown(peer: Peer, known: number, effects: GroupsEffect[]): void {
    if (known > this.#own.state.version) return
    if (known < peer.acked) peer.sent = known
    peer.acked = known
    if (peer.sent < known) peer.sent = known
    this.#tell(peer, effects)
  }

  #onDelta(
    peer: Peer,
    from: number,
    ops: readonly GroupOp[],
    changes: GroupChanges,
    effects: GroupsEffect[],
  ): void {
    const { state } = peer
    if (from > state.version) return
    let overflow = false
    for (let at = state.version - from; at < ops.length; at++) {
      const [op, group, serial, type] = ops[at] as GroupOp
      state.version++
      if (op === 'leave') {
        const member = state.remove(group, serial)
        if (member !== undefined) changes.left(group, member)
      } else if (state.count >= this.#options.membershipsMax) {
        overflow = true
      } else {
        const member = state.add(group, serial, type)
        if (member !== undefined) changes.joined(group, member)
      }
    }
    if (overflow) effects.push({ type: 'overflow', node: state.node })
  }

  /** True when the whole state was taken over, or was known already. */
  #onSnapshot(
    peer: Peer,
    message: GroupMessage & { type: 'snapshot' },
    changes: GroupChanges,
    effects: GroupsEffect[],
  ): boolean {
    const { state } = peer
    if (message.version <= state.version) return true
    if (message.index === 0) peer.parts = new Parts(state, message.version)
    const { parts } = peer
    if (parts?.state.version !== message.version || parts.next !== message.index) return false
    parts.next++
    const room = this.#options.membershipsMax - parts.state.count
    for (const [group, serial, type] of message.entries.slice(0, room)) {
      parts.state.add(group, serial, type)
    }
    if (message.entries.length > room) effects.push({ type: 'overflow', node: state.node })
    if (!message.last) return false
    changes.difference(state, parts.state)
    peer.state = parts.state
    return true
  }

  #onRetryDue(effects: GroupsEffect[]): void {
    this.#timer = false
    for (const peer of this.#peers.values()) {
      if (peer.acked === this.#own.state.version) continue
      peer.sent = peer.acked
      this.#tell(peer, effects)
      this.#armTimer(effects)
    }
  }

  #armTimer(effects: GroupsEffect[]): void {
    if (this.#timer) return
    this.#timer = true
    effects.push({ type: 'startTimer', delayMs: this.#options.retryMs })
  }
}

export interface GroupsOptions {
  /** Pause before what was not acknowledged is sent again, in ms. */
  readonly retryMs: number
  /** Memberships accepted from one node; more are dropped and reported. */
  readonly membershipsMax: number
}

/** Nothing is known of what the peer knows. */
const UNKNOWN = -1

class Peer {
  state: GroupState
  /** The version of our state that it has, and the one that was sent last. */
  acked = UNKNOWN
  sent = UNKNOWN
  parts: Parts | undefined = undefined

  constructor(state: GroupState) {
    this.state = state
  }
}

/** A snapshot that arrives in parts. */
class Parts {
  readonly state: GroupState
  next = 0

  constructor(of: GroupState, version: number) {
    this.state = new GroupState(of.node, of.incarnation)
    this.state.version = version
  }
}
