import { expect } from 'chai'
import { cooperativeTermination } from '../../examples/protocols/cooperative-termination.js'
import { directMail } from '../../examples/protocols/direct-mail.js'
import { threePhaseCommit } from '../../examples/protocols/three-phase-commit.js'
import { twoPhaseCommit } from '../../examples/protocols/two-phase-commit.js'
import { seededRandom } from '../../src/base/random.js'
import { check, type Scenario } from '../../src/simulation/index.js'
import { Renaming } from '../../src/verification/explorers/renaming.js'
import { dpor, type OmissionsOptions, omissions } from '../../src/verification/index.js'
import { PROTOCOL_NAMES, PROTOCOLS, type ProtocolName } from '../check/protocol-names.js'
import { protocolNamed } from '../check/protocols.js'
import { Witnesses } from '../check/witnesses.js'
import { seeds } from '../seeds.js'
import { type Outcome, outcomeOf } from './pruned-search.js'
import { randomMachines } from './random-machines.js'

const ALL = Number.POSITIVE_INFINITY

/** The search under a rule finds all that the whole search finds, and counts each set. */
async function expectSame(scenario: Scenario, options: OmissionsOptions): Promise<Outcome> {
  const whole = await outcomeOf(scenario, omissions({ ...options, prune: false }))
  const pruned = await outcomeOf(scenario, omissions(options))
  expect(pruned.witnesses).to.deep.equal(whole.witnesses)
  expect(pruned.failures).to.deep.equal(whole.failures)
  expect(pruned.executions + pruned.skipped).to.equal(whole.executions)
  return pruned
}

/** Nodes beside the first, and losses: few, so that the whole search is cheap as well. */
const BOUNDS: Partial<Record<ProtocolName, readonly [participants: number, max: number]>> = {
  '2pc': [2, 2],
  '3pc': [2, 2],
  'anti-entropy': [1, 1],
  'anti-entropy-uncertified': [1, 1],
  'rumor-mongering': [1, 1],
  'rumor-mongering-alone': [2, 1],
  'alsberg-day': [1, 2],
  'alsberg-day-retry': [1, 2],
  'alsberg-day-membership': [1, 1],
  'quorum-register': [2, 1],
  'lease-lock': [2, 1],
  'g-counter': [1, 1],
}

/** Those whose nodes talk without end: their mistakes are for the soak. */
const DEAR: ReadonlySet<ProtocolName> = new Set([
  'anti-entropy',
  'rumor-mongering',
  'alsberg-day',
  'alsberg-day-retry',
  'alsberg-day-membership',
  'quorum-register',
  'lease-lock',
  'g-counter',
])

const bounded = (name: ProtocolName, bug?: string) => {
  const [participants, max] = BOUNDS[name] ?? [2, 2]
  return { scenario: protocolNamed(name, participants + 1, bug), max }
}

describe('searches that leave runs out', function () {
  this.timeout(60_000)

  for (const name of PROTOCOL_NAMES) {
    it(`find in ${name} what the whole search finds`, async () => {
      const { scenario, max } = bounded(name)
      await expectSame(scenario, { max, prune: ['same-run', 'lineage'] })
    })
    const bugs: readonly string[] = PROTOCOLS[name].bugs
    if (bugs.length === 0) continue
    for (const seed of seeds(DEAR.has(name) ? 0 : 1)) {
      const bug = seededRandom(`${name} ${seed}`).pick(bugs)
      it(`find in ${name} with "${bug}" what the whole search finds [SEED=${seed}]`, async () => {
        const { scenario, max } = bounded(name, bug)
        await expectSame(scenario, { max, prune: ['same-run', 'lineage'] })
      })
    }
  }

  for (const seed of seeds(3)) {
    it(`find what the whole search finds in machines that a seed has drawn [SEED=${seed}]`, async () => {
      const scenario = randomMachines(seed)
      await expectSame(scenario, { max: 2, prune: ['lineage'] })
      await expectSame(scenario, { max: 1, crashes: 1, prune: ['lineage'] })
    })
  }

  it('run two-phase commit 200 times in place of 729, and three-phase commit 392 in place of 1,431', async () => {
    const found: unknown[] = []
    for (const [scenario, max, prune] of [
      [twoPhaseCommit(), 1, ['lineage']],
      [twoPhaseCommit(), 2, ['lineage']],
      [twoPhaseCommit(), ALL, ['lineage']],
      [twoPhaseCommit(), ALL, ['lineage', 'symmetry']],
      [threePhaseCommit(), ALL, ['lineage']],
    ] as const) {
      const { executions, witnesses } = await outcomeOf(scenario, omissions({ max, prune }))
      found.push([executions, witnesses.length])
    }
    expect(found).to.deep.equal([
      [10, 3],
      [34, 3],
      [200, 3],
      [51, 1],
      [392, 15],
    ])
  })

  it('leave out subsets of the good run in which a loss more is noticed by nobody', async () => {
    const options = { mode: 'static', max: ALL } as const
    const scenario = twoPhaseCommit(3)
    const plain = await expectSame(scenario, { ...options, prune: true })
    const pruned = await outcomeOf(
      scenario,
      omissions({ ...options, prune: ['same-run', 'lineage'] }),
    )
    expect(pruned.witnesses).to.deep.equal(plain.witnesses)
    expect(pruned.executions + pruned.skipped).to.equal(256)
    expect([plain.executions, pruned.executions]).to.deep.equal([17, 10])
  })

  it('try every loss at a node whose actors a check looks at', async () => {
    const { checks = [], ...rest } = twoPhaseCommit(3)
    const looking: Scenario = {
      ...rest,
      checks: [
        ...checks,
        check.always('all run', ({ nodes }) => nodes.size === 3, { every: 1_000 }),
        check.eventually('all still run', ({ nodes }) => nodes.size === 3),
      ],
    }
    const pruned = await outcomeOf(looking, omissions({ max: 2, prune: ['lineage'] }))
    expect(pruned.skipped).to.equal(0)
  })

  it('take a loss and the crash right behind it for the crash before it', async () => {
    const scenario = cooperativeTermination(3)
    const options = { max: 2, crashes: 1 }
    const whole = await outcomeOf(scenario, omissions({ ...options, prune: false }))
    const pruned = await outcomeOf(
      scenario,
      omissions({ ...options, prune: ['equivalent', 'lineage'] }),
    )
    expect(pruned.executions + pruned.skipped).to.equal(whole.executions)
    expect(pruned.skippedBy).to.deep.equal({ equivalent: 2, lineage: 42 })
    expect(pruned.failures).to.deep.equal(whole.failures)
    // Of a crash that two sets bring about the smaller one is found.
    const [crash, roundabout, ...more] = whole.witnesses
    expect(more).to.be.empty
    expect(roundabout).to.deep.equal(['crash n1 at n1>n3:commit#1', 'drop n1>n2:commit#1'])
    expect(pruned.witnesses).to.deep.equal([crash])
  })

  const SYMMETRIC: readonly (readonly [Scenario, OmissionsOptions, executions: number])[] = [
    [twoPhaseCommit(), { max: 3 }, 23],
    [twoPhaseCommit(4, { repeats: true, bug: 'wrong repeat' }), { max: 2 }, 21],
    [threePhaseCommit(), { max: 2 }, 17],
    [threePhaseCommit(3), { max: 2, crashes: 1 }, 82],
    [cooperativeTermination(4, { bug: 'echo' }), { max: 2 }, 16],
    [directMail(4, { bug: 'twice' }), { max: 2 }, 27],
    [directMail(4, { acknowledged: false }), { mode: 'static', max: ALL }, 20],
  ]

  for (const [scenario, options, executions] of SYMMETRIC) {
    const { mode = 'dynamic', max, crashes = 0 } = options
    it(`find in ${scenario.name} (${mode}, ${max} losses, ${crashes} crashes) all up to renaming`, async () => {
      const whole = await outcomeOf(scenario, omissions({ ...options, prune: false }))
      const pruned = await outcomeOf(
        scenario,
        omissions({ ...options, prune: ['same-run', 'lineage', 'symmetry'] }),
      )
      expect(orbitOf(scenario, pruned)).to.deep.equal(orbitOf(scenario, whole))
      expect([pruned.executions, pruned.executions < whole.executions]).to.deep.equal([
        executions,
        true,
      ])
    })
  }

  it('try 6 of the 36 orders of two-phase commit whose participants have no names', async () => {
    const scenario = twoPhaseCommit()
    const whole = await outcomeOf(scenario, dpor())
    const pruned = await outcomeOf(scenario, dpor({ prune: ['symmetry'] }))
    expect([whole.executions, pruned.executions]).to.deep.equal([36, 6])
  })

  it('refuse to rename where a scenario says nothing of its nodes, or too many', () => {
    const plan = { seedBase: 1, shard: { index: 0, of: 1 } }
    const symmetric = [omissions({ prune: ['symmetry'] }), dpor({ prune: ['symmetry'] })]
    for (const factory of symmetric) {
      const { interchangeable: _, ...silent } = twoPhaseCommit()
      expect(() => factory.create(silent, plan)).to.throw(/names no interchangeable nodes/)
      expect(() => factory.create(twoPhaseCommit(9), plan)).to.throw(/at most 720 orders/)
    }
  })

  it('refuse rules that there are not', () => {
    expect(() => omissions({ prune: ['luck' as 'lineage'] })).to.throw(/omissions\.prune must be/)
    expect(() => dpor({ prune: ['lineage' as 'symmetry'] })).to.throw(/dpor\.prune must be/)
  })
})

/** The smallest sets under all names that their nodes could have. */
function orbitOf({ interchangeable = [] }: Scenario, { witnesses }: Outcome) {
  const renaming = new Renaming(interchangeable)
  const all = new Witnesses()
  for (const set of witnesses) for (const renamed of renaming.all(set)) all.add(renamed)
  return all.sets
}
