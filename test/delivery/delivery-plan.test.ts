import { assert } from 'chai'
import {
  type DeliveryOptions,
  type DeliveryPlan,
  deliveryPlan,
  PLAIN,
  readDelivery,
} from '../../src/delivery/delivery-plan.js'
import { labelId } from '../../src/delivery/stamp.js'

type Levels = readonly (DeliveryOptions | undefined)[]

describe('delivery plan', () => {
  const cases: readonly [string, Levels, Partial<DeliveryPlan>][] = [
    ['is plain when nobody asks', [], PLAIN],
    ['is plain when only times are asked for', [{ expireAfterMs: 5 }], PLAIN],
    ['takes what the channel asks', [{ reliable: true }], { acknowledged: true, inOrder: true }],
    ['lets the method win over the channel', [{ reliable: true }, { reliable: false }], PLAIN],
    [
      'lets the send win over the method',
      [{}, { reliable: false }, { reliable: true }],
      { acknowledged: true },
    ],
    [
      'acknowledges what has a label',
      [{ causal: 'r' }],
      { acknowledged: true, label: labelId('r') },
    ],
    [
      'acknowledges it whatever a level above says',
      [{ causal: 'r' }, {}, { reliable: false }],
      { acknowledged: true },
    ],
    [
      'takes a label away',
      [{ causal: 'r', reliable: true }, { causal: false }],
      { acknowledged: true, label: undefined },
    ],
    ['takes a label away with what it implied', [{ causal: 'r' }, { causal: false }], PLAIN],
    ['replaces a label', [{ causal: 'r' }, { causal: 's' }], { label: labelId('s') }],
    [
      'is monotonic without acknowledgement',
      [{ monotonic: true }],
      { acknowledged: false, monotonic: true },
    ],
    [
      'mixes the levels',
      [{ monotonic: true }, { reliable: true }, { expireAfterMs: 9, inOrder: false }],
      { acknowledged: true, monotonic: true, inOrder: false, expireAfterMs: 9 },
    ],
  ]
  for (const [name, levels, expected] of cases) {
    it(name, () => assert.deepInclude(deliveryPlan(...(levels as [])), expected))
  }

  it('is the one PLAIN, so that it can be compared by identity', () => {
    assert.strictEqual(deliveryPlan({}, { monotonic: false }), PLAIN)
  })

  const refused: readonly [string, unknown, RegExp][] = [
    ['an unknown option', { relaible: true }, /game\.relaible is not an option/],
    ['a label that is no text', { causal: 7 }, /game\.causal must be a label .* got 7/],
    ['an empty label', { causal: '' }, /game\.causal/],
    [
      'an unreliable label',
      { causal: 'r', reliable: false },
      /game\.reliable must not be false .* "r"/,
    ],
    ['no time at all', { expireAfterMs: 0 }, /game\.expireAfterMs/],
  ]
  for (const [name, given, message] of refused) {
    it(`refuses ${name}`, () => assert.throws(() => readDelivery('game', given), message))
  }

  it('reads what is well formed', () => {
    assert.deepEqual(readDelivery('game', { causal: 'r', monotonic: true }), {
      causal: 'r',
      monotonic: true,
    })
  })
})
