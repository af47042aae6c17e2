import { assert } from 'chai'
import { RingQueue } from '../../src/base/ring-queue.js'
import { LaneShare } from '../../src/peer/lane-share.js'
import { SendWindow } from '../../src/peer/send-window.js'

const KIB = 1024
const MIB = 1024 * KIB

interface Way {
  readonly rttMs: number
  /** Bytes a millisecond. */
  readonly rate: number
}

/** A line with one queue, in virtual time: senders that always have more, and what the window does to them. */
class Line {
  readonly window = new SendWindow(256 * KIB, () => 0)
  readonly #lanes: { share: LaneShare; sent: number; arrived: number }[]
  readonly #underWay = new RingQueue<{ lane: number; bytes: number; ackMs: number }>()
  #freeAtMs = 0
  nowMs = 0
  way: Way

  constructor(way: Way, lanes: number) {
    this.way = way
    this.#lanes = Array.from({ length: lanes }, () => ({
      share: new LaneShare(),
      sent: 0,
      arrived: 0,
    }))
    this.window.heartbeat(way.rttMs, 0)
  }

  /** How long a message that is sent now stands in the queue. */
  get queueMs(): number {
    return Math.max(0, this.#freeAtMs - this.nowMs)
  }

  /** Runs for so long; gives bytes a millisecond and the queue as it mostly was. */
  run(ms: number): { rate: number; queueMs: number } {
    const untilMs = this.nowMs + ms
    const queues: number[] = []
    let bytes = 0
    this.#send()
    for (let next = this.#underWay.peek(); next !== undefined; next = this.#underWay.peek()) {
      if (next.ackMs > untilMs) break
      this.#underWay.shift()
      this.nowMs = next.ackMs
      bytes += next.bytes
      const lane = this.#lanes[next.lane]
      if (lane === undefined) throw new Error('no such lane')
      lane.arrived++
      assert.isTrue(this.window.acked(lane.share, lane.arrived, this.nowMs))
      this.#send()
      queues.push(this.queueMs)
    }
    queues.sort((a, b) => a - b)
    return { rate: bytes / ms, queueMs: queues[queues.length >> 1] ?? 0 }
  }

  #send(): void {
    for (let turn = 0; turn < this.#lanes.length; turn++) {
      const lane = this.#lanes[turn]
      while (lane !== undefined && this.window.allows(lane.share, this.nowMs)) {
        const bytes = this.window.fragmentBytes
        this.window.sent(lane.share, bytes, this.nowMs)
        lane.sent++
        this.#freeAtMs = Math.max(this.#freeAtMs, this.nowMs) + bytes / this.way.rate
        this.#underWay.push({ lane: turn, bytes, ackMs: this.#freeAtMs + this.way.rttMs })
      }
    }
  }
}

describe('send window', () => {
  const ways: [name: string, way: Way, lanes: number, queueMs: number][] = [
    ['100 MB/s, 1 ms, one lane', { rate: 100_000, rttMs: 1 }, 1, 0.7],
    ['100 MB/s, 1 ms, 16 lanes', { rate: 100_000, rttMs: 1 }, 16, 0.7],
    ['125 MB/s, 5 ms, one lane', { rate: 125_000, rttMs: 5 }, 1, 2],
    ['200 MB/s, 20 ms, one lane', { rate: 200_000, rttMs: 20 }, 1, 9],
    ['12 MB/s, 50 ms, 4 lanes', { rate: 12_500, rttMs: 50 }, 4, 25],
    ['1 MB/s, 20 ms, one lane', { rate: 1_000, rttMs: 20 }, 1, 33],
  ]
  for (const [name, way, lanes, queueMs] of ways) {
    it(`fills a line of ${name} and leaves a bounded queue on it`, () => {
      const line = new Line(way, lanes)
      line.run(4_000)
      const settled = line.run(4_000)
      assert.isAbove(settled.rate, 0.93 * way.rate)
      assert.isAtMost(settled.queueMs, queueMs)
    })
  }

  it('keeps the rate where busy processors answer ten times later than the way takes', () => {
    const line = new Line({ rate: 100_000, rttMs: 1 }, 1)
    line.run(4_000)
    line.way = { rate: 100_000, rttMs: 10 }
    line.run(10_000)
    assert.isAbove(line.run(5_000).rate, 0.88 * 100_000)
  })

  it('finds a line that has become slower, and one that has become faster', () => {
    const line = new Line({ rate: 100_000, rttMs: 10 }, 1)
    line.run(4_000)
    line.way = { rate: 20_000, rttMs: 10 }
    line.run(8_000)
    const slower = line.run(5_000)
    assert.isAbove(slower.rate, 0.9 * 20_000)
    assert.isBelow(slower.queueMs, 25)
    line.way = { rate: 100_000, rttMs: 10 }
    line.run(5_000)
    assert.isAbove(line.run(5_000).rate, 0.9 * 100_000)
  })

  it('forgets a round trip that does not exist any more', () => {
    const line = new Line({ rate: 100_000, rttMs: 2 }, 1)
    line.run(5_000)
    line.way = { rate: 100_000, rttMs: 30 }
    line.run(60_000)
    assert.isAbove(line.window.minRttMs ?? 0, 25)
    assert.isAbove(line.run(5_000).rate, 0.85 * 100_000)
  })

  it('measures the least round trip by a short drain while bulk goes on for minutes', () => {
    const line = new Line({ rate: 100_000, rttMs: 10 }, 1)
    line.run(90_000)
    assert.isBelow(line.window.minRttMs ?? 99, 13) // a fragment of 256 KiB takes 2.6 ms
  })

  it('takes a machine whose answers come late now and then for busy, not for slow', () => {
    const window = new SendWindow(256 * KIB, () => 0)
    const share = new LaneShare()
    window.heartbeat(1, 0)
    let nowMs = 0
    let arrived = 0
    const rates: number[] = []
    for (let round = 0; round < 4_000; round++) {
      let bytes = 0
      let fragments = 0
      while (window.allows(share, nowMs)) {
        bytes += window.fragmentBytes
        window.sent(share, window.fragmentBytes, nowMs)
        fragments++
      }
      nowMs += round % 3 === 0 ? 2.5 : 1
      for (let i = 0; i < fragments; i++) window.acked(share, ++arrived, nowMs)
      rates.push(bytes)
    }
    assert.isAbove(Math.min(...rates.slice(2_000)), 64 * KIB)
  })

  it('is a fixed one for each lane where the peer is near', () => {
    const window = new SendWindow(256 * KIB, () => 0)
    window.heartbeat(0.1, 0)
    assert.deepEqual([window.near, window.fragmentBytes], [true, 256 * KIB])
    for (const share of [new LaneShare(), new LaneShare()]) {
      let bytes = 0
      while (window.allows(share, 0)) {
        window.sent(share, 64 * KIB, 0)
        bytes += 64 * KIB
      }
      assert.equal(bytes, 256 * KIB)
    }
    assert.deepEqual([window.bytes, window.inFlight], [512 * KIB, 512 * KIB])
  })

  it('takes a peer on this machine for near, though its answers wait for a processor', () => {
    const window = new SendWindow(256 * KIB, () => 0)
    window.reset(true)
    window.heartbeat(4, 0)
    assert.isTrue(window.near)
    window.reset(false)
    window.heartbeat(4, 0)
    assert.isFalse(window.near)
  })

  it('begins with four megabytes a lane', () => {
    const window = new SendWindow(256 * KIB, () => 0)
    window.heartbeat(20, 0)
    assert.equal(window.bytes, 4 * MIB)
    for (let lane = 0; lane < 32; lane++) window.sent(new LaneShare(), 1, 0)
    assert.equal(window.bytes, 64 * MIB)
  })

  for (const lanes of [1, 2]) {
    it(`leaves two megabytes more than the rate needs to each of ${lanes} lanes that have something under way`, () => {
      const window = new SendWindow(256 * KIB, () => 0)
      window.heartbeat(20, 0)
      const shares = Array.from({ length: lanes }, () => new LaneShare())
      for (const share of shares) for (let i = 0; i < 2; i++) window.sent(share, 256 * KIB, 0)
      assert.isTrue(window.acked(shares[0] as LaneShare, 1, 150))
      assert.equal(window.bytes, (lanes * 2_048 + 16) * KIB)
    })
  }

  it('bounds a lane alone for a while where its kernel is full, and one of several until its next acknowledgement', () => {
    for (const [lanes, bound] of [
      [1, Number.POSITIVE_INFINITY],
      [2, 256 * KIB],
    ] as const) {
      const window = new SendWindow(256 * KIB, () => 0)
      window.heartbeat(20, 0)
      const shares = Array.from({ length: lanes }, () => new LaneShare())
      for (const share of shares) window.sent(share, 256 * KIB, 0)
      window.kernelFull(shares[0] as LaneShare, 0)
      assert.equal(shares[0]?.cap(60_000), bound)
    }
  })

  it('refuses an acknowledgement of what was never sent, and takes an old one for no news', () => {
    const window = new SendWindow(256 * KIB, () => 0)
    const share = new LaneShare()
    for (let i = 0; i < 3; i++) window.sent(share, 100, 0)
    assert.isFalse(window.acked(share, 4, 1))
    assert.isTrue(window.acked(share, 2, 1))
    assert.isTrue(window.acked(share, 1, 1))
    assert.deepEqual([window.inFlight, share.inFlight], [100, 100])
    window.lost(share)
    assert.deepEqual([window.inFlight, share.inFlight], [0, 0])
    assert.isFalse(window.acked(share, 1, 1))
  })

  it('counts fragments modulo 2^32', () => {
    const share = new LaneShare()
    share.sent(1, 0)
    assert.isFalse(share.acked(0x7fff_ffff, 0))
    assert.isUndefined(share.acked(0xffff_ffff, 0))
    assert.deepEqual(share.acked(1, 5), { bytes: 1, rttMs: 5 })
  })
})

describe('what a lane may have under way', () => {
  it('is bounded where the kernel was full, for two round trips, and longer where it is found again', () => {
    const share = new LaneShare()
    share.sent(1000 * KIB, 0)
    assert.equal(share.cap(0), Number.POSITIVE_INFINITY)
    share.kernelFull(0, 20, false)
    assert.deepEqual([share.cap(39), share.cap(40)], [900 * KIB, Number.POSITIVE_INFINITY])
    share.kernelFull(40, 20, false)
    assert.deepEqual([share.cap(119), share.cap(120)], [900 * KIB, Number.POSITIVE_INFINITY])
    share.sent(1000 * KIB, 120)
    share.kernelFull(120, 20, false)
    assert.deepEqual([share.cap(159), share.cap(160)], [1800 * KIB, Number.POSITIVE_INFINITY])
  })

  it('holds a lane whose kernel is full until its next acknowledgement where others have something under way too', () => {
    const share = new LaneShare()
    for (let i = 0; i < 4; i++) share.sent(256 * KIB, 0)
    share.kernelFull(0, 20, true)
    assert.equal(share.cap(9_000), 1024 * KIB, 'however long it takes')
    share.acked(1, 9_000)
    assert.equal(share.cap(9_000), Number.POSITIVE_INFINITY)
    share.kernelFull(9_000, 20, true)
    share.reset()
    assert.equal(share.cap(9_000), Number.POSITIVE_INFINITY, 'and no longer than its connection')
  })

  it('is never less than a fragment', () => {
    const share = new LaneShare()
    share.sent(10, 0)
    share.kernelFull(0, 1, false)
    assert.equal(share.cap(0), 64 * KIB)
  })
})
