import { assert } from 'chai'
import fc from 'fast-check'
import { hashText, seededRandom } from '../../src/base/random.js'

/**
 * Chi-square of counts against equal shares. The bound is mean + 5 standard deviations of the
 * distribution: with a fixed seed the test is not random, so a failure means a changed generator.
 */
function assertUniform(counts: readonly number[], what: string): void {
  const total = counts.reduce((a, b) => a + b, 0)
  const share = total / counts.length
  const chi = counts.reduce((sum, count) => sum + (count - share) ** 2 / share, 0)
  const freedom = counts.length - 1
  assert.isBelow(chi, freedom + 5 * Math.sqrt(2 * freedom), `${what}: chi-square ${chi}`)
}

const tally = (size: number, draws: number, draw: () => number): number[] => {
  const counts = new Array<number>(size).fill(0)
  for (let i = 0; i < draws; i++) {
    const at = draw()
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}

const first = (seed: number | string, count = 20): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.u32())
}

describe('random', () => {
  it('gives the same stream for the same seed, and another for another', () => {
    assert.deepEqual(first(17), first(17))
    assert.deepEqual(first(17), first('17'))
    assert.notDeepEqual(first(17), first(18))
    assert.notDeepEqual(first(''), first('a'))
  })

  it('stays what it is: these numbers are in counterexamples people keep', () => {
    assert.deepEqual(first('troupe', 4), KEPT)
  })

  it('is uniform over bytes, in every bit, and in pairs', () => {
    const random = seededRandom('uniform')
    for (const shift of [0, 8, 16, 24]) {
      const counts = tally(256, 100_000, () => (random.u32() >>> shift) & 255)
      assertUniform(counts, `byte at ${shift}`)
    }
    for (let bit = 0; bit < 32; bit++) {
      assertUniform(
        tally(2, 20_000, () => (random.u32() >>> bit) & 1),
        `bit ${bit}`,
      )
    }
    assertUniform(
      tally(64, 100_000, () => random.int(8) * 8 + random.int(8)),
      'pairs',
    )
  })

  it('is uniform in int(below), where a plain modulo would not be', () => {
    const random = seededRandom('int')
    assertUniform(
      tally(7, 100_000, () => random.int(7)),
      'int(7)',
    )
    // 3 × 2^30: a modulo would hit the lowest third twice as often
    const below = 3 * 2 ** 30
    assertUniform(
      tally(3, 100_000, () => Math.floor(random.int(below) / 2 ** 30)),
      'int(3 × 2^30)',
    )
  })

  it('keeps to its bounds', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, below) => {
        const random = seededRandom(seed)
        const drawn = random.int(below)
        assert.isTrue(Number.isInteger(drawn) && drawn >= 0 && drawn < below)
        const float = random.float()
        assert.isTrue(float >= 0 && float < 1)
      }),
    )
    assert.equal(seededRandom(1).int(1), 0)
    for (const bad of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN]) {
      assert.throws(() => seededRandom(1).int(bad), RangeError)
    }
  })

  it('floats have the mean and variance of the uniform distribution', () => {
    const random = seededRandom('float')
    const drawn = Array.from({ length: 100_000 }, () => random.float())
    const mean = drawn.reduce((a, b) => a + b) / drawn.length
    const variance = drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / drawn.length
    assert.closeTo(mean, 0.5, 0.005)
    assert.closeTo(variance, 1 / 12, 0.002)
  })

  it('picks uniformly, and never from nothing', () => {
    const random = seededRandom('pick')
    assertUniform(
      tally(5, 50_000, () => random.pick([0, 1, 2, 3, 4])),
      'pick',
    )
    assert.throws(() => random.pick([]), RangeError)
  })

  it('samples distinct elements and leaves the array alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(20), fc.string(), (items, count, seed) => {
        const labelled = items.map((value, at) => ({ value, at }))
        const before = labelled.slice()
        const sample = seededRandom(seed).sample(labelled, count)
        assert.deepEqual(labelled, before)
        assert.lengthOf(sample, Math.min(count, items.length))
        assert.equal(new Set(sample).size, sample.length)
        for (const one of sample) assert.include(labelled, one)
      }),
    )
  })

  it('samples by a real shuffle: every order of every subset is as likely', () => {
    const random = seededRandom('shuffle')
    const orders = tally(24, 48_000, () => rank(random.sample([0, 1, 2, 3], 4)))
    assertUniform(orders, 'orders of 4')
    const pairs = tally(30, 60_000, () => {
      const [a = 0, b = 0] = random.sample([0, 1, 2, 3, 4, 5], 2)
      return a * 5 + (b > a ? b - 1 : b)
    })
    assertUniform(pairs, 'ordered pairs of 6')
  })

  it('forks streams that depend on seed and label only', () => {
    const untouched = seededRandom('s')
    const drawnFrom = seededRandom('s')
    for (let i = 0; i < 10; i++) drawnFrom.u32()
    assert.equal(untouched.fork('x').u32(), drawnFrom.fork('x').u32())
    assert.notEqual(untouched.fork('x').u32(), untouched.fork('y').u32())
    assert.notEqual(untouched.fork('x').u32(), untouched.u32())
    const before = seededRandom('s')
    before.fork('x').u32()
    assert.equal(before.u32(), seededRandom('s').u32(), 'a fork draws nothing from its parent')
  })

  it('forks streams that are independent of each other', () => {
    const root = seededRandom('forks')
    const a = root.fork('host 1')
    const b = root.fork('host 2')
    assertUniform(
      tally(64, 100_000, () => (a.u32() & 7) * 8 + (b.u32() & 7)),
      'joint',
    )
    const firsts = Array.from({ length: 20_000 }, (_, i) => root.fork(`link ${i}`).int(64))
    assertUniform(
      tally(64, firsts.length, () => firsts.pop() ?? 0),
      'first draws of many forks',
    )
  })
})

describe('hashText', () => {
  it('is FNV-1a', () => {
    assert.equal(hashText(''), 0x811c9dc5)
    assert.equal(hashText('a'), 0xe40c292c)
    assert.equal(hashText('foobar'), 0xbf9cf968)
  })
})

/** The number of an order of 0, 1, 2, 3 among all 24. */
function rank(order: readonly number[]): number {
  const left = [0, 1, 2, 3]
  let number = 0
  for (const item of order) {
    const at = left.indexOf(item)
    number = number * left.length + at
    left.splice(at, 1)
  }
  return number
}

const KEPT = [1187787325, 2427471905, 3475796912, 2716512023]
