import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { EventCalendar } from '../../src/simulation/event-calendar.js'
import { END, PairTable } from '../../src/simulation/pair-table.js'
import { seeds } from '../seeds.js'

describe('the calendar of events', () => {
  for (const seed of seeds(3)) {
    it(`gives events by time, and equal times in the order they came [SEED=${seed}]`, () => {
      const random = seededRandom(seed)
      const calendar = new EventCalendar()
      const expected: { at: number; a: number }[] = []
      const taken: { at: number; a: number }[] = []
      const take = (): void => {
        if (!calendar.pop()) return
        assert.equal(calendar.ref, calendar.a)
        assert.deepEqual(
          [calendar.kind, calendar.b, calendar.c],
          [calendar.a & 255, ~calendar.a, 7],
        )
        taken.push({ at: calendar.nowMs, a: calendar.a })
      }
      for (let i = 0; i < 3_000; i++) {
        const at = calendar.nowMs + random.int(i % 10 === 0 ? 160_000 : 200) / 4
        expected.push({ at, a: i })
        calendar.push(at, i & 255, i, ~i, 7, i)
        if (random.int(3) === 0) take()
      }
      while (calendar.size > 0) take()
      assert.isFalse(calendar.pop())
      assert.equal(calendar.nextAt, Number.POSITIVE_INFINITY)
      assert.equal(calendar.taken, 3_000)
      assert.deepEqual(
        taken,
        expected.sort((a, b) => a.at - b.at || a.a - b.a),
      )
    })
  }
})

describe('the table of pairs', () => {
  it('shows a pair from both ends', () => {
    const pairs = new PairTable()
    const way = pairs.way(7, 3)
    assert.equal(pairs.way(7, 3), way)
    assert.equal(pairs.way(3, 7), way ^ 1)
    assert.deepEqual([pairs.owner(way), pairs.peer(way)], [7, 3])
    assert.deepEqual([pairs.owner(way ^ 1), pairs.peer(way ^ 1)], [3, 7])
    pairs.set(way, END.WANTED)
    assert.isTrue(pairs.has(way, END.WANTED))
    assert.isFalse(pairs.has(way ^ 1, END.WANTED))
  })

  it('gives a pair that was settled a new epoch, so that what belongs to the old is void', () => {
    const pairs = new PairTable()
    const way = pairs.way(0, 1)
    pairs.open(way, 0)
    const epoch = pairs.epoch(way)
    pairs.settle(way)
    assert.equal(pairs.find(0, 1), way, 'it is still open')
    for (const end of [way, way ^ 1]) pairs.clear(end, END.UP)
    pairs.settle(way)
    assert.equal(pairs.find(0, 1), 0)
    assert.equal(pairs.way(5, 6), way, 'its place is used again')
    assert.notEqual(pairs.epoch(way), epoch)
  })

  it('keeps the order of what travels one way', () => {
    const pairs = new PairTable()
    const way = pairs.way(0, 1)
    pairs.open(way, 0)
    assert.deepEqual(
      [20, 10, 30].map((at) => pairs.arrival(way, at)),
      [20, 20, 30],
    )
    assert.equal(pairs.arrival(way ^ 1, 5), 5)
  })

  for (const seed of seeds(3)) {
    it(`finds what is there and nothing else, whatever came and went [SEED=${seed}]`, () => {
      const random = seededRandom(seed)
      const pairs = new PairTable()
      const there = new Set<string>()
      for (let i = 0; i < 4_000; i++) {
        const a = random.int(120)
        const b = (a + 1 + random.int(119)) % 120
        const key = a < b ? `${a} ${b}` : `${b} ${a}`
        assert.equal(pairs.find(a, b) !== 0, there.has(key))
        const way = pairs.way(a, b)
        assert.deepEqual([pairs.owner(way), pairs.peer(way)], [a, b])
        if (random.int(5) < 3) {
          pairs.set(way, END.WANTED)
          there.add(key)
        } else {
          for (const end of [way, way ^ 1]) pairs.clear(end, END.WANTED)
          pairs.settle(way)
          there.delete(key)
        }
      }
      assert.equal(pairs.size, there.size)
      for (let a = 0; a < 120; a++) {
        const peers = pairs.waysOf(a).map((way) => pairs.peer(way))
        const expected = [...there]
          .map((key) => key.split(' ').map(Number))
          .filter((pair) => pair.includes(a))
        assert.sameMembers(
          peers,
          expected.map(([x, y]) => (x === a ? y : x) as number),
        )
      }
    })
  }
})
