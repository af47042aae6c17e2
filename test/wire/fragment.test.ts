import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { Fragmenter, MAX_STREAMS, mayBegin } from '../../src/wire/fragment.js'
import { FRAME, type FrameKind, HEAD_BYTES } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { type EncodedFrame, encodeEnvelopeFrame, putHead } from '../../src/wire/frame-writer.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'
import { RUNS, SEED, testCodec, thrown } from '../contracts/codec.js'
import { tell } from './in-frames.js'

const MiB = 1024 * 1024

function frameOf(body: Buffer, kind: FrameKind, cutAt: readonly number[]): EncodedFrame {
  const whole = Buffer.concat([Buffer.alloc(HEAD_BYTES), body])
  putHead(whole, 0, kind, body.length)
  const cuts = [HEAD_BYTES, ...cutAt.map((at) => HEAD_BYTES + (at % (body.length + 1)))]
  cuts.sort((a, b) => a - b)
  const chunks = cuts.map((at, i) => whole.subarray(i === 0 ? 0 : cuts[i - 1], at))
  return { bytes: whole.length, chunks: [...chunks, whole.subarray(cuts.at(-1))] }
}

/** The reader of a connection that gets nothing but fragments. */
function opened(maxMessageBytes?: number): FrameReader {
  const reader = new FrameReader(maxMessageBytes)
  reader.open()
  return reader
}

/** What is whole once these bytes are read, `step` of them at a time. */
function accept(
  reader: FrameReader,
  pieces: readonly Uint8Array[],
  step = Number.MAX_SAFE_INTEGER,
): [FrameKind, Buffer][] {
  const whole: [FrameKind, Buffer][] = []
  const bytes = Buffer.concat(pieces)
  for (let at = 0; at < bytes.length; at += step) {
    reader.push(bytes.subarray(at, at + step), (kind, got, start, end) => {
      whole.push([kind, got.subarray(start, end)])
    })
  }
  return whole
}

describe('fragments', () => {
  it(`put interleaved large frames together again, whatever the sizes [SEED=${SEED}]`, () => {
    const frame = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 500 }),
      fc.constantFrom<FrameKind>(FRAME.ENVELOPE, FRAME.RELAY, FRAME.OVERLAY),
      fc.array(fc.nat(), { maxLength: 4 }),
    )
    const property = fc.property(
      fc.array(frame, { minLength: 1, maxLength: 5 }),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 200 })), { maxLength: 40 }),
      fc.integer({ min: 1, max: 300 }),
      (frames, turns, step) => {
        const open = frames.map(([bytes, kind, cuts], stream) => ({
          bytes: Buffer.from(bytes),
          kind,
          fragmenter: new Fragmenter(stream, frameOf(Buffer.from(bytes), kind, cuts)),
        }))
        const reader = opened()
        for (let turn = 0; open.length > 0; turn++) {
          const [pick, size] = turns[turn] ?? [0, 100]
          const at = pick % open.length
          const { bytes, kind, fragmenter } = open[at] as (typeof open)[number]
          const whole = accept(reader, fragmenter.next(size), step)
          assert.lengthOf(whole, fragmenter.done ? 1 : 0)
          if (!fragmenter.done) continue
          assert.deepEqual(whole, [[kind, bytes]])
          open.splice(at, 1)
        }
      },
    )
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it('carry an envelope of several megabytes without copying its payload at the sender', () => {
    const codec = testCodec()
    const payload = Buffer.alloc(5 * MiB, 'payload')
    const fragmenter = new Fragmenter(7, encodeEnvelopeFrame(tell(3, ['x', payload]), codec))
    const reader = opened()
    let whole: [FrameKind, Buffer][] = []
    while (!fragmenter.done) {
      const pieces = fragmenter.next(256 * 1024)
      assert.isTrue(pieces.slice(2).every((piece) => piece.buffer === payload.buffer))
      whole = accept(reader, pieces, 64 * 1024)
    }
    assert.strictEqual(fragmenter.bytesLeft, 0)
    const [[kind, bytes]] = whole as [[FrameKind, Buffer]]
    assert.strictEqual(kind, FRAME.ENVELOPE)
    const { body } = readEnvelope(bytes, 0, bytes.length)
    const [x, got] = codec.decodeArgs(body as never) as [string, Buffer]
    assert.strictEqual(x, 'x')
    assert.isTrue(payload.equals(got))
  })

  /** A fragment made by hand. */
  function fragment(
    stream: number,
    offset: number,
    flags: number,
    bytes: number,
    first?: { kind: number; total: number },
  ): Buffer {
    const head = Buffer.alloc(first === undefined ? 9 : 14)
    head.writeUInt32LE(stream, 0)
    head.writeUInt32LE(offset, 4)
    head.writeUInt8(flags, 8)
    if (first !== undefined) {
      head.writeUInt8(first.kind, 9)
      head.writeUInt32LE(first.total, 10)
    }
    return inFrame(Buffer.concat([head, Buffer.alloc(bytes)]))
  }

  function inFrame(body: Buffer): Buffer {
    const whole = Buffer.concat([Buffer.alloc(HEAD_BYTES), body])
    putHead(whole, 0, FRAME.FRAGMENT, body.length)
    return whole
  }

  const envelope = (total: number) => ({ kind: FRAME.ENVELOPE, total })
  const refused: readonly [string, Buffer[]][] = [
    ['that is too short', [inFrame(Buffer.alloc(8)), inFrame(Buffer.alloc(8))]],
    ['whose first part lacks its total', [fragment(1, 0, 1, 0), fragment(1, 0, 1, 0)]],
    ['of a stream that never began', [fragment(1, 0, 0, 10)]],
    ['of a stream begun twice', [first(), fragment(1, 0, 1, 10, envelope(100))]],
    ['that leaves a gap', [first(), fragment(1, 20, 0, 10)]],
    ['that overlaps', [first(), fragment(1, 5, 0, 10)]],
    ['that exceeds the total', [first(), fragment(1, 10, 0, 91)]],
    ['that is the last too early', [first(), fragment(1, 10, 2, 10)]],
    ['that is not the last at the end', [first(), fragment(1, 10, 0, 90)]],
    ['without bytes', [first(), fragment(1, 10, 0, 0)]],
    ['with unknown flags', [fragment(1, 0, 1 | 4, 10, envelope(100))]],
    ['of no bytes in all', [fragment(1, 0, 3, 0, envelope(0))]],
    ['of 2^32 - 1 bytes', [fragment(1, 0, 1, 10, envelope(2 ** 32 - 1))]],
    ['of a long control frame', [fragment(1, 0, 1, 10, { kind: FRAME.OVERLAY, total: 2 * MiB })]],
    ['of a handshake', [fragment(1, 0, 1, 10, { kind: FRAME.HELLO, total: 100 })]],
    ['of fragments', [fragment(1, 0, 1, 10, { kind: FRAME.FRAGMENT, total: 100 })]],
    ['of an unknown kind', [fragment(1, 0, 1, 10, { kind: 77, total: 100 })]],
  ]
  function first(): Buffer {
    return fragment(1, 0, 1, 10, envelope(100))
  }
  for (const [what, bodies] of refused) {
    it(`refuses a fragment ${what}`, () => {
      for (const step of [1, 3, 1_000]) {
        const error = thrown(() => accept(opened(), bodies, step))
        assert.strictEqual(codeOf(error), 'ERR_BAD_FRAME')
      }
    })
  }

  it('bounds what is under way: frames, bytes and memory', () => {
    const many = opened()
    for (let i = 0; i < MAX_STREAMS; i++) accept(many, [fragment(i, 0, 1, 10, envelope(100))])
    const tooMany = thrown(() => accept(many, [fragment(99, 0, 1, 10, envelope(100))]))
    assert.strictEqual(codeOf(tooMany), 'ERR_BAD_FRAME')

    const before = process.memoryUsage().arrayBuffers
    const large = opened()
    accept(large, [fragment(1, 0, 1, 10, envelope(64 * MiB))])
    accept(large, [fragment(2, 0, 1, 10, envelope(64 * MiB))])
    const tooMuch = thrown(() => accept(large, [fragment(3, 0, 1, 10, envelope(64 * MiB))]))
    assert.strictEqual(codeOf(tooMuch), 'ERR_BAD_FRAME')
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 8 * MiB)
  })

  it('keep their lengths when a payload is detached before it was written', () => {
    const payload = new Uint8Array(200_000).fill(7)
    const frame = encodeEnvelopeFrame(
      tell(1, [payload, 'behind', new Uint8Array(70_000)]),
      testCodec(),
    )
    const fragmenter = new Fragmenter(1, frame)
    const pieces: Uint8Array[] = fragmenter.next(100_000).map((piece) => Uint8Array.from(piece))
    structuredClone(payload, { transfer: [payload.buffer] })
    while (!fragmenter.done) pieces.push(...fragmenter.next(64 * 1024))
    const [whole, ...more] = accept(opened(), pieces)
    assert.deepEqual([whole?.[1].length, more], [frame.bytes - HEAD_BYTES, []])
  })

  it('gives back the room of a frame that is complete', () => {
    const reader = opened(1000)
    for (let i = 0; i < 5_000; i++) {
      assert.lengthOf(accept(reader, [fragment(i, 0, 3, 1000, envelope(1000))]), 1)
    }
  })

  it('tells the sender what it may begin', () => {
    assert.isTrue(mayBegin(0, 0, 64 * MiB))
    assert.isTrue(mayBegin(1, 64 * MiB, 64 * MiB))
    assert.isFalse(mayBegin(2, 128 * MiB, MiB))
    assert.isFalse(mayBegin(MAX_STREAMS, 1000, 100))
    assert.isTrue(mayBegin(0, 0, MiB, 1024), 'a control frame, where messages are small')
  })
})
