import { assert } from 'chai'
import fc from 'fast-check'
import { Heap } from '../../src/base/heap.js'

const heapOf = (items: readonly number[]): Heap<number> => {
  const heap = new Heap<number>((a, b) => a < b)
  for (const item of items) heap.push(item)
  return heap
}

describe('heap', () => {
  it('gives items in order, whatever order they came in', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 })), (items) => {
        const heap = heapOf(items)
        const sorted = items.slice().sort((a, b) => a - b)
        for (const wanted of sorted) {
          assert.equal(heap.peek(), wanted)
          assert.equal(heap.pop(), wanted)
        }
        assert.equal(heap.size, 0)
        assert.isUndefined(heap.pop())
        assert.isUndefined(heap.peek())
      }),
    )
  })

  it('agrees with a sorted array while items come and go', () => {
    const step = fc.oneof(fc.record({ push: fc.integer() }), fc.constant('pop' as const))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = heapOf([])
        const model: number[] = []
        for (const one of steps) {
          if (one === 'pop') assert.equal(heap.pop(), model.shift())
          else {
            heap.push(one.push)
            model.push(one.push)
            model.sort((a, b) => a - b)
          }
          assert.equal(heap.size, model.length)
          assert.equal(heap.peek(), model[0])
        }
      }),
    )
  })

  it('orders by what it is given', () => {
    const heap = new Heap<string>((a, b) => a.length > b.length)
    for (const text of ['a', 'ccc', 'bb']) heap.push(text)
    assert.deepEqual([heap.pop(), heap.pop(), heap.pop()], ['ccc', 'bb', 'a'])
  })

  it('takes undefined for an item like any other', () => {
    const heap = new Heap<number | undefined>((a, b) => (a ?? 0) < (b ?? 0))
    for (const item of [1, undefined, -1, undefined]) heap.push(item)
    assert.equal(heap.size, 4)
    assert.deepEqual(
      [heap.pop(), heap.pop(), heap.pop(), heap.pop()],
      [-1, undefined, undefined, 1],
    )
  })
})
