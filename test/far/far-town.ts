import type { NodeOptions } from '../../src/index.js'
import { type Graph, line, scripted } from '../overlay/scripted-overlay.js'
import { Simulated } from '../promises/simulated.js'

/** Nodes of which each is connected to the neighbours of a script only, in a simulation. */
export class FarTown extends Simulated {
  /** Starts the nodes of a graph and waits until all neighbours are connected. */
  async town(graph: Graph, options: Partial<NodeOptions> = {}): Promise<void> {
    const names = Object.keys(graph)
    for (const name of names) await this.start(name, { overlay: scripted(graph), ...options })
    await this.until('neighbours are connected', () =>
      names.every((name) =>
        (graph[name] ?? []).every((other) => this.subject(name).node.isUp(other)),
      ),
    )
    await this.run(500)
  }

  line(names: readonly string[], options: Partial<NodeOptions> = {}): Promise<void> {
    return this.town(line(names), options)
  }

  ring(names: readonly string[], options: Partial<NodeOptions> = {}): Promise<void> {
    return this.town(line(names, true), options)
  }
}

export const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const
