import type { Actor } from '../actor/actor.js'
import type { Node } from '../node/node.js'
import type { LivingActor, View } from './check.js'
import type { Exchanges } from './exchanges.js'
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
  readonly #exchanges: Exchanges | undefined

  constructor(
    sim: Simulation,
    cluster: SimCluster,
    history: History,
    exchanges: Exchanges | undefined,
  ) {
    this.#sim = sim
    this.#cluster = cluster
    this.#history = history
    this.#exchanges = exchanges
  }

  get nodes(): ReadonlyMap<string, Node> {
    for (const name of this.#cluster.names) this.#exchanges?.looked.add(name)
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
  ): LivingActor<A>[] => {
    const living = this.#cluster.actors(actorClass)
    for (const { node } of living) this.#exchanges?.looked.add(node)
    return living
  }
}
