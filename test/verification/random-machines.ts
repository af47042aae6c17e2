import { seededRandom } from '../../src/base/random.js'
import { Actor, type ActorRef, actor } from '../../src/index.js'
import { check, type Scenario } from '../../src/simulation/index.js'

const STATES = 3
const KINDS = 3
/** A message leads to no more than so many others, one after the other. */
const HOPS = 3

interface Args {
  readonly seed: string
  readonly nodes: readonly string[]
}

/** An actor that goes by a table: by its state and what came, its next state and what it sends. */
@actor('test/pruning/machine')
class Machine extends Actor<Args> {
  #state = 0

  override onStart(): void {
    const draw = seededRandom(`${this.args.seed}/${this.node.name}/timer`)
    this.after(1_000 * (1 + draw.int(3)), () => this.selfAs(Machine).tell.take(KINDS, HOPS - 1))
  }

  take(kind: number, hops: number): void {
    const { seed, nodes } = this.args
    const draw = seededRandom(`${seed}/${this.node.name}/${this.#state}/${kind}`)
    this.#state = draw.int(STATES)
    if (hops === 0) return
    for (let left = draw.int(3); left > 0; left--) {
      const on = nodes[draw.int(nodes.length)] as string
      this.#machine(on).tell.take(draw.int(KINDS), hops - 1)
    }
  }

  state(): number {
    return this.#state
  }

  #machine(on: string): ActorRef<Machine> {
    return this.node.lookup(Machine, 'machine', { on })
  }
}

/** A protocol that means nothing: machines whose tables a seed has drawn, and some ends that are not to be. */
export function randomMachines(seed: number | string, nodes = 3): Scenario {
  const wrong = seededRandom(`${seed}/wrong`).int(STATES ** nodes)
  return {
    name: `machines ${seed}`,
    level: 'messages',
    nodes,
    start: (node, context) =>
      void node.spawn(Machine, { seed: String(seed), nodes: context.nodes }, { name: 'machine' }),
    operations: {
      take: (node) => node.lookup(Machine, 'machine', { on: node.name }).tell.take(0, HOPS),
      state: (node) => node.lookup(Machine, 'machine', { on: node.name }).ask.state(),
    },
    async workload(w) {
      await w.call('take')
      await w.callOn(w.nodes[1] as string, 'take')
      await w.sleep(5_000)
      // One node is not asked: what comes to it last is seen by nobody.
      for (const node of w.nodes.slice(1)) await w.callOn(node, 'state')
    },
    limits: { settleMs: 0 },
    checks: [
      check.history('ends well', (history) => {
        const states = history.filter(({ name }) => name === 'state').map(({ value }) => value)
        const end = states.reduce((sum: number, state) => sum * STATES + Number(state), 0)
        return end % 7 !== wrong % 7 || `it ended with ${states.join(' ')}`
      }),
    ],
  }
}
