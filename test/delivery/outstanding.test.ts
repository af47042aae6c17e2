import { assert } from 'chai'
import fc from 'fast-check'
import { ENTRY, Outstanding } from '../../src/delivery/outstanding.js'
import type { CausalMark } from '../../src/delivery/stamp.js'

describe('outstanding messages', () => {
  it('keep what they were given, however many there are and whatever is settled meanwhile', () => {
    const step = fc.record({
      key: fc.nat(3),
      inOrder: fc.boolean(),
      marked: fc.boolean(),
      settled: fc.nat(80),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const outstanding = new Outstanding<string>()
        const open = new Map<
          number,
          { key: number; previous: number; mark: CausalMark | undefined }
        >()
        const last = new Map<number, number>()
        for (const [i, { key, inOrder, marked, settled }] of steps.entries()) {
          // Some in a row have one clock.
          const seq = i + 2 + Math.floor(i / 7)
          const clock = i % 5 === 0 ? new Uint8Array(1) : undefined
          const mark = marked ? { label: key & 1, seq, clock, after: seq - 1 } : undefined
          const known = last.get(key) ?? 0
          assert.equal(outstanding.lastOf(key) >= outstanding.base ? known : 0, known)
          const id = outstanding.add(`m${i}`, i, key, inOrder, mark, Infinity)
          const previous = inOrder ? known : 0
          open.set(id, { key, previous, mark })
          if (inOrder) last.set(key, id)
          const done = Math.max(1, id - settled)
          if (open.delete(done)) {
            outstanding.settle(done)
            outstanding.trim()
            for (const [of, newest] of last) if (newest === done) last.delete(of)
          }
          assert.equal(outstanding.unsettled, open.size)
          for (const [one, { key: of, previous: before, mark: given }] of open) {
            assert.isTrue(outstanding.isOpen(one))
            assert.equal(outstanding.messageOf(one), `m${one - 1}`)
            assert.equal(outstanding.keyOf(one), of)
            assert.deepEqual(outstanding.markOf(one), given)
            const told = outstanding.previousOf(one)
            assert.equal(outstanding.isOpen(told) ? told : 0, open.has(before) ? before : 0)
          }
        }
      }),
      { numRuns: 60 },
    )
  })

  it('forget the keys of messages that are settled', () => {
    const outstanding = new Outstanding<string>()
    for (let key = 0; key < 10_000; key++) {
      const id = outstanding.add('m', 1, key, true, undefined, Infinity)
      outstanding.settle(id)
      outstanding.trim()
    }
    let known = 0
    for (let key = 0; key < 10_000; key++) if (outstanding.lastOf(key) > 0) known++
    assert.isBelow(known, 100)
    assert.equal(outstanding.bytes, 0)
  })

  it('count what is held once, also when it is sent again or settled', () => {
    const outstanding = new Outstanding<string>()
    const id = outstanding.add('m', 1, 0, true, undefined, Infinity)
    outstanding.attempt(id, 5)
    outstanding.hold(id)
    outstanding.hold(id)
    assert.equal(outstanding.held, 1)
    assert.equal(outstanding.attempt(id, 7), 2)
    assert.deepEqual([outstanding.held, outstanding.sentMs(id)], [0, 7])
    outstanding.hold(id)
    outstanding.settle(id)
    outstanding.hold(id)
    assert.equal(outstanding.held, 0)
    assert.equal(outstanding.stateOf(id), ENTRY.SETTLED)
  })
})
