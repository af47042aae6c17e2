import { type Random, seededRandom } from '../base/random.js'
import type { OverlayFactory } from '../overlay/overlay.js'
import { OverlayGraph } from './overlay-graph.js'
import { ProtocolNetwork, type ProtocolNetworkOptions } from './protocol-network.js'
import type { ProtocolNode } from './protocol-node.js'

export interface OverlayTownOptions extends ProtocolNetworkOptions {
  readonly nodes: number
  /** The overlay of a node, by its number; the first is the contact of joins. */
  readonly overlay: (index: number) => OverlayFactory
  /** Whom newcomers join through: the first node, or a random one that is there. Default `first`. */
  readonly contact?: 'first' | 'random'
  /** False: nodes find each other at start, by their configuration. Default true. */
  readonly joins?: boolean
  /** One period of the overlay's shuffle timer. Default 10,000. */
  readonly cycleMs?: number
}

/** In this much virtual time all nodes join one after the other, so that no cycle passes meanwhile. */
const JOINING_MS = 2_000
/** One join is over before the next begins: it has so many hops of time. */
const JOIN_HOPS = 25
const HOP_MS = 10.5

/** A whole overlay: nodes that join, cycles that pass, nodes that die. */
export class OverlayTown {
  readonly network: ProtocolNetwork
  readonly random: Random
  readonly cycleMs: number
  readonly #options: OverlayTownOptions
  #started = 0

  constructor(options: OverlayTownOptions) {
    this.#options = options
    this.cycleMs = options.cycleMs ?? 10_000
    this.network = new ProtocolNetwork(options)
    this.random = seededRandom(`${options.seed}/town`)
  }

  /** Starts all nodes; they join one by one. No cycle passes meanwhile, as in the papers. */
  assemble(progress: (done: number) => void = () => {}): void {
    const { nodes } = this.#options
    const gapMs = JOINING_MS / nodes
    this.network.pace = gapMs / JOIN_HOPS / HOP_MS
    for (let i = 0; i < nodes; i++) {
      this.#newcomer(this.#options.contact ?? 'first')
      this.network.run(gapMs)
      progress(i + 1)
    }
    this.network.pace = 1
  }

  /** Lets one cycle pass, in which so many nodes die, one after the other, and as many new ones join. */
  cycle(replaced = 0): void {
    const stepMs = this.cycleMs / Math.max(1, replaced)
    for (let i = 0; i < replaced; i++) {
      this.network.crash(this.random.pick(this.network.alive()))
      this.#newcomer('random')
      this.network.run(stepMs)
    }
    if (replaced === 0) this.network.run(this.cycleMs)
  }

  /** Kills a share of the nodes at one instant; those that are left. */
  fail(share: number): readonly ProtocolNode[] {
    const alive = this.network.alive()
    const dead = this.random.sample(alive, Math.round(share * alive.length))
    for (const node of dead) this.network.crash(node)
    return this.network.alive()
  }

  /** Live nodes in the order of `network.alive()`; views without the dead and the unknown. */
  graph(): OverlayGraph {
    const alive = this.network.alive()
    const places = new Int32Array(this.network.nodes.length).fill(-1)
    for (const [place, node] of alive.entries()) places[node.id] = place
    return new OverlayGraph(
      alive.map((node) =>
        node
          .neighbours()
          .map((id) => places[id] as number)
          .filter((at) => at >= 0),
      ),
    )
  }

  #newcomer(contact: 'first' | 'random'): void {
    const index = this.#started++
    const alive = this.network.alive()
    const through = contact === 'first' || alive.length === 0 ? alive[0] : this.random.pick(alive)
    const node = this.network.start(nameOf(index), this.#options.overlay(index))
    if (through !== undefined && this.#options.joins !== false) this.network.join(node, through)
  }
}

/** What the node of that number is called, and where it listens. */
export const nameOf = (index: number): string => `n${String(index).padStart(5, '0')}`
