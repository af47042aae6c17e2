import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { Assembler, Fragmenter, MAX_STREAMS, mayBegin, wantsAck } from '../../src/wire/fragment.js'
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

/** The body of the FRAGMENT frame in these pieces. */
function bodyOf(pieces: readonly Uint8Array[]): Buffer {
  const bodies: Buffer[] = []
  const reader = new FrameReader()
  reader.open()
  reader.push(Buffer.concat(pieces), (kind, bytes, start, end) => {
    assert.strictEqual(kind, FRAME.FRAGMENT)
    bodies.push(bytes.subarray(start, end))
  })
  assert.lengthOf(bodies, 1)
  return bodies[0] as Buffer
}

const accept = (assembler: Assembler, body: Buffer): [FrameKind, Buffer][] => {
  const whole: [FrameKind, Buffer][] = []
  assembler.accept(body, 0, body.length, (kind, bytes, start, end) => {
    whole.push([kind, bytes.subarray(start, end)])
  })
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
      (frames, turns) => {
        const open = frames.map(([bytes, kind, cuts], stream) => ({
          bytes: Buffer.from(bytes),
          kind,
          fragmenter: new Fragmenter(stream, frameOf(Buffer.from(bytes), kind, cuts)),
        }))
        const assembler = new Assembler()
        for (let turn = 0; open.length > 0; turn++) {
          const [pick, size] = turns[turn] ?? [0, 100]
          const at = pick % open.length
          const { bytes, kind, fragmenter } = open[at] as (typeof open)[number]
          const whole = accept(assembler, bodyOf(fragmenter.next(size)))
          assert.lengthOf(whole, fragmenter.done ? 1 : 0)
          if (!fragmenter.done) continue
          assert.deepEqual(whole, [[kind, bytes]])
          open.splice(at, 1)
        }
        assert.strictEqual(assembler.open, 0)
      },
    )
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it('carry an envelope of several megabytes without copying its payload at the sender', () => {
    const codec = testCodec()
    const payload = Buffer.alloc(5 * MiB, 'payload')
    const fragmenter = new Fragmenter(7, encodeEnvelopeFrame(tell(3, ['x', payload]), codec))
    const assembler = new Assembler()
    let whole: [FrameKind, Buffer][] = []
    while (!fragmenter.done) {
      const pieces = fragmenter.next(256 * 1024)
      assert.isTrue(pieces.slice(2).every((piece) => piece.buffer === payload.buffer))
      whole = accept(assembler, bodyOf(pieces))
    }
    assert.strictEqual(fragmenter.bytesLeft, 0)
    const [[kind, bytes]] = whole as [[FrameKind, Buffer]]
    assert.strictEqual(kind, FRAME.ENVELOPE)
    const { body } = readEnvelope(bytes, 0, bytes.length)
    const [x, got] = codec.decodeArgs(body as never) as [string, Buffer]
    assert.strictEqual(x, 'x')
    assert.isTrue(payload.equals(got))
  })

  it('may ask to be acknowledged', () => {
    const fragmenter = new Fragmenter(1, frameOf(Buffer.alloc(100), FRAME.ENVELOPE, []))
    const marked = bodyOf(fragmenter.next(50, true))
    const plain = bodyOf(fragmenter.next(50))
    assert.isTrue(wantsAck(marked, 0, marked.length))
    assert.isFalse(wantsAck(plain, 0, plain.length))
    assert.lengthOf(accept(new Assembler(), marked), 0)
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
    return Buffer.concat([head, Buffer.alloc(bytes)])
  }

  const envelope = (total: number) => ({ kind: FRAME.ENVELOPE, total })
  const refused: readonly [string, Buffer[]][] = [
    ['that is too short', [Buffer.alloc(8)]],
    ['whose first part lacks its total', [fragment(1, 0, 1, 0)]],
    ['of a stream that never began', [fragment(1, 0, 0, 10)]],
    ['of a stream begun twice', [first(), fragment(1, 0, 1, 10, envelope(100))]],
    ['that leaves a gap', [first(), fragment(1, 20, 0, 10)]],
    ['that overlaps', [first(), fragment(1, 5, 0, 10)]],
    ['that exceeds the total', [first(), fragment(1, 10, 0, 91)]],
    ['that is the last too early', [first(), fragment(1, 10, 2, 10)]],
    ['that is not the last at the end', [first(), fragment(1, 10, 0, 90)]],
    ['without bytes', [first(), fragment(1, 10, 0, 0)]],
    ['with unknown flags', [fragment(1, 0, 1 | 8, 10, envelope(100))]],
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
      const assembler = new Assembler()
      const error = thrown(() => bodies.map((body) => accept(assembler, body)))
      assert.strictEqual(codeOf(error), 'ERR_BAD_FRAME')
    })
  }

  it('bounds what is under way: frames, bytes and memory', () => {
    const many = new Assembler()
    for (let i = 0; i < MAX_STREAMS; i++) accept(many, fragment(i, 0, 1, 10, envelope(100)))
    const tooMany = thrown(() => accept(many, fragment(99, 0, 1, 10, envelope(100))))
    assert.strictEqual(codeOf(tooMany), 'ERR_BAD_FRAME')

    const before = process.memoryUsage().arrayBuffers
    const large = new Assembler()
    accept(large, fragment(1, 0, 1, 10, envelope(64 * MiB)))
    accept(large, fragment(2, 0, 1, 10, envelope(64 * MiB)))
    const tooMuch = thrown(() => accept(large, fragment(3, 0, 1, 10, envelope(64 * MiB))))
    assert.strictEqual(codeOf(tooMuch), 'ERR_BAD_FRAME')
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 8 * MiB)
  })

  it('gives back the room of a frame that is complete', () => {
    const assembler = new Assembler(1000)
    for (let i = 0; i < 50; i++) {
      assert.lengthOf(accept(assembler, fragment(i, 0, 3, 1000, envelope(1000))), 1)
    }
  })

  it('tells the sender what it may begin', () => {
    assert.isTrue(mayBegin(0, 0, 64 * MiB))
    assert.isTrue(mayBegin(1, 64 * MiB, 64 * MiB))
    assert.isFalse(mayBegin(2, 128 * MiB, MiB))
    assert.isFalse(mayBegin(MAX_STREAMS, 1000, 100))
  })
})
