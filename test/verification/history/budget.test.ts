import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { assert } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import { Budget } from '../../../src/verification/history/budget.js'
import { LinearSearch } from '../../../src/verification/history/linear-search.js'
import { SequentialSearch } from '../../../src/verification/history/sequential-search.js'
import {
  type AnyModel,
  checkHistory,
  History,
  HistoryBuilder,
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

/** Bytes of what is reachable. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** The same once what other tests have left is gone: some of it only goes with a turn of the event loop. */
async function settledBytes(): Promise<number> {
  for (let before = liveBytes(); ; ) {
    await new Promise((resolve) => setImmediate(resolve))
    const now = liveBytes()
    if (now > before - 100_000) return now
    before = now
  }
}

const MEMORY_BYTES = 16_000_000

/** A process that goes on after each write of which nobody knows. */
function goesOn(): History {
  const builder = new HistoryBuilder(modelNamed('register'))
  for (let i = 0; i < 20_000; i++) {
    builder.return(builder.invoke('p', 'write', 'x', i), 'info', undefined)
    builder.return(builder.invoke('q', 'read', 'x', undefined), 'ok', i)
  }
  return builder.build()
}

/** Long texts, of which each may have seen any of many appends. */
function longTexts(): History {
  const builder = new HistoryBuilder(modelNamed('kv'))
  let text = ''
  for (let i = 0; i < 2_000; i++) {
    text += `${i};`
    builder.return(builder.invoke(0, 'append', 'x', `${i};`), 'ok', undefined)
    builder.return(builder.invoke(1, 'get', 'x', undefined), 'ok', i % 2 ? text : `z${text}`)
    builder.invoke(`i${i}`, 'append', 'x', `?${i};`)
  }
  return builder.build()
}

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

  for (const [name, way, options] of [
    ['cas-register', LinearSearch, { info: 0.1, values: 20, processes: 40 }],
    ['kv', LinearSearch, { info: 0.3, values: 3, processes: 10 }],
    ['cas-register', SequentialSearch, { info: 0.1, values: 20, processes: 40 }],
    ['kv', SequentialSearch, { info: 0.3, values: 3, processes: 10 }],
    ['queue', SequentialSearch, { info: 0.3, values: 3, processes: 10 }],
  ] as const) {
    it(`a ${way.name} of a ${name} takes as much memory as it may, and no more`, async () => {
      const model = modelNamed(name)
      const wrong = { wrong: 0.3, wrongAt: way === LinearSearch ? 0.9 : 0.3 }
      const { ops } = made(model, 4_000, { keys: 1, ...options, ...wrong })
      const budget = new Budget({ memoryBytes: MEMORY_BYTES }, () => 0)
      const before = await settledBytes()
      const search = new way(model, ops, budget)
      assert.isUndefined(search.run(Number.POSITIVE_INFINITY))
      assert.equal(budget.spent, `${MEMORY_BYTES} bytes`)
      const taken = liveBytes() - before
      search.end()
      assert.isBelow(taken, MEMORY_BYTES)
      assert.isAbove(taken, MEMORY_BYTES / 10)
    })
  }

  it('operations that are all under way at once are not too many to say so', async () => {
    const model = modelNamed('cas-register')
    const builder = new HistoryBuilder(model)
    const calls = Array.from({ length: 12_000 }, (_, at) =>
      builder.invoke(at, 'cas', 'x', [at % 7, at % 5]),
    )
    for (const call of calls) builder.return(call, 'ok', undefined)
    const history = builder.build()
    const before = await settledBytes()
    const search = new LinearSearch(model, history.ops, new Budget({}, () => 0))
    assert.isUndefined(search.run(10))
    assert.isBelow(liveBytes() - before, 50_000_000)
    assert.equal(checkHistory(history, { model }).verdict, 'unknown')
  })

  for (const [consistency, model, history] of [
    ['session', 'register', () => goesOn()],
    ['causal', 'register', () => goesOn()],
    ['sequential', 'kv', () => longTexts()],
  ] as const) {
    it(`a ${consistency} check of a ${model} ends when its time is over, whatever it is at`, () => {
      const made = history()
      let looks = 0
      const beganMs = performance.now()
      const { verdict } = checkHistory(
        made,
        { model: modelNamed(model), consistency, budgetMs: 5 },
        () => looks++,
      )
      assert.equal(verdict, 'unknown')
      assert.isBelow(performance.now() - beganMs, 2_000)
    })
  }

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
