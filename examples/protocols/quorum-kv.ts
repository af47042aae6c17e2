/** A key-value store whose clients read and write quorums of its nodes. Its known flaw: quorums that need not meet. */
import { Actor, actor, type Node } from 'troupe'
import type { Scenario } from 'troupe/simulation'
import { linearizable, register } from 'troupe/verification'
import { quorum } from './quorum-register.js'

const ASK_MS = 1_000
const KEYS = ['x', 'y']

export interface QuorumKvOptions {
  /** Nodes that a read hears. Default: a majority. */
  readonly r?: number
  /** Nodes that a write reaches. Default: a majority. */
  readonly w?: number
  /** Each key is written on one node, which then knows its newest version. */
  readonly oneWriter?: boolean
}

interface Version {
  readonly count: number
  readonly writer: string
  readonly value: number | null
}

const isOlder = (a: Version, b: Version): boolean =>
  a.count < b.count || (a.count === b.count && a.writer < b.writer)

@actor('protocols/quorum-kv/store')
class Store extends Actor {
  readonly #held = new Map<string, Version>()

  get(key: string): Version {
    return this.#held.get(key) ?? { count: 0, writer: '', value: null }
  }

  put(key: string, version: Version): void {
    if (isOlder(this.get(key), version)) this.#held.set(key, version)
  }
}

const storeOn = (node: Node, on: string) =>
  node.lookup(Store, 'store', { on }).with({ timeoutMs: ASK_MS })

/** What a client does on its node. */
class Access {
  readonly #node: Node
  readonly #options: QuorumKvOptions

  constructor(node: Node, options: QuorumKvOptions) {
    this.#node = node
    this.#options = options
  }

  async write(key: string, value: number): Promise<void> {
    const { name } = this.#node
    const { oneWriter = false } = this.#options
    const { count } = oneWriter
      ? await storeOn(this.#node, name).ask.get(key)
      : await this.#newest(key)
    await this.#put(key, { count: count + 1, writer: name, value })
  }

  async read(key: string): Promise<number | null> {
    const newest = await this.#newest(key)
    await this.#put(key, newest)
    return newest.value
  }

  /** Of equal versions that which came last. */
  async #newest(key: string): Promise<Version> {
    const versions = await quorum(this.#nodes, this.#options.r, (on) =>
      storeOn(this.#node, on).ask.get(key),
    )
    return versions.reduce((a, b) => (isOlder(b, a) ? a : b))
  }

  async #put(key: string, version: Version): Promise<void> {
    await quorum(this.#nodes, this.#options.w, (on) =>
      storeOn(this.#node, on).ask.put(key, version),
    )
  }

  get #nodes(): readonly string[] {
    return this.#node
      .members()
      .map(({ name }) => name)
      .sort()
  }
}

/** A client on each node writes and reads. */
export const quorumKv = (nodes = 3, options: QuorumKvOptions = {}): Scenario => ({
  name: 'quorum-kv',
  level: 'messages',
  nodes,
  start: (node) => void node.spawn(Store, undefined, { name: 'store' }),
  operations: {
    write: (node, key: string, value: number) => new Access(node, options).write(key, value),
    read: (node, key: string) => new Access(node, options).read(key),
  },
  workload: (w) =>
    w.parallel(w.nodes.length, async (client, at) => {
      for (let i = 1; i <= 10; i++) {
        const key = client.pick(KEYS)
        await (client.flip() ? client.call('write', key, at * 10 + i) : client.call('read', key))
      }
    }),
  limits: { settleMs: 0 },
  checks: [linearizable(register())],
})

export default quorumKv()
