import { assert } from 'chai'
import { arbitrate, isOlder } from '../../src/peer/arbitration.js'
import { OUTCOME } from '../../src/peer/greeting.js'

const { OPEN, DUPLICATE } = OUTCOME

describe('arbitration between two sessions', () => {
  const table: [
    session: number | undefined,
    proving: boolean,
    smaller: boolean,
    outcome: number,
  ][] = [
    [undefined, false, true, OPEN],
    [undefined, false, false, OPEN],
    [undefined, true, true, DUPLICATE],
    [undefined, true, false, OPEN],
    [4, false, true, OPEN],
    [4, true, true, OPEN],
    [5, false, false, DUPLICATE],
    [6, false, true, DUPLICATE],
  ]
  for (const [sessionClock, proving, smaller, outcome] of table) {
    it(`session ${sessionClock}, proving ${proving}, smaller ${smaller}: a proof at 5 gives ${outcome}`, () => {
      assert.equal(arbitrate({ sessionClock, proving, smaller }, 5), outcome)
    })
  }

  it('never lets both ends refuse, nor both take, proofs that cross', () => {
    const ends = [true, false].map((smaller) =>
      arbitrate({ sessionClock: undefined, proving: true, smaller }, 1),
    )
    assert.deepEqual(ends, [DUPLICATE, OPEN])
  })

  it('orders incarnations by generation, then by age', () => {
    const id = (generation: number, incarnation: string) => ({ generation, incarnation })
    assert.isTrue(isOlder(id(1, 'Z'), id(2, 'A')))
    assert.isTrue(isOlder(id(1, 'A'), id(1, 'B')))
    assert.isFalse(isOlder(id(1, 'B'), id(1, 'B')))
    assert.isFalse(isOlder(id(2, 'A'), id(1, 'Z')))
  })
})
