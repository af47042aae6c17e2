import { hashText, type Random, seededRandom } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import type {
  Address,
  Member,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../overlay/overlay.js'
import { Codec } from '../wire/codec.js'
import { CoreAgenda } from './core-agenda.js'
import { coreMember } from './core-member.js'
import { CoreNode, Link } from './core-node.js'
import { checkStep } from './overlay-checks.js'

export { addressOf, incarnationFor } from './core-member.js'
export { CoreNode } from './core-node.js'

/** How a network of cores behaves. */
export interface CoreNetworkOptions {
  readonly seed: number | string
  /** One way, drawn uniformly for every message, or told for two names; connections keep their order. Default 1 to 20. */
  readonly latencyMs?: readonly [number, number] | ((from: string, to: string) => number)
  /** Share of messages that vanish though their connection stands. Default 0. */
  readonly lossRate?: number
  /** Share of messages that arrive twice. Default 0. */
  readonly duplicateRate?: number
  /** Take every event and effect into `hash`. Default false: it costs more than all the rest. */
  readonly hashed?: boolean
}

const SILENCE_MS = 3_000
const DOWN_AFTER_MS = 2_000
const REDIAL_MS = 1_000
/** A borrowed connection that is not used for so long goes back. */
const BORROW_MS = 5_000

/** A cluster of overlay cores without anything real around them: virtual time, seeded, repeatable. */
export class CoreNetwork {
  readonly seed: string
  /** For the test's own choices. */
  readonly random: Random
  readonly nodes = new Map<string, CoreNode>()
  /** Over every event and effect so far: equal for equal runs. */
  hash = 0
  readonly #options: Required<Omit<CoreNetworkOptions, 'seed'>>
  readonly #draw: Random
  readonly #agenda = new CoreAgenda()
  readonly #cut = new Set<string>()
  readonly #codec = new Codec()
  #starts = 0
  #timers = 0

  constructor(options: CoreNetworkOptions) {
    this.seed = String(options.seed)
    this.#options = { latencyMs: [1, 20], lossRate: 0, duplicateRate: 0, hashed: false, ...options }
    this.random = seededRandom(`${this.seed}/test`)
    this.#draw = seededRandom(`${this.seed}/network`)
  }

  get nowMs(): number {
    return this.#agenda.nowMs
  }

  /** Nodes that run, by name. */
  alive(): CoreNode[] {
    return [...this.nodes.values()].filter((node) => node.alive)
  }

  node(name: string): CoreNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  /** Starts a node, or the next incarnation of one that runs no more. */
  start(name: string, factory: OverlayFactory, restored?: unknown): CoreNode {
    if (this.nodes.get(name)?.alive) this.crash(name)
    this.#starts++
    const member = coreMember(name, this.#starts)
    const overlay = factory.create(member, seededRandom(`${this.seed}/${name}/${this.#starts}`))
    const node = new CoreNode(member, overlay)
    this.nodes.set(name, node)
    this.#step(node, restored === undefined ? { type: 'start' } : { type: 'start', restored })
    return node
  }

  /** Connects to the contact, then tells the overlay to join through it. Tries until it is reached. */
  join(name: string, contact: string): void {
    const node = this.node(name)
    this.#dial(node, contact, (link) => {
      this.#step(node, { type: 'join', contact: link.other(node).member })
    })
  }

  leave(at: string, name: string): void {
    this.#step(this.node(at), { type: 'leave', name })
  }

  /** Ends a node's process; with `silent` its machine, so that peers notice by silence only. */
  crash(name: string, silent = false): void {
    const node = this.node(name)
    node.alive = false
    for (const link of [...node.links.values()]) {
      link.open = false
      const other = link.other(node)
      this.#agenda.after(silent ? SILENCE_MS : this.#latency(name, other.name), () =>
        this.#lost(other, link),
      )
    }
    node.links.clear()
  }

  /** Cuts all ways between the groups: what travels is lost, connections fall silent. */
  partition(groupA: readonly string[], groupB: readonly string[]): void {
    for (const a of groupA) for (const b of groupB) this.#cut.add(wayOf(a, b))
    for (const node of this.alive()) {
      for (const link of node.links.values()) this.#watchSilence(node, link)
    }
  }

  heal(): void {
    this.#cut.clear()
  }

  /** Hands an overlay a message as if a peer had sent it. */
  inject(to: string, from: Member, body: unknown): readonly OverlayEffect[] {
    return this.#step(this.node(to), { type: 'message', from, body })
  }

  run(ms: number): void {
    this.#agenda.run(ms)
  }

  #step(node: CoreNode, event: OverlayEvent): readonly OverlayEffect[] {
    if (!node.alive) return []
    const effects = node.overlay.step(event)
    if (this.#options.hashed) {
      const what = `${this.nowMs} ${node.name} ${show(event)} ${show(effects)}`
      this.hash = hashText(`${this.hash} ${what}`)
    }
    checkStep(node, effects)
    for (const effect of effects) this.#perform(node, effect)
    return effects
  }

  #perform(node: CoreNode, effect: OverlayEffect): void {
    switch (effect.type) {
      case 'connect':
        node.wants.set(effect.peer.name, effect.peer)
        this.#keepDialling(node, effect.peer.name)
        break
      case 'connectAddress':
        this.#dialAddress(node, effect.address)
        break
      case 'disconnect':
        this.#disconnect(node, effect.peer)
        break
      case 'release':
        this.#release(node, effect.peer)
        break
      case 'send':
        this.#send(node, effect.to, effect.body)
        break
      case 'sendOnce':
        this.#borrow(node, effect.to, () => this.#send(node, effect.to.name, effect.body))
        break
      case 'publish':
        this.#publish(node, effect.body)
        break
      case 'measure':
        this.#borrow(node, effect.peer, (link) => this.#measure(node, link))
        break
      case 'startTimer':
        this.#startTimer(node, effect.name, effect.delayMs)
        break
      case 'cancelTimer':
        node.timers.delete(effect.name)
        break
      case 'selfLeft':
        node.timesOut++
        break
      case 'persist':
        node.persisted = this.#copy(node.overlay.stored?.())
        break
      case 'badMessage':
        node.badMessages.push({ from: effect.from, detail: effect.detail })
        break
      case 'memberJoined': // replayed by checkStep
      case 'memberLeft':
        break
      default:
        unreachable(effect)
    }
  }

  #startTimer(node: CoreNode, name: string, delayMs: number): void {
    const id = ++this.#timers
    node.timers.set(name, id)
    this.#agenda.after(delayMs, () => {
      if (node.timers.get(name) !== id) return
      node.timers.delete(name)
      this.#step(node, { type: 'timer', name })
    })
  }

  #send(node: CoreNode, to: string, body: unknown): void {
    const link = node.links.get(to)
    if (!link?.open) return
    const copy = this.#copy(body)
    node.sent++
    if (this.#draw.float() < this.#options.lossRate) return
    this.#carry(link, node, copy)
    if (this.#draw.float() < this.#options.duplicateRate) this.#carry(link, node, copy)
  }

  /** To all nodes that run and are not cut off, itself included, each in its own time. */
  #publish(node: CoreNode, body: unknown): void {
    const copy = this.#copy(body)
    for (const to of this.alive()) {
      if (this.#draw.float() < this.#options.lossRate || this.#isCut(node.name, to.name)) continue
      const times = this.#draw.float() < this.#options.duplicateRate ? 2 : 1
      for (let i = 0; i < times; i++) {
        this.#agenda.after(this.#latency(node.name, to.name), () =>
          this.#step(to, { type: 'published', body: copy }),
        )
      }
    }
  }

  #carry(link: Link, from: CoreNode, body: unknown): void {
    const to = link.other(from)
    this.#arrive(link, to, () => {
      if (!link.open || this.#isCut(from.name, to.name)) return
      to.received.push({ from: from.member, body })
      this.#step(to, { type: 'message', from: from.member, body })
    })
  }

  /** Runs after all that is under way to that end of the link. */
  #arrive(link: Link, to: CoreNode, run: () => void): void {
    const end = link.ends.indexOf(to) as 0 | 1
    const at = Math.max(this.nowMs + this.#latency(link.other(to).name, to.name), link.lastAt[end])
    link.lastAt[end] = at
    this.#agenda.after(at - this.nowMs, run)
  }

  /** Runs over the connection that stands or one that is made for it, which goes back when it was idle. */
  #borrow(node: CoreNode, peer: Member, run: (link: Link) => void): void {
    const { name } = peer
    if (name === node.name) return
    node.borrowed.set(name, this.nowMs)
    this.#agenda.after(BORROW_MS, () => {
      if (this.nowMs - (node.borrowed.get(name) ?? this.nowMs) < BORROW_MS) return
      node.borrowed.delete(name)
      if (!node.wants.has(name)) this.#release(node, name)
    })
    const link = node.links.get(name)
    if (link !== undefined) run(link)
    else this.#dial(node, name, run, () => {})
  }

  #measure(node: CoreNode, link: Link): void {
    const { name, incarnation } = link.other(node).member
    const ms = this.#latency(node.name, name) + this.#latency(name, node.name)
    this.#agenda.after(ms, () => {
      if (link.open) this.#step(node, { type: 'roundTrip', peer: name, incarnation, ms })
    })
  }

  /** Closes the connection if the other side does not need it either. */
  #release(node: CoreNode, peer: string): void {
    node.wants.delete(peer)
    const link = node.links.get(peer)
    if (link === undefined) return
    const other = link.other(node)
    this.#arrive(link, other, () => {
      if (other.wants.has(node.name) || other.borrowed.has(node.name)) return
      if (link.open) this.#disconnect(other, node.name)
    })
  }

  #disconnect(node: CoreNode, peer: string): void {
    node.wants.delete(peer)
    const link = node.links.get(peer)
    if (link === undefined) return
    const other = link.other(node)
    this.#agenda.after(0, () => this.#lost(node, link))
    this.#arrive(link, other, () => {
      link.open = false
      this.#lost(other, link)
    })
  }

  /** This end learns that the connection is gone. */
  #lost(node: CoreNode, link: Link): void {
    const { name, incarnation } = link.other(node).member
    if (!node.alive || node.links.get(name) !== link) return
    node.links.delete(name)
    this.#step(node, { type: 'peerDown', peer: name, incarnation })
    this.#agenda.after(DOWN_AFTER_MS, () => {
      if (node.links.get(name)?.other(node).member.incarnation === incarnation) return
      this.#step(node, { type: 'nodeDown', peer: name, incarnation })
    })
    this.#agenda.after(REDIAL_MS * this.#draw.float(), () => this.#keepDialling(node, name))
  }

  #keepDialling(node: CoreNode, name: string): void {
    if (!node.alive || !node.wants.has(name) || node.links.has(name)) return
    this.#dial(
      node,
      name,
      () => {},
      () => {
        this.#step(node, { type: 'connectFailed', peer: name })
        this.#agenda.after(REDIAL_MS * (0.5 + this.#draw.float()), () =>
          this.#keepDialling(node, name),
        )
      },
    )
  }

  #dialAddress(node: CoreNode, address: Address): void {
    if (address.host === node.name || !node.alive) return
    this.#dial(node, address.host, (link) => {
      this.#step(node, { type: 'introduced', address, peer: link.other(node).member })
    })
  }

  /** A handshake. Without `failed` it is tried again until it succeeds. */
  #dial(
    node: CoreNode,
    name: string,
    done: (link: Link) => void,
    failed: () => void = () => this.#agenda.after(REDIAL_MS, () => this.#dial(node, name, done)),
  ): void {
    this.#agenda.after(this.#latency(node.name, name) + this.#latency(name, node.name), () => {
      if (!node.alive) return
      const peer = this.nodes.get(name)
      const there = node.links.get(name)
      if (there?.other(node).alive) done(there)
      else if (!peer?.alive || this.#isCut(node.name, name)) failed()
      else if (peer.links.get(node.name)?.other(peer) === node)
        failed() // half closed
      else this.#establish(node, peer, done)
    })
  }

  #establish(dialler: CoreNode, acceptor: CoreNode, done: (link: Link) => void): void {
    this.#forgetOlder(acceptor, dialler.name)
    this.#forgetOlder(dialler, acceptor.name)
    const link = new Link(dialler, acceptor, this.nowMs)
    acceptor.links.set(dialler.name, link)
    dialler.links.set(acceptor.name, link)
    this.#step(acceptor, { type: 'peerUp', peer: dialler.member })
    this.#step(dialler, { type: 'peerUp', peer: acceptor.member })
    if (dialler.links.get(acceptor.name) === link) done(link)
  }

  /** A newer incarnation took the name before the end of the older was noticed. */
  #forgetOlder(node: CoreNode, name: string): void {
    const older = node.links.get(name)
    if (older !== undefined) this.#lost(node, older)
  }

  /** Cut for as long as silence is borne: both ends give the connection up. */
  #watchSilence(node: CoreNode, link: Link): void {
    const other = link.other(node)
    this.#agenda.after(SILENCE_MS, () => {
      if (!this.#isCut(node.name, other.name)) return
      link.open = false
      this.#lost(node, link)
      this.#lost(other, link)
    })
  }

  #isCut(a: string, b: string): boolean {
    return this.#cut.has(wayOf(a, b))
  }

  #latency(from: string, to: string): number {
    const { latencyMs } = this.#options
    if (typeof latencyMs === 'function') return latencyMs(from, to)
    const [least, most] = latencyMs
    return least + (most - least) * this.#draw.float()
  }

  /** What the wire would make of it: bodies must be encodable. */
  #copy(value: unknown): unknown {
    return this.#codec.decodeValue(this.#codec.encodeValue(value))
  }
}

const wayOf = (a: string, b: string): string => (a < b ? `${a}|${b}` : `${b}|${a}`)

const show = (value: unknown): string =>
  JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v))
