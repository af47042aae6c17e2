import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { loadFastCheck } from '../../src/models/fast-check-package.js'
import { modelTest } from '../../src/models/index.js'
import { check, faultModels } from '../../src/simulation/index.js'
import { counterTest, kvScenario, kvTest } from './systems.js'

const options = kvTest(kvScenario())
const { commands } = options
const { put, get } = commands

const thrownBy = (given: object): Promise<Error> =>
  modelTest(given as never).then(
    ({ report }) => assert.fail(`it was taken: ${report()}`),
    (error: Error) => error,
  )

describe('a model test refuses', () => {
  for (const [what, given, code, message] of [
    ['no scenario', { ...options, scenario: undefined }, 'ERR_BAD_OPTION', /modelTest.scenario/],
    [
      'a scenario that is none',
      { ...options, scenario: { name: 'x' } },
      'ERR_BAD_SCENARIO',
      /nodes/,
    ],
    ['an unknown option', { ...options, clients: 3 }, 'ERR_BAD_OPTION', /clients is not an option/],
    ['no commands', { ...options, commands: {} }, 'ERR_BAD_OPTION', /commands by name/],
    [
      'a field of a command that nobody reads',
      { ...options, commands: { put: { ...put, after: () => true } } },
      'ERR_BAD_OPTION',
      /commands\.put\.after is no part of it; there are: arb/,
    ],
    [
      'an arbitrary that is none',
      { ...options, commands: { put: { ...put, arb: ['x', 1] } } },
      'ERR_BAD_OPTION',
      /commands\.put\.arb must be an arbitrary of fast-check/,
    ],
    [
      'a weight of nothing',
      { ...options, commands: { put: { ...put, weight: 0 } } },
      'ERR_BAD_OPTION',
      /commands\.put\.weight must be a number above 0, got 0/,
    ],
    [
      'a node that is not there',
      { ...options, commands: { put: { ...put, on: ['n4'] } } },
      'ERR_BAD_OPTION',
      /commands\.put\.on must be nodes of the scenario \(n1, n2, n3\), got \["n4"\]/,
    ],
    [
      'a command that neither it nor the scenario can do',
      { ...options, commands: { pop: {} } },
      'ERR_BAD_OPTION',
      /pop has no run, and the scenario has no operation "pop"; it has: put, get/,
    ],
    [
      'a fault model that is none',
      { ...options, faults: { crash: 1 } },
      'ERR_BAD_OPTION',
      /modelTest.faults must be a FaultModel/,
    ],
    [
      'a user fault that the scenario does not know',
      { ...options, faults: faultModels.user('jam') },
      'ERR_BAD_SCENARIO',
      /names the user fault jam; userFaults has: none/,
    ],
    [
      'a model that a text by its fields does not tell apart',
      { ...options, model: new Date(0) },
      'ERR_BAD_OPTION',
      /modelTest.model must be plain data/,
    ],
    [
      'several clients with a run of their own and nobody to judge it',
      {
        ...options,
        concurrent: 2,
        commands: { put: { ...put, run: async () => ({ status: 'ok' }) } },
      },
      'ERR_BAD_OPTION',
      /put: what its run does is in no model's history/,
    ],
  ] as const) {
    it(`${what}`, async () => {
      const error = await thrownBy(given)
      assert.strictEqual(codeOf(error), code)
      assert.match(error.message, message)
    })
  }

  let calls = 0
  for (const [what, given, message] of [
    [
      'a model whose next disagrees with itself',
      { put: { ...put, next: () => ({ x: calls++ }) }, get },
      /^next of put, for model \{\} with arguments \["[xy]",\d\], gave \{"x":\d+\}, and asked again \{"x":\d+\}/,
    ],
    [
      'a next that changes the model in place',
      { put: { ...put, next: (values: object) => Object.assign(values, { z: 1 }) }, get },
      /^next of put, for model \{\} with .* changed that model in place, to \{"z":1\}: give a new one/,
    ],
    [
      'a next that gives a promise',
      { put: { ...put, next: async () => ({}) }, get },
      /next of put must give its answer at once, not a promise/,
    ],
    [
      'a post that gives a promise',
      { put, get: { ...get, post: async () => true } },
      /post of get must give true, false, a text or nothing, got a promise/,
    ],
    [
      'a pre that gives no answer',
      { put: { ...put, pre: () => undefined }, get },
      /pre of put must give true or false, got undefined/,
    ],
    [
      'arguments that no text can hold',
      { put: { ...put, arb: fc.tuple(fc.constant('x'), fc.constant(new Map())) }, get },
      /arb of put must give a tuple of plain values/,
    ],
    [
      'a run that gives no outcome',
      { put: { ...put, run: async () => 7 }, get },
      /run of put must give an outcome, as client.call does, got 7/,
    ],
  ] as const) {
    it(`${what}, and says in which world`, async () => {
      const error = await thrownBy({ ...options, commands: given })
      assert.strictEqual(codeOf(error), 'ERR_BAD_MODEL')
      assert.match(error.message, message)
      assert.isNumber((error as Error & { data?: { worldSeed?: number } }).data?.worldSeed)
    })
  }

  it('a disagreement of a model that concurrent clients are judged by', async () => {
    const add = { ...counterTest().commands.add, next: () => calls++ }
    const error = await thrownBy({ ...counterTest(), commands: { add }, concurrent: 2 })
    assert.strictEqual(codeOf(error), 'ERR_BAD_MODEL')
  })

  it('to run without fast-check, and says how to install it', async () => {
    const missing = Object.assign(new Error('no'), { code: 'ERR_MODULE_NOT_FOUND' })
    const error = await loadFastCheck(() => Promise.reject(missing)).catch((thrown) => thrown)
    assert.strictEqual(codeOf(error), 'ERR_PACKAGE_MISSING')
    assert.match(error.message, /npm install --save-dev fast-check/)
  })
})

describe('a model test in which something throws', () => {
  for (const [what, given, message] of [
    [
      'a post',
      { put, get: { ...get, expects: undefined, post: () => assert.fail('far off') } },
      /get "\w" on n\d gave null: post of get threw AssertionError: far off/,
    ],
    [
      'a pre',
      { put, get: { ...get, pre: () => assert.fail('far off') } },
      /pre of get threw AssertionError: far off/,
    ],
    [
      'a run',
      { put, get: { ...get, run: () => assert.fail('far off') } },
      /run of get threw AssertionError: far off/,
    ],
    [
      'a next',
      { put: { ...put, next: () => assert.fail('far off') }, get },
      /next of put threw AssertionError: far off/,
    ],
  ] as const) {
    it(`is a failure, made small, that says it was ${what}`, async () => {
      const { failure, report } = await modelTest({ ...options, commands: given } as never)
      assert.match(String(failure?.message), message, report())
      assert.strictEqual(failure?.check, 'model')
      assert.strictEqual(failure?.sizes.commands[1], 1)
      assert.include(String(failure?.result.signature), 'AssertionError')
    })
  }

  it('is a failure with the name of a check of the scenario', async () => {
    const checks = [check.eventually('all is well', () => assert.fail('it is not'))]
    const scenario = { ...kvScenario(), checks }
    const { failure } = await modelTest({ ...kvTest(scenario), runs: 2 })
    assert.strictEqual(failure?.check, 'all is well')
    assert.strictEqual(failure?.message, 'all is well: it is not')
  })
})

describe('a model test of a scenario that is not deterministic', () => {
  it('says so, where two runs of the same commands differ, and keeps the run', async () => {
    let runs = 0
    const scenario = {
      ...kvScenario(),
      operations: {
        ...kvScenario().operations,
        get: (_: unknown, key: string) => `${key}${runs++}`,
      },
    }
    const post = (_: unknown, __: unknown, value: unknown) => value === 'never'
    const given = { put, get: { ...get, expects: undefined, post } }
    const report = await modelTest({ ...options, scenario, commands: given } as never)
    assert.isFalse(report.ok)
    assert.strictEqual(report.verdict, 'nondeterministic')
    assert.match(report.report(), /nondeterministic: two runs of seed \d+ differ/)
    assert.match(String(report.failure?.counterexample), /get [xy] : [xy]0\n/)
  })
})

describe('a model test that tests little', () => {
  it('warns of commands that are never called', async () => {
    const given = { put: { ...put, pre: () => false }, get }
    const report = await modelTest({ ...options, commands: given, runs: 5 })
    assert.isTrue(report.ok)
    assert.deepEqual(report.warnings, ['never called: put'])
    assert.match(report.report(), /warning: never called: put/)
  })

  it('counts runs that a limit ended as undecided', async () => {
    const scenario = { ...kvScenario(), limits: { virtualMs: 50 }, callTimeoutMs: 1_000 }
    const faults = faultModels.pauses()
    const report = await modelTest({ ...kvTest(scenario), faults, runs: 8 })
    assert.isAbove(report.undecided, 0, report.report())
  })
})
