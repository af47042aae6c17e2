import { Heap } from '../../src/base/heap.js'
import { newIncarnation } from '../../src/base/identity.js'
import { type Random, seededRandom } from '../../src/base/random.js'
import { unreachable } from '../../src/base/unreachable.js'
import type {
  Broadcast,
  BroadcastDelivery,
  BroadcastEffect,
  BroadcastEvent,
  BroadcastFactory,
} from '../../src/broadcast/broadcast.js'

export interface BroadcastNetworkOptions {
  readonly seed: number | string
  /** One way, drawn for every message; a link keeps its order. Default 10. */
  readonly latencyMs?: readonly [number, number]
  /** Share of messages that vanish. Default 0. */
  readonly lossRate?: number
  readonly duplicateRate?: number
}

export interface Delivered extends BroadcastDelivery {
  readonly atMs: number
}

export class BroadcastNode {
  readonly name: string
  readonly incarnation: string
  readonly core: Broadcast
  readonly links = new Set<string>()
  readonly delivered: Delivered[] = []
  readonly badMessages: string[] = []
  readonly timers = new Map<string, number>()
  alive = true

  constructor(name: string, incarnation: string, core: Broadcast) {
    this.name = name
    this.incarnation = incarnation
    this.core = core
  }

  /** What came with this body. */
  got(body: unknown): Delivered[] {
    return this.delivered.filter((one) => one.body === body)
  }

  /** The links of a tree, the shared one without a root. */
  tree(root = ''): { readonly eager: readonly string[]; readonly lazy: readonly string[] } {
    const { trees } = this.core.snapshot() as {
      trees: Record<string, { eager: string[]; lazy: string[] }>
    }
    return trees[root] ?? trees[''] ?? { eager: [], lazy: [] }
  }
}

/** Broadcast cores on links, and nothing real around them: virtual time, seeded, repeatable. */
export class BroadcastNetwork {
  readonly random: Random
  readonly nodes = new Map<string, BroadcastNode>()
  nowMs = 0
  /** Messages with a payload, payloads, and messages that only steer, since the last `reset`. */
  sent = { payloads: 0, control: 0 }
  lossRate: number
  duplicateRate: number
  readonly #factory: BroadcastFactory
  readonly #seed: string
  readonly #latencyMs: readonly [number, number]
  readonly #due = new Heap<Due>((a, b) => (a.at === b.at ? a.order < b.order : a.at < b.at))
  readonly #lastAt = new Map<string, number>()
  #order = 0
  #starts = 0

  constructor(factory: BroadcastFactory, options: BroadcastNetworkOptions) {
    this.#factory = factory
    this.#seed = String(options.seed)
    this.#latencyMs = options.latencyMs ?? [10, 10]
    this.lossRate = options.lossRate ?? 0
    this.duplicateRate = options.duplicateRate ?? 0
    this.random = seededRandom(`${this.#seed}/network`)
  }

  node(name: string): BroadcastNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  alive(): BroadcastNode[] {
    return [...this.nodes.values()].filter((node) => node.alive)
  }

  /** Starts a node, or the next incarnation of one that runs no more. */
  start(name: string): BroadcastNode {
    const n = ++this.#starts
    const incarnation = newIncarnation(1_700_000_000_000 + n, new Uint8Array([n, n >> 8, 0, 0, 0]))
    const random = seededRandom(`${this.#seed}/${name}/${n}`)
    const node = new BroadcastNode(name, incarnation, this.#factory.create({ incarnation }, random))
    this.nodes.set(name, node)
    return node
  }

  link(a: string, b: string): void {
    if (a === b || this.node(a).links.has(b)) return
    this.node(a).links.add(b)
    this.node(b).links.add(a)
    this.step(a, { type: 'neighbourUp', peer: b })
    this.step(b, { type: 'neighbourUp', peer: a })
  }

  unlink(a: string, b: string): void {
    if (!this.node(a).links.delete(b)) return
    this.node(b).links.delete(a)
    this.step(a, { type: 'neighbourDown', peer: b })
    this.step(b, { type: 'neighbourDown', peer: a })
  }

  crash(name: string): void {
    const node = this.node(name)
    for (const peer of [...node.links]) this.unlink(name, peer)
    node.alive = false
  }

  broadcast(name: string, body: unknown): void {
    this.step(name, { type: 'broadcast', body, bytes: 100 })
  }

  run(ms: number): void {
    const end = this.nowMs + ms
    for (let due = this.#due.peek(); due !== undefined && due.at <= end; due = this.#due.peek()) {
      this.#due.pop()
      this.nowMs = due.at
      due.run()
    }
    this.nowMs = end
  }

  /** Broadcasts, runs until all is at rest but for repairs, and tells what it cost. */
  cost(name: string, body: unknown, ms = 2_000): { payloads: number; control: number } {
    this.sent = { payloads: 0, control: 0 }
    this.broadcast(name, body)
    this.run(ms)
    return this.sent
  }

  step(name: string, event: BroadcastEvent): readonly BroadcastEffect[] {
    const node = this.node(name)
    if (!node.alive) return []
    const effects = node.core.step(event)
    for (const effect of effects) this.#perform(node, effect)
    return effects
  }

  #perform(node: BroadcastNode, effect: BroadcastEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(node, effect.to, effect.body, effect.payloads)
        break
      case 'deliver':
        node.delivered.push({ ...effect, atMs: this.nowMs })
        break
      case 'startTimer': {
        const id = ++this.#order
        node.timers.set(effect.name, id)
        this.#after(effect.delayMs, () => {
          if (node.timers.get(effect.name) !== id) return
          node.timers.delete(effect.name)
          if (this.nodes.get(node.name) === node) {
            this.step(node.name, { type: 'timer', name: effect.name })
          }
        })
        break
      }
      case 'cancelTimer':
        node.timers.delete(effect.name)
        break
      case 'badMessage':
        node.badMessages.push(effect.detail)
        break
      default:
        unreachable(effect)
    }
  }

  #send(from: BroadcastNode, to: string, body: unknown, payloads: number): void {
    if (!from.links.has(to)) return
    if (payloads > 0) this.sent.payloads += payloads
    else this.sent.control++
    if (this.lossRate > 0 && this.random.float() < this.lossRate) return
    this.#carry(from, to, body)
    if (this.duplicateRate > 0 && this.random.float() < this.duplicateRate) {
      this.#carry(from, to, body)
    }
  }

  #carry(from: BroadcastNode, to: string, body: unknown): void {
    const [least, most] = this.#latencyMs
    const way = `${from.name}>${to}`
    const drawn = this.nowMs + least + this.random.float() * (most - least)
    const at = Math.max(drawn, this.#lastAt.get(way) ?? 0)
    this.#lastAt.set(way, at)
    const receiver = this.nodes.get(to)
    this.#after(at - this.nowMs, () => {
      if (!from.links.has(to) || this.nodes.get(to) !== receiver) return
      this.step(to, { type: 'message', from: from.name, body })
    })
  }

  #after(ms: number, run: () => void): void {
    this.#due.push({ at: this.nowMs + ms, order: ++this.#order, run })
  }
}

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A connected random graph: a ring in random order, and links until each node has about `degree`. */
export function randomGraph(net: BroadcastNetwork, count: number, degree: number): string[] {
  const names = Array.from({ length: count }, (_, at) => `n${at}`)
  for (const name of names) net.start(name)
  const ring = net.random.sample(names, count)
  for (const [at, name] of ring.entries()) net.link(name, ring[(at + 1) % count] as string)
  let open = names.filter((name) => net.node(name).links.size < degree)
  for (let tries = 0; open.length > 1 && tries < count * degree; tries++) {
    const [a, b] = net.random.sample(open, 2) as [string, string]
    net.link(a, b)
    open = open.filter((name) => net.node(name).links.size < degree)
  }
  return names
}

/** Names of nodes reached from one over links that are eager at both ends. */
export function spanned(net: BroadcastNetwork, from: string, root = ''): Set<string> {
  const seen = new Set([from])
  for (const name of seen) {
    for (const peer of net.node(name).tree(root).eager) {
      if (net.node(peer).tree(root).eager.includes(name)) seen.add(peer)
    }
  }
  return seen
}
