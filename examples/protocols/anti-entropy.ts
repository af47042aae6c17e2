/**
 * Anti-entropy (Demers et al.), as actors: every two seconds a node sends what it has to another one, which answers
 * with what the first lacks. What was lost is repaired by a later exchange. What is deleted leaves a death
 * certificate; its known flaw without one: an old copy brings it back.
 */
import { Actor, type ActorRef, actor } from 'troupe'
import { check, type Scenario } from 'troupe/simulation'

const EXCHANGE_MS = 2_000
const AFTERWARDS_MS = 60_000

export interface AntiEntropyOptions {
  /** What is deleted leaves a certificate. Default true. */
  readonly certificates?: boolean
  /**
   * A mistake to be found. `arrival`: what comes last wins, whatever its version. `first`: what is there is kept.
   * `same version`: a certificate has the version of what it deletes. `neighbour`: the same partner always, and
   * nobody answers.
   */
  readonly bug?: 'arrival' | 'first' | 'same version' | 'neighbour'
}

interface Args extends AntiEntropyOptions {
  readonly nodes: readonly string[]
}

interface Entry {
  readonly version: number
  /** Null: it was deleted. */
  readonly value: string | null
}

type Entries = Readonly<Record<string, Entry>>

@actor('protocols/anti-entropy/store')
class Store extends Actor<Args> {
  readonly #entries = new Map<string, Entry>()
  #rounds = 0

  override onStart(): void {
    this.every(EXCHANGE_MS, () => this.selfAs(Store).tell.exchange())
  }

  put(key: string, value: string): void {
    this.#entries.set(key, { version: this.#next(key), value })
  }

  remove(key: string): void {
    const { certificates, bug } = this.args
    const version = this.#next(key) - (bug === 'same version' ? 1 : 0)
    if (certificates === false) this.#entries.delete(key)
    else this.#entries.set(key, { version, value: null })
  }

  /** With one node after the other. */
  exchange(): void {
    const { nodes, bug } = this.args
    const at = nodes.indexOf(this.node.name)
    const step = bug === 'neighbour' ? 0 : this.#rounds++ % (nodes.length - 1)
    const on = nodes[(at + 1 + step) % nodes.length] as string
    if (bug === 'neighbour' && at === nodes.length - 1) return
    this.#store(on).tell.push(this.#all(), this.node.name)
  }

  push(entries: Entries, from: string): void {
    this.#merge(entries)
    if (this.args.bug !== 'neighbour') this.#store(from).tell.pull(this.#all())
  }

  pull(entries: Entries): void {
    this.#merge(entries)
  }

  /** The living values, by key. */
  dump(): Readonly<Record<string, string>> {
    const living = [...this.#entries].filter(([, { value }]) => value !== null)
    return Object.fromEntries(living.map(([key, { value }]) => [key, String(value)]).sort())
  }

  #merge(entries: Entries): void {
    const { bug } = this.args
    for (const [key, entry] of Object.entries(entries)) {
      const mine = this.#entries.get(key)
      const newer = mine === undefined || entry.version > mine.version
      if (bug === 'arrival' || (newer && !(bug === 'first' && mine !== undefined))) {
        this.#entries.set(key, entry)
      }
    }
  }

  #next(key: string): number {
    return (this.#entries.get(key)?.version ?? 0) + 1
  }

  #all(): Entries {
    return Object.fromEntries(this.#entries)
  }

  #store(on: string): ActorRef<Store> {
    return this.node.lookup(Store, 'store', { on })
  }
}

/** One node writes, changes and deletes; another writes something else. */
export const antiEntropy = (nodes = 3, options: AntiEntropyOptions = {}): Scenario => ({
  name: 'anti-entropy',
  level: 'messages',
  nodes,
  start: (node, context) =>
    void node.spawn(Store, { ...options, nodes: context.nodes }, { name: 'store' }),
  operations: {
    put: (node, key: string, value: string) =>
      node.lookup(Store, 'store', { on: node.name }).ask.put(key, value),
    remove: (node, key: string) => node.lookup(Store, 'store', { on: node.name }).ask.remove(key),
    dump: (node) => node.lookup(Store, 'store', { on: node.name }).ask.dump(),
  },
  async workload(w) {
    await w.callOn('n1', 'put', 'a', 'old')
    await w.callOn('n1', 'put', 'b', 'x')
    await w.callOn('n2', 'put', 'c', 'y')
    await w.sleep(5_000 + w.int(4) * 1_000)
    await w.callOn('n1', 'put', 'a', 'new')
    await w.callOn('n1', 'remove', 'b')
    await w.sleep(AFTERWARDS_MS)
    for (const node of w.nodes) await w.callOn(node, 'dump')
  },
  limits: { settleMs: 0 },
  checks: [
    check.history('all have the newest', (history) => {
      const dumps = history.filter(({ name }) => name === 'dump')
      const wrong = dumps.find(({ value }) => JSON.stringify(value) !== '{"a":"new","c":"y"}')
      return wrong === undefined || `${wrong.node} has ${JSON.stringify(wrong.value)}`
    }),
  ],
})

export default antiEntropy()
