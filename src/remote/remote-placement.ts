import type { ExitReason } from '../actor/exit-reason.js'
import { ActorRef } from '../actor/ref.js'
import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import type { Carrier } from '../cluster/carrier.js'
import type {
  PlacedCopy,
  PlacementOrder,
  PlacementOutcome,
  RemotePlacement,
} from '../supervision/placement.js'
import type { MembersView, Place } from '../supervision/relocation.js'
import type { Supervision } from '../supervision/supervision.js'
import { decodeFailure } from './failure.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'
import type { SignalStreams, SignalsLost } from './signal-streams.js'
import { decodeReason, encodeReason, plainReason } from './wire-reason.js'

/** An order under way: settled by its host's answer, or when the host is lost. */
interface Order {
  readonly peer: RemotePeer
  answered(answer: unknown, detail: unknown): void
  lost(error: TroupeError): void
}

/**
 * Children of this node's supervisors on other nodes: the owner's side. Orders and their answers are
 * signals, so a host carries each out once and in order, or is lost.
 */
export class RemotePlacements implements RemotePlacement, SignalsLost {
  readonly #carrier: Carrier
  readonly #peers: RemotePeers
  readonly #streams: SignalStreams
  readonly #supervision: Pick<Supervision, 'placements'>
  readonly #self: Place
  readonly #orders = new Map<number, Order>()
  /** Ends reported by a peer that does not count as reachable here yet. */
  #early: { readonly peer: RemotePeer; readonly args: readonly unknown[] }[] = []
  #lastOrder = 0

  constructor(parts: {
    readonly carrier: Carrier
    readonly peers: RemotePeers
    readonly streams: SignalStreams
    readonly supervision: Pick<Supervision, 'placements'>
  }) {
    this.#carrier = parts.carrier
    this.#peers = parts.peers
    this.#streams = parts.streams
    this.#supervision = parts.supervision
    const { name, incarnation } = parts.carrier.self
    this.#self = { node: name, incarnation }
    parts.streams.listen(this)
    parts.streams.handle('placed', (peer, args) => this.#placed(peer, args))
    parts.streams.handle('childEnded', (peer, args) => this.#childEnded(peer, args))
  }

  view(): MembersView {
    const reachable = [this.#self]
    for (const peer of this.#peers.values()) if (peer.up) reachable.push(peer.place)
    const { relays, partial } = this.#carrier
    // What stands in a partial view may be long gone.
    if (relays && !partial) reachable.push(...this.#notTried())
    reachable.sort((a, b) => (a.node < b.node ? -1 : 1))
    // How many there are is not known of a part: there is no majority then.
    const total = partial ? Number.POSITIVE_INFINITY : this.#carrier.members().length
    return { self: this.#self, reachable, total }
  }

  /** Members that were never in reach, which takes no connection. */
  #notTried(): Place[] {
    const places: Place[] = []
    for (const { name, incarnation } of this.#carrier.members()) {
      if (name === this.#self.node || this.#peers.present(name)?.up) continue
      if (!this.#peers.wasGivenUp(name, incarnation)) places.push({ node: name, incarnation })
    }
    return places
  }

  seek(node: string): void {
    if (!this.#carrier.partial || this.#peers.present(node)?.up) return
    this.#carrier.seek(
      node,
      0,
      () => {},
      () => {},
    )
  }

  start(order: PlacementOrder): Promise<PlacementOutcome> {
    return this.#startOrder('start', order)
  }

  restart(order: PlacementOrder): Promise<PlacementOutcome> {
    return this.#startOrder('restart', order)
  }

  #startOrder(op: 'start' | 'restart', order: PlacementOrder): Promise<PlacementOutcome> {
    const { owner, id, number, place, supervisor, type, args, name, restart } = order
    const { mailboxLimit, stashLimit } = order
    const wire = [op, owner, id, number, supervisor, type, args, name]
    wire.push(restart, mailboxLimit, stashLimit)
    return new Promise((resolve) => {
      const peer = this.#host(place)
      if (peer === undefined) return resolve({ type: 'lost', error: notThere(place) })
      const answered = (answer: unknown, detail: unknown): void => {
        if (answer === 'done' && detail instanceof ActorRef && detail.node === place.node) {
          resolve({ type: 'done', ref: detail })
        } else if (answer === 'failed') {
          resolve({ type: 'failed', error: decodeFailure(detail) })
        } else resolve({ type: 'failed', error: badAnswer(place, answer) })
      }
      const lost = (error: TroupeError): void => resolve({ type: 'lost', error })
      const failed = (error: unknown): void => resolve({ type: 'failed', error })
      this.#send({ peer, answered, lost }, wire, failed)
    })
  }

  stop(copy: PlacedCopy, reason: ExitReason, deadlineMs: number, hold: boolean): Promise<boolean> {
    const { owner, id, number, place } = copy
    return new Promise((resolve) => {
      const peer = this.#host(place)
      if (peer === undefined) return resolve(false)
      const order = { peer, answered: () => resolve(true), lost: () => resolve(false) }
      this.#sendReason(order, reason, (wire) => ['stop', owner, id, number, wire, deadlineMs, hold])
    })
  }

  finish(copy: PlacedCopy, reason: ExitReason): void {
    const { owner, id, number, place } = copy
    const peer = this.#host(place)
    if (peer === undefined) return
    const order = { peer, answered: () => {}, lost: () => {} }
    this.#sendReason(order, reason, (wire) => ['finish', owner, id, number, wire])
  }

  /** The peer, when it is the incarnation meant and was not given up. */
  #host(place: Place): RemotePeer | undefined {
    const peer = this.#peers.named(place.node)
    if (peer?.incarnation !== place.incarnation || this.#peers.isDown(peer)) return undefined
    return peer
  }

  #send(order: Order, wire: readonly unknown[], failed: (error: unknown) => void): void {
    const number = ++this.#lastOrder
    this.#orders.set(number, order)
    const fail = (error: unknown): undefined => {
      this.#orders.delete(number)
      failed(error)
    }
    try {
      this.#streams.send(order.peer, 0, 'place', [number, ...wire], fail)
    } catch (error) {
      fail(error)
    }
  }

  #sendReason(
    order: Order,
    reason: ExitReason,
    wire: (reason: readonly unknown[]) => readonly unknown[],
  ): void {
    const number = ++this.#lastOrder
    this.#orders.set(number, order)
    const encoded = encodeReason(reason, false)
    const plain = (): readonly unknown[] => [number, ...wire(plainReason(encoded))]
    this.#streams.send(order.peer, 0, 'place', [number, ...wire(encoded)], plain)
  }

  // from hosts

  #placed(peer: RemotePeer, [number, answer, detail]: readonly unknown[]): void {
    const order = this.#orders.get(number as number)
    if (order?.peer !== peer) return
    this.#orders.delete(number as number)
    order.answered(answer, detail)
  }

  #childEnded(peer: RemotePeer, args: readonly unknown[]): void {
    if (!peer.up) {
      if (this.#early.length < EARLY_MAX) this.#early.push({ peer, args })
      return
    }
    const [owner, id, number, wire] = args
    const reason = decodeReason(wire)
    if (typeof owner !== 'string' || typeof id !== 'string' || reason === undefined) {
      throw new TroupeError('ERR_DECODE', `node ${peer.name} reported an end as ${show(args)}`)
    }
    this.#streams.send(peer, 0, 'endNoted', [owner, id, number])
    this.#supervision.placements.childEnded(owner, id, Number(number), reason)
  }

  // news of peers

  /** After the supervisors have heard that the node is up. */
  nodeUp(peer: RemotePeer): void {
    const early = this.#early
    this.#early = early.filter((one) => one.peer !== peer && !one.peer.gone)
    for (const one of early) if (one.peer === peer) this.#childEnded(peer, one.args)
  }

  lost(peer: RemotePeer, reason: TroupeError): void {
    const detail = `node ${peer.name} was lost before it answered an order`
    this.#abandon(peer, new TroupeError('ERR_NODE_DOWN', detail, { cause: reason }))
  }

  restarted(peer: RemotePeer): void {
    const detail = `node ${peer.name} had given this one up before it answered an order`
    this.#abandon(peer, new TroupeError('ERR_NODE_DOWN', detail))
    // Orders to end older copies were among them, and no other news of this node may follow.
    if (peer.up) this.#supervision.placements.nodeUp(peer.place)
  }

  #abandon(peer: RemotePeer, error: TroupeError): void {
    for (const [number, order] of [...this.#orders]) {
      if (order.peer !== peer) continue
      this.#orders.delete(number)
      order.lost(error)
    }
  }
}

/** Early reports of ends that are kept. */
const EARLY_MAX = 10_000

const notThere = (place: Place): TroupeError =>
  new TroupeError('ERR_NODE_DOWN', `node ${place.node} (${place.incarnation}) is not in reach`)

const badAnswer = (place: Place, answer: unknown): TroupeError =>
  new TroupeError('ERR_DECODE', `node ${place.node} answered an order with ${show(answer)}`)
