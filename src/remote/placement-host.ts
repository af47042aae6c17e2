import type { ActorSystem } from '../actor/actor-system.js'
import { type ExitReason, SHUTDOWN } from '../actor/exit-reason.js'
import { TroupeError } from '../base/errors.js'
import { incarnationOf, isUlid } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import { isText, show } from '../base/options.js'
import type { Carrier } from '../cluster/carrier.js'
import type { Clock, Timer } from '../world/clock.js'
import { encodeFailure, plainFailure } from './failure.js'
import { HostedOwner } from './hosted-owner.js'
import type { RemotePeer } from './remote-peer.js'
import type { SpawnableClass } from './remote-spawn.js'
import type { SignalStreams, SignalsLost } from './signal-streams.js'
import { decodeReason, encodeReason, plainReason } from './wire-reason.js'

/**
 * Children that run here for supervisors of other nodes: the host's side. An owner is named by its
 * ULID, which names its node's incarnation: only that one can give orders for it.
 *
 * While the owner's node is out of reach its children run on, for only the owner decides, but not
 * for ever: nobody restarts or stops them meanwhile. They end after `orphanAfterMs`, and when that node
 * has left or was started anew. An owner that is back after all is told of every end.
 */
export class PlacementHost implements SignalsLost {
  readonly #system: ActorSystem
  readonly #clock: Clock
  readonly #carrier: Carrier
  readonly #streams: SignalStreams
  readonly #orphanAfterMs: number
  readonly #classOf: (type: unknown) => SpawnableClass
  readonly #stacks: boolean
  readonly #log: Logger
  readonly #owners = new Map<string, HostedOwner>()
  /** Nodes of owners that are out of reach, by incarnation. */
  readonly #away = new Map<string, Timer>()
  #closed = false

  constructor(parts: {
    readonly system: ActorSystem
    readonly clock: Clock
    readonly carrier: Carrier
    readonly streams: SignalStreams
    /** How long children outlive the contact with their owner's node, in ms. */
    readonly orphanAfterMs: number
    /** The class by its type name, if it may be started from outside. @throws TroupeError */
    readonly classOf: (type: unknown) => SpawnableClass
    readonly stacks: boolean
    readonly log: Logger
  }) {
    this.#system = parts.system
    this.#clock = parts.clock
    this.#carrier = parts.carrier
    this.#orphanAfterMs = parts.orphanAfterMs
    this.#streams = parts.streams
    this.#classOf = parts.classOf
    this.#stacks = parts.stacks
    this.#log = parts.log
    parts.streams.listen(this)
    parts.streams.handle('place', (peer, args) => this.#ordered(peer, args))
    parts.streams.handle('endNoted', (peer, args) => this.#endNoted(peer, args))
  }

  /** Children that run or are held here for other nodes. */
  get size(): number {
    let size = 0
    for (const owner of this.#owners.values()) size += owner.host.size
    return size
  }

  /** The node stops: what ends from now on is not kept for a restart. */
  close(): void {
    this.#closed = true
    for (const timer of this.#away.values()) timer.cancel()
    this.#away.clear()
  }

  /** Contact, for the first time or again: tells the ends that were not noted. */
  nodeUp(peer: RemotePeer): void {
    this.#away.get(peer.incarnation)?.cancel()
    this.#away.delete(peer.incarnation)
    this.#tellEnds(peer)
  }

  #tellEnds(peer: RemotePeer): void {
    for (const owner of this.#owners.values()) {
      if (owner.incarnation !== peer.incarnation) continue
      owner.peer = peer
      for (const end of owner.ends.values()) this.#report(owner, end.id, end.number, end.reason)
    }
  }

  /** Down, or signals to it were given up: reports among them are sent again. */
  lost(peer: RemotePeer): void {
    if (!peer.gone) this.#tellEnds(peer)
    else this.#wentAway(peer.incarnation)
  }

  restarted(peer: RemotePeer): void {
    this.#tellEnds(peer)
  }

  /** True when a child runs, or an end is to be told, for an owner of that incarnation. */
  holds(incarnation: string): boolean {
    return this.#hasOwnerOf(incarnation)
  }

  #wentAway(incarnation: string): void {
    if (this.#closed || this.#away.has(incarnation) || !this.#hasOwnerOf(incarnation)) return
    const over = (): void => {
      this.#away.delete(incarnation)
      for (const owner of this.#owners.values()) {
        if (owner.incarnation === incarnation) this.#orphan(owner, 'is out of reach')
      }
    }
    this.#away.set(incarnation, this.#clock.after(this.#orphanAfterMs, over, true))
  }

  #hasOwnerOf(incarnation: string): boolean {
    for (const owner of this.#owners.values()) if (owner.incarnation === incarnation) return true
    return false
  }

  /** Ends the children of owners whose node has left or was replaced. */
  membersChanged(): void {
    const left: HostedOwner[] = []
    for (const owner of [...this.#owners.values()]) {
      const member = this.#carrier.member(owner.node)
      // A new start can be in reach, and place children, before the news of it is here.
      if (owner.peer.up || member?.incarnation === owner.incarnation) continue
      // Of a part of the cluster nobody can tell who has left; `orphanAfterMs` ends the waiting.
      if (member === undefined && this.#carrier.partial) continue
      this.#orphan(owner, member === undefined ? 'has left' : 'was started anew')
      if (member === undefined) left.push(owner)
      else this.#forget(owner)
    }
    // Who left may join again, and counts on what it does not know to have ended.
    for (const owner of left.slice(0, Math.max(0, left.length - LEFT_MAX))) this.#forget(owner)
  }

  #orphan(owner: HostedOwner, what: string): void {
    const { id, node, host } = owner
    if (host.size > 0) {
      const fields = { supervisor: id, node, children: host.size }
      this.#log.info(fields, `placed children end: the node of their supervisor ${what}`)
    }
    const error = new TroupeError('ERR_NODE_DOWN', `node ${node}, which placed it, ${what}`)
    owner.stopAll(SHUTDOWN, STOP_MS, { type: 'error', error })
    this.#tidy(owner)
  }

  #forget(owner: HostedOwner): void {
    if (this.#owners.get(owner.id) === owner) this.#owners.delete(owner.id)
    if (this.#hasOwnerOf(owner.incarnation)) return
    this.#away.get(owner.incarnation)?.cancel()
    this.#away.delete(owner.incarnation)
  }

  // orders

  #ordered(peer: RemotePeer, args: readonly unknown[]): void {
    const [order, op, owner, id, number, ...rest] = args
    if (!isCount(order)) throw malformed(args)
    try {
      if (!isUlid(owner) || incarnationOf(owner) !== peer.incarnation) throw malformed(args)
      if (!isText.test(id) || id.length > ID_CHARS || !isCount(number)) throw malformed(args)
      switch (op) {
        case 'start':
        case 'restart':
          this.#start(peer, order, op, owner, id, number, rest)
          return
        case 'stop':
          this.#stop(peer, order, owner, id, number, rest)
          return
        case 'finish':
          this.#finish(peer, order, owner, id, number, rest)
          return
        default:
          throw malformed(args)
      }
    } catch (error) {
      this.#failed(peer, order, error)
    }
  }

  #start(
    peer: RemotePeer,
    order: number,
    op: 'start' | 'restart',
    ownerId: string,
    id: string,
    number: number,
    rest: readonly unknown[],
  ): void {
    const [, type, args, name, restart, mailboxLimit, stashLimit] = rest
    if (restart !== 'permanent' && restart !== 'transient' && restart !== 'temporary') {
      throw malformed(rest)
    }
    if (!isOptional(name, isText.test) || !isOptional(mailboxLimit, isCount)) throw malformed(rest)
    if (!isOptional(stashLimit, isCount)) throw malformed(rest)
    const actorClass = this.#classOf(type)
    const owner = this.#owner(peer, ownerId)
    const spec = { actorClass, args, name, mailboxLimit, stashLimit }
    owner.orderStart(op, order, id, number, restart, spec)
  }

  #stop(
    peer: RemotePeer,
    order: number,
    ownerId: string,
    id: string,
    number: number,
    [wire, deadlineMs, hold]: readonly unknown[],
  ): void {
    const reason = decodeReason(wire)
    if (reason === undefined || typeof hold !== 'boolean') throw malformed([wire])
    if (typeof deadlineMs !== 'number' || !(deadlineMs >= 0)) throw malformed([deadlineMs])
    const owner = this.#owners.get(ownerId)
    if (owner === undefined) {
      this.#answer(peer, order, 'stopped', undefined)
      return
    }
    owner.orderStop(order, id, number, reason, deadlineMs, hold)
  }

  #finish(
    peer: RemotePeer,
    order: number,
    ownerId: string,
    id: string,
    number: number,
    [wire]: readonly unknown[],
  ): void {
    const owner = this.#owners.get(ownerId)
    owner?.orderFinish(id, number, decodeReason(wire) ?? SHUTDOWN)
    this.#answer(peer, order, 'finished', undefined)
    this.#tidy(owner)
  }

  #owner(peer: RemotePeer, id: string): HostedOwner {
    let owner = this.#owners.get(id)
    if (owner !== undefined) return owner
    if (this.#owners.size >= OWNERS_MAX) {
      throw new TroupeError('ERR_NO_PLACE', `${OWNERS_MAX} supervisors have placed children here`)
    }
    owner = new HostedOwner(this.#system, id, peer, {
      started: (order, ref) => this.#answer(owner?.peer, order, 'done', ref),
      failed: (order, error) => {
        this.#failed(owner?.peer, order, error)
        this.#tidy(owner)
      },
      stopped: (order) => {
        this.#answer(owner?.peer, order, 'stopped', undefined)
        this.#tidy(owner)
      },
      ended: (childId, number, reason) => {
        if (owner !== undefined) this.#report(owner, childId, number, reason)
      },
      holds: () => !this.#closed,
    })
    this.#owners.set(id, owner)
    return owner
  }

  // answers

  #answer(peer: RemotePeer | undefined, order: number, answer: string, detail: unknown): void {
    if (peer !== undefined) this.#streams.send(peer, 0, 'placed', [order, answer, detail])
  }

  #failed(peer: RemotePeer | undefined, order: number, error: unknown): void {
    if (peer === undefined) return
    const failure = encodeFailure(error, this.#stacks)
    const plain = (): readonly unknown[] => [order, 'failed', plainFailure(failure)]
    this.#streams.send(peer, 0, 'placed', [order, 'failed', failure], plain)
  }

  /** Told again at each contact until the owner's node has noted it. */
  #report(owner: HostedOwner, id: string, number: number, reason: ExitReason): void {
    const wire = encodeReason(reason, this.#stacks)
    const plain = (): readonly unknown[] => [owner.id, id, number, plainReason(wire)]
    this.#streams.send(owner.peer, 0, 'childEnded', [owner.id, id, number, wire], plain)
  }

  #endNoted(peer: RemotePeer, [ownerId, id, number]: readonly unknown[]): void {
    const owner = this.#owners.get(String(ownerId))
    if (owner?.incarnation !== peer.incarnation) return
    owner.endNoted(String(id), Number(number))
    this.#tidy(owner)
  }

  #tidy(owner: HostedOwner | undefined): void {
    if (owner?.idle && this.#owners.get(owner.id) === owner) this.#owners.delete(owner.id)
  }
}

const OWNERS_MAX = 100_000
/** Owners whose nodes have left and that are still remembered for their return. */
const LEFT_MAX = 1_000
const ID_CHARS = 512
/** What the children of a supervisor that is gone get for their onStop. */
const STOP_MS = 5_000

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

const isOptional = <T>(
  value: unknown,
  is: (value: unknown) => value is T,
): value is T | undefined => value === undefined || is(value)

const malformed = (args: readonly unknown[]): TroupeError =>
  new TroupeError('ERR_DECODE', `an order is malformed: ${show(args)}`)
