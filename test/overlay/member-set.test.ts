import { assert } from 'chai'
import * as fc from 'fast-check'
import {
  isPresent,
  type MemberRecord,
  MemberSet,
  mergeRecords,
  presentRecord,
  recordFromWire,
  recordToWire,
  removedRecord,
  sameRecord,
} from '../../src/overlay/member-set.js'
import type { Member } from '../../src/overlay/overlay.js'
import { addressOf, incarnationFor } from './core-network.js'

const member = (name: string, generation: number): Member => ({
  name,
  incarnation: incarnationFor(generation),
  generation,
  addresses: [addressOf(name)],
  tags: [],
})

const records = (names: readonly string[]): fc.Arbitrary<MemberRecord> =>
  fc
    .record({
      name: fc.constantFrom(...names),
      generation: fc.integer({ min: 1, max: 3 }),
      added: fc.integer({ min: 1, max: 3 }),
      removed: fc.integer({ min: 0, max: 3 }),
      by: fc.constantFrom('x', 'y'),
      evicted: fc.boolean(),
      tags: fc.constantFrom([], ['t']),
    })
    .map(({ name, generation, added, removed, by, evicted, tags }) => {
      const dropped = Math.min(removed, added)
      return {
        member: { ...member(name, generation), tags },
        added,
        removed: dropped,
        by: dropped > 0 ? by : '',
        evicted: dropped > 0 && evicted,
      }
    })

const one = records(['a'])
const many = fc.array(records(['a', 'b', 'c', 'd']), { maxLength: 12 })

const setOf = (list: readonly MemberRecord[]): MemberSet => {
  const set = new MemberSet()
  for (const record of list) set.merge(record)
  return set
}

const stateOf = (set: MemberSet): unknown => set.records().map(recordToWire)

describe('member set: records', () => {
  it('merge commutatively, associatively and idempotently', () => {
    fc.assert(
      fc.property(one, one, one, (a, b, c) => {
        assert.isTrue(sameRecord(mergeRecords(a, a), a))
        assert.isTrue(sameRecord(mergeRecords(a, b), mergeRecords(b, a)))
        const left = mergeRecords(mergeRecords(a, b), c)
        assert.isTrue(sameRecord(left, mergeRecords(a, mergeRecords(b, c))))
      }),
      { numRuns: 2_000 },
    )
  })

  it('let a concurrent add win over a remove', () => {
    const first = presentRecord(member('a', 1))
    const removed = removedRecord(first, 'x', false)
    const again = presentRecord(member('a', 1), 1)
    assert.isFalse(isPresent(mergeRecords(first, removed)))
    assert.isTrue(isPresent(mergeRecords(removed, again)))
    assert.isTrue(isPresent(mergeRecords(again, removed)))
  })

  it('let a newer incarnation take the name, whatever was said of the older', () => {
    const newer = presentRecord(member('a', 2))
    const older = removedRecord({ ...presentRecord(member('a', 1)), added: 9 }, 'x', false)
    assert.equal(mergeRecords(older, newer), newer)
    assert.equal(mergeRecords(removedRecord(newer, 'x', true), older).removed, 1)
  })

  it('cross the wire whole', () => {
    fc.assert(
      fc.property(one, (record) => {
        assert.deepEqual(recordFromWire(structuredClone(recordToWire(record))), record)
      }),
    )
  })

  const good = recordToWire(presentRecord(member('a', 1)))
  const bad: readonly (readonly [string, unknown])[] = [
    ['no array', { member: 1 }],
    ['too short', good.slice(0, 4)],
    ['too long', [...good, 1]],
    ['added 0', [good[0], 0, 0, '', false]],
    ['added beyond all sense', [good[0], 2 ** 40, 0, '', false]],
    ['added no integer', [good[0], 1.5, 0, '', false]],
    ['removed before it was added', [good[0], 1, 2, 'x', false]],
    ['removed below 0', [good[0], 1, -1, '', false]],
    ['removed by a name that is none', [good[0], 1, 1, 'a b', false]],
    ['an author without a remove', [good[0], 1, 0, 'x', false]],
    ['evicted without a remove', [good[0], 1, 0, '', true]],
    ['evicted no boolean', [good[0], 1, 1, 'x', 1]],
    ['member no array', ['a', 1, 0, '', false]],
  ]
  for (const [what, value] of bad) {
    it(`are refused: ${what}`, () => assert.isUndefined(recordFromWire(value)))
  }
})

describe('member set', () => {
  it('holds the same after the same records in any order, any number of times', () => {
    fc.assert(
      fc.property(many, fc.array(fc.nat()), (list, order) => {
        const shuffled = [...list]
        for (const [i, draw] of order.entries()) {
          if (shuffled.length === 0) break
          const at = draw % shuffled.length
          const [taken] = shuffled.splice(i % shuffled.length, 1)
          shuffled.splice(at, 0, taken as MemberRecord)
        }
        const once = setOf(list)
        const twice = setOf([...shuffled, ...list])
        assert.deepEqual(stateOf(once), stateOf(twice))
        assert.equal(once.digest('', ''), twice.digest('', ''))
      }),
    )
  })

  it('has equal digests exactly for equal sets, with records left out', () => {
    fc.assert(
      fc.property(many, many, fc.constantFrom('a', 'b'), (one, other, except) => {
        const a = setOf(one)
        const b = setOf(other)
        const without = (set: MemberSet): unknown =>
          set
            .records()
            .filter((record) => record.member.name !== except)
            .map((r) => [r.member.name, r.member.generation, r.added, r.removed])
        const equal = JSON.stringify(without(a)) === JSON.stringify(without(b))
        assert.equal(a.digest(except, except) === b.digest(except, except), equal)
      }),
    )
  })

  it('tells a change only when something changed', () => {
    fc.assert(
      fc.property(many, records(['a', 'b']), (list, record) => {
        const set = setOf(list)
        const before = stateOf(set)
        const change = set.merge(record)
        assert.equal(change === undefined, JSON.stringify(before) === JSON.stringify(stateOf(set)))
        assert.isUndefined(set.merge(record))
      }),
    )
  })

  it('lists present members sorted, the same array until something changes', () => {
    const set = setOf(['c', 'a', 'b'].map((name, i) => presentRecord(member(name, i + 1))))
    const members = set.members()
    assert.deepEqual(
      members.map((m) => m.name),
      ['a', 'b', 'c'],
    )
    assert.equal(set.members(), members)
    set.merge(removedRecord(presentRecord(member('a', 2)), 'b', false))
    assert.deepEqual(
      set.members().map((m) => m.name),
      ['b', 'c'],
    )
  })

  it('remembers a bounded number of removed members, the newest incarnations, in any order', () => {
    const removed = Array.from({ length: 50 }, (_, i) =>
      removedRecord(presentRecord(member(`m${i}`, i + 1)), 'x', false),
    )
    const forth = new MemberSet(10, 20)
    const back = new MemberSet(10, 20)
    for (const record of removed) forth.merge(record)
    for (const record of [...removed].reverse()) back.merge(record)
    assert.equal(forth.records().length, 20)
    assert.deepEqual(stateOf(forth), stateOf(back))
    assert.equal(forth.digest('', ''), back.digest('', ''))
    assert.isDefined(forth.get('m49'))
    assert.isUndefined(forth.get('m0'))
  })

  it('says when it is full', () => {
    const set = new MemberSet(2, 2)
    set.merge(presentRecord(member('a', 1)))
    assert.isFalse(set.isFull('b'))
    set.merge(presentRecord(member('b', 2)))
    assert.isTrue(set.isFull('c'))
    assert.isFalse(set.isFull('b'))
  })
})
