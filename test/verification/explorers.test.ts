import { expect } from 'chai'
import { twoPhaseCommit } from '../../examples/protocols/two-phase-commit.js'
import { Actor, actor } from '../../src/index.js'
import {
  printCounterexample,
  type Result,
  runCounterexample,
  type Scenario,
} from '../../src/simulation/index.js'
import {
  delayBounded,
  dpor,
  type ExplorerFactory,
  omissions,
  pct,
  pos,
  random,
  runCampaign,
} from '../../src/verification/index.js'

const PLAN = { seedBase: 1, shard: { index: 0, of: 1 } }
let ticks = 0
const nowMs = (): number => ticks

/** All that an explorer does with two-phase commit, and the smallest sets of lost messages that break it. */
async function explored(factory: ExplorerFactory, participants: number, executions = 10_000) {
  const scenario = twoPhaseCommit(participants)
  const explorer = factory.create(scenario, PLAN)
  const failing: Result[] = []
  const counts = await runCampaign(
    scenario,
    [explorer],
    { executions },
    {
      failed: ({ result }) => {
        failing.push(result)
        return undefined
      },
    },
    nowMs,
  )
  const sets = failing.map(({ tape }) => Object.keys(tape).sort())
  const minimal = sets.filter(
    (set) =>
      !sets.some((other) => other.length < set.length && other.every((one) => set.includes(one))),
  )
  return {
    ...counts,
    skipped: explorer.skipped ?? 0,
    failing,
    minimal: [...new Set(minimal.map(String))].sort(),
  }
}

@actor('test/explorers/list')
class List extends Actor {
  readonly #said: string[] = []

  say(word: string): void {
    this.#said.push(word)
  }

  said(): string {
    return this.#said.join(' ')
  }
}

/** Three nodes say words to lists on two of them; one answers what it hears with a word elsewhere. */
const words: Scenario = {
  name: 'words',
  level: 'messages',
  nodes: 3,
  start: (node) => void node.spawn(List, undefined, { name: 'list' }),
  operations: {
    say: (node, on: string, word: string) => node.lookup(List, 'list', { on }).tell.say(word),
    said: (node) => node.lookup(List, 'list').ask.said(),
  },
  async workload(w) {
    await Promise.all([
      w.callOn('n2', 'say', 'n1', 'a'),
      w.callOn('n3', 'say', 'n1', 'b'),
      w.callOn('n3', 'say', 'n2', 'c'),
      w.callOn('n1', 'say', 'n2', 'd'),
      w.callOn('n1', 'say', 'n3', 'e'),
    ])
    await w.sleep(1)
    await w.callOn('n1', 'said')
    await w.callOn('n2', 'said')
    await w.callOn('n3', 'said')
  },
}

async function outcomes(factory: ExplorerFactory) {
  const seen = new Set<string>()
  const ran = ({ history }: Result): void => {
    seen.add(JSON.stringify(history.slice(-3).map(({ value }) => value)))
  }
  const counts = await runCampaign(words, [factory.create(words, PLAN)], {}, { ran }, nowMs)
  expect(counts.exhausted).to.equal(true)
  return { seen, runs: counts.executions }
}

/** Every order there is, one after the other, by counting: what the others are measured against. */
const everyOrder: ExplorerFactory = {
  name: 'every order',
  seeded: false,
  create: () => {
    let picks: { at: number; of: number }[] | undefined
    return {
      name: 'every order',
      next: () => {
        if (picks !== undefined) {
          while (picks.length > 0 && (picks.at(-1)?.at ?? 0) + 1 >= (picks.at(-1)?.of ?? 0))
            picks.pop()
          const last = picks.at(-1)
          if (last === undefined) return undefined
          last.at++
        }
        const path: { at: number; of: number }[] = picks ?? []
        picks = path
        let step = 0
        return {
          seed: '1',
          choices: {
            choose: () => 0,
            pick: (candidates) => {
              const known = path[step++]
              if (known !== undefined) return known.at
              path.push({ at: 0, of: candidates.length })
              return 0
            },
          },
        }
      },
      report() {},
    }
  },
}

const LOST_COMMITS = ['drop n1>n2:commit#1', 'drop n1>n3:commit#1', 'drop n1>n4:commit#1']

describe('explorers', function () {
  this.timeout(60_000)

  for (const [max, runs] of [
    [1, 13],
    [2, 73],
    [3, 233],
  ] as const) {
    it(`lose at most ${max} of the messages of two-phase commit in ${runs} runs, and blame each lost commit`, async () => {
      const { executions, exhausted, minimal } = await explored(omissions({ max }), 4)
      expect([executions, exhausted]).to.deep.equal([runs, true])
      expect(minimal).to.deep.equal(LOST_COMMITS)
    })
  }

  it('go through all 4,096 subsets of its messages in 53 runs', async () => {
    const static_ = omissions({ mode: 'static', max: Number.POSITIVE_INFINITY })
    const { executions, skipped, distinct, minimal } = await explored(static_, 4)
    expect([executions, executions + skipped, distinct.size]).to.deep.equal([53, 4_096, 53])
    expect(minimal).to.deep.equal(LOST_COMMITS)
  })

  it('prune nothing that a search without pruning finds', async () => {
    const max = Number.POSITIVE_INFINITY
    const [all, pruned] = await Promise.all(
      [false, true].map((prune) => explored(omissions({ mode: 'static', max, prune }), 3)),
    )
    expect(all?.executions).to.equal(2 ** 8)
    expect(pruned?.minimal).to.deep.equal(all?.minimal)
    expect(pruned?.distinct.size).to.equal(all?.distinct.size)
  })

  it('lose messages that only come of a loss, too: 729 runs, and the same three to blame', async () => {
    const { executions, minimal } = await explored(omissions({ max: Number.POSITIVE_INFINITY }), 4)
    expect(executions).to.equal(729)
    expect(minimal).to.deep.equal(LOST_COMMITS)
  })

  it('cover the 36 classes of its delivery orders with one run each', async () => {
    const { executions, distinct, exhausted, failed } = await explored(dpor(), 4)
    expect([executions, distinct.size, exhausted, failed]).to.deep.equal([36, 36, true, 0])
  })

  it('leave no outcome out that a search of every order finds', async () => {
    const every = await outcomes(everyOrder)
    const some = await outcomes(dpor())
    expect(every.runs).to.be.above(2 * some.runs)
    expect([...some.seen].sort()).to.deep.equal([...every.seen].sort())
    expect(every.seen.size).to.be.above(3)
  })

  it('cover orders of messages only, also where timers may be early', async () => {
    const scenario = { ...twoPhaseCommit(3), limits: { settleMs: 0, earlyTimers: 2 } }
    const counts = await runCampaign(scenario, [dpor().create(scenario, PLAN)], {}, {}, nowMs)
    expect([counts.executions, counts.exhausted]).to.deep.equal([4, true])
  })

  it('pass messages over, few at first, and come to an end', async () => {
    const { executions, exhausted, distinct } = await explored(delayBounded({ delays: 1 }), 3)
    expect(exhausted).to.equal(true)
    expect(distinct.size).to.equal(executions)
  })

  for (const factory of [random(), pos(), pct({ depth: 2 })]) {
    it(`put messages in many orders at random: ${factory.name}`, async () => {
      const { distinct, executions } = await explored(factory, 3, 40)
      expect(executions).to.equal(40)
      expect(distinct.size).to.be.above(4)
      const again = await explored(factory, 3, 40)
      expect([...again.distinct]).to.deep.equal([...distinct])
    })
  }

  it('share seeds and first losses out among several without loss', async () => {
    const scenario = twoPhaseCommit(3)
    const minimal = new Set<string>()
    let executions = 0
    for (const index of [0, 1]) {
      const explorer = omissions({ max: 2 }).create(scenario, {
        seedBase: 1,
        shard: { index, of: 2 },
      })
      const counts = await runCampaign(
        scenario,
        [explorer],
        {},
        {
          failed: ({ result }) => {
            if (Object.keys(result.tape).length === 1) minimal.add(String(Object.keys(result.tape)))
            return undefined
          },
        },
        nowMs,
      )
      executions += counts.executions
    }
    const alone = await explored(omissions({ max: 2 }), 3)
    expect(executions).to.equal(alone.executions + 1) // both see the run without faults
    expect([...minimal].sort()).to.deep.equal(alone.minimal)
  })

  it('end at their bounds', async () => {
    expect((await explored(random(), 3, 5)).executions).to.equal(5)
    const scenario = twoPhaseCommit(3)
    ticks = 0
    const ran = (): void => {
      ticks += 400
    }
    const counts = await runCampaign(
      scenario,
      [random().create(scenario, PLAN)],
      { seconds: 1 },
      { ran },
      nowMs,
    )
    expect(counts.executions).to.equal(3)
  })

  it('leave counterexamples that replay', async () => {
    const { failing } = await explored(omissions({ max: 1 }), 3)
    const text = printCounterexample(failing[0] as Result)
    const { outcome } = await runCounterexample(text, twoPhaseCommit(3))
    expect(outcome).to.be.oneOf(['asRecorded', 'sameFailure'])
  })
})
