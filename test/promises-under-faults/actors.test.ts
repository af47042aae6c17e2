import { contextOf } from '../../src/actor/actor.js'
import {
  Actor,
  type ActorRef,
  actor,
  child,
  type Node,
  oneForOne,
  Refusal,
  reentrant,
  Supervisor,
} from '../../src/index.js'
import { check, type FaultModel, type Scenario, type View } from '../../src/simulation/index.js'
import { all, isMissed, NAMES, underFaults } from './scenario-suite.js'

const others = (name: string): string[] => NAMES.filter((other) => other !== name)

/** Awaits the answer of a colleague in the middle of its work. */
@actor('under-faults/worker')
class Worker extends Actor {
  running = 0
  most = 0

  async busy(colleague: ActorRef<Worker>): Promise<void> {
    this.most = Math.max(this.most, ++this.running)
    await colleague.ask.answer().catch(() => {})
    this.running--
  }

  @reentrant
  async between(colleague: ActorRef<Worker>): Promise<void> {
    await this.busy(colleague)
  }

  @reentrant
  answer(): string {
    return 'yes'
  }
}

function work(operation: 'busy' | 'between'): Scenario {
  const worker = (node: Node, on: string): ActorRef<Worker> =>
    node.lookup(Worker, 'worker', { on }).with({ timeoutMs: 800 })
  return {
    name: 'work',
    nodes: NAMES,
    options: { askTimeoutMs: 500 },
    start(node) {
      node.spawn(Worker, undefined, { name: 'worker' })
    },
    operations: {
      work: async (node, on: string, colleague: string) => {
        await worker(node, on).ask[operation](worker(node, colleague))
      },
    },
    workload: (w) =>
      w.parallel(6, async (client) => {
        for (let step = 0; step < 15; step++) {
          const on = client.pick(NAMES)
          await client.call('work', on, client.pick(others(on)))
          await client.sleep(client.int(100))
        }
      }),
    faults: all,
    checks: [
      check.always('one at a time', (view) => {
        const bad = view.actors(Worker).find(({ actor }) => actor.most > 1)
        return bad === undefined || `${bad.actor.most} at once on ${bad.node}`
      }),
      check.eventually('nobody works for ever', (view) =>
        view.actors(Worker).every(({ actor }) => actor.running === 0),
      ),
    ],
  }
}

underFaults('One at a time', 'while it awaits, the next message waits', () => work('busy'))

/** What a frail actor did: on which incarnation of a node, in which run of its own. */
interface Deed {
  readonly node: string
  readonly run: number
  readonly what: 'starts' | 'crashes' | 'refuses' | 'writes'
  readonly seq?: number
}

let deeds: Deed[] = []

@actor('under-faults/frail')
class Frail extends Actor<{ readonly node: string }> {
  override onStart(): void {
    this.#note('starts')
  }

  crash(): never {
    this.#note('crashes')
    throw new Error('boom')
  }

  refuse(): never {
    this.#note('refuses')
    throw new Refusal('NO')
  }

  write(seq: number): void {
    this.#note('writes', seq)
  }

  run(): number {
    return contextOf(this).incarnation
  }

  #note(what: Deed['what'], seq = 0): void {
    deeds.push({ node: this.args.node, run: contextOf(this).incarnation, what, seq })
  }
}

/** Its neighbour. */
@actor('under-faults/bystander')
class Bystander extends Actor {
  get run(): number {
    return contextOf(this).incarnation
  }
}

class Nurse extends Supervisor<{ readonly node: string }> {
  override readonly strategy = oneForOne({ maxRestarts: 1_000, withinMs: 1_000 })
  override children() {
    return [
      child('frail', Frail, { name: 'frail', args: this.args }),
      child('bystander', Bystander),
    ]
  }
}

function ward(): Scenario {
  deeds = []
  const written = new Map<string, number>()
  const frail = (node: Node, on: string): ActorRef<Frail> =>
    node.lookup(Frail, 'frail', { on }).with({ timeoutMs: 800 })
  return {
    name: 'ward',
    nodes: NAMES,
    async start(node) {
      await node.spawn(Nurse, { node: `${node.name}/${node.incarnation}` }).ready()
    },
    operations: {
      crash: (node, on: string) => frail(node, on).ask.crash(),
      refuse: (node, on: string) => frail(node, on).ask.refuse(),
      run: (node, on: string) => frail(node, on).ask.run(),
      burst: (node) => {
        const key = `${node.name}/${node.incarnation}`
        const own = frail(node, node.name)
        for (let i = 0; i < 4; i++) {
          const seq = (written.get(key) ?? 0) + 1
          written.set(key, seq)
          own.tell.write(seq)
          if (i === 1) own.tell.crash()
        }
      },
    },
    workload: (w) =>
      w.parallel(NAMES.length, async (client) => {
        for (let step = 0; step < 25; step++) {
          const operation = client.pick(['crash', 'refuse', 'run', 'burst'])
          await client.call(operation, ...(operation === 'burst' ? [] : [client.pick(NAMES)]))
          await client.sleep(client.int(150))
        }
      }),
    faults: all,
    limits: { settleMs: 5_000 },
    checks: [
      check.history('a crash is never an answer, and a refusal always one', (ops) => {
        const odd = ops.find(
          ({ name, status }) =>
            (name === 'crash' && status === 'ok') || (name === 'refuse' && status === 'ok'),
        )
        return odd === undefined || `${odd.name} gave ${JSON.stringify(odd.value)}`
      }),
      check.always('neighbours live on', (view) =>
        view.actors(Bystander).every(({ actor }) => actor.run === 1),
      ),
      check.eventually('each runs, under its name', frailsRun),
      check.eventually('one run after another, each until its crash', () => runsFollow(deeds)),
      check.eventually('the mailbox is kept, less what crashed it', ({ nodes }) => {
        for (const [key, count] of written) {
          const node = nodes.get(key.split('/')[0] as string)
          if (key !== `${node?.name}/${node?.incarnation}`) continue
          const own = deeds.filter((deed) => deed.node === key && deed.what === 'writes')
          const wanted = Array.from({ length: count }, (_, i) => i + 1)
          const seqs = own.map(({ seq }) => seq)
          if (seqs.join() !== wanted.join()) return `${key} wrote ${seqs}, not 1 to ${count}`
        }
        return undefined
      }),
    ],
  }
}

function frailsRun(view: View): string | undefined {
  for (const name of NAMES) {
    const frails = view.actors(Frail).filter(({ node }) => node === name)
    if (frails.length !== 1) return `${frails.length} on ${name}`
    const crashed = deeds.filter(
      ({ node, what }) =>
        what === 'crashes' && node === `${name}/${view.nodes.get(name)?.incarnation}`,
    )
    const run = contextOf((frails[0] as (typeof frails)[number]).actor).incarnation
    if (run !== crashed.length + 1) return `run ${run} on ${name} after ${crashed.length} crashes`
  }
  return undefined
}

/** Of each node the deeds of run 1, then those of run 2, and so on: a start, and a crash only as the last. */
function runsFollow(all: readonly Deed[]): string | undefined {
  const at = new Map<string, { run: number; over: boolean }>()
  for (const { node, run, what } of all) {
    const now = at.get(node) ?? { run: 0, over: true }
    if (what === 'starts') {
      if (!now.over || run !== now.run + 1) return `run ${run} on ${node} starts in run ${now.run}`
    } else if (now.over || run !== now.run) return `run ${run} on ${node} ${what} in run ${now.run}`
    at.set(node, { run, over: what === 'crashes' })
  }
  return undefined
}

underFaults('Restart', 'a new incarnation behind the ref, with the mailbox of the last', ward)

/** Says back what it got. */
@actor('under-faults/echo')
class Echo extends Actor {
  same(value: unknown): unknown {
    return value
  }

  fail(): never {
    throw new Refusal('NO', 'as asked', { by: 'echo' })
  }

  never(): Promise<never> {
    const reply = this.deferReply<never>()
    return reply as unknown as Promise<never>
  }
}

/** Asks that nobody answers; their end may be lost on its way. */
const ENDLESS: ReadonlySet<string> = new Set(['never', 'aborted'])

function questions(faults: FaultModel): Scenario {
  const echo = (node: Node, on: string): ActorRef<Echo> =>
    node.lookup(Echo, 'echo', { on }).with({ timeoutMs: 1_000 })
  return {
    name: 'questions',
    nodes: NAMES,
    start(node) {
      node.spawn(Echo, undefined, { name: 'echo' })
    },
    operations: {
      same: (node, on: string, value: string) => echo(node, on).ask.same(value),
      fail: (node, on: string) => echo(node, on).ask.fail(),
      never: (node, on: string) => echo(node, on).ask.never(),
      aborted: async (node, on: string) => {
        const aborting = new AbortController()
        const answer = echo(node, on).with({ signal: aborting.signal }).ask.never()
        aborting.abort()
        await answer
      },
    },
    workload: (w) =>
      w.parallel(6, async (client) => {
        for (let step = 0; step < 15; step++) {
          const operation = client.pick(['same', 'same', 'fail', 'never', 'aborted'])
          const value =
            operation === 'same' ? [`${client.name}/${step}/${'x'.repeat(client.int(90))}`] : []
          await client.call(operation, client.pick(NAMES), ...value)
          await client.sleep(client.int(60))
        }
      }),
    faults,
    callTimeoutMs: 30_000,
    checks: [
      check.history('every ask has settled, by itself', (ops) => {
        const open = ops.find(({ status, code }) => status === 'open' || code === 'TIMEOUT')
        return (
          open === undefined || `${open.name} on ${open.node} to ${open.args[0]} did not settle`
        )
      }),
      check.history('each got its own answer', (ops) => {
        const odd = ops.find((op) => op.status === 'ok' && op.value !== op.args[1])
        return odd === undefined || `${odd.args[1]} was answered with ${odd.value}`
      }),
      check.history('nobody else answers', (ops) => {
        const odd = ops.find(({ name, status }) => name !== 'same' && status === 'ok')
        return odd === undefined || `${odd.name} was answered`
      }),
      check.eventually('no asker waits, and only what has no answer is still owed', (view) => {
        const unanswered = view.history.filter(({ name }) => ENDLESS.has(name)).length
        for (const [name, node] of view.nodes) {
          const { outbound, inbound } = node.stats().remote
          if (outbound > 0) return `${name} waits for ${outbound} answers`
          if (inbound > unanswered) return `${name} owes ${inbound} answers`
        }
        return undefined
      }),
    ],
  }
}

underFaults('Ask', 'always settles, with its own answer', () => questions(all))

describe('under faults: actors', () => {
  isMissed('reentrant methods run beside each other', () => work('between'), 'one at a time')
})
