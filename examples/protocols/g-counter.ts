/**
 * A counter that only grows, as actors: each node counts its own, tells the others all it knows, and merges by the
 * larger number. Whatever is lost, doubled or late, all agree once each has heard from each.
 */
import { Actor, type ActorRef, actor } from 'troupe'
import { check, type Scenario } from 'troupe/simulation'

const GOSSIP_MS = 500
const AFTERWARDS_MS = 30_000

export interface GCounterOptions {
  /**
   * A mistake to be found. `sum`: merges by addition. `shared`: all count in one place. `latest`: what was heard
   * last wins. `told`: sends its sum, not its parts.
   */
  readonly bug?: 'sum' | 'shared' | 'latest' | 'told'
}

interface Args extends GCounterOptions {
  readonly nodes: readonly string[]
}

type Counts = Readonly<Record<string, number>>

@actor('protocols/g-counter/replica')
class Replica extends Actor<Args> {
  #counts: Record<string, number> = {}
  #rounds = 0

  override onStart(): void {
    this.every(GOSSIP_MS, () => this.selfAs(Replica).tell.gossip())
  }

  add(by: number): void {
    const mine = this.args.bug === 'shared' ? 'all' : this.node.name
    this.#counts[mine] = (this.#counts[mine] ?? 0) + by
  }

  /** To one node after the other. */
  gossip(): void {
    const others = this.args.nodes.filter((on) => on !== this.node.name)
    const on = others[this.#rounds++ % others.length] as string
    const { bug } = this.args
    const counts = bug === 'told' ? { [this.node.name]: this.value() } : { ...this.#counts }
    this.#replica(on).tell.merge(counts)
  }

  merge(counts: Counts): void {
    for (const [node, count] of Object.entries(counts)) {
      const mine = this.#counts[node] ?? 0
      this.#counts[node] = this.#merged(mine, count)
    }
  }

  value(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0)
  }

  #merged(mine: number, count: number): number {
    const { bug } = this.args
    if (bug === 'sum') return mine + count
    return bug === 'latest' ? count : Math.max(mine, count)
  }

  #replica(on: string): ActorRef<Replica> {
    return this.node.lookup(Replica, 'replica', { on })
  }
}

export const gCounter = (nodes = 3, options: GCounterOptions = {}): Scenario => ({
  name: 'g-counter',
  level: 'messages',
  nodes,
  start: (node, context) =>
    void node.spawn(Replica, { ...options, nodes: context.nodes }, { name: 'replica' }),
  operations: {
    add: (node, by: number) => node.lookup(Replica, 'replica', { on: node.name }).ask.add(by),
    value: (node) => node.lookup(Replica, 'replica', { on: node.name }).ask.value(),
  },
  async workload(w) {
    await w.parallel(w.nodes.length, async (client) => {
      for (let i = 1; i <= 3; i++) {
        await client.call('add', i)
        await client.sleep(700)
      }
    })
    await w.sleep(AFTERWARDS_MS)
    for (const node of w.nodes) await w.callOn(node, 'value')
  },
  limits: { settleMs: 0 },
  checks: [
    check.history('all count what was added', (history) => {
      const added = history.reduce(
        (sum, { name, args }) => (name === 'add' ? sum + Number(args[0]) : sum),
        0,
      )
      const wrong = history.find(({ name, value }) => name === 'value' && value !== added)
      return wrong === undefined || `${wrong.node} counts ${wrong.value} of ${added}`
    }),
  ],
})

export default gCounter()
