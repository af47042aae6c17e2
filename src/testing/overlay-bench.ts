import type { Member, OverlayFactory } from '../overlay/overlay.js'
import { assert } from './assertion.js'
import { addressOf, coreMember } from './core-member.js'
import { CoreNetwork, type CoreNetworkOptions } from './core-network.js'
import type { CoreNode, Link } from './core-node.js'

/** What is expected of an overlay beyond the contract that all keep. */
export interface OverlayExpectations {
  /** Virtual time in which it converges after the last disturbance. Default 120,000. */
  readonly settleMs?: number
  /** False: nodes find each other at start, by their configuration. Default true. */
  readonly joins?: boolean
  /** True: `leave` of another node takes it out for all, and it learns that. Default true. */
  readonly removesOthers?: boolean
  /** A restarted node comes back without a join. Default false. */
  readonly rejoins?: boolean
  /** It keeps its membership over a restart when it has a store. Default true. */
  readonly persists?: boolean
  /** Nodes of the larger cases. Default 20. */
  readonly nodes?: number
  /** The neighbours of a node have it for a neighbour, too. Default true. */
  readonly symmetric?: boolean
  /**
   * In the cases that draw, nodes start again with what they persisted. Partial views need that: who
   * has forgotten all the others, and is forgotten by them, can only be joined again. Default false.
   */
  readonly stores?: boolean
  /** Every case that draws runs once for each of these; its title names the seed. Default 1, 2 and 3. */
  readonly seeds?: readonly (number | string)[]
}

const MOMENTS = 60
const MOMENT_MS = 1_000

/** Builds the factory for a cluster whose nodes live at these addresses, such as `a:9000`. */
export type MakeOverlay = (addresses: readonly string[]) => OverlayFactory

/** Clusters of cores for one overlay, and what "converged" means for it. */
export class OverlayBench {
  readonly expected: Required<OverlayExpectations>
  readonly #make: MakeOverlay

  constructor(make: MakeOverlay, expected: Required<OverlayExpectations>) {
    this.#make = make
    this.expected = expected
  }

  factory(names: readonly string[]): OverlayFactory {
    return this.#make(names.map((name) => `${addressOf(name).host}:${addressOf(name).port}`))
  }

  names(count: number): string[] {
    return Array.from({ length: count }, (_, i) => `n${String(i).padStart(2, '0')}`)
  }

  /** Nodes that were started and joined through the first, one after the other, and had time to settle. */
  settled(count: number, options: CoreNetworkOptions): CoreNetwork {
    const net = new CoreNetwork(options)
    const names = this.names(count)
    for (const name of names) {
      net.start(name, this.factory(names))
      if (this.expected.joins && name !== names[0]) net.join(name, names[0] as string)
      net.run(200)
    }
    this.settle(net)
    return net
  }

  settle(net: CoreNetwork): void {
    net.run(this.expected.settleMs)
  }

  /**
   * All nodes that run and are in: what they know and how they are connected is as it should be.
   * Partial views never rest where messages get lost: there it must be so at a moment of the next minute.
   */
  assertConverged(net: CoreNetwork, names: readonly string[]): void {
    const partial = names.some((name) => {
      return net.node(name).overlay.capabilities.membership === 'partial'
    })
    for (let tries = partial ? MOMENTS : 0; tries > 0; tries--) {
      try {
        this.#assertConverged(net, names)
        return
      } catch {
        net.run(MOMENT_MS)
      }
    }
    this.#assertConverged(net, names)
  }

  #assertConverged(net: CoreNetwork, names: readonly string[]): void {
    const sorted = [...names].sort()
    for (const name of sorted) {
      const node = net.node(name)
      const { capabilities } = node.overlay
      const members = node.overlay.members().map((member) => member.name)
      if (capabilities.membership === 'all') assert.deepEqual(members, sorted, `members of ${name}`)
      const neighbours = [...node.overlay.neighbours()].sort()
      const connected = node.connected()
      // Where views are partial, a connection may be borrowed for a moment, too.
      if (capabilities.membership === 'all') {
        assert.deepEqual(connected, neighbours, `connections and neighbours of ${name}`)
      } else {
        for (const other of neighbours) assert.include(connected, other, `neighbours of ${name}`)
      }
      if (capabilities.direct) {
        const others = sorted.filter((other) => other !== name)
        assert.deepEqual(neighbours, others, `neighbours of ${name}`)
        for (const other of others) assert.equal(node.overlay.nextHop(other), other)
      }
      for (const other of neighbours) {
        assert.include(sorted, other, `${name} has a neighbour that is gone`)
        if (this.expected.symmetric) {
          const theirs = net.node(other).overlay.neighbours()
          assert.include(theirs, name, `${other} does not hold ${name} for a neighbour`)
        }
        assert.include(net.node(other).connected(), name, `${other} is not connected to ${name}`)
        const { incarnation } = net.node(other).member
        const known = node.overlay.members().find((member) => member.name === other)
        if (known) assert.equal(known.incarnation, incarnation, `${name} holds an old ${other}`)
      }
    }
    assert.deepEqual(reachable(net, sorted), sorted, 'the overlay fell apart')
    if (!this.expected.symmetric) assertNeeded(net, sorted)
  }
}

/** Names that can be reached from the first over connections of which one end is the other's neighbour. */
export function reachable(net: CoreNetwork, names: readonly string[]): string[] {
  const seen = new Set(names.slice(0, 1))
  for (const name of seen) {
    const node = net.node(name)
    for (const link of node.links.values()) {
      const other = link.other(node)
      if (isNeighbour(node, other) || isNeighbour(other, node)) seen.add(other.name)
    }
  }
  return [...seen].sort()
}

/** Every connection is one that an end wants or has borrowed; news of a release may be under way. */
function assertNeeded(net: CoreNetwork, names: readonly string[]): void {
  const suspects = names.flatMap((name) => idle(net.node(name)))
  if (suspects.length === 0) return
  net.run(1_000)
  const still = new Set(names.flatMap((name) => idle(net.node(name))))
  for (const link of suspects) {
    const [a, b] = link.ends
    assert.equal(still.has(link), false, `neither ${a.name} nor ${b.name} needs their connection`)
  }
}

const idle = (node: CoreNode): Link[] =>
  [...node.links.values()].filter((link) => {
    const other = link.other(node)
    const borrowed = node.borrowed.has(other.name) || other.borrowed.has(node.name)
    return !borrowed && !isNeighbour(node, other) && !isNeighbour(other, node)
  })

const isNeighbour = (node: CoreNode, other: CoreNode): boolean =>
  node.overlay.neighbours().includes(other.name)

/** A minute of crashes, restarts and partitions; at its end all run and all cuts are healed. */
export function churned(bench: OverlayBench, seed: number | string, hashed = false): CoreNetwork {
  const net = bench.settled(8, { seed, lossRate: 0.02, hashed })
  const names = bench.names(8)
  const factory = bench.factory(names)
  const back = (name: string): void => {
    const { persisted } = net.node(name)
    net.start(name, factory, bench.expected.stores ? persisted : undefined)
    const others = net.alive().filter((node) => node.name !== name)
    if (!bench.expected.rejoins && others.length > 0) net.join(name, net.random.pick(others).name)
  }
  for (let i = 0; i < 30; i++) {
    const name = net.random.pick(names)
    const draw = net.random.int(10)
    if (draw < 4 && net.alive().length > 3) net.crash(name, draw < 2)
    else if (draw < 7) back(name)
    else if (draw === 7) net.partition(names.slice(0, 3), names.slice(3))
    else net.heal()
    net.run(net.random.int(4_000))
  }
  net.heal()
  for (const name of names) if (!net.node(name).alive) back(name)
  return net
}

/** Two nodes that know each other. */
export function pair(bench: OverlayBench): CoreNetwork {
  const net = new CoreNetwork({ seed: 21 })
  const names = bench.names(2)
  for (const name of names) net.start(name, bench.factory(names))
  if (bench.expected.joins) net.join('n01', 'n00')
  net.run(2_000)
  return net
}

/** Different messages that nodes really sent in a churned cluster. */
export function recordMessages(bench: OverlayBench): unknown[] {
  const net = churned(bench, 22)
  const bodies = [...net.nodes.values()].flatMap((node) => node.received.map((one) => one.body))
  const byText = new Map(bodies.map((body) => [JSON.stringify(body), body]))
  return [...byText.values()]
}

/** A copy of a message with what lies at the path replaced. */
export function replaced(body: unknown, path: readonly number[], value: unknown): unknown {
  const copy = structuredClone(body)
  let at = copy
  for (const [depth, step] of path.entries()) {
    if (typeof at !== 'object' || at === null) break
    const keys = Object.keys(at)
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) break
    const holder = at as Record<string, unknown>
    const inner = holder[key]
    if (depth === path.length - 1 || typeof inner !== 'object' || inner === null) {
      holder[key] = value
      return copy
    }
    at = inner
  }
  return copy
}

/** A node nobody knows. */
export const stranger = (): Member => coreMember('mallory', 99)
