import { newIncarnation } from '../base/identity.js'
import { hashText, seededRandom } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type {
  Address,
  Member,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../overlay/overlay.js'
import { EventCalendar } from './event-calendar.js'
import { hashedDraw } from './hashed-draw.js'
import { type Detection, ProtocolConnections } from './protocol-connections.js'
import { DUE } from './protocol-event.js'
import { ProtocolNode } from './protocol-node.js'
import { Traffic } from './traffic.js'

/** One way in milliseconds between nodes by their numbers; `draw` is in [0, 1), another for every message. */
export type LatencyOf = (from: number, to: number, draw: number) => number

export interface ProtocolNetworkOptions {
  readonly seed: number | string
  /** One way, uniform between two figures, or told. Default 10 to 11: a hop is about a round, as in the papers. */
  readonly latencyMs?: readonly [number, number] | LatencyOf
  /** True for two names between which the way is long. Default: no way is. */
  readonly far?: (from: string, to: string) => boolean
}

/** What else travels over the connections of a network, such as broadcasts. */
export interface NetworkLayer {
  arrived(to: ProtocolNode, from: ProtocolNode, number: number, body: unknown): void
  /**
   * Its overlay may have other neighbours now. `peer`: the number of the node to which a connection came
   * up or went down, else -1.
   */
  changed(node: ProtocolNode, peer: number): void
}

const REDIAL_MS = 1_000
const PORT = 9_000

/**
 * Thousands of overlay cores, what their drivers would do, and a network of connections between them,
 * in virtual time. The same seed gives the same run. Messages are handed over as they are and not
 * through the codec: cores must not change what they sent or received. A name is used once: who comes
 * back is another node.
 */
export class ProtocolNetwork {
  readonly nodes: ProtocolNode[] = []
  readonly traffic = new Traffic()
  /** `badMessage` effects by what they say. */
  readonly badMessages = new Map<string, number>()
  /** Latencies are multiplied by it: 0.001 is a network in which almost no time passes. */
  pace = 1
  layer: NetworkLayer | undefined
  readonly #seed: string
  readonly #salt: number
  readonly #latency: LatencyOf
  readonly #far: ProtocolNetworkOptions['far']
  readonly #due = new EventCalendar()
  readonly #connections: ProtocolConnections
  readonly #alive: ProtocolNode[] = []
  readonly #ids = new Map<string, number>()
  readonly #idOf = (name: string): number => this.#ids.get(name) ?? -1
  #carried = 0
  #timers = 0

  constructor(options: ProtocolNetworkOptions) {
    this.#seed = String(options.seed)
    this.#salt = hashText(`${this.#seed}/network`)
    this.#far = options.far
    const given = options.latencyMs ?? [10, 11]
    if (typeof given === 'function') this.#latency = given
    else {
      const [least, most] = given
      const between: LatencyOf = (_from, _to, draw) => least + (most - least) * draw
      this.#latency = between
    }
    this.#connections = new ProtocolConnections({
      due: this.#due,
      traffic: this.traffic,
      salt: this.#salt,
      node: (id) => this.nodes[id] as ProtocolNode,
      oneWay: (from, to) => this.#oneWay(from, to),
      isFar: (from, to) => this.isFar(from, to),
      step: (node, event) => this.#step(node, event),
      heard: (to, from, number, body) => {
        this.#carried--
        if (from !== undefined) this.layer?.arrived(to, from, number, body)
      },
    })
  }

  get nowMs(): number {
    return this.#due.nowMs
  }

  /** Events handled so far. */
  get events(): number {
    return this.#due.taken
  }

  get detection(): Detection {
    return this.#connections.detection
  }

  set detection(detection: Detection) {
    this.#connections.detection = detection
  }

  /** A node of that name, which must be new. Its core gets `start`. */
  start(name: string, factory: OverlayFactory): ProtocolNode {
    if (this.#ids.has(name)) throw new RangeError(`${name} was there before: names are used once`)
    const id = this.nodes.length
    const member = memberOf(interned(name), id)
    const overlay = factory.create(member, seededRandom(`${this.#seed}/${name}`))
    const node = new ProtocolNode(id, member, overlay, this.#idOf)
    this.nodes.push(node)
    node.place = this.#alive.push(node) - 1
    this.#ids.set(member.name, id)
    this.#step(node, { type: 'start' })
    return node
  }

  /** Connects to the contact, then tells the overlay to join through it; dials until it answers. */
  join(node: ProtocolNode, contact: ProtocolNode): void {
    this.traffic.dials++
    const ms = this.#roundTrip(node.id, contact.id)
    this.#due.push(this.nowMs + ms, DUE.JOIN, node.id, contact.id, 0, undefined)
  }

  leave(node: ProtocolNode): void {
    this.#step(node, { type: 'leave', name: node.name })
  }

  /** Ends a node's process. `detection` says how its peers learn of it. */
  crash(node: ProtocolNode): void {
    if (!node.alive) return
    node.alive = false
    node.timers.clear()
    const last = this.#alive.pop() as ProtocolNode
    last.place = node.place
    if (last !== node) this.#alive[node.place] = last
    this.#connections.crash(node.id)
  }

  node(name: string): ProtocolNode | undefined {
    return this.nodes[this.#idOf(name)]
  }

  /** Those that are alive, in the order of their start until one dies. The list changes with them. */
  alive(): readonly ProtocolNode[] {
    return this.#alive
  }

  isUp(from: number, to: number): boolean {
    return this.#connections.isUp(from, to)
  }

  /** True where the way between two nodes is a long one. */
  isFar(from: number, to: number): boolean {
    if (this.#far === undefined) return false
    return this.#far((this.nodes[from] as ProtocolNode).name, (this.nodes[to] as ProtocolNode).name)
  }

  /** How many connections the node holds. */
  connections(node: ProtocolNode): number {
    return this.#connections.count(node.id)
  }

  /** Sends something of the layer over a connection; false when there is none. */
  carry(from: number, to: number, number: number, body: unknown): boolean {
    const leaves = this.#connections.carry(from, to, number, body)
    if (leaves) this.#carried++
    return leaves
  }

  after(delayMs: number, run: () => void): void {
    this.#due.push(this.nowMs + delayMs, DUE.CALL, 0, 0, 0, run)
  }

  run(ms: number): void {
    const end = this.nowMs + ms
    while (this.#due.nextAt <= end) this.#next()
    this.#due.nowMs = end
  }

  /** Runs until nothing of the layer is under way. */
  runCarried(): void {
    while (this.#carried > 0) this.#next()
  }

  #next(): void {
    const due = this.#due
    if (!due.pop()) return
    const { kind, a, b, c, ref } = due
    switch (kind) {
      case DUE.TIMER:
        this.#timer(this.nodes[a] as ProtocolNode, b, ref as string)
        break
      case DUE.NODE_DOWN:
        this.#nodeDown(a, b)
        break
      case DUE.ADDRESS:
        this.#answered(this.nodes[a] as ProtocolNode, ref as Address)
        break
      case DUE.JOIN:
        this.#joined(this.nodes[a] as ProtocolNode, this.nodes[b] as ProtocolNode)
        break
      case DUE.CALL:
        ;(ref as () => void)()
        break
      default:
        this.#connections.handle(kind, a, b, c, ref)
    }
  }

  #step(node: ProtocolNode, event: OverlayEvent): void {
    if (!node.alive) return
    const effects = node.overlay.step(event)
    node.stepped()
    for (const effect of effects) this.#perform(node, effect)
    if (this.layer === undefined) return
    if (event.type === 'peerUp') this.layer.changed(node, this.#idOf(event.peer.name))
    else if (event.type === 'peerDown') this.layer.changed(node, this.#idOf(event.peer))
    else if (effects.some(({ type }) => CHANGING.has(type))) this.layer.changed(node, -1)
  }

  #perform(node: ProtocolNode, effect: OverlayEffect): void {
    const connections = this.#connections
    switch (effect.type) {
      case 'send': {
        const to = this.#other(node, effect.to)
        if (to >= 0) connections.send(node.id, to, effect.body)
        break
      }
      case 'sendOnce': {
        const to = this.#other(node, effect.to.name)
        if (to >= 0) connections.sendOnce(node.id, to, effect.body)
        break
      }
      case 'connect': {
        const to = this.#other(node, effect.peer.name)
        if (to >= 0) connections.connect(node.id, to)
        break
      }
      case 'connectAddress':
        if (effect.address.host !== node.name) this.#dialAddress(node, effect.address)
        break
      case 'disconnect':
      case 'release': {
        const to = this.#other(node, effect.peer)
        if (to >= 0) connections.letGo(node.id, to, effect.type)
        break
      }
      case 'measure': {
        const to = this.#other(node, effect.peer.name)
        if (to >= 0) connections.measure(node.id, to)
        break
      }
      case 'startTimer':
        this.#timers = (this.#timers + 1) | 0
        node.timers.set(effect.name, this.#timers)
        this.#push(effect.delayMs, DUE.TIMER, node, this.#timers, effect.name)
        break
      case 'cancelTimer':
        node.timers.delete(effect.name)
        break
      case 'badMessage':
        this.badMessages.set(effect.detail, (this.badMessages.get(effect.detail) ?? 0) + 1)
        break
      case 'memberJoined': // whoever wants to know asks the overlay
      case 'memberLeft':
      case 'selfLeft':
      case 'persist':
      case 'publish': // there is no broker here
        break
      default:
        unreachable(effect)
    }
  }

  /** The number of another node; -1 for the node itself and for names that nobody bears. */
  #other(node: ProtocolNode, name: string): number {
    const to = this.#idOf(name)
    return to === node.id ? -1 : to
  }

  #push(delayMs: number, kind: number, node: ProtocolNode, number: number, ref: unknown): void {
    this.#due.push(this.nowMs + delayMs, kind, node.id, number, 0, ref)
  }

  #timer(node: ProtocolNode, serial: number, name: string): void {
    if (node.timers.get(name) !== serial) return
    node.timers.delete(name)
    this.#step(node, { type: 'timer', name })
  }

  #nodeDown(id: number, peer: number): void {
    if (this.isUp(id, peer)) return
    const { name, incarnation } = (this.nodes[peer] as ProtocolNode).member
    this.#step(this.nodes[id] as ProtocolNode, { type: 'nodeDown', peer: name, incarnation })
  }

  #dialAddress(node: ProtocolNode, address: Address): void {
    const to = this.#idOf(address.host)
    this.traffic.dials++
    const ms = to < 0 ? REDIAL_MS : this.#roundTrip(node.id, to)
    this.#push(ms, DUE.ADDRESS, node, 0, address)
  }

  #answered(node: ProtocolNode, address: Address): void {
    if (!node.alive) return
    const peer = this.node(address.host)
    if (peer !== undefined && this.#connections.meet(node.id, peer.id)) {
      this.#step(node, { type: 'introduced', address, peer: peer.member })
    } else this.#push(REDIAL_MS, DUE.ADDRESS, node, 0, address)
  }

  #joined(node: ProtocolNode, contact: ProtocolNode): void {
    if (!node.alive) return
    if (this.#connections.meet(node.id, contact.id)) {
      this.#step(node, { type: 'join', contact: contact.member })
    } else this.#push(REDIAL_MS, DUE.JOIN, node, contact.id, undefined)
  }

  #oneWay(from: number, to: number): number {
    const draw = hashedDraw(this.#salt, from, to, this.#due.taken | 0)
    return this.pace * this.#latency(from, to, draw)
  }

  #roundTrip(from: number, to: number): number {
    return this.#oneWay(from, to) + this.#oneWay(to, from)
  }
}

const CHANGING: ReadonlySet<string> = new Set(['connect', 'disconnect', 'release'])

/** The same text as a key of objects: two of them are compared by their places in memory alone. */
const interned = (text: string): string => Object.keys({ [text]: 0 })[0] as string

/** The numbers of nodes are their generations: nobody comes back. */
function memberOf(name: string, id: number): Member {
  const bytes = Uint8Array.of(0, id >>> 24, id >>> 16, id >>> 8, id)
  return {
    name,
    incarnation: interned(newIncarnation(1_700_000_000_000 + id, bytes)),
    generation: id + 1,
    addresses: [{ host: name, port: PORT }],
    tags: [],
  }
}
