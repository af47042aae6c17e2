import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import { Fragmenter } from '../../src/wire/fragment.js'
import { FRAME, type FrameKind } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { FrameWriter, putHead } from '../../src/wire/frame-writer.js'
import { PACKED_MAX, packFrames } from '../../src/wire/packed.js'
import { realCompress } from '../../src/world/real/real-compress.js'
import { RUNS, SEED, thrown } from '../contracts/codec.js'

const { deflate, inflate } = realCompress

function reader(): FrameReader {
  const opened = new FrameReader(1024 * 1024, inflate)
  opened.open()
  return opened
}

function read(by: FrameReader, pieces: readonly Uint8Array[]): [kind: number, body: string][] {
  const frames: [number, string][] = []
  for (const piece of pieces) {
    by.push(piece, (kind, bytes, start, end) => {
      frames.push([kind, bytes.toString('latin1', start, end)])
    })
  }
  return frames
}

function frame(kind: FrameKind, body: string | Uint8Array): Buffer {
  const bytes = Buffer.from(body as string, 'latin1')
  const whole = Buffer.alloc(8 + bytes.length)
  putHead(whole, 0, kind, bytes.length)
  bytes.copy(whole, 8)
  return whole
}

/** A PACKED frame around any bytes, and any announcement. */
function packed(content: Uint8Array, announced = content.length): Buffer {
  const size = Buffer.alloc(4)
  size.writeUInt32LE(announced)
  return frame(FRAME.PACKED, Buffer.concat([size, deflate(content)]))
}

const bytesOf = (pieces: readonly Uint8Array[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0)

function noiseOf(bytes: number): Uint8Array {
  const random = seededRandom('noise')
  return Uint8Array.from({ length: bytes }, () => random.int(256))
}

describe('packed frames', () => {
  it(`are the frames that went in, however packed and plain ones mix and the stream is cut [SEED=${SEED}]`, () => {
    const property = fc.property(
      fc.array(
        fc.record({
          bodies: fc.array(fc.constantFrom('', 'x', 'ab'.repeat(200), 'z'.repeat(3_000)), {
            minLength: 1,
            maxLength: 8,
          }),
          pack: fc.boolean(),
        }),
        { maxLength: 6 },
      ),
      fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 }),
      (batches, sizes) => {
        const expected: [number, string][] = []
        const parts: Uint8Array[] = []
        for (const { bodies, pack } of batches) {
          const writer = new FrameWriter()
          for (const body of bodies) {
            writer.writeFrame(FRAME.ENVELOPE, Buffer.from(body))
            expected.push([FRAME.ENVELOPE, body])
          }
          const plain = writer.take()
          parts.push(...((pack && packFrames(plain, bytesOf(plain), deflate)) || plain))
        }
        const stream = Buffer.concat(parts)
        const pieces: Buffer[] = []
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] as number
          pieces.push(Buffer.from(stream.subarray(at, at + size)))
          at += size
        }
        assert.deepEqual(read(reader(), pieces), expected)
      },
    )
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it('carry fragments, beside plain ones of the same large frame', () => {
    const body = 'large '.repeat(50_000)
    const writer = new FrameWriter()
    writer.writeFrame(FRAME.ENVELOPE, Buffer.from(body))
    const large = writer.takeLarge() ?? assert.fail('it is small')
    const fragmenter = new Fragmenter(0, large)
    const pieces: Uint8Array[] = []
    for (let i = 0; !fragmenter.done; i++) {
      const fragment = fragmenter.next(40_000)
      const packed = i % 3 === 0 ? undefined : packFrames(fragment, bytesOf(fragment), deflate)
      pieces.push(...(packed ?? fragment))
    }
    assert.isBelow(bytesOf(pieces), body.length / 2)
    assert.deepEqual(read(reader(), pieces), [[FRAME.ENVELOPE, body]])
  })

  it('are not made where they save less than a tenth, nor of too much', () => {
    const noise = noiseOf(10_000)
    assert.isUndefined(packFrames([noise], noise.length, deflate))
    const much = new Uint8Array(PACKED_MAX + 1)
    assert.isUndefined(packFrames([much], much.length, deflate))
    assert.isDefined(packFrames([much.subarray(1)], PACKED_MAX, deflate))
  })

  const small = frame(FRAME.ENVELOPE, 'x'.repeat(100))
  const refused: readonly [what: string, bytes: Buffer, why: RegExp][] = [
    ['without content', frame(FRAME.PACKED, new Uint8Array(4)), /too short/],
    ['that announce a gigabyte', packed(small, 2 ** 30), /announces 1073741824 bytes, above/],
    ['that hold more than they announce', packed(small, 50), /cannot be inflated/],
    ['that hold less than they announce', packed(small, 200), /it has 108 bytes, not 200/],
    [
      'that hold a gigabyte and announce little',
      packed(new Uint8Array(2 ** 24), 1_000),
      /inflated/,
    ],
    ['of garbage', frame(FRAME.PACKED, 'four and not deflated'), /announces|inflated/],
    ['in packed frames', packed(packed(small)), /packed twice/],
    ['whose last is cut short', packed(small.subarray(0, 60)), /cut short/],
    ['whose last head is cut short', packed(Buffer.concat([small, small.subarray(0, 5)])), /cut/],
    ['with handshake and length wrong', packed(frame(99 as FrameKind, '')), /kind 99 is unknown/],
    ['with a fragment of nothing', packed(frame(FRAME.FRAGMENT, new Uint8Array(9))), /never begun/],
  ]
  for (const [what, bytes, why] of refused) {
    it(`${what} are refused, and nothing is read after them`, () => {
      const by = reader()
      const error = thrown(() => read(by, [bytes]))
      assert.equal(codeOf(error), 'ERR_BAD_FRAME')
      assert.match(error instanceof Error ? error.message : '', why)
      assert.deepEqual(read(by, [small]), [])
    })
  }

  it('are refused before the handshake is done, and by who cannot inflate', () => {
    const shut = new FrameReader(1024, inflate)
    assert.match(String(thrown(() => read(shut, [packed(small)]))), /before the handshake/)
    const unable = new FrameReader(1024)
    unable.open()
    assert.match(String(thrown(() => read(unable, [packed(small)]))), /it is packed/)
  })
})
