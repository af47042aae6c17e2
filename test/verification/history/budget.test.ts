import { assert } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import {
  type AnyModel,
  checkHistory,
  History,
  MODEL_NAMES,
  modelNamed,
} from '../../../src/verification/index.js'
import { type MadeOptions, makeHistory } from './made-history.js'

const made = (model: AnyModel, operations: number, options: Partial<MadeOptions> = {}): History =>
  makeHistory(model, seededRandom(`${model.name} ${operations}`), {
    operations,
    keys: 10,
    processes: 10,
    info: 0.02,
    values: Number.POSITIVE_INFINITY,
    ...options,
  })

/** What takes a while in any way: many clients at once, equal values, and one wrong read at the end. */
const hard = (): History =>
  makeHistory(modelNamed('cas-register'), seededRandom('hard'), {
    operations: 4_000,
    keys: 1,
    processes: 40,
    info: 0.1,
    values: 20,
    wrong: 0.2,
    wrongAt: 0.9,
  })

describe('budgets of checkers', function () {
  this.timeout(60_000)

  for (const name of MODEL_NAMES) {
    const model = modelNamed(name)
    for (const [operations, withinMs] of [
      [1_700, 1_000],
      [10_000, 3_000],
    ] as const) {
      for (const [what, options, verdict] of [
        ['right', {}, 'ok'],
        ['right, with more of unknown outcome', { info: 0.1 }, 'ok'],
        ['with one wrong result towards the end', { wrong: 1, wrongAt: 0.9 }, 'violation'],
        ['wrong towards the end', { wrong: 0.3, wrongAt: 0.9 }, 'violation'],
      ] as const) {
        it(`${operations} operations on 10 keys of a ${name}, ${what}, take at most ${withinMs} ms`, () => {
          const history = made(model, operations, options)
          const beganMs = performance.now()
          const found = checkHistory(history, { model })
          const tookMs = performance.now() - beganMs
          assert.equal(found.verdict, verdict)
          assert.isBelow(tookMs, withinMs)
        })
      }
    }
  }

  it('each kind of budget ends a search, and is named', () => {
    const model = modelNamed('cas-register')
    const history = hard()
    const began = performance.now()
    const now = (): number => performance.now() - began
    for (const [options, reason] of [
      [{ states: 1_000 }, 'undecided after 1000 states'],
      [{ budgetMs: 20 }, 'undecided after 20 ms'],
      [{ memoryBytes: 1_000_000 }, 'undecided after 1000000 bytes'],
    ] as const) {
      const found = checkHistory(history, { model, ...options }, now)
      assert.equal(found.verdict, 'unknown')
      assert.equal(found.reason, reason)
    }
  })

  it('the estimate of memory is no less than what is taken', () => {
    const model = modelNamed('cas-register')
    const before = process.memoryUsage().rss
    checkHistory(hard(), { model, memoryBytes: 200_000_000, states: 20_000_000 })
    assert.isBelow(process.memoryUsage().rss - before, 600_000_000)
  })

  it('a part that is hard does not hide what is wrong with another', () => {
    const model = modelNamed('cas-register')
    const easy = makeHistory(model, seededRandom('easy'), {
      operations: 60,
      keys: 1,
      processes: 2,
      info: 0,
      values: Number.POSITIVE_INFINITY,
      wrong: 0.9,
    })
    const first = hard()
    const shift = first.events.length
    const events = [...first.events, ...easy.events.map((event) => ({ ...event, key: 'easy' }))]
    const moved = easy.ops.map((op) => ({
      ...op,
      key: 'easy',
      calledAt: op.calledAt + shift,
      returnedAt: op.returnedAt + shift,
    }))
    const history = new History(events, [...first.ops, ...moved])
    const found = checkHistory(history, { model, states: 400_000 })
    assert.equal(found.verdict, 'violation')
    assert.equal(found.violation?.key, 'easy')
  })

  it('refuses bounds that are none', () => {
    const model = modelNamed('register')
    assert.throws(() => checkHistory(made(model, 10), { model, states: 0 }), /check.states must be/)
    assert.throws(
      () => checkHistory(made(model, 10), { model, memoryBytes: 2 ** 31 }),
      /check.memoryBytes must be/,
    )
  })
})
