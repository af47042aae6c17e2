import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { quorumRegister } from '../../examples/protocols/quorum-register.js'
import { type ModelReport, modelScenario, modelTest, replayModel } from '../../src/models/index.js'
import {
  type Driver,
  faultModels,
  runCounterexample,
  simulate,
} from '../../src/simulation/index.js'
import { linearizable, register } from '../../src/verification/index.js'
import { seeds } from '../seeds.js'
import { backedUpTest, counterTest, kvScenario, kvTest } from './systems.js'

const NETWORK = faultModels.partitions().plus(faultModels.network()).plus(faultModels.loss(0.05))

const quorumTest = (r: number, w: number) => ({
  ...backedUpTest(1),
  scenario: { ...quorumRegister(5, { r, w }), checks: [] },
})

const atLevelNodes = { ...quorumTest(2, 2).scenario, level: 'nodes' as const }

/** What failed, as lines without those for the machine and for people. */
const linesOf = ({ failure }: ModelReport): string[] =>
  (failure?.counterexample ?? '').split('\n').filter((line) => !/^(#|join|$)/.test(line))

/** A stale read after a restart; looked for once, looked at by several tests. */
const staleTest = { ...backedUpTest(2), faults: faultModels.crashRecovery(1), seed: 3 }
let found: Promise<ModelReport> | undefined
function staleRead(): Promise<ModelReport> {
  found ??= modelTest(staleTest)
  return found
}

const failing = (report: ModelReport) => {
  assert.strictEqual(report.verdict, 'fail', report.report())
  return report.failure as NonNullable<ModelReport['failure']>
}

describe('a model test', () => {
  for (const seed of seeds(1).map(Number)) {
    it(`blames no map that does what it says, whatever befalls the network [SEED=${seed}]`, async () => {
      const faults = NETWORK.plus(faultModels.pauses())
      const report = await modelTest({ ...kvTest(kvScenario()), faults, seed })
      assert.isTrue(report.ok, report.report())
      assert.strictEqual(report.runs, 15)
      assert.isAbove(report.answered, 7)
      assert.containsAllKeys(report.faults, ['partition', 'drop'])
    })

    it(`blames no register whose quorums meet, under cuts and losses [SEED=${seed}]`, async () => {
      const faults = faultModels.partitions().plus(faultModels.loss(0.05))
      const report = await modelTest({ ...quorumTest(3, 3), faults, seed, runs: 10 })
      assert.isTrue(report.ok, report.report())
    })

    it(`blames no register whose backup stores every write, when a node crashes [SEED=${seed}]`, async () => {
      const faults = faultModels.crashRecovery(1)
      const report = await modelTest({ ...backedUpTest(1), faults, seed })
      assert.isTrue(report.ok, report.report())
      assert.containsAllKeys(report.faults, ['crash', 'restart'])
    })

    it(`blames no counter that several clients add to [SEED=${seed}]`, async () => {
      const options = { ...counterTest(), concurrent: 3, faults: NETWORK }
      const report = await modelTest({ ...options, seed })
      assert.isTrue(report.ok, report.report())
    })
  }

  it('finds a value that is dropped, and leaves the write and the read of it', async () => {
    const report = await modelTest(kvTest(kvScenario('drops fives')))
    const { check, sizes, run } = failing(report)
    assert.deepEqual(linesOf(report), ['n1 put y 5 : OK', 'n1 get y : FAIL, {5, null}'])
    assert.deepEqual(
      [check, run, sizes.commands[1], sizes.choices[1]],
      ['model', report.runs, 2, 0],
    )
    assert.match(report.report(), /kv: model: get "y" on n1 gave null: the model expects 5\n/)
    assert.match(report.report(), /in run 4 of seed 1; commands 13 -> 2, faults 0 -> 0/)
  })

  it('finds a lost update of concurrent clients, and leaves the two that race', async () => {
    const report = await modelTest({ ...counterTest('lost update'), concurrent: 2 })
    const { check, sizes } = failing(report)
    assert.deepEqual([check, sizes.commands[1]], ['linearizable', 2])
    assert.deepEqual(linesOf(report), ['n1 add 1 : 1', 'n2 add 1 : 1'])
  })

  it('finds a stale read after a restart, where the backup has not stored every write', async () => {
    const report = await staleRead()
    const { sizes } = failing(report)
    assert.deepEqual([sizes.commands[1] <= 3, sizes.faults[1]], [true, 1])
    const lines = linesOf(report)
    assert.match(lines[0] ?? '', /^n\d write 0 : OK$/)
    assert.match(lines[1] ?? '', /^fault crash n1/)
    assert.strictEqual(lines[2], 'fault restart n1')
    assert.match(lines.at(-1) ?? '', /read : FAIL, \{0, null\}$/)
  })

  it('finds quorums that need not meet, by a cut between a write and a read', async () => {
    const faults = faultModels.partitions()
    const options = { ...quorumTest(2, 2), scenario: atLevelNodes, faults, seed: 2 }
    const report = await modelTest(options)
    const { sizes } = failing(report)
    assert.deepEqual([sizes.commands[1], sizes.faults[1], sizes.choices[1]], [2, 1, 0])
    assert.match(linesOf(report)[0] ?? '', /^fault partition/)
  })

  it('finds quorums that need not meet without a cut too, by the order of messages', async () => {
    const report = await modelTest(quorumTest(2, 2))
    const { sizes } = failing(report)
    assert.strictEqual(sizes.commands[1], 2)
    assert.isAbove(sizes.choices[1], 0)
    assert.isAtMost(sizes.choices[1], 10)
    assert.match(String(report.failure?.counterexample), /^# with n\d>n\d:\w+#1 before n\d/m)
    const again = await replayModel(String(report.failure?.counterexample), quorumTest(2, 2))
    assert.strictEqual(again.outcome, 'asRecorded')
  })

  it('gives the same report for the same seed, and another for another', async () => {
    const options = { ...kvTest(kvScenario('drops fives')), faults: NETWORK }
    const [once, again, other] = await Promise.all([
      modelTest(options),
      modelTest(options),
      modelTest({ ...options, seed: 2 }),
    ])
    assert.strictEqual(again.report(), once.report())
    assert.notStrictEqual(other.report(), once.report())
  })

  it('leaves the verdict on concurrent clients to a history check of the scenario', async () => {
    const { commands } = backedUpTest(1)
    const scenario = quorumRegister(3, { bug: 'own clock' })
    const judged = { ...scenario, checks: [linearizable(register())] }
    const model = null as number | null
    const options = { scenario: judged, model, commands, concurrent: 2, length: 6 }
    const report = await modelTest({ ...options, faults: faultModels.loss(0.1) })
    assert.strictEqual(failing(report).check, 'linearizable')
    assert.isAtMost(failing(report).sizes.commands[1], 4, report.report())
    const { outcome } = await replayModel(failing(report).counterexample, options)
    assert.strictEqual(outcome, 'asRecorded')
  })

  it('takes a timeout for something that may have been done, or be done later', async () => {
    const faults = faultModels.generalOmission(1)
    const report = await modelTest({ ...kvTest(kvScenario()), faults, runs: 20 })
    assert.isTrue(report.ok, report.report())
    const { next: _, ...put } = kvTest(kvScenario()).commands.put
    const commands = { ...kvTest(kvScenario()).commands, put }
    const forgets = await modelTest({ ...kvTest(kvScenario()), commands, faults, runs: 20 })
    assert.strictEqual(forgets.verdict, 'fail')
  })

  it('mixes in faults of the user’s own', async () => {
    let jams = 0
    const scenario = {
      ...kvScenario(),
      userFaults: {
        jam: (_: unknown, node: unknown, level: unknown) => {
          assert.include(['n1', 'n2'], node)
          assert.include([1, 2], level)
          jams++
          return () => {
            jams--
          }
        },
      },
    }
    const faults = faultModels.user('jam', ['n1', 'n2'], [1, 2])
    const report = await modelTest({ ...kvTest(scenario), faults, runs: 8 })
    assert.isTrue(report.ok, report.report())
    assert.isAbove(report.faults['user'] ?? 0, 3)
    assert.strictEqual(jams, 0) // all have ended
  })

  it('crashes no more nodes than its fault model allows, for good', async () => {
    const options = { ...kvTest(kvScenario()), faults: faultModels.crashStop(1), runs: 12 }
    const report = await modelTest(options)
    assert.isTrue(report.ok, report.report())
    assert.isUndefined(report.faults['restart'])
    assert.isAtLeast(report.faults['crash'] ?? 0, 6)
    assert.isAtMost(report.faults['crash'] ?? 0, 12)
  })
})

describe('a counterexample of a model test', () => {
  it('is written to a folder, runs again, and passes when the bug is mended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-models-'))
    const out = join(folder, 'counterexamples')
    const options = { ...kvTest(kvScenario('drops fives')), out }
    const { file, counterexample } = failing(await modelTest(options))
    const [name] = readdirSync(out)
    assert.strictEqual(file, join(out, String(name)))
    assert.match(String(name), /^kv-model-\w+\.cx$/)
    const text = readFileSync(String(file), 'utf8')
    assert.strictEqual(text, counterexample)
    rmSync(folder, { recursive: true })
    assert.strictEqual((await replayModel(text, options)).outcome, 'asRecorded')
    const mended = await replayModel(text, kvTest(kvScenario()))
    assert.deepEqual([mended.outcome, mended.result.verdict], ['other', 'ok'])
  })

  it('runs by hand without its model, line by line, as it does with it', async () => {
    const { counterexample } = failing(await staleRead())
    const { scenario } = staleTest
    const { result } = await runCounterexample(counterexample, scenario, { byHand: true })
    assert.match(String(result.error?.message), /read : FAIL, \{0, null\}, but the result was null/)
  })

  it('may be written by hand: the model says what is right, whatever stands behind the colons', async () => {
    const text =
      'n2 put x 5 : OK\nwait 10\nfault partition { n3 } { n1 n2 }\nfault heal\nn1 get x : 7\n'
    const good = await replayModel(text, kvTest(kvScenario()))
    assert.deepEqual([good.outcome, good.result.verdict], ['byHand', 'ok'])
    const { result } = await replayModel(text, kvTest(kvScenario('drops fives')))
    assert.match(String(result.error?.message), /get "x" on n1 gave null: the model expects 5/)
    assert.deepEqual(
      result.faults.map(({ fault }) => fault.verb),
      ['partition', 'heal'],
    )
  })

  for (const [what, text, message] of [
    ['an unknown command', 'n1 drop x : OK\n', /b\.cx:1:4: expected an operation .*got "drop"/],
    ['an unknown node', 'n9 get x : OK\n', /b\.cx:1:1: expected a node .*got "n9"/],
    ['a join', 'join n1 n2 : OK\n', /b\.cx:1: expected a command, a fault or wait, got join/],
    ['no commands', `#! v1 scenario=kv seed=1 code=x hash=y events=1\n`, /no clients/],
    [
      'commands that are none',
      `#! v1 scenario=kv seed=1 code=x hash=y events=1\n#! commands {"clients":[[["get"]]]}\n`,
      /\["get"\], which is no step/,
    ],
    [
      'commands of another test',
      `#! v1 scenario=kv seed=1 code=x hash=y events=1\n#! commands {"clients":[[["pop","n1",[]]]]}\n`,
      /name command pop, which is not there/,
    ],
  ] as const) {
    it(`is refused with ${what}, with its place`, async () => {
      const error = await replayModel(text, kvTest(kvScenario()), { file: 'b.cx' }).catch(
        (thrown: unknown) => thrown,
      )
      assert.match(String(error), message)
      assert.match(String(error), /ERR_BAD_COUNTEREXAMPLE/)
    })
  }
})

describe('a scenario with a model as its check', () => {
  it('judges a workload of its own as the model test does, with the same signature', async () => {
    const options = kvTest(kvScenario('drops fives'))
    const { result } = failing(await modelTest(options))
    const scenario = await modelScenario({
      ...options,
      scenario: {
        ...options.scenario,
        async workload(w) {
          await w.call('put', 'x', 4)
          await w.call('put', 'x', 5)
          await w.callOn('n2', 'get', 'x')
        },
      },
    })
    const own = await simulate(scenario)
    assert.strictEqual(own.error?.message, 'model: get "x" on n2 gave 4: the model expects 5')
    assert.strictEqual(own.signature, result.signature)
  })

  it('judges clients whose operations overlap by whether they are linearizable', async () => {
    for (const [bug, verdict] of [
      ['lost update', 'fail'],
      [undefined, 'ok'],
    ] as const) {
      const options = counterTest(bug)
      const workload = async (w: Driver): Promise<void> => {
        await w.parallel(2, async (client) => void (await client.call('add', 1)))
      }
      const scenario = await modelScenario({
        ...options,
        scenario: { ...options.scenario, workload },
      })
      const run = await simulate(scenario)
      assert.deepEqual([run.verdict, run.check], [verdict, bug && 'model'])
    }
  })
})
