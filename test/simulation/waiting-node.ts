import { Actor, type ActorNode, type ActorRef, type Node, startNode } from '../../src/index.js'
import { Simulation, type SimulationOptions } from '../../src/simulation/index.js'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** A simulation in which escaped waits are errors, with one node a name. */
export class WaitingNodes {
  readonly sim: Simulation
  readonly nodes = new Map<string, Node>()

  constructor(options: SimulationOptions = {}) {
    this.sim = new Simulation({ escapedWaits: 'handler', ...options })
  }

  async start(name: string): Promise<Node> {
    const world = this.sim.world(name)
    const [first] = this.nodes.values()
    const node = await this.sim.complete(
      startNode({
        name,
        world,
        cookie: 'x',
        logger: SILENT,
        listen: { host: name, port: 9_000 },
      }),
    )
    if (first !== undefined) await this.sim.complete(node.join(first.address))
    this.nodes.set(name, node)
    return node
  }

  /** Spawns an actor on node `a` and asks it to `run`. */
  async ask<A extends Runner>(actorClass: new () => A): Promise<unknown> {
    const node = this.nodes.get('a') ?? (await this.start('a'))
    const asked = (node.spawn(actorClass as new () => Runner) as ActorRef<Runner>).ask.run()
    asked.catch(() => {})
    return this.sim.complete(asked)
  }
}

/** An actor with something to try out. */
export abstract class Runner extends Actor {
  abstract run(): unknown

  get here(): ActorNode {
    return this.node
  }
}
