import type { Carrier, Member } from '../cluster/carrier.js'
import type { Place } from '../supervision/relocation.js'
import type { Timer } from '../world/clock.js'
import type { RemoteCall } from './calls.js'
import type { InboundCall } from './inbound-call.js'
import type { PeerTable } from './method-tables.js'
import type { SignalStream } from './signal-stream.js'
import type { PackedSignal } from './signal-streams.js'

/** One incarnation of another node, and all that messages to and from it keep meanwhile. */
export class RemotePeer {
  readonly place: Place
  readonly name: string
  readonly incarnation: string
  /** It can be reached, as far as the cluster knows. */
  up = false
  /** The cluster gave it up, or a newer incarnation took its name: this object is history. */
  gone = false
  /** Asks of this node that it has not answered, by call id. */
  readonly calls = new Map<number, RemoteCall>()
  /** Asks of that node that this node has not answered, by its call id. */
  readonly inbound = new Map<number, InboundCall>()
  /** What is known of its classes' method tables, by type name. */
  readonly tables = new Map<string, PeerTable>()
  /** Signals to and from it. */
  stream: SignalStream<PackedSignal> | undefined = undefined
  streamTimer: Timer | undefined = undefined

  constructor(name: string, incarnation: string) {
    this.place = { node: name, incarnation }
    this.name = name
    this.incarnation = incarnation
  }
}

/** The present incarnation of every node that was dealt with. As many as the cluster has members. */
export class RemotePeers {
  readonly #carrier: Carrier
  readonly #byName = new Map<string, RemotePeer>()
  /** Incarnations that were given up and are not back, by name. */
  readonly #down = new Map<string, string>()
  #hasForgotten = false
  #hasForgottenUnheard = false

  constructor(carrier: Carrier) {
    this.#carrier = carrier
  }

  /** The present incarnation of a node; undefined when no member has that name. */
  named(name: string): RemotePeer | undefined {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    const member = this.#carrier.member(name)
    return member === undefined ? undefined : this.#add(member)
  }

  /** Who sent something; undefined for an incarnation that is not a member (any more). */
  sender(from: Member): RemotePeer | undefined {
    const known = this.#byName.get(from.name)
    if (known?.incarnation === from.incarnation) return known
    const member = this.#carrier.member(from.name)
    if (member?.incarnation !== from.incarnation || known !== undefined) return undefined
    return this.#add(member)
  }

  /** A peer of the same name and another incarnation must be taken out first. */
  nodeUp(node: Member): RemotePeer {
    let peer = this.#byName.get(node.name)
    if (peer?.incarnation !== node.incarnation) peer = this.#add(node)
    peer.up = true
    this.#down.delete(node.name)
    return peer
  }

  /** Takes that incarnation out; undefined when nothing was known of it. */
  nodeDown(node: Member): RemotePeer | undefined {
    this.#down.delete(node.name)
    this.#down.set(node.name, node.incarnation)
    if (this.#down.size > DOWN_MAX)
      for (const oldest of this.#down.keys()) {
        this.#down.delete(oldest)
        break
      }
    const peer = this.#byName.get(node.name)
    if (peer?.incarnation !== node.incarnation) return undefined
    this.#byName.delete(node.name)
    this.#noteForgotten(peer)
    peer.up = false
    peer.gone = true
    return peer
  }

  /** The incarnation in use under a name, without asking the cluster. */
  present(name: string): RemotePeer | undefined {
    return this.#byName.get(name)
  }

  /** True from the moment a node was given up until it can be reached again. */
  isDown(peer: RemotePeer): boolean {
    return !peer.up && this.#down.get(peer.name) === peer.incarnation
  }

  /** True when that incarnation was given up and is not back. */
  wasGivenUp(name: string, incarnation: string): boolean {
    return this.#down.get(name) === incarnation && this.#byName.get(name)?.up !== true
  }

  /** Nothing holds it, and nobody observes it any more. */
  forget(peer: RemotePeer): void {
    if (this.#byName.get(peer.name) === peer) this.#byName.delete(peer.name)
    this.#noteForgotten(peer)
    peer.up = false
    peer.gone = true
  }

  /** True for a start of a node that comes after all that is known under this name. */
  isNews(name: string, incarnation: string): boolean {
    const known = this.named(name)?.incarnation ?? this.#down.get(name)
    return known === undefined || incarnation > known
  }

  /** True when this node gave up any node, ever: one that it meets may remember more of it than it does. */
  get hasForgotten(): boolean {
    return this.#hasForgotten
  }

  /** True when one of them may not have known what of its signals was taken here. */
  get hasForgottenUnheard(): boolean {
    return this.#hasForgottenUnheard
  }

  values(): IterableIterator<RemotePeer> {
    return this.#byName.values()
  }

  #noteForgotten({ stream }: RemotePeer): void {
    this.#hasForgotten = true
    if (stream?.forgetsUnheard) this.#hasForgottenUnheard = true
  }

  #add(member: Member): RemotePeer {
    const peer = new RemotePeer(member.name, member.incarnation)
    this.#byName.set(member.name, peer)
    return peer
  }
}

/** Given-up incarnations that are remembered; older ones count as unknown. */
const DOWN_MAX = 10_000
