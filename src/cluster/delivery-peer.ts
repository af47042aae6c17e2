import type { Flow } from '../delivery/flow.js'
import type { Member } from '../overlay/overlay.js'
import type { DeliveryShelf } from './delivery-shelf.js'
import type { Kept } from './stored-envelope.js'

/** One channel to a peer, as the delivery driver sees it. */
export class DeliveryWay {
  readonly incarnation: string
  readonly index: number
  readonly channel: string
  /** A lane of it is above its high-water mark, or full: the driver waits for it to be ready. */
  slow = false
  /** Something could not be transmitted because there was no way. */
  blocked = false
  /** The pipeline's flow, once it is known. */
  flow: Flow<Kept> | undefined
  /** Where what took the short way is kept. */
  shelf: DeliveryShelf | undefined
  /** `ackDue` comes at the end of the turn. */
  ackDue = false
  /** Who waits until there is room for acknowledged messages. */
  readonly waiters: (() => void)[] = []

  constructor(incarnation: string, index: number, channel: string) {
    this.incarnation = incarnation
    this.index = index
    this.channel = channel
  }
}

/** One incarnation of a node to or from which messages with stamps travel. */
export class DeliveryPeer {
  member: Member
  /** It left, or was replaced; it may still come back. */
  gone = false
  readonly #ways = new Map<string, DeliveryWay>()

  constructor(member: Member) {
    this.member = member
  }

  ways(): Iterable<DeliveryWay> {
    return this.#ways.values()
  }

  /** As many as there are channels. */
  way(index: number, channel: string): DeliveryWay {
    let way = this.#ways.get(channel)
    if (way === undefined) {
      way = new DeliveryWay(this.member.incarnation, index, channel)
      this.#ways.set(channel, way)
    }
    return way
  }

  find(channel: string): DeliveryWay | undefined {
    return this.#ways.get(channel)
  }
}

/** Departed peers that are remembered in case they come back, as in the pipeline. */
const GONE_MAX = 1_024

/** The peers by incarnation. */
export class DeliveryPeers {
  readonly #peers = new Map<string, DeliveryPeer>()
  /** The longest gone first. */
  readonly #gone = new Set<string>()

  get(incarnation: string): DeliveryPeer | undefined {
    return this.#peers.get(incarnation)
  }

  all(): Iterable<DeliveryPeer> {
    return this.#peers.values()
  }

  add(member: Member): DeliveryPeer {
    const peer = new DeliveryPeer(member)
    this.#peers.set(member.incarnation, peer)
    return peer
  }

  back(peer: DeliveryPeer, member: Member): void {
    peer.member = member
    peer.gone = false
    this.#gone.delete(member.incarnation)
  }

  /** It is gone: kept for a while. */
  forget({ member }: DeliveryPeer): void {
    this.#gone.add(member.incarnation)
    if (this.#gone.size <= GONE_MAX) return
    const oldest = this.#gone.values().next().value as string
    this.#gone.delete(oldest)
    this.#peers.delete(oldest)
  }
}
