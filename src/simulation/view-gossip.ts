import type { Random } from '../base/random.js'
import type { NetworkLayer, ProtocolNetwork } from './protocol-network.js'
import type { ProtocolNode } from './protocol-node.js'

/** How one broadcast went. */
export interface BroadcastOutcome {
  /** Nodes it was delivered at, its origin included. */
  readonly reached: number
  /** Messages with the broadcast in them. */
  readonly payloads: number
  /** Those of them that took a long way. */
  readonly farPayloads: number
  /** All other messages of the protocol. */
  readonly control: number
  /** Hops of the longest way to a first delivery. */
  readonly lastHop: number
}

/**
 * The gossip by which the papers compare overlays: who gets a message for the first time sends it on to
 * all of its view but the sender, or to `fanout` random ones of them. One broadcast at a time.
 */
export class ViewGossip implements NetworkLayer {
  readonly #network: ProtocolNetwork
  readonly #random: Random
  readonly #fanout: number
  #seen = new Int32Array(1_024)
  #current = 0
  #reached = 0
  #payloads = 0
  #farPayloads = 0
  #lastHop = 0

  /** `fanout` 0: to all of the view. */
  constructor(network: ProtocolNetwork, random: Random, fanout = 0) {
    this.#network = network
    this.#random = random
    this.#fanout = fanout
  }

  /** Sends one from that node and runs the network until no copy of it is under way. */
  broadcast(origin: ProtocolNode): BroadcastOutcome {
    this.#current++
    this.#reached = 0
    this.#payloads = 0
    this.#farPayloads = 0
    this.#lastHop = 0
    this.#network.layer = this
    this.#deliver(origin, -1, 0)
    this.#network.runCarried()
    this.#network.layer = undefined
    return {
      reached: this.#reached,
      payloads: this.#payloads,
      farPayloads: this.#farPayloads,
      control: 0,
      lastHop: this.#lastHop,
    }
  }

  arrived(to: ProtocolNode, from: ProtocolNode, hops: number): void {
    if (this.#seen[to.id] !== this.#current) this.#deliver(to, from.id, hops)
  }

  changed(): void {} // views are read when they are needed

  #deliver(node: ProtocolNode, from: number, hops: number): void {
    if (node.id >= this.#seen.length) this.#grow(node.id)
    this.#seen[node.id] = this.#current
    this.#reached++
    this.#lastHop = Math.max(this.#lastHop, hops)
    for (const to of this.#chosen(node.neighbours(), from)) {
      if (!this.#network.carry(node.id, to, hops + 1, undefined)) continue
      this.#payloads++
      if (this.#network.isFar(node.id, to)) this.#farPayloads++
    }
  }

  #chosen(view: Int32Array, from: number): ArrayLike<number> & Iterable<number> {
    if (this.#fanout === 0 && from < 0) return view
    const others = [...view].filter((peer) => peer !== from)
    return this.#fanout === 0 ? others : this.#random.sample(others, this.#fanout)
  }

  #grow(least: number): void {
    const seen = new Int32Array(2 * Math.max(least, this.#seen.length))
    seen.set(this.#seen)
    this.#seen = seen
  }
}
