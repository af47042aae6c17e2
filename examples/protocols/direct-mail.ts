/**
 * Direct mail (Demers et al.), as actors: who has something new sends it to all. Plain, each message is sent once,
 * and its known flaw is that one loss leaves one out. Acknowledged, it is sent until it has arrived; then only the
 * end of the sender leaves somebody out.
 */
import { Actor, type ActorRef, actor } from 'troupe'
import { check, type Scenario } from 'troupe/simulation'
import { namesFrom } from './agreement.js'

const AGAIN_MS = 1_000
const AFTERWARDS_MS = 30_000

export interface DirectMailOptions {
  /** Sends again until it is acknowledged. Default true. */
  readonly acknowledged?: boolean
  /**
   * A mistake to be found. `first`: one acknowledgement is taken for all. `once`: sends again a single time.
   * `twice`: what comes again is delivered again. `all at once`: an acknowledgement counts for all that was sent to that node.
   */
  readonly bug?: 'first' | 'once' | 'twice' | 'all at once'
}

interface Args extends DirectMailOptions {
  readonly nodes: readonly string[]
}

@actor('protocols/direct-mail/box')
class Box extends Actor<Args> {
  /** What was delivered, in order. */
  readonly #delivered: string[] = []
  /** Who has not acknowledged a value yet. */
  readonly #missing = new Map<string, Set<string>>()
  #rounds = 0

  post(value: string): void {
    this.#delivered.push(value)
    this.#missing.set(value, new Set(this.args.nodes.filter((on) => on !== this.node.name)))
    this.#send(value)
  }

  mail(value: string, from: string): void {
    const known = this.#delivered.includes(value)
    if (!known || this.args.bug === 'twice') this.#delivered.push(value)
    if (this.#repeats) this.#box(from).tell.arrived(value, this.node.name)
  }

  arrived(value: string, by: string): void {
    const { bug } = this.args
    if (bug === 'first') this.#missing.delete(value)
    else if (bug === 'all at once') for (const left of this.#missing.values()) left.delete(by)
    else this.#missing.get(value)?.delete(by)
  }

  again(value: string): void {
    this.#rounds++
    if (this.args.bug !== 'once' || this.#rounds <= 2) this.#send(value)
  }

  delivered(): readonly string[] {
    return this.#delivered
  }

  #send(value: string): void {
    const left = this.#missing.get(value)
    if (left === undefined || left.size === 0) return
    for (const on of left) this.#box(on).tell.mail(value, this.node.name)
    if (this.#repeats) this.after(AGAIN_MS, () => this.selfAs(Box).tell.again(value))
  }

  get #repeats(): boolean {
    return this.args.acknowledged !== false
  }

  #box(on: string): ActorRef<Box> {
    return this.node.lookup(Box, 'box', { on })
  }
}

/** Two values from the first node, to all. */
export const directMail = (nodes = 4, options: DirectMailOptions = {}): Scenario => ({
  name: 'direct-mail',
  level: 'messages',
  nodes,
  interchangeable: [namesFrom(2, nodes)],
  start: (node, context) =>
    void node.spawn(Box, { ...options, nodes: context.nodes }, { name: 'box' }),
  operations: {
    post: (node, value: string) => node.lookup(Box, 'box', { on: node.name }).ask.post(value),
    delivered: (node) => node.lookup(Box, 'box', { on: node.name }).ask.delivered(),
  },
  async workload(w) {
    await w.call('post', 'a')
    await w.call('post', 'b')
    await w.sleep(AFTERWARDS_MS)
    for (const node of w.nodes) await w.callOn(node, 'delivered')
  },
  limits: { settleMs: 0 },
  checks: [
    check.history('all get each value once', (history) => {
      const boxes = history.filter(({ name, status }) => name === 'delivered' && status === 'ok')
      const wrong = boxes.find(({ value }) => [...(value as string[])].sort().join() !== 'a,b')
      return wrong === undefined || `${wrong.node} has ${wrong.value}`
    }),
  ],
})

export default directMail()
