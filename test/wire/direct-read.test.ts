import { assert } from 'chai'
import { type Random, seededRandom } from '../../src/base/random.js'
import { Fragmenter } from '../../src/wire/fragment.js'
import { FRAME, HEAD_BYTES } from '../../src/wire/frame.js'
import { FrameReader, type OnFrame } from '../../src/wire/frame-reader.js'
import { putHead } from '../../src/wire/frame-writer.js'
import { seeds } from '../seeds.js'

const KIB = 1024
const MIB = 1024 * KIB

describe('memory that the next bytes belong in', () => {
  /** Hands the bytes over as a network does that reads where it is told, in pieces of random size. */
  function readInto(reader: FrameReader, bytes: Uint8Array, random: Random, got: Buffer[]): number {
    const onFrame: OnFrame = (_kind, body, start, end) => got.push(body.subarray(start, end))
    let direct = 0
    for (let at = 0; at < bytes.length; ) {
      const room = reader.room()
      const most = 1 + random.int(random.int(4) === 0 ? 20 : 100_000)
      const count = Math.min(bytes.length - at, most, room?.length ?? 64 * KIB)
      const piece = bytes.subarray(at, at + count)
      if (room === undefined) reader.push(Buffer.from(piece), onFrame)
      else {
        room.set(piece)
        direct += count
        reader.filled(count, onFrame)
      }
      at += count
    }
    return direct
  }

  it('is asked for in the middle of everything, and all frames come out as they went in', () => {
    for (const seed of seeds(5)) {
      const random = seededRandom(`room ${seed}`)
      const sent: Buffer[] = []
      const wire: Uint8Array[] = []
      const cut: Fragmenter[] = []
      for (let i = 0; i < 6; i++) {
        const body = Buffer.alloc(70 * KIB + random.int(900 * KIB), i + 1)
        const head = Buffer.alloc(HEAD_BYTES)
        putHead(head, 0, FRAME.ENVELOPE, body.length)
        sent.push(body)
        cut.push(new Fragmenter(i, { bytes: body.length + HEAD_BYTES, chunks: [head, body] }))
      }
      while (cut.some(({ done }) => !done)) {
        const next = cut[random.int(cut.length)] as Fragmenter
        if (!next.done) wire.push(...next.next(1 + random.int(128 * KIB)))
        if (random.int(3) > 0) continue
        const small = Buffer.alloc(HEAD_BYTES + 1 + random.int(40), 9)
        putHead(small, 0, FRAME.ENVELOPE, small.length - HEAD_BYTES)
        wire.push(small)
        sent.push(small.subarray(HEAD_BYTES))
      }
      const got: Buffer[] = []
      const reader = new FrameReader()
      reader.open()
      const direct = readInto(reader, Buffer.concat(wire), random, got)
      const byContent = (a: Buffer, b: Buffer): number => Buffer.compare(a, b)
      assert.equal(got.length, sent.length)
      const pairs = got
        .sort(byContent)
        .map((body, i) => body.equals(sent.sort(byContent)[i] as Buffer))
      assert.notInclude(pairs, false, `SEED=${seed}`)
      assert.isAbove(direct, 0.4 * Buffer.concat(wire).length)
    }
  })

  it('is taken at once for what a peer announces up to a bound, then only as bytes come in', () => {
    const cases: [announced: number, taken: number][] = [
      [8 * MIB, 8 * MIB],
      [16 * MIB, 16 * MIB],
      [17 * MIB, 256 * KIB],
      [60 * MIB, 256 * KIB],
    ]
    for (const [announced, taken] of cases) {
      const reader = new FrameReader(64 * MIB)
      reader.open()
      reader.push(beginning(0, announced), () => {})
      assert.equal(reader.room()?.buffer.byteLength, taken, `${announced} bytes announced`)
    }
  })

  it('is bounded over all frames that a peer has begun on a connection', () => {
    const reader = new FrameReader(64 * MIB)
    reader.open()
    const taken: number[] = []
    for (let stream = 0; stream < 4; stream++) {
      reader.push(beginning(stream, 7 * MIB), () => {})
      taken.push(reader.room()?.buffer.byteLength ?? 0)
      reader.push(Buffer.alloc(1), () => {})
    }
    assert.deepEqual(taken, [7 * MIB, 7 * MIB, 256 * KIB, 256 * KIB])
  })
})

/** The first fragment of a large frame, of two bytes, without the last. */
function beginning(stream: number, total: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  putHead(head, 0, FRAME.ENVELOPE, total)
  const chunks = [head, new Uint8Array(2)]
  const pieces = new Fragmenter(stream, { bytes: total + HEAD_BYTES, chunks }).next(2)
  return Buffer.concat(pieces).subarray(0, -1)
}
