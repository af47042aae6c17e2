import { assert } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import { GUARANTEES } from '../../../src/verification/history/session-guarantees.js'
import {
  type AnyModel,
  CONSISTENCIES,
  type Consistency,
  casRegister,
  checkHistory,
  eventText,
  History,
  register,
} from '../../../src/verification/index.js'
import { seeds } from '../../seeds.js'
import { makeHistory } from './made-history.js'
import { Plainly } from './plainly.js'

const ROUNDS = 300
const MODEL = register()
const MODELS = [MODEL, casRegister()]

/** What is so is also what comes after it. */
const IMPLIES: readonly [Consistency, Consistency][] = [
  ['linearizable', 'sequential'],
  ['linearizable', 'eventual'],
  ['sequential', 'causal+'],
  ['causal+', 'causal'],
  ['causal+', 'session'],
  ['session', 'read-your-writes'],
  ['session', 'monotonic-reads'],
  ['session', 'monotonic-writes'],
  ['session', 'writes-follow-reads'],
]

/** Small histories in which each value is written once. In some processes do several things at a time, or go on after what nobody knows. */
function* histories(model: AnyModel, seed: number | string): Generator<History> {
  const random = seededRandom(`weak ${model.name} ${seed}`)
  for (let round = 0; round < ROUNDS; round++) {
    const history = makeHistory(model, random, {
      operations: 3 + random.int(6),
      keys: 1 + random.int(2),
      processes: 2 + random.int(3),
      info: random.pick([0, 0, 0.2, 0.4]),
      values: Number.POSITIVE_INFINITY,
      wrong: random.pick([0.2, 0.5, 1]) * 0.9,
    })
    yield random.int(4) === 0 ? inProcesses(history, 2) : history
  }
}

/** The same done by so many processes. */
function inProcesses({ events, ops }: History, count: number): History {
  const moved = <T extends { readonly process: number | string }>(one: T): T => ({
    ...one,
    process: Number(one.process) % count,
  })
  return new History(events.map(moved), ops.map(moved))
}

const shown = (history: History): string => history.events.map(eventText).join('\n')

/** By definition. */
const DEFINITIONS: readonly (readonly [Consistency, (history: Plainly) => boolean])[] = [
  ['causal+', (history) => history.causallyConvergent],
  ['causal', (history) => history.causal],
  ...GUARANTEES.map(
    (guarantee) => [guarantee, (history: Plainly) => history.session(guarantee)] as const,
  ),
  ['session', (history) => history.session(...GUARANTEES)],
]

describe('weak consistencies, held against their definitions', function () {
  this.timeout(60_000)

  for (const seed of seeds(3)) {
    it(`what is strong is also what is weaker [SEED=${seed}]`, () => {
      const held = new Map<Consistency, number>()
      for (const history of histories(MODEL, seed)) {
        const is = new Map(
          CONSISTENCIES.map((consistency) => [
            consistency,
            checkHistory(history, { model: MODEL, consistency }).verdict === 'ok',
          ]),
        )
        for (const [one, right] of is) held.set(one, (held.get(one) ?? 0) + (right ? 1 : 0))
        for (const [strong, weak] of IMPLIES) {
          if (is.get(strong))
            assert.isTrue(is.get(weak), `${strong}, not ${weak}:\n${shown(history)}`)
        }
      }
      for (const [one, count] of held)
        assert.isTrue(count > 5 && count < ROUNDS - 5, `${one} ${count}`)
    })

    for (const model of MODELS) {
      for (const [consistency, is] of DEFINITIONS) {
        it(`${consistency} of a ${model.name} is what it is by definition [SEED=${seed}]`, () => {
          const answers = new Map<boolean, number>()
          for (const history of histories(model, seed)) {
            const right = is(new Plainly(history, model))
            const { verdict } = checkHistory(history, { model, consistency })
            assert.equal(verdict, right ? 'ok' : 'violation', shown(history))
            answers.set(right, (answers.get(right) ?? 0) + 1)
          }
          for (const right of [true, false]) assert.isAbove(answers.get(right) ?? 0, 5)
        })
      }
    }
  }
})
