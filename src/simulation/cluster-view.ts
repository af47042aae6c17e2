import type { Actor } from '../actor/actor.js'
import type { Node } from '../node/node.js'
import type { LivingActor, View } from './check.js'
import type { History, Op } from './op.js'
import type { SimCluster } from './sim-cluster.js'
import type { Simulation } from './simulation.js'

/**
 * What checks see, looked up when they ask: some are asked after every event. A class: a literal with
 * getters of its own would have V8 keep each run until a full collection.
 */
export class ClusterView implements View {
  readonly #sim: Simulation
  readonly #cluster: SimCluster
  readonly #history: History

  constructor(sim: Simulation, cluster: SimCluster, history: History) {
    this.#sim = sim
    this.#cluster = cluster
    this.#history = history
  }

  get nodes(): ReadonlyMap<string, Node> {
    return this.#cluster.nodes
  }

  get history(): readonly Op[] {
    return this.#history.ops
  }

  get nowMs(): number {
    return this.#sim.nowMs
  }

  /** Works apart from its object: checks take their view to pieces. */
  readonly actors = <A extends Actor<unknown>>(
    actorClass: abstract new () => A,
  ): LivingActor<A>[] => this.#cluster.actors(actorClass)
}
