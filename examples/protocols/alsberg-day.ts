/**
 * Primary and backups (Alsberg, Day), as actors: the first node takes writes, has every backup store them, and
 * answers when all have. Three variants: `plain` sends once, so a loss leaves a write without an answer; `retry`
 * sends until it is acknowledged, but waits for ever for a backup that has crashed; `membership` drops a node that is
 * not heard of. Its known flaw: whoever is cut off is not dead, and then there are two primaries.
 */
import { Actor, type ActorRef, actor, Refusal, type Reply } from 'troupe'
import { check, type Scenario } from 'troupe/simulation'

const AGAIN_MS = 1_000
const HEARTBEAT_MS = 500
/** More than two of them are missing. */
const SILENCE_MS = 1_250
const PATIENCE_MS = 10_000

export interface AlsbergDayOptions {
  /** Default `membership`. */
  readonly variant?: 'plain' | 'retry' | 'membership'
  /**
   * A mistake to be found. `early`: answers when it has sent. `first`: answers at the first acknowledgement. `count`:
   * counts acknowledgements, not who sent them. `waits`: still waits for a backup that was dropped.
   */
  readonly bug?: 'early' | 'first' | 'count' | 'waits'
}

interface Args extends AlsbergDayOptions {
  readonly nodes: readonly string[]
}

interface Outstanding {
  readonly missing: Set<string>
  readonly writer: Reply<string>
}

@actor('protocols/alsberg-day/server')
class Server extends Actor<Args> {
  readonly #values = new Set<number>()
  readonly #outstanding = new Map<number, Outstanding>()
  #members: readonly string[] = []
  /** Heartbeat rounds since each was heard of. */
  readonly #silent = new Map<string, number>()

  override onStart(): void {
    this.#members = this.args.nodes
    if (this.#variant === 'membership') {
      this.every(HEARTBEAT_MS, () => this.selfAs(Server).tell.beat())
    }
    if (this.#variant !== 'plain') this.every(AGAIN_MS, () => this.selfAs(Server).tell.again())
  }

  /** At the primary; answers once every backup holds it. */
  write(value: number): Reply<string> {
    if (this.#members[0] !== this.node.name) throw new Refusal('NOT_PRIMARY')
    const writer = this.deferReply<string>()
    this.#values.add(value)
    const missing = new Set(this.#others)
    this.#outstanding.set(value, { missing, writer })
    for (const on of missing) this.#server(on).tell.collaborate(value, this.node.name)
    if (this.args.bug === 'early') writer.resolve('ok')
    this.#look(value)
    return writer
  }

  collaborate(value: number, primary: string): void {
    this.#values.add(value)
    this.#server(primary).tell.collaborated(value, this.node.name)
  }

  collaborated(value: number, by: string): void {
    const missing = this.#outstanding.get(value)?.missing
    if (missing === undefined) return
    const { bug } = this.args
    if (bug === 'first') missing.clear()
    else if (bug === 'count') missing.delete([...missing][0] ?? by)
    else missing.delete(by)
    this.#look(value)
  }

  again(): void {
    for (const [value, { missing }] of this.#outstanding) {
      for (const on of missing) this.#server(on).tell.collaborate(value, this.node.name)
    }
  }

  beat(): void {
    for (const on of this.#others) {
      const rounds = (this.#silent.get(on) ?? 0) + 1
      this.#silent.set(on, rounds)
      if (rounds * HEARTBEAT_MS > SILENCE_MS) this.#drop(on)
      else this.#server(on).tell.alive(this.node.name)
    }
  }

  alive(from: string): void {
    this.#silent.set(from, 0)
  }

  values(): readonly number[] {
    return [...this.#values].sort()
  }

  #drop(node: string): void {
    this.#members = this.#members.filter((on) => on !== node)
    for (const [value, { missing }] of this.#outstanding) {
      if (this.args.bug !== 'waits') missing.delete(node)
      this.#look(value)
    }
  }

  #look(value: number): void {
    const { missing, writer } = this.#outstanding.get(value) as Outstanding
    if (missing.size > 0) return
    this.#outstanding.delete(value)
    if (this.args.bug !== 'early') writer.resolve('ok')
  }

  get #others(): readonly string[] {
    return this.#members.filter((on) => on !== this.node.name)
  }

  get #variant(): 'plain' | 'retry' | 'membership' {
    return this.args.variant ?? 'membership'
  }

  #server(on: string): ActorRef<Server> {
    return this.node.lookup(Server, 'server', { on })
  }
}

/** Every node is asked to write, again and again; who is no primary refuses. */
export const alsbergDay = (nodes = 3, options: AlsbergDayOptions = {}): Scenario => ({
  name: 'alsberg-day',
  level: 'messages',
  nodes,
  start: (node, context) =>
    void node.spawn(Server, { ...options, nodes: context.nodes }, { name: 'server' }),
  operations: {
    write: (node, value: number) =>
      node
        .lookup(Server, 'server', { on: node.name })
        .with({ timeoutMs: 2 * PATIENCE_MS })
        .ask.write(value),
    values: (node) => node.lookup(Server, 'server', { on: node.name }).ask.values(),
  },
  callTimeoutMs: PATIENCE_MS,
  async workload(w) {
    await w.parallel(w.nodes.length, async (client, at) => {
      for (let i = 0; i < 3; i++) {
        await client.call('write', at * 10 + i)
        await client.sleep(1_500)
      }
    })
    await w.sleep(5_000)
    for (const node of w.nodes) await w.callOn(node, 'values')
  },
  limits: { settleMs: 0 },
  checks: [
    check.history('what was acknowledged is everywhere', (history) => {
      const written = history.filter(({ name, status }) => name === 'write' && status === 'ok')
      const held = history.filter(({ name, status }) => name === 'values' && status === 'ok')
      for (const { node, value } of held) {
        const lost = written.find(({ args }) => !(value as number[]).includes(args[0] as number))
        if (lost !== undefined) return `${node} lacks ${lost.args[0]}`
      }
      return true
    }),
    check.history('every write is answered', (history) => {
      const open = history.find(({ name, code }) => name === 'write' && code === 'TIMEOUT')
      return open === undefined || `${open.args[0]} on ${open.node} has no answer`
    }),
  ],
})

export default alsbergDay()
