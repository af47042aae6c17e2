import type { Node } from '../node/node.js'
import type { NodeOptions } from '../node/node-options.js'

/** Which worker this is. */
export interface WorkerSelf<Data = unknown> {
  /** The name of its node: that of the group, a dot, and its number. */
  readonly name: string
  /** From 1 to `count`. A worker that was started again keeps it. */
  readonly number: number
  readonly count: number
  /** A copy of what `startWorkers` was given as `data`. */
  readonly data: Data
}

type BesideNode = 'name' | 'listen' | 'advertise' | 'dataDir' | 'world'

/** Options of a worker's node that its own module gives. */
export type WorkerNodeOptions = Omit<NodeOptions, BesideNode>

/** Options of nodes that can be copied to other threads: plain data, the overlay by its name. */
export type PlainNodeOptions = Omit<WorkerNodeOptions, 'logger' | 'codecs' | 'remoteSpawn'>

/**
 * What a worker runs: the default export of its module.
 *
 * ```ts
 * export default {
 *   node: { remoteSpawn: [Primes] },
 *   start(node, { number }) { node.spawn(Primes, undefined, { name: `primes-${number}` }) },
 * } satisfies WorkerModule
 * ```
 */
export interface WorkerModule<Data = unknown> {
  /**
   * Options of the node, such as what cannot be copied between threads: classes for `remoteSpawn`, `codecs`,
   * a `logger`, an `overlay`. What `startWorkers` gives beats them.
   */
  readonly node?: WorkerNodeOptions | ((self: WorkerSelf<Data>) => WorkerNodeOptions)
  /** Runs when the node has joined the others; `startWorkers` waits for it. What it throws ends the worker. */
  start?(node: Node, self: WorkerSelf<Data>): void | Promise<void>
}
