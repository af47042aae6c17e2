import { expect } from 'chai'
import { cooperativeTermination } from '../../examples/protocols/cooperative-termination.js'
import { threePhaseCommit } from '../../examples/protocols/three-phase-commit.js'
import { twoPhaseCommit } from '../../examples/protocols/two-phase-commit.js'
import {
  faultModels,
  printCounterexample,
  runCounterexample,
  simulate,
} from '../../src/simulation/index.js'
import { omissions } from '../../src/verification/index.js'
import { search, together } from '../check/search.js'

const ALL = Number.POSITIVE_INFINITY

describe('protocols that commit', function () {
  this.timeout(60_000)

  it('are split by three-phase commit when its coordinator crashes between two of its second messages', async () => {
    const found = await search(threePhaseCommit(), omissions({ max: 1, crashes: 1 }))
    expect([found.executions, found.exhausted]).to.deep.equal([1 + 2 * 18, true])
    expect(found.witnesses).to.deep.equal([
      ['crash n1 at n1>n3:precommit#1'],
      ['crash n1 at n1>n4:precommit#1'],
    ])
  })

  it('are not split by a crash at any other moment, nor by one lost message', async () => {
    const found = await search(threePhaseCommit(), omissions({ max: 1 }))
    expect([found.executions, found.violating]).to.deep.equal([19, 0])
  })

  it('survive any one crash or loss with three-phase commit whose participants ask, but not two', async () => {
    const asking = threePhaseCommit(4, { termination: 'ask' })
    const one = await search(asking, omissions({ max: 1, crashes: 1 }))
    expect([one.executions, one.violating, one.exhausted]).to.deep.equal([37, 0, true])
    const two = await search(asking, omissions({ max: 2, crashes: 2 }))
    expect([two.executions, two.violating, two.exhausted]).to.deep.equal([499, 14, true])
    for (const set of two.witnesses) expect(set).to.have.length(2)
  })

  it('need two losses to split three-phase commit: 1,431 runs are all there are', async () => {
    const found = await search(threePhaseCommit(), omissions({ max: ALL }))
    expect([found.executions, found.distinct.length, found.exhausted]).to.deep.equal([
      1_431,
      1_431,
      true,
    ])
    expect(found.violating).to.equal(367)
    expect(found.witnesses).to.have.length(15)
    for (const set of found.witnesses) {
      expect(set).to.have.length(2)
      expect(set.filter((one) => /abort#1$/.test(one))).to.have.length(1)
      expect(set.filter((one) => /precommit(ted)?#1$/.test(one))).to.have.length(1)
    }
  })

  it('differ in 79 ways by the 262,144 sets of what three-phase commit sends', async () => {
    const found = await search(threePhaseCommit(), omissions({ mode: 'static', max: ALL }))
    expect([found.executions, found.executions + found.skipped]).to.deep.equal([79, 2 ** 18])
  })

  it('survive two losses with cooperative termination, and wait when the coordinator crashes', async () => {
    const lost = await search(cooperativeTermination(), omissions({ max: 2 }))
    expect([lost.executions, lost.violating, lost.exhausted]).to.deep.equal([91, 0, true])
    const crashed = await search(cooperativeTermination(), omissions({ max: 1, crashes: 1 }))
    expect([crashed.executions, crashed.blocked]).to.deep.equal([25, 2])
    expect(crashed.witnesses).to.deep.equal([['crash n1 at n1>n2:commit#1']])
  })

  it('need four losses to leave one behind whose participants ask each other once', async () => {
    const once = cooperativeTermination(4, { repeats: false })
    const found = await search(once, omissions({ max: 4 }))
    expect([found.executions, found.violating, found.exhausted]).to.deep.equal([1_725, 48, true])
    for (const set of found.witnesses) expect(set).to.have.length(4)
  })

  it('survive two losses with two-phase commit that repeats its outcome', async () => {
    const found = await search(twoPhaseCommit(4, { repeats: true }), omissions({ max: 2 }))
    const { executions, violating, blocked, exhausted } = found
    expect([executions, violating, blocked, exhausted]).to.deep.equal([85, 0, 0, true])
  })

  it('crash again in a counterexample that is replayed', async () => {
    const scenario = threePhaseCommit()
    const tape = { 'crash n1 at n1>n3:precommit#1': 1 }
    const failing = await simulate(scenario, { tape })
    expect(failing.error?.message).to.equal('atomic: split: commit abort abort')
    const { outcome } = await runCounterexample(printCounterexample(failing), scenario)
    expect(outcome).to.equal('asRecorded')
  })

  for (const faulty of [1, 2]) {
    it(`crash at random at most as many nodes as a model allows: ${faulty}`, async () => {
      const faults = faultModels.loss(0).with({ stops: 0.2, faulty })
      const crashed: number[] = []
      for (let seed = 1; seed <= 40; seed++) {
        const { tape, history } = await simulate({ ...twoPhaseCommit(), faults }, { seed })
        const labels = Object.keys(tape)
        crashed.push(labels.filter((label) => label.startsWith('crash ')).length)
        const down = history.filter(({ name, status }) => name === 'vote' && status === 'fail')
        expect(down).to.have.length(labels.length)
      }
      expect(Math.max(...crashed)).to.equal(faulty)
      expect(Math.min(...crashed)).to.equal(0)
    })
  }

  it('are searched in shares as well as at once', async () => {
    for (const options of [
      { max: 2, crashes: 1 },
      { mode: 'static', max: ALL, prune: false },
    ] as const) {
      const scenario = twoPhaseCommit(3)
      const whole = await search(scenario, omissions(options))
      const parts = await Promise.all(
        [0, 1, 2].map((index) => search(scenario, omissions(options), { shard: { index, of: 3 } })),
      )
      const joined = together(parts)
      expect({ ...joined, distinct: [...joined.distinct].sort() }).to.deep.equal({
        ...whole,
        distinct: [...whole.distinct].sort(),
      })
    }
  })

  it('have no crashes among subsets of what is sent without faults', () => {
    expect(() => omissions({ mode: 'static', crashes: 1 })).to.throw(/omissions\.crashes must be 0/)
  })
})
