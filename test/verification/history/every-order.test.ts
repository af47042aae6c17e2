import { assert } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import { Budget } from '../../../src/verification/history/budget.js'
import { prefixOf } from '../../../src/verification/history/history.js'
import { LinearSearch } from '../../../src/verification/history/linear-search.js'
import type { AnyModel } from '../../../src/verification/history/model.js'
import { SequentialSearch } from '../../../src/verification/history/sequential-search.js'
import {
  type Consistency,
  checkHistory,
  eventText,
  type History,
  MODEL_NAMES,
  modelNamed,
} from '../../../src/verification/index.js'
import { seeds } from '../../seeds.js'
import { byClock, byProcess, hasOrder } from './every-order.js'
import { makeHistory } from './made-history.js'

/** Histories of one seed. */
const ROUNDS = 150

const shown = (history: History): string => history.events.map(eventText).join('\n')

/** Small histories, right and wrong, of whatever shape. */
function* histories(model: AnyModel, seed: number | string): Generator<History> {
  const random = seededRandom(`${model.name} ${seed}`)
  for (let round = 0; round < ROUNDS; round++) {
    yield makeHistory(model, random, {
      operations: 3 + random.int(5),
      keys: 1 + random.int(2),
      processes: 1 + random.int(4),
      info: random.pick([0, 0.2, 0.5]),
      fail: random.pick([0, 0.1]),
      values: random.pick([Number.POSITIVE_INFINITY, 1, 2, 3]),
      wrong: random.pick([0, 0.3, 0.9]),
    })
  }
}

const ORDERS = { linearizable: byClock, sequential: byProcess } as const

describe('checkers of histories, held against every order', function () {
  this.timeout(60_000)

  for (const name of MODEL_NAMES) {
    const model = modelNamed(name)
    for (const consistency of ['linearizable', 'sequential'] satisfies Consistency[]) {
      for (const seed of seeds(3)) {
        it(`${name} is ${consistency} exactly when an order of its operations is [SEED=${seed}]`, () => {
          const answers = new Map<boolean, number>()
          for (const history of histories(model, seed)) {
            const right = hasOrder(history.ops, model, ORDERS[consistency])
            const { verdict } = checkHistory(history, { model, consistency })
            assert.equal(verdict, right ? 'ok' : 'violation', shown(history))
            answers.set(right, (answers.get(right) ?? 0) + 1)
          }
          assert.isAbove(answers.get(true) ?? 0, ROUNDS / 50)
          assert.isAbove(answers.get(false) ?? 0, ROUNDS / 50)
        })
      }
    }

    for (const seed of seeds(3)) {
      it(`the searches say of ${name} what every order says, without quicker ways [SEED=${seed}]`, () => {
        for (const history of histories(model, seed)) {
          for (const key of new Set(history.ops.map((op) => op.key))) {
            const ops = history.ops.filter((op) => op.key === key)
            const linear = new LinearSearch(model, ops, new Budget({}, () => 0)).run(1e9)
            assert.equal(linear, hasOrder(ops, model, byClock), shown(history))
            const decided = model.decide?.(ops)
            if (decided !== undefined) assert.equal(decided, linear, shown(history))
          }
          const sequential = new SequentialSearch(model, history.ops, new Budget({}, () => 0)).run()
          assert.equal(sequential, hasOrder(history.ops, model, byProcess), shown(history))
        }
      })

      it(`the events of what is wrong with ${name} are a smallest failing prefix [SEED=${seed}]`, () => {
        for (const history of histories(model, seed)) {
          const { violation } = checkHistory(history, { model })
          if (violation === undefined) continue
          const ops = history.ops.filter((op) => op.key === violation.key)
          const last = violation.events[violation.events.length - 1]
          const end = history.events.indexOf(last as (typeof history.events)[number])
          assert.isFalse(hasOrder(prefixOf(ops, end + 1), model, byClock), shown(history))
          assert.isTrue(hasOrder(prefixOf(ops, end), model, byClock), shown(history))
          const own = prefixOf(ops, end + 1)
          const events = own.length + own.filter(({ status }) => status === 'ok').length
          assert.equal(violation.events.length, events)
          assert.isTrue(violation.smallest)
        }
      })
    }
  }
})
