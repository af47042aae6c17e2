import { local, type Node, type NodeOptions, silentLogger, startNode } from '../../src/index.js'
import { Copy, Ledger } from './actors.js'
import { record, type Told } from './node-host.js'

export interface LocalNode {
  readonly node: Node
  readonly told: readonly Told[]
}

export const COOKIE = 'open sesame'

/** Nodes in the test's own process; stopped after each test. */
export function useNodes(): (options: Partial<NodeOptions>) => Promise<LocalNode> {
  const running: Node[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map((node) => node.stop({ timeoutMs: 200, drainMs: 0 })))
    Copy.log.length = 0
    Copy.living = 0
  })
  return async (options) => {
    const node = await startNode({
      name: 'a',
      cookie: COOKIE,
      timing: local(),
      remoteSpawn: [Copy, Ledger],
      logger: silentLogger,
      ...options,
    })
    running.push(node)
    return { node, told: record(node) }
  }
}

/** The events of one kind about one node. */
export const about = (told: readonly Told[], event: string, node: string): readonly Told[] =>
  told.filter((one) => one.event === event && one.node === node)
