import { assert } from 'chai'
import { RateFloor } from '../../src/peer/rate-floor.js'

const KIB = 1024
/** Bytes a millisecond: 100 MB/s. */
const LINE = 100_000

/** A peer that answers every millisecond, and what arrives of it: in virtual time. */
class Peer {
  nowMs = 0
  /** Of its time, what the event loop works. */
  load = 0
  readonly floor = new RateFloor(() => this.#workedMs)
  #workedMs = 0

  /** Runs for so long at a rate that may depend on the floor. */
  run(ms: number, rate: (floorBytes: number) => number, held = true): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs++
      this.#workedMs += this.load
      this.floor.arrived(rate(this.floor.bytes(0, 1)), held, this.nowMs)
    }
  }

  /** How long the floor is, at 100 MB/s. */
  get floorMs(): number {
    return this.floor.bytes(0, 1) / LINE
  }
}

/** So many bytes must be under way for the whole rate. */
const needs = (bytes: number) => (floor: number) => LINE * Math.min(1, (floor + 64 * KIB) / bytes)

describe('rate floor', () => {
  it('is two megabytes before a rate is known', () => {
    assert.equal(new Peer().floor.bytes(1, 1), 2_048 * KIB)
    assert.equal(new Peer().floor.bytes(1, 16), 16 * 2_048 * KIB, 'for each lane')
  })

  it('falls to nearly nothing where the rate needs none', () => {
    const peer = new Peer()
    peer.run(15_000, () => LINE)
    assert.isBelow(peer.floorMs, 0.2)
  })

  for (const kib of [256, 512, 1_024, 2_048]) {
    it(`keeps most of a rate that needs ${kib} KiB under way, with not much more than that`, () => {
      const peer = new Peer()
      const rate = needs(kib * KIB)
      peer.run(25_000, rate)
      let bytes = 0
      peer.run(10_000, (floor) => {
        const one = rate(floor)
        bytes += one
        return one
      })
      assert.isAbove(bytes / 10_000, 0.85 * LINE)
      assert.isBelow(peer.floor.bytes(0, 1), 1.1 * kib * KIB)
    })
  }

  it('does not grow for a pause now and then', () => {
    const peer = new Peer()
    peer.run(15_000, () => (peer.nowMs % 1_000 < 100 ? 0 : LINE))
    assert.isBelow(peer.floorMs, 1)
  })

  it('is high while this event loop works most of the time', () => {
    const peer = new Peer()
    peer.load = 0.7
    peer.run(15_000, () => LINE)
    assert.equal(peer.floor.bytes(0, 1), 2_048 * KIB)
    peer.load = 0.2
    peer.run(15_000, () => LINE)
    assert.isBelow(peer.floorMs, 0.5)
  })

  it('is what two acknowledgements bring where they come once a second only', () => {
    const peer = new Peer()
    for (let second = 1; second <= 20; second++) peer.floor.arrived(500_000, true, 1_000 * second)
    assert.isAtLeast(peer.floor.bytes(1, 1), 1_000_000)
  })

  it('does not move while there was nothing more to send', () => {
    const peer = new Peer()
    peer.run(1_000, () => LINE)
    const before = peer.floor.bytes(0, 1)
    peer.run(10_000, () => 0.1 * LINE, false)
    assert.equal(peer.floor.bytes(0, 1), before)
  })

  it('takes a line for slower when the most under way does not bring the rate back', () => {
    const peer = new Peer()
    peer.run(5_000, () => LINE)
    peer.run(8_000, () => 0.2 * LINE)
    assert.isBelow(peer.floor.bytes(0, 1), 4 * 0.2 * LINE)
  })

  it('tries the most for a moment every twenty seconds, so that it finds a line that became faster', () => {
    const peer = new Peer()
    const lows: number[] = []
    peer.run(90_000, (floor) => {
      lows.push(floor)
      return LINE
    })
    const high = lows.slice(1_000).filter((floor) => floor > 1_000 * KIB).length
    assert.isAbove(high, 500)
    assert.isBelow(high, 1_500)
  })

  it('counts no time in which nothing was under way', () => {
    const peer = new Peer()
    peer.run(1_000, () => LINE)
    const before = peer.floor.bytes(0, 1)
    peer.nowMs += 60_000
    peer.floor.begins(peer.nowMs)
    peer.run(1, () => LINE)
    assert.equal(peer.floor.bytes(0, 1), before)
  })
})
