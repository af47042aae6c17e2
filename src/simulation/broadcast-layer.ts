import { seededRandom } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type {
  Broadcast,
  BroadcastEffect,
  BroadcastEvent,
  BroadcastFactory,
} from '../broadcast/broadcast.js'
import type { NetworkLayer, ProtocolNetwork } from './protocol-network.js'
import type { ProtocolNode } from './protocol-node.js'
import type { BroadcastOutcome } from './view-gossip.js'

/** What `broadcast` says its messages weigh. */
const BODY_BYTES = 16

/**
 * Cores of a broadcast protocol over the overlays of a network: two nodes are neighbours of each other
 * there while they are connected and the overlay of one of them wants that.
 */
export class BroadcastLayer implements NetworkLayer {
  /** `badMessage` effects by what they say. */
  readonly badMessages = new Map<string, number>()
  readonly #network: ProtocolNetwork
  readonly #factory: BroadcastFactory
  readonly #seed: string
  readonly #peers: (Peer | undefined)[] = []
  #message = 0
  #reached = 0
  #payloads = 0
  #farPayloads = 0
  #control = 0
  #lastHop = 0

  /** Attaches itself to the network; every node that is there gets a core. */
  constructor(network: ProtocolNetwork, factory: BroadcastFactory, seed: string | number) {
    this.#network = network
    this.#factory = factory
    this.#seed = `${seed}/broadcast`
    network.layer = this
    for (const node of network.alive()) this.changed(node, -1)
  }

  /**
   * Sends one from that node. It has at least `atLeastMs` until the next, and as long as messages are
   * under way; what came of it is told then.
   */
  broadcast(origin: ProtocolNode, atLeastMs: number): BroadcastOutcome {
    this.#message++
    this.#reached = 0
    this.#payloads = 0
    this.#farPayloads = 0
    this.#control = 0
    this.#lastHop = 0
    this.#step(this.#peer(origin), {
      type: 'broadcast',
      body: this.#message,
      bytes: BODY_BYTES,
    })
    this.#network.run(atLeastMs)
    this.#network.runCarried()
    return {
      reached: this.#reached,
      payloads: this.#payloads,
      farPayloads: this.#farPayloads,
      control: this.#control,
      lastHop: this.#lastHop,
    }
  }

  arrived(to: ProtocolNode, from: ProtocolNode, _number: number, body: unknown): void {
    this.#step(this.#peer(to), { type: 'message', from: from.name, body })
  }

  changed(node: ProtocolNode, other: number): void {
    const peer = this.#peer(node)
    const view = node.neighbours()
    if (!sameList(view, peer.view)) {
      const before = peer.wanted
      peer.view = view
      peer.wanted = new Set(view)
      for (const id of new Set([...before, ...view])) this.#compare(peer, id)
    }
    if (other >= 0) this.#compare(peer, other)
  }

  /** Tells both ends whether they are neighbours, if that is news. */
  #compare(peer: Peer, id: number): void {
    const node = this.#network.nodes[id]
    if (node === undefined) return
    const other = this.#peer(node)
    const wanted = peer.wanted.has(id) || other.wanted.has(peer.node.id)
    this.#tell(peer, node, wanted && this.#network.isUp(peer.node.id, id))
    this.#tell(other, peer.node, wanted && this.#network.isUp(id, peer.node.id))
  }

  #tell(peer: Peer, node: ProtocolNode, up: boolean): void {
    if (peer.told.has(node.name) === up) return
    if (up) peer.told.set(node.name, node.id)
    else peer.told.delete(node.name)
    this.#step(peer, { type: up ? 'neighbourUp' : 'neighbourDown', peer: node.name })
  }

  #peer(node: ProtocolNode): Peer {
    let peer = this.#peers[node.id]
    if (peer === undefined) {
      const random = seededRandom(`${this.#seed}/${node.name}`)
      peer = new Peer(node, this.#factory.create(node.member, random))
      this.#peers[node.id] = peer
    }
    return peer
  }

  #step(peer: Peer, event: BroadcastEvent): void {
    if (!peer.node.alive) return
    for (const effect of peer.core.step(event)) this.#perform(peer, effect)
  }

  #perform(peer: Peer, effect: BroadcastEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(peer, effect.to, effect.body, effect.payloads)
        break
      case 'deliver':
        if (effect.body !== this.#message) break // a straggler of an earlier one
        this.#reached++
        this.#lastHop = Math.max(this.#lastHop, effect.hops ?? 0)
        break
      case 'startTimer':
        this.#startTimer(peer, effect.name, effect.delayMs)
        break
      case 'cancelTimer':
        peer.timers.delete(effect.name)
        break
      case 'badMessage':
        this.badMessages.set(effect.detail, (this.badMessages.get(effect.detail) ?? 0) + 1)
        break
      default:
        unreachable(effect)
    }
  }

  #send(peer: Peer, to: string, body: unknown, payloads: number): void {
    const id = peer.told.get(to) ?? this.#network.node(to)?.id
    if (id === undefined || !this.#network.carry(peer.node.id, id, 0, body)) return
    this.#payloads += payloads
    if (this.#network.isFar(peer.node.id, id)) this.#farPayloads += payloads
    if (payloads === 0) this.#control++
  }

  #startTimer(peer: Peer, name: string, delayMs: number): void {
    const serial = ++peer.timersStarted
    peer.timers.set(name, serial)
    this.#network.after(delayMs, () => {
      if (peer.timers.get(name) !== serial) return
      peer.timers.delete(name)
      this.#step(peer, { type: 'timer', name })
    })
  }
}

function sameList(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at])
}

/** One node as the layer sees it. */
class Peer {
  readonly node: ProtocolNode
  readonly core: Broadcast
  /** Whom its overlay wants: as it says, and to look up. */
  view: Int32Array = new Int32Array(0)
  wanted: ReadonlySet<number> = new Set()
  /** The neighbours its core was told of, and their numbers. */
  readonly told = new Map<string, number>()
  readonly timers = new Map<string, number>()
  timersStarted = 0

  constructor(node: ProtocolNode, core: Broadcast) {
    this.node = node
    this.core = core
  }
}
