import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { CONTROL_LIMIT, FRAME, type FrameKind, HANDSHAKE_LIMIT } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { FrameWriter, putHead } from '../../src/wire/frame-writer.js'
import { RUNS, SEED, thrown } from '../contracts/codec.js'

type Frame = readonly [kind: FrameKind, body: string]

function write(frames: readonly Frame[]): Buffer {
  const writer = new FrameWriter()
  for (const [kind, body] of frames) writer.writeFrame(kind, Buffer.from(body, 'latin1'))
  return Buffer.concat(writer.take())
}

function read(reader: FrameReader, pieces: readonly Uint8Array[]): Frame[] {
  const frames: Frame[] = []
  for (const piece of pieces) {
    reader.push(piece, (kind, bytes, start, end) => {
      frames.push([kind, bytes.toString('latin1', start, end)])
    })
  }
  return frames
}

function opened(maxMessageBytes?: number): FrameReader {
  const reader = new FrameReader(maxMessageBytes)
  reader.open()
  return reader
}

function head(bodyBytes: number, kind: number, change: (head: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(8)
  putHead(bytes, 0, kind, bodyBytes)
  change(bytes)
  return bytes
}

describe('the frame reader', () => {
  it(`gives the same frames for any split of the stream [SEED=${SEED}]`, () => {
    const frame = fc.tuple(
      fc.constantFrom<FrameKind>(FRAME.PING, FRAME.OVERLAY, FRAME.ENVELOPE, FRAME.HELLO),
      fc.oneof(fc.constantFrom('', 'x', 'y'.repeat(300)), fc.string({ maxLength: 20 })),
    )
    const property = fc.property(
      fc.array(frame, { maxLength: 12 }),
      fc.array(fc.oneof(fc.nat(9), fc.nat(400)), { minLength: 1, maxLength: 60 }),
      (frames, sizes) => {
        const latin = frames.map(([kind, body]): Frame => [kind, body.replace(/[^ -~]/g, '?')])
        const stream = write(latin)
        const pieces: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = i < sizes.length ? (sizes[i] as number) : stream.length
          pieces.push(Buffer.from(stream.subarray(at, at + size)))
          at += size
        }
        assert.deepEqual(read(opened(), pieces), latin)
      },
    )
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it('gives frames of several megabytes byte for byte, in pieces of any size', () => {
    const body = Buffer.alloc(5_000_000, 'abcdefg')
    for (const size of [1000, 65_536, 3_000_001]) {
      const pieces = [head(body.length, FRAME.ENVELOPE), ...cut(body, size), head(0, FRAME.PING)]
      let bodies = 0
      const reader = opened()
      for (const piece of pieces) {
        reader.push(piece, (kind, bytes, start, end) => {
          bodies++
          if (kind === FRAME.ENVELOPE) assert.isTrue(body.equals(bytes.subarray(start, end)))
        })
      }
      assert.strictEqual(bodies, 2)
    }
  })

  it('hands out views on the chunk while a frame lies within one', () => {
    const stream = write([[FRAME.PING, 'abc']])
    opened().push(stream, (_kind, bytes) => assert.strictEqual(bytes, stream))
  })

  it('takes chunks that are no Buffers', () => {
    const stream = Uint8Array.from(write([[FRAME.PING, 'abc']]))
    assert.deepEqual(read(opened(), [stream]), [[FRAME.PING, 'abc']])
  })

  it('lets only the handshake pass until it is opened, also in the middle of a chunk', () => {
    const stream = write([
      [FRAME.WELCOME, 'w'],
      [FRAME.ENVELOPE, 'e'],
    ])
    assert.strictEqual(codeOf(thrown(() => read(new FrameReader(), [stream]))), 'ERR_BAD_FRAME')
    const reader = new FrameReader()
    const kinds: number[] = []
    reader.push(stream, (kind) => {
      kinds.push(kind)
      reader.open()
    })
    assert.deepEqual(kinds, [FRAME.WELCOME, FRAME.ENVELOPE])
  })

  it('reads nothing after close, nor after a bad frame', () => {
    const reader = opened()
    const kinds: number[] = []
    reader.push(
      write([
        [FRAME.PING, ''],
        [FRAME.PING, ''],
      ]),
      (kind) => {
        kinds.push(kind)
        reader.close()
      },
    )
    assert.deepEqual(kinds, [FRAME.PING])
    const bad = opened()
    thrown(() => read(bad, [head(0, 99)]))
    assert.deepEqual(read(bad, [write([[FRAME.PING, '']])]), [])
  })

  const refused: readonly [string, FrameReader, Buffer, RegExp][] = [
    ['a length of 2^31', opened(), head(2 ** 31, FRAME.ENVELOPE), /2147483648 bytes/],
    ['a length of 2^32 - 1', opened(), head(2 ** 32 - 1, FRAME.OVERLAY), /4294967295 bytes/],
    ['an unknown kind', opened(), head(0, 0), /kind 0/],
    ['another unknown kind', opened(), head(0, 200), /kind 200/],
    ['another version', opened(), head(0, FRAME.PING, (h) => h.writeUInt8(2, 4)), /version is 2/],
    ['reserved bits', opened(), head(0, FRAME.PING, (h) => h.writeUInt8(1, 7)), /reserved/],
    ['a long handshake', new FrameReader(), head(HANDSHAKE_LIMIT + 1, FRAME.HELLO), /above 16384/],
    ['a long handshake later', opened(), head(HANDSHAKE_LIMIT + 1, FRAME.HELLO), /above 16384/],
    ['a long control frame', opened(), head(CONTROL_LIMIT + 1, FRAME.OVERLAY), /above 1048576/],
    ['a long envelope', opened(1000), head(1001, FRAME.ENVELOPE), /above 1000/],
    ['text', new FrameReader(), Buffer.from('GET / HTTP/1.1\r\n\r\n'), /version is 47/],
  ]
  for (const [what, reader, bytes, why] of refused) {
    it(`refuses ${what} as soon as its head is there`, () => {
      const error = thrown(() => read(reader, cut(bytes, 3)))
      assert.strictEqual(codeOf(error), 'ERR_BAD_FRAME')
      assert.match((error as Error).message, why)
    })
  }

  it('does not take a length on trust: memory follows the bytes', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 50 }, () => opened())
    for (const reader of readers) read(reader, [head(64 * 1024 * 1024, FRAME.ENVELOPE)])
    assert.isBelow(process.memoryUsage().arrayBuffers - before, 60 * 1024 * 1024)
  })
})

function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
  return pieces
}
