import { assert } from 'chai'
import { seededRandom } from '../../../src/base/random.js'
import {
  type AnyModel,
  casRegister,
  checkHistory,
  eventText,
  fifoQueue,
  kv,
  register,
} from '../../../src/verification/index.js'
import { seeds } from '../../seeds.js'
import { makeHistory } from './made-history.js'
import { told } from './told-history.js'

const OBJECTS = { register: register(), 'cas-register': casRegister(), kv: kv() }

const EXAMPLES: readonly [
  what: string,
  model: keyof typeof OBJECTS,
  history: string,
  detail: RegExp | undefined,
][] = [
  [
    'a write of which nobody knows is seen by some',
    'register',
    'a w x 1; d: w x 2; d?; b r x 1; c r x 2',
    undefined,
  ],
  [
    'one that is still under way is seen by some',
    'register',
    'a w x 1; d: w x 2; b r x 1; c r x 2',
    undefined,
  ],
  [
    'beside one of which nobody knows, others do not agree',
    'register',
    'a w x 1; b w x 2; d: w x 3; d?; a r x 1; b r x 2; c r x 3',
    /^after the last write a r\w+ x → 1, but b read x → 2$/,
  ],
  [
    'a value is written by one of which nobody knows, and by one that was done',
    'register',
    'a w x 1; b w x 2; d: w x 1; d?; a r x 1; b r x 2',
    undefined,
  ],
  [
    'nothing is read after a write',
    'register',
    'a w x 1; b r x null',
    /, but something was written$/,
  ],
  [
    'nothing is read after one of which nobody knows',
    'register',
    'a: w x 1; a?; b r x null',
    undefined,
  ],
  ['what nobody wrote is read', 'register', 'a w x 1; b r x 7', /nobody has written that$/],
  [
    'what is read was compared and set',
    'cas-register',
    'a w x 1; a: cas x [1,2]; a?; b r x 1; c r x 2',
    undefined,
  ],
  [
    'appends that all see alike',
    'kv',
    'a append x "1"; b append x "2"; a get x "21"; b get x "21"',
    undefined,
  ],
  [
    'appends that all see in another order',
    'kv',
    'a append x "1"; b append x "2"; a get x "12"; b get x "21"',
    /^after the last write a get x → "12", but b get x → "21"$/,
  ],
  [
    'an append of which nobody knows is seen by some',
    'kv',
    'a append x "1"; d: append x "2"; d?; b get x "1"; c get x "12"',
    undefined,
  ],
]

const eventual = (model: AnyModel, text: string) =>
  checkHistory(told(model, text), { model, consistency: 'eventual' })

describe('eventual consistency', () => {
  for (const [what, name, text, detail] of EXAMPLES) {
    it(`${name}, ${what}: ${detail === undefined ? 'eventual' : 'not eventual'}`, () => {
      const { verdict, violation } = eventual(OBJECTS[name], text)
      assert.equal(verdict, detail === undefined ? 'ok' : 'violation', violation?.detail)
      if (detail !== undefined) assert.match(String(violation?.detail), detail)
    })
  }

  it('is refused of what has no reads that could agree', () => {
    for (const text of ['a enq q 1; b deq q null', 'a enq q 1; b deq q 1; b deq q 1', '']) {
      assert.throws(
        () => eventual(fifoQueue(), text),
        /queue has no reads of a key that could agree in the end: .* \(ERR_BAD_HISTORY\)/,
      )
    }
  })

  it('is refused of a model whose reads do not say what they read', () => {
    const model: AnyModel = { ...register(), access: () => undefined, isRead: () => true }
    assert.throws(() => eventual(model, 'a r x 1'), /read of .* does not say what it reads/)
  })

  for (const [name, model] of Object.entries(OBJECTS)) {
    for (const seed of seeds(2)) {
      it(`what is linearizable is eventual: ${name} [SEED=${seed}]`, () => {
        const random = seededRandom(`eventual ${name} ${seed}`)
        let wrong = 0
        for (let round = 0; round < 300; round++) {
          const history = makeHistory(model, random, {
            operations: 3 + random.int(8),
            keys: 1,
            processes: 2 + random.int(3),
            info: random.pick([0, 0.3, 0.6]),
            values: random.pick([Number.POSITIVE_INFINITY, 2, 3]),
            wrong: random.pick([0, 0.3]),
            lastReads: 3,
          })
          const { verdict } = checkHistory(history, { model, consistency: 'eventual' })
          if (verdict === 'ok') continue
          wrong++
          const linear = checkHistory(history, { model }).verdict
          assert.equal(linear, 'violation', history.events.map(eventText).join('\n'))
        }
        assert.isTrue(wrong > 10 && wrong < 200, `${wrong}`)
      })
    }
  }
})
