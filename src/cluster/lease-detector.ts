import { TroupeError } from '../base/errors.js'
import { unreachable } from '../base/unreachable.js'
import { compareIncarnations } from '../overlay/member.js'
import type { LeaveReason, Member } from '../overlay/overlay.js'
import {
  type Detector,
  type DetectorEffect,
  type DetectorEvent,
  departure,
} from './failure-detector.js'
import { LeasedNode } from './leased-node.js'

/**
 * Decides which nodes are down where not all are connected. A connected node is up as in the
 * `FailureDetector`. One whose connection is lost, or that was only ever reached through others, is up
 * by lease: it is pinged three times in `leaseMs`, any message from it counts as an answer, and it is
 * down when nothing came for that long. When a connection broke it is searched at once, and has
 * `downAfterMs` for its first answer. A node that was given up is pinged on, ever more seldom.
 *
 * Nodes with a lease that nobody has used for `idleMs` are reported `idle`, and `forget` lets go of
 * them without a word: that is no `nodeDown`. Reports alternate for each incarnation all the same,
 * but for an `up` after such a silence.
 */
export class LeaseDetector implements Detector {
  readonly #leaseMs: number
  readonly #downAfterMs: number
  readonly #idleTicks: number
  readonly #most: number
  /** The longest without news of use first. */
  readonly #watched = new Map<string, LeasedNode>()
  #effects: DetectorEffect[] = []

  /** `most`: nodes that are remembered without being connected. */
  constructor(leaseMs: number, downAfterMs: number, idleMs = 60_000, most = 4_096) {
    this.#leaseMs = leaseMs
    this.#downAfterMs = Math.max(downAfterMs, leaseMs / TICKS)
    this.#idleTicks = Math.max(TICKS, Math.ceil(idleMs / tickOf(leaseMs)))
    this.#most = most
  }

  step(event: DetectorEvent): readonly DetectorEffect[] {
    this.#effects = []
    switch (event.type) {
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        this.#peerDown(event.peer, event.reason, event.parted === true)
        break
      case 'goodbye':
        this.#goodbye(event.peer)
        break
      case 'heard':
        this.#heard(event.peer)
        break
      case 'contact':
        this.#contact(event.node)
        break
      case 'alive':
        if (this.known(event.node.name) !== undefined) this.#contact(event.node)
        break
      case 'bye':
        this.#bye(event.node)
        break
      case 'used':
        this.#used(event.peer)
        break
      case 'wanted':
        this.#wanted(event.peer)
        break
      case 'forget':
        this.#forget(event.peer)
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
      default:
        unreachable(event)
    }
    return this.#effects
  }

  up(name: string): Member | undefined {
    const watched = this.#watched.get(name)
    return watched?.up ? watched.node : undefined
  }

  /** A lease is as good as a connection. */
  isConnected(name: string): boolean {
    return this.#watched.get(name)?.up ?? false
  }

  isDown(name: string): boolean {
    return this.#watched.get(name)?.down ?? false
  }

  known(name: string): Member | undefined {
    const watched = this.#watched.get(name)
    return watched?.up || watched?.down ? watched.node : undefined
  }

  leased(): Member[] {
    const all = [...this.#watched.values()]
    return all.filter(({ up, connected }) => up && !connected).map(({ node }) => node)
  }

  get size(): number {
    return this.#watched.size
  }

  #peerUp(peer: Member): void {
    const watched = this.#watch(peer)
    if (watched === undefined) return
    this.#stopTimer(watched)
    const again = watched.up
    watched.connected = true
    watched.saidGoodbye = false
    watched.lost = undefined
    this.#tryLost()
    if (again) this.#effects.push({ type: 'nodeUp', node: watched.node, again })
    else if (watched.member || watched.isHeir || watched.down) this.#up(watched)
  }

  #peerDown(peer: Member, reason: TroupeError, parted: boolean): void {
    const watched = this.#same(peer)
    if (watched === undefined) return
    watched.connected = false
    if (!watched.up) {
      this.#forgetIdle(watched)
      return
    }
    if (watched.saidGoodbye) {
      this.#down(watched, goodbye(peer, reason), true)
      return
    }
    this.#lease(watched)
    if (parted) {
      watched.heard = true
      // Neighbours come and go here, and whoever nobody needs is let go.
      this.#effects.push({ type: 'idle', node: watched.node })
      return
    }
    watched.lost = reason
    watched.heard = false
    watched.idle = Math.max(0, this.#idleTicks - TICKS)
    this.#startTimer(watched, tickOf(this.#downAfterMs))
    this.#effects.push({ type: 'ping', node: watched.node, fresh: true })
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

  /** A sign of life through others. Whoever is connected speaks for itself. */
  #contact(node: Member): void {
    const known = this.#watched.get(node.name)
    if (known?.connected && known.node.incarnation !== node.incarnation) return
    if (known === undefined && !this.#hasRoom()) return
    const watched = this.#watch(node)
    if (watched === undefined || watched.left) return
    watched.heard = true
    if (watched.up) return
    this.#up(watched)
    if (!watched.connected) this.#lease(watched)
  }

  #bye(node: Member): void {
    const watched = this.#same(node)
    if (watched === undefined || !watched.up || watched.connected) return
    this.#down(watched, goodbye(node), true)
  }

  #used(name: string): void {
    const watched = this.#watched.get(name)
    if (watched === undefined) return
    watched.idle = 0
    this.#watched.delete(name)
    this.#watched.set(name, watched)
  }

  /** Somebody would send to it, were it not down. */
  #wanted(name: string): void {
    const watched = this.#watched.get(name)
    if (!watched?.down || watched.connected || watched.retryMs <= this.#leaseMs) return
    watched.retryMs = this.#leaseMs
    this.#startTimer(watched, tickOf(this.#leaseMs))
  }

  #forget(name: string): void {
    const watched = this.#watched.get(name)
    if (watched === undefined || watched.connected || !watched.up) return
    this.#remove(watched)
    if (!watched.member) return
    const unused = new LeasedNode(watched.node)
    unused.member = true
    this.#watched.set(name, unused)
  }

  #memberJoined(member: Member): void {
    const watched = this.#watch(member)
    if (watched === undefined) return
    watched.member = true
    watched.left = false
    if (watched.connected && !watched.up) this.#up(watched)
    else if (watched.down) this.#tryAgain(watched)
  }

  /** A neighbour has come up: members that were given up may be in reach again. */
  #tryLost(): void {
    let left = TRIED_MAX
    for (const watched of this.#watched.values()) {
      if (!watched.down || !watched.member || watched.connected || left-- <= 0) continue
      this.#tryAgain(watched)
    }
  }

  #tryAgain(watched: LeasedNode): void {
    watched.retryMs = this.#leaseMs
    this.#effects.push({ type: 'ping', node: watched.node, fresh: true })
    this.#startTimer(watched, watched.retryMs)
  }

  #memberLeft(member: Member, reason: LeaveReason): void {
    const watched = this.#same(member)
    if (watched === undefined) return
    watched.member = false
    if (reason === 'forgotten') {
      if (!watched.up) this.#forgetIdle(watched)
      return // it dropped out of a view, and lives on by connection or lease
    }
    watched.left = true
    watched.isHeir = false
    if (watched.up) this.#down(watched, departure(member, reason), reason === 'left')
    else this.#forgetIdle(watched)
  }

  #timer(name: string): void {
    const watched = this.#watched.get(name)
    if (watched === undefined) return
    watched.timer = false
    if (watched.connected) return
    if (watched.down) {
      watched.retryMs = Math.min(2 * watched.retryMs, RETRY_MAX_MS)
      this.#effects.push({ type: 'ping', node: watched.node, fresh: true })
      this.#startTimer(watched, watched.retryMs)
      return
    }
    if (!watched.up) return
    if (watched.heard) watched.lost = undefined
    watched.silent = watched.heard ? 0 : watched.silent + 1
    watched.heard = false
    const termMs = watched.lost === undefined ? this.#leaseMs : this.#downAfterMs
    if (watched.silent >= TICKS) {
      const text = `nothing came from node ${name} for ${Math.round(termMs)} ms`
      this.#down(watched, new TroupeError('ERR_NODE_DOWN', text, { cause: watched.lost }))
      return
    }
    this.#startTimer(watched, tickOf(termMs))
    watched.idle++
    if (watched.idle < this.#idleTicks) {
      this.#effects.push({ type: 'ping', node: watched.node, fresh: watched.silent > 0 })
      return
    }
    watched.idle = Math.max(0, this.#idleTicks - TICKS)
    this.#effects.push({ type: 'idle', node: watched.node })
  }

  /** What is known of this incarnation; a newer one ends the older. Undefined for an older one. */
  #watch(node: Member): LeasedNode | undefined {
    let watched = this.#watched.get(node.name)
    if (watched !== undefined) {
      const age = compareIncarnations(node, watched.node)
      if (age < 0) return undefined
      if (age === 0) return watched
      this.#stopTimer(watched)
      if (watched.up) this.#down(watched, departure(watched.node, 'replaced'), true)
      else if (watched.down) this.#remove(watched)
    }
    const isHeir = watched?.member ?? false
    watched = new LeasedNode(node)
    watched.isHeir = isHeir
    this.#watched.set(node.name, watched)
    return watched
  }

  #same(node: Member): LeasedNode | undefined {
    const watched = this.#watched.get(node.name)
    return watched?.node.incarnation === node.incarnation ? watched : undefined
  }

  #up(watched: LeasedNode): void {
    this.#stopTimer(watched)
    watched.up = true
    watched.down = false
    this.#effects.push({ type: 'nodeUp', node: watched.node, again: false })
  }

  #down(watched: LeasedNode, reason: TroupeError, orderly = false): void {
    this.#stopTimer(watched)
    watched.lost = undefined
    watched.up = false
    watched.down = true
    this.#effects.push({ type: 'nodeDown', node: watched.node, reason, orderly })
    if (orderly || watched.left) {
      this.#forgetIdle(watched)
      return
    }
    watched.retryMs = this.#leaseMs
    if (!watched.connected) this.#startTimer(watched, watched.retryMs)
  }

  #lease(watched: LeasedNode): void {
    watched.silent = 0
    watched.idle = 0
    this.#startTimer(watched, tickOf(this.#leaseMs))
  }

  /** Nodes that are down make room. */
  #hasRoom(): boolean {
    if (this.#watched.size < this.#most) return true
    let oldest: LeasedNode | undefined
    for (const watched of this.#watched.values()) {
      if (watched.connected) continue
      if (watched.down) {
        this.#remove(watched)
        return true
      }
      oldest ??= watched
    }
    if (oldest?.up) this.#effects.push({ type: 'idle', node: oldest.node })
    return false
  }

  #startTimer(watched: LeasedNode, delayMs: number): void {
    watched.timer = true
    this.#effects.push({ type: 'startTimer', peer: watched.node.name, delayMs })
  }

  #stopTimer(watched: LeasedNode): void {
    if (!watched.timer) return
    watched.timer = false
    this.#effects.push({ type: 'cancelTimer', peer: watched.node.name })
  }

  #forgetIdle(watched: LeasedNode): void {
    if (!watched.connected && !watched.member) this.#remove(watched)
  }

  /** Whoever kept something for its return need not any more. */
  #remove(watched: LeasedNode): void {
    this.#stopTimer(watched)
    if (this.#watched.get(watched.node.name) === watched) this.#watched.delete(watched.node.name)
    if (watched.up || watched.down) this.#effects.push({ type: 'forgotten', node: watched.node })
  }
}

/** Pings in one lease. */
const TICKS = 3
/** Nodes that are asked for when a neighbour comes up. */
const TRIED_MAX = 64
const RETRY_MAX_MS = 120_000

const tickOf = (termMs: number): number => Math.max(1, Math.round(termMs / TICKS))

const goodbye = (node: Member, cause?: TroupeError): TroupeError =>
  new TroupeError(
    'ERR_NODE_DOWN',
    `node ${node.name} said goodbye`,
    cause === undefined ? {} : { cause },
  )
