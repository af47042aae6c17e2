import { assert } from 'chai'
import fc from 'fast-check'
import { RingQueue } from '../../src/base/ring-queue.js'

type Call =
  | { do: 'push' | 'unshift'; item: number }
  | { do: 'shift' | 'peek' | 'last' | 'clear' | 'list' }

const item = fc.integer()
const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('push' as const), item }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unshift' as const), item }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('shift' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('peek' as const, 'last' as const, 'list' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
)

describe('ring queue', () => {
  it('does what an array does', () => {
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const queue = new RingQueue<number>()
        const model: number[] = []
        for (const one of calls) {
          if (one.do === 'push') {
            queue.push(one.item)
            model.push(one.item)
          } else if (one.do === 'unshift') {
            queue.unshift(one.item)
            model.unshift(one.item)
          } else if (one.do === 'shift') assert.equal(queue.shift(), model.shift())
          else if (one.do === 'peek') assert.equal(queue.peek(), model[0])
          else if (one.do === 'last') assert.equal(queue.last(), model.at(-1))
          else if (one.do === 'clear') {
            queue.clear()
            model.length = 0
          } else assert.deepEqual([...queue], model)
          assert.equal(queue.size, model.length)
        }
        assert.deepEqual([...queue], model)
      }),
      { numRuns: 300 },
    )
  })

  it('keeps its order while it grows around the end of its ring', () => {
    const queue = new RingQueue<number>()
    let next = 0
    let wanted = 0
    for (let round = 1; round < 300; round++) {
      for (let i = 0; i < round; i++) queue.push(next++)
      for (let i = 0; i < round - 1; i++) assert.equal(queue.shift(), wanted++)
    }
    while (queue.size > 0) assert.equal(queue.shift(), wanted++)
    assert.equal(wanted, next)
  })

  it('keeps undefined as an item like any other', () => {
    const queue = new RingQueue<undefined>()
    queue.push(undefined)
    assert.equal(queue.size, 1)
    assert.isUndefined(queue.shift())
    assert.equal(queue.size, 0)
  })

  it('does not share anything between empty queues', () => {
    const first = new RingQueue<number>()
    const second = new RingQueue<number>()
    first.push(1)
    assert.isUndefined(second.shift())
    first.clear()
    second.push(2)
    assert.isUndefined(first.peek())
  })
})
