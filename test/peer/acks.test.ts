import { assert } from 'chai'
import { Acks, type AcksHost } from '../../src/peer/acks.js'
import type { Lane } from '../../src/peer/lane.js'
import { FRAME } from '../../src/wire/frame.js'

/** What is said over the membership lane, as `[clock, fragments]`, and a turn that ends when told. */
class Desk {
  readonly said: [clock: number, fragments: number][] = []
  readonly #later: (() => void)[] = []
  readonly acks: Acks

  constructor(near: boolean, lanes: readonly Lane[] = []) {
    const membership = {
      writeNow: (kind: number, body: Buffer) => {
        assert.equal(kind, FRAME.ACK)
        this.said.push([body.readUInt32LE(0), body.readUInt32LE(4)])
      },
    }
    const host = { window: { near }, lanes: () => lanes, membership: () => membership }
    const turn = {
      micro: () => assert.fail('too soon'),
      immediate: (run: () => void) => void this.#later.push(run),
      workedMs: () => 0,
    }
    this.acks = new Acks(turn, host as unknown as AcksHost)
  }

  endTurn(): void {
    for (const run of this.#later.splice(0)) run()
  }
}

/** A lane that counts what it is told. */
function laneOf(clock: number) {
  const lane = { clock, fragments: 0, connected: true, told: [] as number[] }
  return {
    lane: lane as unknown as Lane,
    set: (change: Partial<typeof lane>) => Object.assign(lane, change),
    told: lane.told,
    acked: Object.assign(lane, { acked: (count: number) => void lane.told.push(count) }),
  }
}

describe('acknowledgements of fragments', () => {
  it('leave at once for a distant peer, which steers by how long that takes', () => {
    const desk = new Desk(false)
    const { lane, set } = laneOf(5)
    for (const fragments of [1, 2, 3]) {
      set({ fragments })
      desk.acks.took(lane)
    }
    const each = [
      [5, 1],
      [5, 2],
      [5, 3],
    ]
    assert.deepEqual(desk.said, each as never)
    desk.endTurn()
    assert.lengthOf(desk.said, 3)
  })

  it('leave once a turn and lane for a near peer', () => {
    const desk = new Desk(true)
    const [one, other] = [laneOf(5), laneOf(6)]
    for (const fragments of [1, 2, 3]) {
      one.set({ fragments })
      desk.acks.took(one.lane)
    }
    other.set({ fragments: 9 })
    desk.acks.took(other.lane)
    assert.isEmpty(desk.said)
    desk.endTurn()
    assert.deepEqual(desk.said, [
      [5, 3],
      [6, 9],
    ])
    one.set({ fragments: 4 })
    desk.acks.took(one.lane)
    desk.endTurn()
    assert.deepEqual(desk.said.at(-1), [5, 4])
  })

  it('are not said of connections that are gone, nor when the session is over', () => {
    const desk = new Desk(true)
    const [gone, left] = [laneOf(5), laneOf(6)]
    desk.acks.took(gone.lane)
    gone.set({ connected: false })
    desk.endTurn()
    desk.acks.took(left.lane)
    desk.acks.stop()
    desk.endTurn()
    assert.isEmpty(desk.said)
  })

  it('find the lane that they are about, and are refused when they are malformed', () => {
    const [one, other] = [laneOf(5), laneOf(6)]
    const { acks } = new Desk(true, [one.lane, other.lane])
    const body = Buffer.alloc(8)
    body.writeUInt32LE(6)
    body.writeUInt32LE(7, 4)
    acks.received(body)
    acks.arrived(5, 1)
    acks.arrived(4, 1)
    assert.deepEqual([one.told, other.told], [[1], [7]])
    assert.throws(() => acks.received(Buffer.alloc(7)), /ERR_BAD_FRAME/)
  })
})
