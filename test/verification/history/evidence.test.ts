import { assert } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import {
  type AnyModel,
  CONSISTENCIES,
  type Consistency,
  checkHistory,
  eventText,
  type History,
  type HistoryEvent,
  MODEL_NAMES,
  modelNamed,
  readHistory,
} from '../../../src/verification/index.js'
import { seeds } from '../../seeds.js'
import { makeHistory } from './made-history.js'
import { told } from './told-history.js'

const ROUNDS = 80

const shown = (events: readonly HistoryEvent[]): string => events.map(eventText).join('\n')

/** As a file. */
const fileOf = (events: readonly HistoryEvent[], model: AnyModel): string =>
  events
    .map(({ process, type, f, key, value }) => {
      const gives = type === 'ok' && model.operations[f]?.gives !== 'same'
      return JSON.stringify({ process, type, f, key, value: gives ? (value ?? null) : value })
    })
    .join('\n')

function* histories(model: AnyModel, seed: number | string): Generator<History> {
  const random = seededRandom(`evidence ${model.name} ${seed}`)
  for (let round = 0; round < ROUNDS; round++) {
    yield makeHistory(model, random, {
      operations: 4 + random.int(12),
      keys: 1 + random.int(3),
      processes: 2 + random.int(3),
      info: random.pick([0, 0.2, 0.4]),
      fail: random.pick([0, 0.1]),
      values: random.pick([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 3]),
      wrong: random.pick([0.3, 0.9]),
      lastReads: random.int(3),
      goesOn: random.int(2) === 0,
    })
  }
}

/** Undefined: this check cannot judge it. */
function judged(history: History, model: AnyModel, consistency: Consistency) {
  try {
    return checkHistory(history, { model, consistency })
  } catch (error) {
    assert.propertyVal(error, 'code', 'ERR_BAD_HISTORY')
    return undefined
  }
}

describe('the events of a violation', function () {
  this.timeout(60_000)

  for (const name of MODEL_NAMES) {
    const model = modelNamed(name)
    for (const seed of seeds(2)) {
      it(`are wrong by themselves, read from a file: ${name} [SEED=${seed}]`, () => {
        const wrong = new Map<Consistency, number>()
        for (const history of histories(model, seed)) {
          for (const consistency of CONSISTENCIES) {
            const { violation } = judged(history, model, consistency) ?? {}
            if (violation === undefined) continue
            const { events, key } = violation
            const told = `${consistency}\n${shown(events)}\n\nof\n${shown(history.events)}`
            const places = events.map((event) => history.events.indexOf(event))
            assert.deepEqual(
              places,
              [...new Set(places)].sort((a, b) => a - b),
              told,
            )
            assert.notInclude(places, -1, told)
            if (key !== undefined)
              assert.isTrue(
                events.every((one) => one.key === key),
                told,
              )
            const again = readHistory(fileOf(events, model), model)
            const { verdict } = checkHistory(again, { model, consistency })
            assert.equal(verdict, 'violation', told)
            wrong.set(consistency, (wrong.get(consistency) ?? 0) + 1)
          }
        }
        // a queue has no reads, and appends are no writes that one could have read
        const judges = { queue: 2, kv: 3 }[name] ?? CONSISTENCIES.length
        assert.isAtLeast(wrong.size, judges)
        for (const [consistency, count] of wrong) assert.isAbove(count, 0, consistency)
      })
    }
  }

  it('of a sequential history end early, and have of what is called later only what may have been seen', () => {
    const model = modelNamed('register')
    const texts = (text: string) => {
      const { violation } = checkHistory(told(model, text), { model, consistency: 'sequential' })
      assert.isTrue(violation?.smallest)
      return violation?.events.map(eventText)
    }
    const prefix = 'a w x 1; a w x 1; b r x 7'
    const events = texts(prefix)
    assert.lengthOf(events ?? [], 6)
    assert.deepEqual(texts(`${prefix}; c w x 2; c r x 1; d w y 3; c w x 1`), events)
    const old = 'a w x 1; a w x 1; b r x 2; b r x null'
    assert.deepEqual(texts(`${old}; c w x 2; c w x 3`), [
      ...(told(model, old).events.map(eventText) as string[]),
      'c invoke write x 2',
    ])
  })
})
