import { assert } from 'chai'
import {
  allOrNothing,
  alwaysAnswered,
  honestNodes,
  type WrongModel,
} from '../../../examples/protocols/kv-models.js'
import { quorumKv } from '../../../examples/protocols/quorum-kv.js'
import { twoPhaseCommit } from '../../../examples/protocols/two-phase-commit.js'
import { codeOf } from '../../../src/base/errors.js'
import {
  check,
  faultModels,
  parseTrace,
  printTrace,
  replay,
  runCounterexample,
  type Scenario,
  simulate,
} from '../../../src/simulation/index.js'
import {
  omissions,
  pos,
  random,
  type ShrinkOptions,
  type ShrinkProgress,
  shrink,
} from '../../../src/verification/index.js'
import { firstSeed } from '../../seeds.js'
import { counting, forgetful } from '../../simulation/scenarios.js'
import { failingSeed, found, linesIn } from './found.js'

/** Reads quorums that need not meet those that were written. */
const hasty = quorumKv(5, { r: 2, w: 2 })

/** Forgets what it counted when it crashes. */
const brief: Scenario = {
  ...forgetful,
  async workload(w) {
    await w.parallel(2, async (client) => {
      for (let i = 0; i < 12; i++) {
        await client.call('add', 1 + client.int(5))
        await client.sleep(300)
      }
    })
  },
}

/** Likewise, with less to do. */
const quickly: Scenario = {
  ...quorumKv(4, { r: 2, w: 2 }),
  workload: (w) =>
    w.parallel(3, async (client, at) => {
      for (let i = 1; i <= 4; i++) {
        await (client.flip() ? client.call('write', 'x', at * 10 + i) : client.call('read', 'x'))
      }
    }),
}

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it was not refused')
}

describe('shrinking', function () {
  this.timeout(60_000)

  describe('of a store whose quorums need not meet', () => {
    it(`leaves a write and a read that misses it [SEED=${firstSeed}]`, async () => {
      const failing = await found(hasty, [random(), pos()], firstSeed)
      assert.equal(failing.history.length, 50)
      const shrunk = await shrink(hasty, failing, { seconds: 30 })
      assert.equal(shrunk.ended, 'fixpoint')
      assert.isAtMost(linesIn(shrunk.text).length, 8, shrunk.report())
      assert.isAtMost(shrunk.after.operations, 5, shrunk.report())
      assert.isAtMost(shrunk.after.deviations, 12, shrunk.report())
      assert.equal(shrunk.before.operations, 50)
      assert.isAbove(shrunk.before.deviations, 100)
      const { before, after } = shrunk
      const counts = `ops 50 → ${after.operations}, faults 0 → 0, nodes 5 → ${after.nodes}, deviations ${before.deviations} → ${after.deviations}`
      assert.include(shrunk.report(), counts)
      const { outcome, changed } = await runCounterexample(shrunk.text, hasty)
      assert.equal(outcome, 'asRecorded')
      assert.isFalse(changed)
    })

    it('gives the same for the same run', async () => {
      const failing = await found(quickly, [pos()], 20)
      const [one, other] = [await shrink(quickly, failing), await shrink(quickly, failing)]
      assert.equal(one.text, other.text)
      assert.equal(one.executions, other.executions)
    })
  })

  describe("of the talk's three", () => {
    /** The scenario has three nodes, and stays with them. */
    const shrunkLines = async ({ scenario }: WrongModel, level: 'messages' | 'nodes') => {
      const ours: Scenario = { ...scenario, level }
      const shrunk = await shrink(ours, await failingSeed(ours), { keep: ['nodes'] })
      const { outcome } = await runCounterexample(shrunk.text, ours)
      assert.equal(outcome, 'asRecorded')
      return { shrunk, lines: linesIn(shrunk.text).filter((line) => !line.startsWith('join ')) }
    }

    it('a partition takes the quorum', async () => {
      const { lines, shrunk } = await shrunkLines(alwaysAnswered, 'messages')
      assert.deepEqual(lines, ['fault partition { n1 } { n2 n3 }', 'n1 write x 1 : TIMEOUT'])
      assert.isTrue(shrunk.byHand)
    })

    for (const level of ['messages', 'nodes'] as const) {
      it(`a write without an answer is read later, at level ${level}`, async () => {
        const { lines, shrunk } = await shrunkLines(allOrNothing, level)
        assert.deepEqual(lines, [
          'fault partition { n1 } { n2 n3 }',
          'n1 write x 1 : TIMEOUT',
          'fault heal',
          'n1 read x : FAIL, {null, 1}',
        ])
        assert.isTrue(shrunk.byHand)
      })
    }

    it('a wrong bit makes replicas disagree', async () => {
      const { lines } = await shrunkLines(honestNodes, 'messages')
      const [fault, write] = lines.slice(0, 2).sort()
      assert.match(String(fault), /^fault byzantine n[12] bitflip$/)
      assert.equal(write, 'n1 write x 1 : OK')
      assert.match(String(lines[2]), /^n1 read x : FAIL, \{1, -?\d+\}$/)
      assert.lengthOf(lines, 3)
    })
  })

  describe('of faults', () => {
    it('leaves the crash of two nodes that matters, and runs by hand', async () => {
      const { text, byHand, after } = await shrink(brief, await failingSeed(brief))
      const kinds = linesIn(text).map((line) => line.replace(/^n\d add .*/, 'add'))
      const adds = kinds.filter((line) => line === 'add').length
      assert.isAtMost(adds, 3, text)
      assert.deepEqual(
        kinds.filter((line) => !/^(add|nodes|join|wait)/.test(line)),
        ['fault crash n1', 'fault restart n1'],
      )
      assert.equal(kinds.at(-1), 'add')
      assert.isTrue(byHand)
      assert.deepEqual([after.faults, after.operations], [1, adds])
    })

    it('finds which of many messages must be lost, though its number changes', async () => {
      const lossy: Scenario = {
        ...counting,
        name: 'lossy',
        options: { askTimeoutMs: 200 },
        faults: faultModels.loss(0.02),
        checks: [
          check.history('all is answered', (ops) => !ops.some(({ status }) => status === 'info')),
        ],
      }
      const failing = await failingSeed(lossy)
      assert.match(Object.keys(failing.tape).join(), /#([2-9]|\d\d)/)
      const { text, after } = await shrink(lossy, failing, { keep: ['nodes'] })
      const [fault, op] = linesIn(text).filter((line) => !line.startsWith('join '))
      assert.match(String(fault), /^fault omit n(1>n2|2>n1):\w+#1$/)
      assert.match(String(op), /^n2 add -?\d : TIMEOUT$/)
      assert.deepEqual(after, { operations: 1, faults: 1, nodes: 3, deviations: 0 })
    })

    it('spells out what a search of losses has found', async () => {
      const lossy = { ...twoPhaseCommit(), faults: faultModels.loss(0.2) }
      const failing = await found(lossy, [random()])
      const { text, after } = await shrink(lossy, failing, { keep: ['nodes', 'operations'] })
      assert.equal(after.faults, 1)
      assert.equal(after.deviations, 0)
      assert.match(text, /^fault omit n1>n[234]:commit#1$/m)
    })

    it('takes what omissions() gives, with the scenario as it was changed', async () => {
      const explorer = omissions({ max: 2 })
      const scenario = { ...twoPhaseCommit(), faults: faultModels.loss(0.5) }
      const failing = await found(scenario, [explorer])
      const { after } = await shrink(scenario, failing, { keep: ['nodes', 'operations'] })
      assert.equal(after.faults, 1)
    })

    it('keeps the workload where that is what fails, and takes out its faults', async () => {
      const strict: Scenario = {
        ...counting,
        name: 'strict',
        options: { askTimeoutMs: 500 },
        faults: faultModels.partitions().with({ everyMs: [10, 200], lastMs: [800, 2_000] }),
        async workload(w) {
          await w.parallel(3, async (client) => {
            for (let i = 0; i < 10; i++) {
              await client.must('add', 1)
              await client.sleep(50)
            }
          })
        },
        checks: [],
      }
      const failing = await failingSeed(strict)
      const { kept, after, report, text } = await shrink(strict, failing)
      assert.equal(kept, 'it is its own code that fails')
      assert.equal(after.faults, 1)
      assert.include(report(), 'the workload stays as it is')
      assert.equal((await runCounterexample(text, strict)).outcome, 'asRecorded')
    })
  })

  describe('what is left', () => {
    it('can be shrunk again, and stays as it is', async () => {
      const failing = await found(quickly, [pos()], 3)
      const once = await shrink(quickly, failing)
      const twice = await shrink(quickly, once.result)
      assert.deepEqual(linesIn(twice.text), linesIn(once.text))
    })

    it('has a trace that replays strictly, script and all', async () => {
      const { result } = await shrink(brief, await failingSeed(brief))
      const { seed, tape, script } = result
      const traced = await simulate(brief, {
        seed,
        tape,
        ...(script && { script }),
        trace: 'memory',
      })
      assert.equal(traced.hash, result.hash)
      if (traced.trace === undefined) assert.fail('there is no trace')
      const again = await replay(parseTrace(printTrace(traced.trace)), brief)
      assert.equal(again.result.hash, result.hash)
    })

    it('keeps nodes, values and whatever else is to stay', async () => {
      const failing = await failingSeed(brief)
      const keep = ['nodes', 'clients', 'operations', 'faults', 'deviations', 'values'] as const
      const all = await shrink(brief, failing, { keep })
      assert.deepEqual(all.after, all.before)
      const { after } = await shrink(brief, failing, { keep: ['nodes', 'faults'] })
      assert.deepEqual(after, { ...all.before, operations: after.operations })
      assert.isAtMost(after.operations, 5)
    })
  })

  describe('within bounds', () => {
    it('ends when it has had its runs, and gives what it has', async () => {
      const failing = await found(quickly, [pos()], 3)
      const bounds = { executions: 12 }
      const { ended, executions, result, report } = await shrink(quickly, failing, bounds)
      assert.equal(ended, 'executions')
      assert.isAtMost(executions, 20)
      assert.equal(result.signature, failing.signature)
      assert.include(report(), 'ended by the budget of executions')
    })

    it('ends when time is over, by the clock that it is given', async () => {
      const failing = await found(quickly, [pos()], 3)
      let ms = 0
      const nowMs = (): number => {
        ms += 100
        return ms
      }
      const { ended, result } = await shrink(quickly, failing, { seconds: 3 }, nowMs)
      assert.equal(ended, 'seconds')
      assert.equal(result.signature, failing.signature)
    })

    it('tells after every run how far it is', async () => {
      const told: ShrinkProgress[] = []
      const failing = await failingSeed(brief)
      const { executions, before, after } = await shrink(brief, failing, {
        progress: (progress) => told.push(progress),
      })
      assert.equal(told[0]?.now.operations, before.operations)
      assert.equal(told.at(-1)?.now.operations, after.operations)
      assert.deepEqual(
        told.map((one) => one.executions),
        told.map((_, at) => at + 3),
      )
      assert.isAtLeast(executions, told.length)
      assert.includeMembers(
        told.map(({ stage }) => stage),
        ['start', 'nodes', 'operations', 'faults', 'values'],
      )
    })
  })

  describe('refuses', () => {
    it('a run that has not failed', async () => {
      const fine = await simulate(counting)
      const error = await rejection(shrink(counting, fine))
      assert.equal(codeOf(error), 'ERR_BAD_OPTION')
      assert.match(error.message, /must be one that has failed \(verdict 'fail'\), got "ok"/)
    })

    it('a run of another scenario', async () => {
      const failing = await failingSeed(brief)
      const error = await rejection(shrink(counting, failing))
      assert.equal(codeOf(error), 'ERR_BAD_COUNTEREXAMPLE')
      assert.match(error.message, /the run is of scenario forgetful, not of counting/)
    })

    it('a run that does not fail any more', async () => {
      const failing = await failingSeed(brief)
      const mended: Scenario = { ...brief, checks: [] }
      const error = await rejection(shrink(mended, failing))
      assert.equal(codeOf(error), 'ERR_BAD_COUNTEREXAMPLE')
      assert.match(error.message, /does not fail again as it did: it was fail of what was counted/)
    })

    it('a scenario whose runs are never the same', async () => {
      let runs = 0
      const moody: Scenario = {
        ...counting,
        name: 'moody',
        async workload(w) {
          for (let i = 0; i <= runs % 3; i++) await w.call('add', 1)
          runs++
        },
        checks: [check.history('never', () => false)],
      }
      const error = await rejection(shrink(moody, await simulate(moody)))
      assert.equal(codeOf(error), 'ERR_NONDETERMINISM')
      assert.match(error.message, /two runs of seed 1 with the same tape and faults differ/)
    })

    const options: readonly (readonly [ShrinkOptions, RegExp])[] = [
      [{ executions: 0 }, /shrink.executions must be an integer >= 1, got 0/],
      [{ seconds: -1 }, /shrink.seconds must be a number above 0/],
      [{ keep: ['nodse' as never] }, /shrink.keep must be a list of nodes, clients, operations/],
      [{ runs: 5 } as never, /shrink.runs is not an option/],
    ]
    for (const [given, said] of options) {
      it(`the options ${JSON.stringify(given)}`, async () => {
        const error = await rejection(shrink(brief, await simulate(brief), given))
        assert.match(error.message, said)
      })
    }
  })

  it('keeps to a check that throws, and does not slip to what it throws otherwise', async () => {
    const throwing: Scenario = {
      ...brief,
      name: 'throwing',
      checks: [
        check.history('sums up', (ops) => {
          if (ops.length === 0) throw new TypeError('there is nothing to sum up')
          const sum = ops.reduce((total, { value }) => total + Number(value ?? 0), 0)
          if (sum > 20) throw new RangeError(`${sum} is too much`)
          return true
        }),
      ],
    }
    const failing = await failingSeed(throwing)
    const { result, after } = await shrink(throwing, failing)
    assert.match(String(result.error?.message), /is too much/)
    assert.isAtMost(after.operations, 6)
    assert.equal(result.signature, failing.signature)
  })
})
