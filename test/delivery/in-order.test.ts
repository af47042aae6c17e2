import { assert } from 'chai'
import { InOrder, type InOrderEffect } from '../../src/delivery/in-order.js'

type Given = readonly [seq: number, after: number]

function accept(stage: InOrder<string>, ...given: readonly Given[]): InOrderEffect<string>[] {
  return given.flatMap(([seq, after]) =>
    stage.step({ type: 'message', seq, after, message: `m${seq}`, bytes: 10 }),
  )
}

const delivered = (effects: readonly InOrderEffect<string>[]): string[] =>
  effects.flatMap((effect) => (effect.type === 'deliver' ? [effect.message] : []))

describe('in-order stage', () => {
  const cases: readonly [string, readonly Given[], readonly string[]][] = [
    [
      'hands on what comes in order',
      [
        [1, 0],
        [2, 1],
        [3, 2],
      ],
      ['m1', 'm2', 'm3'],
    ],
    ['keeps an early one', [[2, 1]], []],
    [
      'hands on an early one behind the late one',
      [
        [2, 1],
        [1, 0],
      ],
      ['m1', 'm2'],
    ],
    [
      'turns a reversed run around',
      [
        [4, 3],
        [3, 2],
        [2, 1],
        [1, 0],
      ],
      ['m1', 'm2', 'm3', 'm4'],
    ],
    [
      'drops repeats, early or late',
      [
        [2, 1],
        [2, 1],
        [1, 0],
        [1, 0],
        [2, 1],
      ],
      ['m1', 'm2'],
    ],
    [
      'takes numbers with gaps',
      [
        [30, 7],
        [7, 0],
        [31, 30],
      ],
      ['m7', 'm30', 'm31'],
    ],
    [
      'goes on behind what will not come',
      [
        [1, 0],
        [9, 0],
        [10, 9],
      ],
      ['m1', 'm9', 'm10'],
    ],
    [
      'gives out early ones first when nothing before will come',
      [
        [4, 3],
        [3, 2],
        [9, 0],
      ],
      ['m3', 'm4', 'm9'],
    ],
    [
      'drops what comes after it was passed over',
      [
        [5, 0],
        [3, 2],
      ],
      ['m5'],
    ],
  ]
  for (const [name, given, expected] of cases) {
    it(name, () => assert.deepEqual(delivered(accept(new InOrder(), ...given)), [...expected]))
  }

  it('refuses more early messages than its bound, and takes what fills the gap all the same', () => {
    const stage = new InOrder<string>({ earlyMessages: 2 })
    const effects = accept(stage, [2, 1], [3, 2], [4, 3])
    assert.deepEqual(effects, [{ type: 'refused', reason: 'full', message: 'm4' }])
    assert.deepEqual(delivered(accept(stage, [1, 0], [4, 3])), ['m1', 'm2', 'm3', 'm4'])
    assert.equal(stage.refused, 1)
  })

  it('refuses more bytes than its bound', () => {
    const stage = new InOrder<string>({ earlyBytes: 25 })
    assert.lengthOf(accept(stage, [2, 1], [3, 2], [4, 3]), 1)
    assert.equal(stage.pendingBytes, 20)
  })

  it('counts what it keeps and gives it up on clear', () => {
    const stage = new InOrder<string>()
    accept(stage, [2, 1], [3, 2])
    assert.equal(stage.pending, 2)
    assert.deepEqual(
      stage.step({ type: 'clear' }).map((effect) => effect.type),
      ['dropped', 'dropped'],
    )
    assert.equal(stage.pending, 0)
    assert.deepEqual(delivered(accept(stage, [1, 0], [2, 1])), ['m1', 'm2'])
  })

  it('takes 50,000 early messages in a moment', () => {
    const stage = new InOrder<string>()
    const began = performance.now()
    for (let seq = 50_000; seq >= 1; seq--) accept(stage, [seq, seq - 1])
    assert.equal(stage.last, 50_000)
    assert.isBelow(performance.now() - began, 1_000)
  })
})
