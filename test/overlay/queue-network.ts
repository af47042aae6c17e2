import { type Random, seededRandom } from '../../src/base/random.js'
import { RingQueue } from '../../src/base/ring-queue.js'
import type {
  Member,
  Overlay,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../../src/overlay/overlay.js'
import { addressOf, incarnationFor } from './core-network.js'

interface Mail {
  readonly from: QueueNode
  readonly to: string
  readonly body: unknown
}

export class QueueNode {
  readonly member: Member
  readonly overlay: Overlay
  readonly up = new Set<string>()
  alive = true

  constructor(member: Member, overlay: Overlay) {
    this.member = member
    this.overlay = overlay
  }
}

/**
 * Cores and one queue: no latency, no clock, rounds by hand. For what needs many nodes and no faults
 * but the end of nodes; everything else is tried in `CoreNetwork`.
 */
export class QueueNetwork {
  readonly nodes = new Map<string, QueueNode>()
  readonly random: Random
  /** Messages so far, and as a test likes to count them. */
  messages = 0
  onMessage: (from: Member, to: Member) => void = () => {}
  readonly #seed: number | string
  readonly #mail = new RingQueue<Mail>()

  constructor(seed: number | string) {
    this.#seed = seed
    this.random = seededRandom(`${seed}/test`)
  }

  alive(): QueueNode[] {
    return [...this.nodes.values()].filter((node) => node.alive)
  }

  node(name: string): QueueNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  start(name: string, factory: OverlayFactory, tags: readonly string[] = []): QueueNode {
    const number = this.nodes.size + 1
    const member: Member = {
      name,
      incarnation: incarnationFor(number),
      generation: 1,
      addresses: [addressOf(name)],
      tags,
    }
    const node = new QueueNode(
      member,
      factory.create(member, seededRandom(`${this.#seed}/${name}`)),
    )
    this.nodes.set(name, node)
    this.#step(node, { type: 'start' })
    return node
  }

  join(name: string, contact: string): void {
    this.#connect(this.node(name), contact)
    this.#step(this.node(name), { type: 'join', contact: this.node(contact).member })
    this.settle()
  }

  leave(name: string): void {
    this.#step(this.node(name), { type: 'leave', name })
    this.settle()
  }

  /** Ends nodes; everybody connected notices at once. */
  kill(names: readonly string[]): void {
    const dead = names.map((name) => this.node(name))
    for (const node of dead) node.alive = false
    for (const node of dead) {
      const { name, incarnation } = node.member
      for (const other of node.up) this.#lost(this.node(other), name, incarnation)
    }
    this.settle()
  }

  /** One period of every node that runs, in random order. */
  round(): void {
    for (const node of this.random.sample(this.alive(), this.nodes.size)) {
      for (const name of node.overlay.neighbours()) {
        if (!node.up.has(name)) this.#step(node, { type: 'connectFailed', peer: name })
      }
      this.#step(node, { type: 'timer', name: 'again' })
      this.#step(node, { type: 'timer', name: 'round' })
      this.settle()
    }
  }

  settle(): void {
    for (let mail = this.#mail.shift(); mail !== undefined; mail = this.#mail.shift()) {
      const to = this.nodes.get(mail.to)
      if (!to?.alive) continue
      this.messages++
      this.onMessage(mail.from.member, to.member)
      this.#step(to, { type: 'message', from: mail.from.member, body: mail.body })
    }
  }

  #step(node: QueueNode, event: OverlayEvent): void {
    if (!node.alive) return
    for (const effect of node.overlay.step(event)) this.#perform(node, effect)
  }

  #perform(node: QueueNode, effect: OverlayEffect): void {
    switch (effect.type) {
      case 'connect':
        this.#connect(node, effect.peer.name)
        break
      case 'disconnect': {
        const peer = this.node(effect.peer)
        this.settle() // what was sent before arrives
        this.#lost(peer, node.member.name, node.member.incarnation)
        this.#lost(node, effect.peer, peer.member.incarnation)
        break
      }
      case 'send':
      case 'sendOnce': {
        const to = typeof effect.to === 'string' ? effect.to : effect.to.name
        this.#mail.push({ from: node, to, body: effect.body })
        break
      }
      default: // time, the store and diagnostics are not looked at here
    }
  }

  #connect(node: QueueNode, name: string): void {
    const peer = this.nodes.get(name)
    if (!peer?.alive || node.up.has(name)) return
    node.up.add(name)
    peer.up.add(node.member.name)
    this.#step(peer, { type: 'peerUp', peer: node.member })
    this.#step(node, { type: 'peerUp', peer: peer.member })
  }

  #lost(node: QueueNode, peer: string, incarnation: string): void {
    if (!node.up.delete(peer)) return
    this.#step(node, { type: 'peerDown', peer, incarnation })
    this.#step(node, { type: 'nodeDown', peer, incarnation })
  }
}
