import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { CollectorRoom } from '../../src/world/real/collector-room.js'
import { compiled } from '../compiled.js'

const MB = 1024 * 1024

/** V8 as these tests want it: what is set, on a clock that is turned by hand. */
class Growth {
  ms = 0
  heap = 12 * MB
  percent = 0
  timers = new Set<() => void>()

  nowMs(): number {
    return this.ms
  }
  heapBytes(): number {
    return this.heap
  }
  setPercent(percent: number): void {
    this.percent = percent
  }
  every(_delayMs: number, run: () => void): () => void {
    this.timers.add(run)
    return () => this.timers.delete(run)
  }
  second(): void {
    this.ms += 1_000
    for (const run of [...this.timers]) run()
  }
}

function withRoom(): { room: CollectorRoom; growth: Growth } {
  const growth = new Growth()
  const room = new CollectorRoom(growth)
  flow(room, growth, 100)
  return { room, growth }
}

/** A tenth of a second of so many megabytes a second, in reads of 64 KiB. */
function flow(room: CollectorRoom, growth: Growth, mbPerSecond: number): void {
  const reads = (mbPerSecond * 16) / 10
  for (let i = 0; i < reads; i++) {
    growth.ms += 100 / reads
    room.moved(64 * 1024)
  }
}

describe('the room for the collector', () => {
  for (const { heapMb, percent } of [
    { heapMb: 4, percent: 1600 },
    { heapMb: 12, percent: 534 },
    { heapMb: 64, percent: 100 },
    { heapMb: 128, percent: 100 },
    { heapMb: 129, percent: 0 },
    { heapMb: 2_000, percent: 0 },
  ]) {
    it(`lets ${heapMb} MB of objects grow by ${percent} % while bytes move fast`, () => {
      const growth = new Growth()
      growth.heap = heapMb * MB
      const room = new CollectorRoom(growth)
      flow(room, growth, 100)
      assert.equal(growth.percent, percent)
      assert.isTrue(room.given)
    })
  }

  it('is not made for bytes that trickle, however many', () => {
    const growth = new Growth()
    const room = new CollectorRoom(growth)
    for (let i = 0; i < 1_000; i++) flow(room, growth, 15)
    assert.isFalse(room.given)
    assert.equal(growth.percent, 0)
    assert.equal(growth.timers.size, 0, 'and no timer runs')
  })

  it('follows the heap', () => {
    const { room, growth } = withRoom()
    growth.heap = 32 * MB
    flow(room, growth, 100)
    growth.second()
    assert.equal(growth.percent, 200)
  })

  it('is given back a second after bytes stopped moving, with its timer', () => {
    const { room, growth } = withRoom()
    growth.second()
    growth.second()
    assert.isFalse(room.given)
    assert.equal(growth.percent, 0)
    assert.equal(growth.timers.size, 0)
  })

  it('is made again when they move again', () => {
    const { room, growth } = withRoom()
    growth.second()
    growth.second()
    growth.ms += 60_000
    flow(room, growth, 100)
    flow(room, growth, 100)
    assert.equal(growth.percent, 534)
  })

  it('is left to V8 for good when told so', () => {
    const { room, growth } = withRoom()
    room.leave()
    assert.equal(growth.percent, 0)
    for (let i = 0; i < 10; i++) flow(room, growth, 1_000)
    assert.equal(growth.percent, 0)
    assert.equal(growth.timers.size, 0)
  })

  describe('in a process', () => {
    const flood = (flags: readonly string[], words: readonly string[]) =>
      JSON.parse(
        execFileSync(
          process.execPath,
          [...flags, fileURLToPath(compiled('test/world/buffer-flood.js')), ...words],
          { encoding: 'utf8' },
        ),
      ) as { given: boolean }

    it('is made while half a gigabyte comes in', () => assert.isTrue(flood([], []).given))

    it('is not made where the program said so', () => assert.isFalse(flood([], ['leave']).given))

    it('leaves alone what the command line says', () => {
      assert.isFalse(flood(['--heap-growing-percent=300'], []).given)
      assert.isFalse(flood(['--heap_growing_percent=300'], []).given)
    })
  })
})
