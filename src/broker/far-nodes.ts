import type { VirtualConnection } from './virtual-connection.js'

interface FarNode {
  readonly connections: Set<VirtualConnection>
  heardMs: number
}

/**
 * The nodes at the other ends of connections, and when anything came from each of them last: data, or
 * the presence that every node publishes.
 */
export class FarNodes {
  readonly #nodes = new Map<string, FarNode>()

  opened(connection: VirtualConnection, nowMs: number): void {
    const { incarnation } = connection.far
    const node = this.#nodes.get(incarnation) ?? { connections: new Set(), heardMs: nowMs }
    node.connections.add(connection)
    this.#nodes.set(incarnation, node)
  }

  closed(connection: VirtualConnection): void {
    const { incarnation } = connection.far
    const node = this.#nodes.get(incarnation)
    if (node?.connections.delete(connection) && node.connections.size === 0) {
      this.#nodes.delete(incarnation)
    }
  }

  heard(incarnation: string, nowMs: number): void {
    const node = this.#nodes.get(incarnation)
    if (node !== undefined) node.heardMs = nowMs
  }

  /** Connections to nodes of which nothing came since then. */
  silentSince(sinceMs: number): VirtualConnection[] {
    return [...this.#nodes.values()].flatMap((node) =>
      node.heardMs < sinceMs ? [...node.connections] : [],
    )
  }
}
