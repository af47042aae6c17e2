import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { hidden, reentrant } from '../../src/actor/decorators.js'
import { NORMAL, SHUTDOWN } from '../../src/actor/exit-reason.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import { type Random, seededRandom } from '../../src/base/random.js'
import { Refusal } from '../../src/base/refusal.js'
import { type ChildSpec, child, template } from '../../src/supervision/child-spec.js'
import {
  dynamic,
  oneForAll,
  oneForOne,
  restForOne,
  type Strategy,
} from '../../src/supervision/strategies.js'
import { Supervisor } from '../../src/supervision/supervisor.js'
import { seeds } from '../seeds.js'
import { SupervisedNode } from './supervised-node.js'

const SEEDS = seeds(300).map(Number)
const RESTARTS = ['permanent', 'permanent', 'transient', 'temporary'] as const
const DEADLINES = [0, 3, 10, 20, 5_000]

/** What the actors of one run share. */
class Chaos {
  readonly node = new SupervisedNode()
  readonly random: Random
  /** Every actor that ever started, the dead too. */
  readonly refs: AnyRef[] = []
  /** Off, nothing fails by chance any more. */
  on = true
  ids = 0

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  chance(p: number): boolean {
    return this.random.float() < p
  }

  pick<T>(all: readonly T[]): T {
    return all[this.random.int(all.length)] as T
  }

  fails(p: number): void {
    if (this.on && this.chance(p)) throw new Error('by chance')
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.node.clock.after(ms, resolve))
  }

  spec(depth: number): ChildSpec {
    const restart = this.pick(RESTARTS)
    const id = `c${this.ids++}`
    if (depth > 0 && this.chance(0.4)) {
      return child(id, Branch, { args: this.plan(depth - 1), restart })
    }
    return child(id, Leaf, { args: this, name: id, restart, shutdownMs: this.pick(DEADLINES) })
  }

  plan(depth: number): BranchPlan {
    const make = this.pick([oneForOne, oneForAll, restForOne, dynamic])
    const strategy = make({ maxRestarts: this.pick([3, 50, 1_000]), withinMs: 100 })
    const restart = this.pick(RESTARTS)
    const children =
      strategy.type === 'dynamic'
        ? [template(`t${this.ids++}`, Leaf, { args: this, restart })]
        : Array.from({ length: 1 + this.random.int(4) }, () => this.spec(depth))
    return { chaos: this, strategy, children }
  }
}

interface BranchPlan {
  readonly chaos: Chaos
  readonly strategy: Strategy
  readonly children: readonly ChildSpec[]
}

class Branch extends Supervisor<BranchPlan> {
  override readonly strategy = this.args.strategy
  @hidden
  override children(): readonly ChildSpec[] {
    return this.args.children
  }
  override async onStart(): Promise<void> {
    this.args.chaos.refs.push(this.self)
    await super.onStart()
  }
  crash(): void {
    throw new Error('the supervisor itself')
  }
}

class Leaf extends Actor<Chaos> {
  override async onStart(): Promise<void> {
    const chaos = this.args
    chaos.refs.push(this.self)
    this.trapExits = chaos.chance(0.3)
    if (chaos.chance(0.2)) this.every(7, () => chaos.fails(0.1))
    if (chaos.chance(0.2)) this.after(5, () => chaos.sleep(3).then(() => chaos.fails(0.3)))
    if (chaos.chance(0.2)) await chaos.sleep(3)
    chaos.fails(0.08)
    if (chaos.chance(0.4)) this.watch(chaos.pick(chaos.refs))
    if (chaos.chance(0.05)) this.link(chaos.pick(chaos.refs))
  }
  override async onStop(): Promise<void> {
    if (this.args.chance(0.2)) await this.args.sleep(4)
    this.args.fails(0.1)
    if (this.args.on && this.args.chance(0.02)) await new Promise(() => {})
  }
  override async onDown(): Promise<void> {
    this.args.fails(0.1)
    if (this.args.chance(0.2)) await this.args.sleep(2)
  }
  override onExit(): void {
    this.args.fails(0.1)
  }
  crash(): void {
    throw new Error('crash')
  }
  async crashLater(): Promise<void> {
    await this.args.sleep(3)
    throw new Error('crash')
  }
  hang(): Promise<void> {
    return new Promise(() => {})
  }
  quit(): void {
    void this.stop(this.self, this.args.pick([NORMAL, SHUTDOWN]))
  }
  put(): void {
    this.stash()
  }
  back(): void {
    this.unstashAll()
  }
  owe(): unknown {
    return this.deferReply()
  }
  refuse(): void {
    throw new Refusal('NO')
  }
  end(): void {
    void this.stop(this.args.pick(this.args.refs), NORMAL, this.args.pick([0, 5, 50]))
  }
  @reentrant
  async pass(): Promise<void> {
    await this.args.sleep(3)
    this.args.fails(0.1)
  }
}

const MESSAGES = [
  ...(['crash', 'crashLater', 'hang', 'quit', 'put', 'back', 'owe', 'refuse', 'end'] as const),
  ...(['pass', 'pass'] as const),
]

/** Asks whose promises have not settled. */
class Open {
  readonly asks = new Set<Promise<unknown>>()

  add(ask: Promise<unknown>): void {
    this.asks.add(ask)
    const settled = () => void this.asks.delete(ask)
    ask.then(settled, settled)
  }
}

function meddle(chaos: Chaos, open: Open): void {
  const { node } = chaos
  const target = chaos.pick(chaos.refs)
  if (chaos.chance(0.05)) node.system.cellOf(chaos.pick(chaos.refs))?.kill()
  const { ask } = target.with({ timeoutMs: 50 })
  if (target.type === 'Leaf') {
    open.add((ask as unknown as ActorRef<Leaf>['ask'])[chaos.pick(MESSAGES)]())
    return
  }
  const sup = ask as unknown as ActorRef<Branch>['ask']
  const id = `c${chaos.random.int(chaos.ids)}`
  switch (chaos.random.int(8)) {
    case 0:
      open.add(sup.startChild(chaos.chance(0.5) ? chaos.spec(0) : chaos))
      return
    case 1:
    case 2:
      open.add(sup.terminateChild(chaos.chance(0.5) ? id : chaos.pick(chaos.refs)))
      return
    case 3:
      open.add(sup.restartChild(id))
      return
    case 4:
      open.add(sup.deleteChild(id))
      return
    case 5:
      open.add(sup.whichChildren())
      return
    case 6:
      if (chaos.chance(0.2)) open.add(sup.crash())
      return
    default:
      if (chaos.chance(0.1)) void node.system.stop(target, SHUTDOWN, chaos.pick([0, 5, 50]))
  }
}

/** Every actor runs, and each supervisor's table says so. */
async function checkTables({ node }: Chaos): Promise<void> {
  let owned = 0
  let free = 0
  for (const cell of node.system.cells()) {
    assert.equal(cell.state, 'running', `${cell.ref}`)
    if (cell.guardian === undefined) free++
    if (cell.definition.type !== 'Branch') continue
    const table = await (cell.ref as unknown as ActorRef<Branch>).ask.whichChildren()
    for (const { id, status, ref } of table) {
      const actor = ref && node.system.cellOf(ref)
      assert.include(['running', 'stopped'], status, id)
      assert.equal(actor?.state, status === 'running' ? 'running' : undefined, `${id} ${status}`)
      if (actor) owned++
    }
  }
  assert.equal(node.system.size, free + owned, 'no actor without its supervisor')
}

async function checkNothingLeft({ node }: Chaos): Promise<void> {
  const roots = [...node.system.cells()].filter((cell) => cell.guardian === undefined)
  const stopped = Promise.all(roots.map((cell) => cell.stop(SHUTDOWN, 5_000)))
  await node.advance(7_000)
  await stopped
  assert.equal(node.system.size, 0)
  assert.isEmpty([...node.system.names()])
  assert.deepEqual(node.supervision.counts, { watches: 0, links: 0 })
  const { spawned, ended } = node.system.counters
  assert.equal(spawned, ended)
  await node.advance(6_000)
  assert.equal(node.clock.pending, 0, 'timers')
}

async function run(seed: number): Promise<void> {
  const chaos = new Chaos(seed)
  const { node } = chaos
  const open = new Open()
  node.spawn(Leaf, chaos)
  await node.up(Branch, chaos.plan(2))
  for (let step = 0; step < 80; step++) {
    meddle(chaos, open)
    if (chaos.chance(0.3)) await node.advance(chaos.pick([0, 1, 3, 10]))
  }
  chaos.on = false
  await node.advance(6_000)
  for (const cell of [...node.system.cells()]) if (cell.context?.working) cell.kill()
  await node.advance(6_000)
  assert.equal(open.asks.size, 0, 'every ask settles')
  await checkTables(chaos)
  await checkNothingLeft(chaos)
}

describe('a tree in which everything fails, at random', () => {
  it('settles: tables tell the truth, and nothing is left when it stops', async function () {
    this.timeout(SEEDS.length * 100 + 5_000)
    for (const seed of SEEDS) {
      await run(seed).catch((error: unknown) => {
        const replay = `SEED=${seed} npx mocha test/supervision/chaos.test.ts`
        throw new Error(`seed ${seed}: ${error}\nreplay: ${replay}`, { cause: error })
      })
    }
  })
})
