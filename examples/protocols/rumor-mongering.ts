/**
 * Rumor mongering (Demers et al.), as actors: who hears something new tells some others, until it has met `lose`
 * of them who knew. Its known flaw: a rumor can die out before all have heard it. Anti-entropy behind it, at
 * leisure, brings it to the rest.
 */
import { Actor, type ActorRef, actor } from 'troupe'
import { check, type Scenario } from 'troupe/simulation'

const SPREAD_MS = 200
const BACKUP_MS = 3_000
const AFTERWARDS_MS = 60_000

export interface RumorMongeringOptions {
  /** After so many who knew it a node loses interest. Default 1. */
  readonly lose?: number
  /** Anti-entropy behind it. Default true. */
  readonly backup?: boolean
  /**
   * A mistake to be found. `twice`: what a rumor brings again is delivered again. `stopped backup`: the backup ends with
   * the rumor. `deaf`: who has lost interest in one rumor takes no other. `unread`: what the backup sends is
   * answered, but never read.
   */
  readonly bug?: 'twice' | 'stopped backup' | 'deaf' | 'unread'
}

interface Args extends RumorMongeringOptions {
  readonly nodes: readonly string[]
}

@actor('protocols/rumor-mongering/gossip')
class Gossip extends Actor<Args> {
  readonly #delivered: string[] = []
  /** What it still spreads, with how many knew it already. */
  readonly #hot = new Map<string, number>()
  #lostInterest = false
  #rounds = 0

  override onStart(): void {
    this.every(SPREAD_MS, () => this.selfAs(Gossip).tell.spread())
    if (this.args.backup !== false) {
      this.every(BACKUP_MS, () => this.selfAs(Gossip).tell.exchange())
    }
  }

  start(value: string): void {
    this.#take(value)
  }

  spread(): void {
    for (const value of this.#hot.keys()) {
      this.#peer(this.#partner()).tell.rumor(value, this.node.name)
    }
  }

  rumor(value: string, from: string): void {
    const known = this.#delivered.includes(value)
    if (known && this.args.bug === 'twice') this.#delivered.push(value)
    this.#take(value)
    this.#peer(from).tell.answer(value, known)
  }

  answer(value: string, known: boolean): void {
    const losses = this.#hot.get(value)
    if (!known || losses === undefined) return
    if (losses + 1 < (this.args.lose ?? 1)) this.#hot.set(value, losses + 1)
    else {
      this.#hot.delete(value)
      this.#lostInterest = true
    }
  }

  exchange(): void {
    if (this.args.bug === 'stopped backup' && this.#hot.size === 0) return
    this.#peer(this.#partner()).tell.push(this.#delivered, this.node.name)
  }

  push(values: readonly string[], from: string): void {
    if (this.args.bug !== 'unread') for (const value of values) this.#add(value)
    this.#peer(from).tell.pull(this.#delivered)
  }

  pull(values: readonly string[]): void {
    if (this.args.bug !== 'unread') for (const value of values) this.#add(value)
  }

  delivered(): readonly string[] {
    return this.#delivered
  }

  #take(value: string): void {
    if (this.#add(value)) this.#hot.set(value, 0)
  }

  /** True where it was not there. */
  #add(value: string): boolean {
    const { bug } = this.args
    if (bug === 'deaf' && this.#lostInterest) return false
    const known = this.#delivered.includes(value)
    if (!known) this.#delivered.push(value)
    return !known
  }

  #partner(): string {
    const others = this.args.nodes.filter((on) => on !== this.node.name)
    return others[this.#rounds++ % others.length] as string
  }

  #peer(on: string): ActorRef<Gossip> {
    return this.node.lookup(Gossip, 'gossip', { on })
  }
}

/** A rumor from the first node, then one from the last. */
export const rumorMongering = (nodes = 4, options: RumorMongeringOptions = {}): Scenario => ({
  name: 'rumor-mongering',
  level: 'messages',
  nodes,
  start: (node, context) =>
    void node.spawn(Gossip, { ...options, nodes: context.nodes }, { name: 'gossip' }),
  operations: {
    start: (node, value: string) =>
      node.lookup(Gossip, 'gossip', { on: node.name }).ask.start(value),
    delivered: (node) => node.lookup(Gossip, 'gossip', { on: node.name }).ask.delivered(),
  },
  async workload(w) {
    await w.call('start', 'a')
    await w.sleep(2_000)
    await w.callOn(w.nodes.at(-1) as string, 'start', 'b')
    await w.sleep(AFTERWARDS_MS)
    for (const node of w.nodes) await w.callOn(node, 'delivered')
  },
  limits: { settleMs: 0 },
  checks: [
    check.history('all hear each rumor once', (history) => {
      const heard = history.filter(({ name, status }) => name === 'delivered' && status === 'ok')
      const wrong = heard.find(({ value }) => [...(value as string[])].sort().join() !== 'a,b')
      return wrong === undefined || `${wrong.node} has ${wrong.value}`
    }),
  ],
})

export default rumorMongering()
