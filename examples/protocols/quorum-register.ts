/**
 * A register over replicas that are read and written by quorums (Attiya, Bar-Noy, Dolev), as actors: a write asks a
 * quorum for the newest version and has a quorum store a newer one, a read has a quorum store what it has read. Its
 * known flaw: quorums that need not meet.
 */
import { Actor, type ActorRef, actor, reentrant } from 'troupe'
import type { Scenario } from 'troupe/simulation'
import { linearizable, register } from 'troupe/verification'

const ASK_MS = 1_000

export interface QuorumRegisterOptions {
  /** Replicas that a read hears. Default: a majority. */
  readonly r?: number
  /** Replicas that a write reaches. Default: a majority. */
  readonly w?: number
  /**
   * A mistake to be found. `no write-back`: a read tells nobody. `own clock`: a write asks nobody for the newest
   * version. `last`: a read takes the answer that came last. `overwrite`: a replica keeps what comes last. `ties`:
   * versions of two writers can be the same.
   */
  readonly bug?: 'no write-back' | 'own clock' | 'last' | 'overwrite' | 'ties'
}

interface Args extends QuorumRegisterOptions {
  readonly nodes: readonly string[]
}

interface Version {
  readonly count: number
  readonly writer: string
  readonly value: number | null
}

const newer = (a: Version, b: Version): boolean =>
  a.count > b.count || (a.count === b.count && a.writer > b.writer)

@actor('protocols/quorum-register/replica')
class Replica extends Actor<Args> {
  #held: Version = { count: 0, writer: '', value: null }
  #clock = 0

  held(): Version {
    return this.#held
  }

  store(version: Version): void {
    if (this.args.bug === 'overwrite' || newer(version, this.#held)) this.#held = version
  }

  @reentrant
  async write(value: number): Promise<void> {
    const { bug } = this.args
    const { count } = bug === 'own clock' ? { count: this.#clock++ } : await this.#newest()
    const writer = bug === 'ties' ? '' : this.node.name
    await this.#store({ count: count + 1, writer, value })
  }

  @reentrant
  async read(): Promise<number | null> {
    const newest = await this.#newest()
    if (this.args.bug !== 'no write-back') await this.#store(newest)
    return newest.value
  }

  async #newest(): Promise<Version> {
    const versions = await this.#quorum(this.args.r, (replica) => replica.ask.held())
    if (this.args.bug === 'last') return versions.at(-1) as Version
    return versions.reduce((a, b) => (newer(b, a) ? b : a))
  }

  async #store(version: Version): Promise<void> {
    await this.#quorum(this.args.w, (replica) => replica.ask.store(version))
  }

  #quorum<T>(
    size: number | undefined,
    ask: (replica: ActorRef<Replica>) => Promise<T>,
  ): Promise<T[]> {
    const { nodes } = this.args
    return quorum(nodes, size, (on) =>
      ask(this.node.lookup(Replica, 'replica', { on }).with({ timeoutMs: ASK_MS })),
    )
  }
}

/** The first answers, as many as it takes: a majority by default. @throws the last failure where too many have none */
export function quorum<T>(
  nodes: readonly string[],
  size = Math.floor(nodes.length / 2) + 1,
  ask: (node: string) => Promise<T>,
): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const answers: T[] = []
    let failed = 0
    for (const node of nodes) {
      ask(node).then(
        (answer) => {
          answers.push(answer)
          if (answers.length === size) resolve([...answers])
        },
        (error: unknown) => {
          if (++failed > nodes.length - size) reject(error)
        },
      )
    }
  })
}

/** Three clients write and read. */
export const quorumRegister = (nodes = 3, options: QuorumRegisterOptions = {}): Scenario => ({
  name: 'quorum-register',
  level: 'messages',
  nodes,
  start: (node, context) =>
    void node.spawn(Replica, { ...options, nodes: context.nodes }, { name: 'replica' }),
  operations: {
    write: (node, value: number) =>
      node.lookup(Replica, 'replica', { on: node.name }).ask.write(value),
    read: (node) => node.lookup(Replica, 'replica', { on: node.name }).ask.read(),
  },
  workload: (w) =>
    w.parallel(3, async (client, at) => {
      for (let i = 0; i < 4; i++) {
        await (client.flip() ? client.call('write', at * 10 + i) : client.call('read'))
      }
    }),
  limits: { settleMs: 0 },
  checks: [linearizable(register())],
})

export default quorumRegister()
