import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import {
  parseCounterexample,
  printCounterexample,
  printLine,
} from '../../src/simulation/cx-file.js'
import { runCounterexample } from '../../src/simulation/cx-run.js'
import { CxReader, printValue } from '../../src/simulation/cx-value.js'
import type { Plain } from '../../src/simulation/op.js'
import type { Result } from '../../src/simulation/result.js'
import { simulate } from '../../src/simulation/simulate.js'
import { counting, forgetful, troubled } from './scenarios.js'

const failure = async (run: () => unknown): Promise<Error> => {
  try {
    await run()
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

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
    ['#! v2 seed=1', /^f.cx:2:4: expected version v1/],
    ['#! v1 seed=1', /^f.cx: its #! lines do not say scenario=/],
  ]
  for (const [line, message] of bad) {
    it(`refuses, with its place: ${line}`, async () => {
      const error = await failure(() => parseCounterexample(`# first\n${line}`, 'f.cx'))
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

  it('say so when the code has changed and the same check fails in the same way', async () => {
    const text = printCounterexample(await caught())
    const changed = { ...forgetful, network: { latencyMs: [0.5, 3] as const } }
    const { outcome } = await runCounterexample(text, changed)
    assert.include(['sameFailure', 'other'], outcome)
    const mended = await runCounterexample(text, { ...forgetful, checks: [] })
    assert.equal(mended.result.verdict, 'ok')
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
    const error = await failure(() => runCounterexample(text, troubled, { file: 'a.cx' }))
    assert.match(error.message, /a.cx: it is of scenario forgetful, not of troubled/)
  })
})
