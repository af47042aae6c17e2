import { assert } from 'chai'
import { BulkItem, BulkQueue } from '../../src/peer/bulk-queue.js'

const KIB = 1024
const FRAGMENT = 100 * KIB

/** A queue of frames with a name each, one a key. */
class Lane {
  readonly queue = new BulkQueue(64 * KIB * KIB)
  readonly #keys: string[] = []

  push(name: string, kib: number): void {
    const bytes = kib * KIB
    const frame = { bytes, chunks: [new Uint8Array(bytes)] }
    this.queue.push(this.#keys.length, new BulkItem(frame, undefined))
    this.#keys.push(name)
  }

  /** In which order frames are complete, with the fragment of each that was its last. */
  run(fragments: number): string[] {
    const ended: string[] = []
    for (let i = 1; i <= fragments; i++) {
      const waiting = new Set(this.#names())
      const helping = this.queue.next(FRAGMENT)
      if (helping === undefined) break
      if (!helping.completes) continue
      const [gone] = [...waiting].filter((name) => !this.#names().includes(name))
      ended.push(`${gone} ${i}`)
    }
    return ended
  }

  #names(): string[] {
    return this.#keys.filter((_, key) => this.queue.has(key))
  }
}

describe('large frames of one lane', () => {
  it('go one after the other where they are alike, so that the first answer can come early', () => {
    const lane = new Lane()
    for (const name of ['a', 'b', 'c']) lane.push(name, 400)
    assert.deepEqual(lane.run(99), ['a 4', 'b 8', 'c 12'])
  })

  it('are overtaken by shorter ones that come later', () => {
    const lane = new Lane()
    lane.push('long', 4_000)
    lane.run(4)
    lane.push('short', 400)
    const [first] = lane.run(99)
    assert.match(String(first), /^short \d$/)
  })

  it('have half of the lane where shorter ones never cease', () => {
    const lane = new Lane()
    lane.push('long', 4_000)
    let fragments = 0
    let short = 0
    for (let ended: string[] = []; !ended.some((each) => each.startsWith('long')); fragments++) {
      if (short <= fragments / 4) lane.push(`short ${short++}`, 300)
      ended = lane.run(1)
      assert.isBelow(fragments, 100, 'the long one is there by then')
    }
    assert.isAtLeast(fragments, 41)
    assert.isAtMost(fragments, 85)
  })

  it('begin anew on the next connection when theirs broke', () => {
    const lane = new Lane()
    lane.push('a', 400)
    lane.run(2)
    assert.isAtLeast(lane.queue.rewind(), 2 * FRAGMENT)
    assert.deepEqual(lane.run(99), ['a 4'])
  })
})
