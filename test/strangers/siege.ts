import { assert } from 'chai'
import {
  type Logger,
  lan,
  type Node,
  type NodeOptions,
  type NodeStats,
  silentLogger,
  startNode,
} from '../../src/index.js'
import { Copy, Ledger } from '../processes/actors.js'
import { about, COOKIE } from '../processes/local-nodes.js'
import { record, type Told } from '../processes/node-host.js'
import { until } from '../processes/until.js'
import { Intruder } from './intruder.js'

/** A node with an actor in it, a friend that is a member as well, and intruders. */
export class Siege {
  readonly node: Node
  readonly friend: Node
  /** What the node told since the siege began. */
  readonly told: readonly Told[]
  /** What its logger was told as warnings. */
  readonly warnings: readonly string[]
  readonly #friendTold: readonly Told[]
  readonly #intruders: Intruder[] = []
  #entered = 0

  private constructor(node: Node, friend: Node, warnings: readonly string[]) {
    this.warnings = warnings
    this.node = node
    this.friend = friend
    this.told = record(node)
    this.#friendTold = record(friend)
  }

  static async begin(options: Partial<NodeOptions> = {}): Promise<Siege> {
    const warnings: string[] = []
    const logger: Logger = {
      ...silentLogger,
      warn: (_fields, message) => warnings.push(String(message)),
      error: (_fields, message) => warnings.push(`error: ${message}`),
    }
    const common = { cookie: COOKIE, timing: lan() }
    const node = await startNode({
      ...common,
      name: 'node',
      remoteSpawn: [Copy],
      logger,
      ...options,
    })
    const friend = await startNode({ ...common, name: 'friend', logger: silentLogger })
    await friend.join(node.address)
    await until('the node reaches its friend', () => node.isUp('friend'))
    node.spawn(Ledger, undefined, { name: 'ledger' })
    return new Siege(node, friend, warnings)
  }

  get port(): number {
    return this.node.addresses[0]?.port ?? 0
  }

  get stats(): NodeStats {
    return this.node.stats()
  }

  /** Refused connections and lanes by code. */
  refused(code: string): number {
    return this.stats.transport.refused[code] ?? 0
  }

  /** How often the node told that a peer broke the rules of the overlay, of relaying or of forward. */
  badMessages(from: string): number {
    return about(this.told, 'badMessage', from).length
  }

  async enter(options: { name?: string; join?: boolean } = {}): Promise<Intruder> {
    const name = options.name ?? `intruder-${++this.#entered}`
    const intruder = await Intruder.enter(this.port, COOKIE, { ...options, name })
    this.#intruders.push(intruder)
    if (options.join !== false) await until(`${name} is in`, () => this.node.isUp(name))
    return intruder
  }

  /** Nobody but the intruders took harm: members, the friend's connection, the actor. */
  async check(): Promise<void> {
    const ledger = this.friend.lookup(Ledger, 'ledger', { on: 'node' })
    assert.isArray(await ledger.ask.entries())
    for (const event of ['peerDown', 'nodeDown', 'memberLeft']) {
      assert.isEmpty(about(this.told, event, 'friend'), event)
      assert.isEmpty(about(this.#friendTold, event, 'node'), event)
    }
    const members = this.node.members().map((member) => member.name)
    const expected = members.filter((name) => /^(friend|node|intruder-\d+)$/.test(name))
    assert.deepEqual(members, expected)
    assert.equal(this.stats.actors.crashes, 0)
    assert.isEmpty(this.warnings.filter((warning) => warning.startsWith('error: ')))
  }

  /** The intruders go, and are forgotten. */
  async expel(): Promise<void> {
    for (const intruder of this.#intruders.splice(0)) {
      intruder.close()
      const { name } = intruder.member
      if (!this.node.members().some((member) => member.name === name)) continue
      this.node.leave(name)
    }
    await until('the intruders are out', () => this.node.members().length === 2)
  }

  async end(): Promise<void> {
    for (const intruder of this.#intruders) intruder.close()
    await Promise.all([this.node, this.friend].map((node) => node.stop({ timeoutMs: 200 })))
  }
}
