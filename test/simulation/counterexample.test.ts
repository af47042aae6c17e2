import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { parseCounterexample, printCounterexample } from '../../src/simulation/cx-file.js'
import { runCounterexample } from '../../src/simulation/cx-run.js'
import { printLine } from '../../src/simulation/cx-text.js'
import { CxReader, printValue } from '../../src/simulation/cx-value.js'
import type { Plain } from '../../src/simulation/op.js'
import type { Result } from '../../src/simulation/result.js'
import type { Scenario } from '../../src/simulation/scenario.js'
import { simulate } from '../../src/simulation/simulate.js'
import { rejection } from '../promises/environment.js'
import { counting, forgetful, troubled } from './scenarios.js'

/** A seed under which the forgetful counter is caught. */
async function caught(): Promise<Result> {
  for (let seed = 1; seed < 50; seed++) {
    const result = await simulate(forgetful, { seed })
    if (result.verdict === 'fail') return result
  }
  throw new Error('no seed of 50 finds the bug')
}

describe('counterexamples', () => {
  const lines = [
    'join n1 n2 : OK',
    'n1 write x 1 : OK',
    'n1 read x 1 : FAIL, {1, -1}',
    'n2 write "a b" {"k":[1,2]} : FAIL, ROOM_FULL',
    'n2 read x : TIMEOUT',
    'n2 read x : MAYBE, ERR_NODE_DOWN',
    'n2 read "OK" : "OK"',
    'n1 size : 12.5',
    'n1 last : OPEN',
    'leave n2 : OK',
    'fault partition { n1 } { n2 n3 }',
    'fault byzantine n2 bitflip',
    'end omit_send n1 n3',
    'wait 250',
  ]
  for (const line of lines) {
    it(`reads and writes: ${line}`, () => {
      const [read] = parseCounterexample(`# a comment\n\n${line}\n`).lines
      assert.equal(read?.at, 3)
      assert.equal(read && printLine(read.line), line)
    })
  }

  it('reads back any value it writes', () => {
    const plain = fc.jsonValue() as fc.Arbitrary<Plain>
    fc.assert(
      fc.property(plain, (value) => {
        const reader = new CxReader(`${printValue(value)} : OK`)
        assert.deepEqual(reader.value(), JSON.parse(JSON.stringify(value)))
        assert.equal(reader.rest, ': OK')
      }),
    )
  })

  const bad: readonly [string, RegExp][] = [
    ['n1 write x 1', /^f.cx:2:13: expected a value or ':' and a result, got the end/],
    ['n1 write x 1 :', /^f.cx:2:15: expected a result/],
    ['n1 write x 1 : OK now', /^f.cx:2:19: expected the end of the line, got "now"/],
    ['join n1 : OK', /^f.cx:2:9: expected the node to join, got ":"/],
    ['wait soon', /^f.cx:2:.*expected a number of milliseconds/],
    ['fault partition { n1 }', /^f.cx:2:23: expected '\{'/],
    ['fault explode n1', /^f.cx:2:7: expected one of partition/],
    ['n1 write {"a": : OK', /^f.cx:2:10: expected .* in JSON/],
    ['n1', /^f.cx:2:3: expected an operation, got the end/],
    ['#! tape {', /^f.cx:2:9: expected the tape in JSON/],
    ['#! tape 5', /^f.cx:2:9: expected the tape in JSON, numbers by label/],
    ['#! faults [1]', /^f.cx:2:11: expected the faults in JSON, an array of/],
    [
      '#! faults [{"atUs":1,"fault":"fault explode","ends":false}]',
      /^f.cx:2: in faults, .* expected one of partition/,
    ],
    ['#! v1 seed="\\x"', /^f.cx:2:.*expected a text in JSON/],
    ['#! v2 seed=1', /^f.cx:2:4: expected version v1/],
    ['#! v1 seed=1', /^f.cx: its #! lines do not say scenario=/],
  ]
  for (const [line, message] of bad) {
    it(`refuses, with its place: ${line}`, async () => {
      const error = await rejection(
        Promise.resolve().then(() => parseCounterexample(`# first\n${line}`, 'f.cx')),
      )
      assert.equal(codeOf(error), 'ERR_BAD_COUNTEREXAMPLE')
      assert.match(error.message, message)
    })
  }

  it('are written by a run that failed, readable, and repeat it to the last bit', async () => {
    const result = await caught()
    const text = printCounterexample(result)
    assert.match(text, /^join n2 n1 : OK$/m)
    assert.match(text, /^n1 add \d : \d+$/m)
    assert.match(text, /^fault (crash|restart) n1/m)
    assert.match(text, /^#! v1 scenario=forgetful check="what was counted/m)
    const { result: again, outcome } = await runCounterexample(text, forgetful)
    assert.equal(outcome, 'asRecorded')
    assert.equal(again.hash, result.hash)
  })

  describe('of code that has changed since', () => {
    it('repeat the run to the last bit where the change sends nothing: a line more in the log', async () => {
      const text = printCounterexample(await caught())
      const chatty: Scenario = {
        ...forgetful,
        start(node, context) {
          node.log.info({}, 'a line more')
          return forgetful.start?.(node, context)
        },
      }
      const { outcome, unused, result, changed } = await runCounterexample(text, chatty)
      assert.equal(outcome, 'asRecorded')
      assert.isTrue(changed)
      assert.equal(result.check, 'what was counted is not forgotten')
      assert.isEmpty(unused)
    })

    it('say that another run fails in the same way: a latency has changed', async () => {
      const recorded = await caught()
      const changed = { ...forgetful, network: { latencyMs: [0.5, 3] as const } }
      const { outcome, result } = await runCounterexample(printCounterexample(recorded), changed)
      assert.equal(outcome, 'sameFailure')
      assert.notEqual(result.hash, recorded.hash)
      assert.equal(result.signature, recorded.signature)
    })

    it('say that the run is another one: the bug is mended', async () => {
      const text = printCounterexample(await caught())
      const mended = { ...forgetful, network: { latencyMs: [0.5, 3] as const }, checks: [] }
      const { outcome, result } = await runCounterexample(text, mended)
      assert.equal(outcome, 'other')
      assert.equal(result.verdict, 'ok')
    })

    it('list what does not occur any more: a node is gone, a message has another name', async () => {
      const recorded = await caught()
      const text = printCounterexample({
        ...recorded,
        tape: { 'drop n2>n1:gone#1': 1 },
        faults: [
          ...recorded.faults,
          { atUs: 5, fault: { verb: 'pause', node: 'n9' }, ends: false, by: 'schedule' },
        ],
      })
      const { unused } = await runCounterexample(text, forgetful)
      assert.deepEqual(unused, ['drop n2>n1:gone#1', 'fault pause n9'])
    })

    it('name the operation that is gone when they run by hand', async () => {
      const text = printCounterexample(await caught())
      const at = text.split('\n').findIndex((row) => / add /.test(row)) + 1
      const { add: plus, ...rest } = counting.operations ?? {}
      const renamed = { ...forgetful, operations: { ...rest, ...(plus && { plus }) } }
      const byHand = { file: 'old.cx', byHand: true }
      const error = await rejection(runCounterexample(text, renamed, byHand))
      assert.equal(codeOf(error), 'ERR_BAD_COUNTEREXAMPLE')
      assert.match(
        error.message,
        new RegExp(`^old.cx:${at}:4: expected an operation .* \\(value, plus\\), got "add"`),
      )
    })
  })

  const unfit: readonly [string, RegExp][] = [
    ['n9 add 3 : 3', /^f.cx:2:1: expected a node of the scenario \(n1, n2, n3\), got "n9"/],
    [
      'n1   sub 3 : 3',
      /^f.cx:2:6: expected an operation of the scenario \(add, value\), got "sub"/,
    ],
    ['join n1 n4 : OK', /^f.cx:2:9: expected a node .*, got "n4"/],
    ['leave n0 : OK', /^f.cx:2:7: expected a node .*, got "n0"/],
    ['fault partition { n1 } { n2 n7 }', /^f.cx:2:29: expected a node .*, got "n7"/],
    ['fault omit n1>n8:add#1', /^f.cx:2:15: expected a node .*, got "n8"/],
    ['fault user jam n1', /^f.cx:2:12: expected a user fault .* \(it has none\), got "jam"/],
    ['fault byzantine n2 lie', /^f.cx:2:20: expected a user fault .*, got "lie"/],
    ['fault byzantine n2 stale store', /^f.cx:2:26: expected a share from/],
    ['end omit_send n1 n3', /^f.cx:2:1: expected the end of a fault that is at work \(none is\)/],
    ['end heal', /^f.cx:2:1: expected the end of a fault that is at work/],
  ]
  for (const [line, message] of unfit) {
    it(`refuse, before anything runs: ${line}`, async () => {
      let started = 0
      const scenario: Scenario = { ...counting, start: () => void started++ }
      const text = `n1 add 1 : OK\n${line}\n`
      const error = await rejection(runCounterexample(text, scenario, { file: 'f.cx' }))
      assert.equal(codeOf(error), 'ERR_BAD_COUNTEREXAMPLE')
      assert.match(error.message, message)
      assert.equal(started, 0)
    })
  }

  it('end a fault that is at work, and none twice', async () => {
    const lines = 'fault omit_send n1 n3\nend omit_send n1 n3\n'
    const { result } = await runCounterexample(`${lines}n3 add 1 : OK`, counting)
    assert.equal(result.verdict, 'ok', result.error?.message)
    const error = await rejection(
      runCounterexample(`${lines}fault pause n2\nend omit_send n1 n3`, counting, { file: 'f.cx' }),
    )
    assert.match(error.message, /^f.cx:4:1: /)
  })

  it('are refused for a scenario without operations', async () => {
    const bare: Scenario = { name: 'bare', nodes: 1 }
    const error = await rejection(runCounterexample('n1 add 1 : 1', bare, { file: 'f.cx' }))
    assert.match(error.message, /^f.cx:1:4: expected an operation of the scenario \(it has none\)/)
  })

  it('of a person run line by line', async () => {
    const text = `
      join n2 n1 : OK
      join n3 n1 : OK
      n2 add 3 : 3
      fault partition { n1 } { n2 n3 }
      n1 add 4 : 7
      n3 add 1 : MAYBE, ERR_NODE_DOWN
      fault heal
      wait 8000
      n1 add -1 : FAIL, NEGATIVE
      n1 value : OK
    `
    const { result, outcome } = await runCounterexample(text, counting, { file: 'mine.cx' })
    assert.equal(outcome, 'byHand')
    assert.equal(result.verdict, 'ok', result.error?.message)
  })

  it('of a person say which line has another result', async () => {
    const text = 'n2 add 3 : 3\nn1 value : 4'
    const { result } = await runCounterexample(text, counting, { file: 'mine.cx' })
    assert.equal(result.verdict, 'fail')
    assert.match(String(result.error?.message), /mine.cx:2: n1 value : 4, but the result was 3/)
  })

  it('are refused for another scenario', async () => {
    const text = printCounterexample(await caught())
    const error = await rejection(runCounterexample(text, troubled, { file: 'a.cx' }))
    assert.match(error.message, /a.cx: it is of scenario forgetful, not of troubled/)
  })
})
