import { assert } from 'chai'
import fc from 'fast-check'
import { LaneQueue } from '../../src/peer/lane-queue.js'
import { Codec } from '../../src/wire/codec.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FrameReader, type OnFrame } from '../../src/wire/frame-reader.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'

const codec = new Codec()
const LARGE = new Uint8Array(100_000)

const tell = (key: number, ...args: unknown[]): Envelope =>
  new Envelope(ENVELOPE.TELL, 1, 0, 0, key, args, undefined, undefined)

/** Reads what a queue gives, as the other side would. */
class Receiver {
  readonly got: [key: number, number: number][] = []
  readonly #reader = new FrameReader()
  readonly #onFrame: OnFrame = (_kind, bytes, start, end) => {
    const envelope = readEnvelope(bytes, start, end)
    const [number] = codec.decodeArgs(envelope.body ?? assert.fail('no body'))
    this.got.push([envelope.key, number as number])
  }

  constructor() {
    this.#reader.open()
  }

  take(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#reader.push(piece, this.#onFrame)
  }
}

/** One step of a pump; false when there was nothing to do. */
function pump(queue: LaneQueue, to: Receiver): boolean {
  const batch = queue.takeSmall()
  const pieces = batch?.parts ?? queue.takeBulk(20_000)?.pieces
  if (pieces !== undefined) to.take(pieces)
  return pieces !== undefined
}

describe('lane queue', () => {
  it('keeps the order of every key, whatever the sizes and whenever the pump runs', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 3 }),
      large: fc.boolean(),
      pumps: fc.integer({ min: 0, max: 4 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new LaneQueue(codec)
        const receiver = new Receiver()
        steps.forEach(({ key, large, pumps }, i) => {
          queue.pushEnvelope(tell(key, i, large ? LARGE : undefined))
          for (let n = 0; n < pumps; n++) pump(queue, receiver)
        })
        while (pump(queue, receiver));
        for (let key = 0; key < 4; key++) {
          const sent = steps.flatMap((each, i) => (each.key === key ? [i] : []))
          const got = receiver.got.filter(([k]) => k === key).map(([, i]) => i)
          assert.deepEqual(got, sent)
        }
        assert.deepEqual([queue.bytes, queue.messages, queue.empty], [0, 0, true])
      }),
    )
  })

  it('serves keys in turn: the smaller of two large messages is not behind the other', () => {
    const queue = new LaneQueue(codec)
    const receiver = new Receiver()
    queue.pushEnvelope(tell(1, 1, new Uint8Array(1_000_000)))
    queue.pushEnvelope(tell(2, 2, LARGE))
    while (pump(queue, receiver));
    assert.deepEqual(receiver.got, [
      [2, 2],
      [1, 1],
    ])
  })

  it('begins a large message anew on the next connection, and nothing is lost or doubled', () => {
    const queue = new LaneQueue(codec)
    for (let key = 0; key < 3; key++) queue.pushEnvelope(tell(key, key, LARGE))
    const { bytes } = queue
    const broken = new Receiver()
    for (let i = 0; i < 5; i++) pump(queue, broken)
    queue.rewind()
    assert.deepEqual([broken.got, queue.bytes], [[], bytes])
    const receiver = new Receiver()
    while (pump(queue, receiver));
    assert.deepEqual(receiver.got.map(([key]) => key).sort(), [0, 1, 2])
  })

  it('has no more large messages under way than the other side allows', () => {
    const queue = new LaneQueue(codec)
    const receiver = new Receiver()
    for (let key = 0; key < 200; key++) queue.pushEnvelope(tell(key, key, LARGE))
    while (pump(queue, receiver));
    assert.equal(receiver.got.length, 200)
  })

  it('drops the oldest, small ones first, and names them', () => {
    const queue = new LaneQueue(codec)
    queue.pushEnvelope(tell(1, 'first'))
    queue.pushEnvelope(tell(2, 'large', LARGE))
    queue.pushEnvelope(tell(1, 'second'))
    const dropped = [1, 2, 3, 4].map(() => {
      const envelope = queue.dropOldest()?.envelope
      return envelope?.args?.[0] ?? (envelope?.body && codec.decodeArgs(envelope.body)[0])
    })
    assert.deepEqual(dropped, ['first', 'second', 'large', undefined])
    assert.deepEqual([queue.bytes, queue.messages], [0, 0])
  })

  it('counts bytes and messages exactly, and is left as it was by what cannot be encoded', () => {
    const queue = new LaneQueue(codec)
    queue.pushEnvelope(tell(1, 'x'))
    const before = [queue.bytes, queue.messages]
    assert.throws(() => queue.pushEnvelope(tell(1, () => 0)), /ERR_NOT_SERIALIZABLE/)
    assert.deepEqual([queue.bytes, queue.messages], before)
    const all = [...queue.drain()]
    assert.deepEqual(
      all.map(({ key, frame }) => [key, frame.bytes]),
      [[1, before[0]]],
    )
  })
})
