import { assert } from 'chai'
import { codeOf, TroupeError } from '../../src/base/errors.js'
import { type Random, seededRandom } from '../../src/base/random.js'
import type { Codec } from '../../src/wire/codec.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { Fragmenter } from '../../src/wire/fragment.js'
import { FRAME, HEAD_BYTES } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { encodeEnvelopeFrame, putHead } from '../../src/wire/frame-writer.js'
import { packFrames } from '../../src/wire/packed.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'
import { StampSlice } from '../../src/wire/stamp-slice.js'
import { realCompress } from '../../src/world/real/real-compress.js'
import { Point, SEED, TestRef, testCodec, thrown } from '../contracts/codec.js'

const { FUZZ_FRAMES: frames = '25000' } = process.env
const FRAMES = Number(frames)
const codec = testCodec()

const CORPUS: readonly (readonly unknown[])[] = [
  [12],
  ['text', { a: 1, b: [1.5, -1, null, undefined], constructor: { prototype: 'x' } }],
  [new Map<unknown, unknown>([['k', new Set([1, new Date(5)])]]), 5n, -(2n ** 100n)],
  [new TypeError('bad', { cause: new Error('deep') }), new TestRef('ref'), new Point(1, ['x'])],
  [Buffer.from('bytes'), Float64Array.of(1, 2), new BigInt64Array(3), new ArrayBuffer(5)],
  ['é'.repeat(40), 'x'.repeat(300), Array.from({ length: 40 }, (_, i) => `key-${i}`)],
  [Buffer.alloc(65_536, 1), { floats: new Float64Array(8192) }],
  [[[[[[[[[['deep']]]]]]]]], { a: { a: { a: { a: {} } } } }],
]

const plain = CORPUS.map((args, i) => {
  const stamp = i % 2 ? StampSlice.of(Buffer.from('stamp')) : undefined
  const to = i % 3 ? i * 1000 : 'name'
  const envelope = new Envelope(ENVELOPE.ASK, to, i, 7, 9, args, undefined, stamp)
  return Buffer.concat(encodeEnvelopeFrame(envelope, codec).chunks)
})

const packed = plain.flatMap((frame) => {
  const pieces = packFrames([frame, frame], 2 * frame.length, realCompress.deflate)
  return pieces === undefined ? [] : [Buffer.concat(pieces)]
})

const whole = [...plain, ...plain, ...plain, ...packed]

/** Bytes that mean something to somebody: heads, extensions, lengths, `__proto__`. */
const SPICE: readonly Buffer[] = [
  [0xc1],
  [0xd4, 0x72, 0x40],
  [0xd5, 0x72, 0x40, 0x01],
  [0xd4, 0x01, 0x00],
  [0xd4, 0x01, 0x00, 0x93, 7, 0, 0xce, 0, 1, 0, 0],
  [0xd4, 0x65, 0x00],
  [0xd6, 0x69, 0, 0, 0, 1],
  [0xd6, 0x70, 0, 0, 0, 1],
  [0xd4, 0x73, 0x00, 0x90],
  [0xc7, 0x09, 0x74, 0x08],
  [0xd6, 0x62, 0, 0, 0, 9],
  [0xc9, 0xff, 0xff, 0xff, 0xff, 0x42],
  [0xdd, 0x7f, 0xff, 0xff, 0xff],
  [0xdf, 0xff, 0xff, 0xff, 0xff],
  [0xdb, 0xff, 0xff, 0xff, 0xff],
  [0xc6, 0x04, 0x00, 0x00, 0x00],
  [0xdc, 0xff, 0xff],
  [0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa8, ...Buffer.from('polluted'), 0xc3],
  [0x81, 0xd9, 9, ...Buffer.from('__proto__'), 0x80],
].map((bytes) => Buffer.from(bytes))

function mutate(random: Random, frame: Buffer): Buffer {
  let bytes = Buffer.from(frame)
  for (let times = 1 + random.int(4); times > 0; times--) {
    const at =
      random.int(4) === 0 ? random.int(bytes.length) : random.int(Math.min(bytes.length, 120))
    const spice = random.pick(SPICE)
    switch (random.int(7)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.int(8))
        break
      case 1:
        bytes[at] = random.int(256)
        break
      case 2:
        bytes = bytes.subarray(0, Math.max(HEAD_BYTES, at))
        break
      case 3:
        spice.copy(bytes, at)
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), spice, bytes.subarray(at)])
        break
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.int(bytes.length))])
        break
      default:
        bytes = Buffer.concat([bytes, random.pick(whole)])
    }
  }
  // Mostly the length is made to fit again, or hardly a mutation would get past the frame's head.
  if (bytes.length >= HEAD_BYTES && random.int(8) > 0) {
    const was = frame[5] === FRAME.PACKED ? FRAME.PACKED : FRAME.ENVELOPE
    putHead(bytes, 0, random.int(20) === 0 ? FRAME.FRAGMENT : was, bytes.length - 8)
  }
  return bytes
}

/** All that happens to bytes from a peer; the result says how far they came. */
function receive(stream: Buffer, by: Codec): 'decoded' | 'refused' {
  let outcome: 'decoded' | 'refused' = 'refused'
  try {
    const reader = new FrameReader(8 * 1024 * 1024, realCompress.inflate)
    reader.open()
    const onFrame = (kind: number, bytes: Buffer, start: number, end: number): void => {
      if (kind !== FRAME.ENVELOPE) return
      const { body } = readEnvelope(bytes, start, end)
      if (body !== undefined) by.decodeArgs(body)
      outcome = 'decoded'
    }
    reader.push(stream, onFrame)
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    assert.include(['ERR_BAD_FRAME', 'ERR_DECODE'], error.code)
  }
  return outcome
}

function assertUnpolluted(): void {
  assert.isUndefined((Object.create(Object.prototype) as { polluted?: boolean }).polluted)
  const extra: string[] = []
  for (const key in {}) extra.push(key)
  assert.deepEqual(extra, [])
}

describe('bytes from strangers', () => {
  it(`${FRAMES} mutated frames: errors of ours or values, and nothing else [SEED=${SEED}]`, function () {
    this.timeout(60_000)
    const random = seededRandom(`fuzz ${SEED}`)
    const counts = { decoded: 0, refused: 0 }
    const { rss } = process.memoryUsage()
    let slowestMs = 0
    for (let i = 0; i < FRAMES; i++) {
      const bytes = mutate(random, random.pick(whole))
      const start = performance.now()
      counts[receive(bytes, codec)]++
      slowestMs = Math.max(slowestMs, performance.now() - start)
    }
    assertUnpolluted()
    assert.isAbove(counts.decoded, FRAMES / 50, 'some still decode')
    assert.isAbove(counts.refused, FRAMES / 3, 'most are refused')
    assert.isBelow(slowestMs, 2_000)
    assert.isBelow(process.memoryUsage().rss - rss, 250 * 1024 * 1024)
    assert.deepEqual(codec.copyArgs([{ a: [1] }]), [{ a: [1] }], 'the codec still works')
  })

  it('fragments mutated: errors of ours or values, and nothing else', () => {
    const random = seededRandom(`fragments ${SEED}`)
    const large = encodeEnvelopeFrame(
      new Envelope(ENVELOPE.TELL, 1, 1, 0, 0, [Buffer.alloc(70_000)], undefined, undefined),
      codec,
    )
    for (let i = 0; i < 2_000; i++) {
      const fragmenter = new Fragmenter(1, large)
      const stream: Uint8Array[] = []
      while (!fragmenter.done) {
        const frame = Buffer.concat(fragmenter.next(30_000))
        if (random.int(3) === 0) frame[HEAD_BYTES + random.int(20)] = random.int(256)
        stream.push(frame)
      }
      receive(Buffer.concat(stream), codec)
    }
  })

  const str = (text: string): number[] => [0xa0 | text.length, ...Buffer.from(text)]
  const box = (...items: number[][]): number[] => [
    ...[0xd4, 0x01, 0x00, 0x90 | items.length],
    ...items.flat(),
  ]
  const repeat = (bytes: number[], times: number): Buffer =>
    Buffer.alloc(bytes.length * times, Buffer.from(bytes))

  const deep = (level: number[]): Buffer =>
    Buffer.concat([repeat(level, 10_000), Buffer.from([0x91, 0])])

  const refused: readonly [string, () => Buffer][] = [
    ['10,000 arrays in each other', () => deep([0x91])],
    ['10,000 maps in each other', () => deep([0x81, 0xa1, 0x61])],
    ['10,000 boxes in each other', () => deep([0xd4, 0x01, 0x00])],
    ['10,000 boxed sets in each other', () => deep([0xd4, 0x01, 0x00, 0x92, 2])],
    [
      '8 MB of empty maps',
      () => Buffer.concat([Buffer.from([0xdd, 0x00, 0x80, 0x00, 0x00]), repeat([0x80], 0x800000)]),
    ],
    [
      '8 MB of empty boxed maps',
      () =>
        Buffer.concat([
          Buffer.from([0xdd, 0x00, 0x18, 0x00, 0x00]),
          repeat([0xd4, 1, 0, 0x91, 1], 0x180000),
        ]),
    ],
    ['an array that promises 2^31', () => Buffer.from([0xdd, 0x80, 0, 0, 0, 1])],
    ['a map that promises 2^32 - 1', () => Buffer.from([0xdf, 255, 255, 255, 255, 1])],
    ['a string that promises 2^31', () => Buffer.from([0x91, 0xdb, 0x80, 0, 0, 0, 1])],
    ['bytes that promise 2^31', () => Buffer.from([0x91, 0xc6, 0x80, 0, 0, 0, 1])],
    ['a record definition', () => Buffer.from([0x91, 0xd4, 0x72, 0x40, 0x91, ...str('a'), 1])],
    ['a record definition of two bytes', () => Buffer.from([0x91, 0xd5, 0x72, 0x40, 1, 0x91, 1])],
    ['the byte that is never used', () => Buffer.from([0x91, 0xc1])],
    ['a timestamp', () => Buffer.from([0x91, 0xd6, 0xff, 0, 0, 0, 1])],
    [
      'a regular expression',
      () => Buffer.from([0x91, 0xd4, 0x78, 0, 0x92, ...str('x'), ...str('g')]),
    ],
    [
      "msgpackr's own error",
      () => Buffer.from([0x91, 0xd4, 0x65, 0, 0x92, ...str('E'), ...str('x')]),
    ],
    ["msgpackr's own set", () => Buffer.from([0x91, 0xd4, 0x73, 0, 0x90])],
    [
      "msgpackr's own typed array",
      () => Buffer.from([0x91, 0xc7, 9, 0x74, 8, ...Array(8).fill(0)]),
    ],
    ['a reference within the message', () => Buffer.from([0x91, 0xd6, 0x70, 0, 0, 0, 1])],
    ['bundled strings', () => Buffer.from([0x91, 0xd6, 0x62, 0, 0, 0, 1, 0xa0, 0xa0])],
    ['a longer extension of our number', () => Buffer.from([0x91, 0xd6, 0x01, 0, 0, 0, 0])],
    [
      'a bigint of 8 MB',
      () =>
        Buffer.concat([
          Buffer.from([0x91, 0xc9, 0, 0x80, 0, 0, 0x42]),
          Buffer.alloc(0x800000, 255),
        ]),
    ],
    ['a bigint of no bytes', () => Buffer.from([0x91, 0xc7, 0, 0x42])],
    [
      '__proto__ as a key',
      () => Buffer.from([0x91, 0x81, 0xa9, ...Buffer.from('__proto__'), 0x80]),
    ],
    [
      '__proto__ as a key of 8 bits',
      () => Buffer.from([0x91, 0x81, 0xd9, 9, ...Buffer.from('__proto__'), 0x80]),
    ],
    [
      '__proto__ as a key of 16 bits',
      () => Buffer.from([0x91, 0x81, 0xda, 0, 9, ...Buffer.from('__proto__'), 0x80]),
    ],
    [
      '__proto__ as a key of 32 bits',
      () => Buffer.from([0x91, 0x81, 0xdb, 0, 0, 0, 9, ...Buffer.from('__proto__'), 0x80]),
    ],
    ['a key that is a bigint', () => Buffer.from([0x91, 0x81, 0xd3, 0, 0, 0, 0, 0, 0, 0, 1, 1])],
    ['a key that is a box', () => Buffer.from([0x91, 0x81, ...box([0], [1]), 1])],
    ['a box of no known kind', () => Buffer.from([0x91, ...box([99])])],
    ['a box of no kind', () => Buffer.from([0x91, ...box(str('x'))])],
    ['an empty box', () => Buffer.from([0x91, ...box()])],
    ['a box that is a map', () => Buffer.from([0x91, 0xd4, 1, 0, 0x80])],
    ['a date that is no number', () => Buffer.from([0x91, ...box([0], str('x'))])],
    ['a map with a key without a value', () => Buffer.from([0x91, ...box([1], [5])])],
    ['an error without a message', () => Buffer.from([0x91, ...box([3], [0], str('E'))])],
    [
      'an error with a cause that is not there',
      () => Buffer.from([0x91, ...box([3], [2], str('E'), str('m'))]),
    ],
    ['a reference that the port refuses', () => Buffer.from([0x91, ...box([4], [5])])],
    ['a class nobody registered', () => Buffer.from([0x91, ...box([5], str('nobody'), [1])])],
    ['a class that is no name', () => Buffer.from([0x91, ...box([5], [1], [1])])],
    ['bytes of no kind', () => Buffer.from([0x91, ...box([6], [99], [0xc4, 1, 1])])],
    ['bytes that are no bytes', () => Buffer.from([0x91, ...box([6], [1], str('x'))])],
    [
      'seven bytes of floats',
      () => Buffer.from([0x91, ...box([6], [9], [0xc4, 7, 1, 2, 3, 4, 5, 6, 7])]),
    ],
    [
      'a payload that is not there',
      () => Buffer.from([0x91, ...box([7], [0], [0xce, 0, 1, 0, 0])]),
    ],
    [
      'a payload of half a byte',
      () => Buffer.from([0x91, ...box([7], [0], [0xcb, 0x40, 0xf0, 0, 0, 0, 0, 8, 0])]),
    ],
    ['arguments that are no array', () => Buffer.from([0x80])],
    ['two values', () => Buffer.from([0x90, 0x90])],
    ['nothing', () => Buffer.alloc(0)],
  ]
  for (const [what, make] of refused) {
    it(`refuses ${what}, at once`, () => {
      const head = make()
      const before = process.memoryUsage().rss
      const start = performance.now()
      const error = thrown(() => codec.decodeArgs({ head, payloads: [] }))
      assert.strictEqual(codeOf(error), 'ERR_DECODE')
      assert.notInclude((error as Error).message, 'msgpackr', 'refused before or after it')
      assert.isBelow(performance.now() - start, 2_000)
      assert.isBelow(process.memoryUsage().rss - before, 150 * 1024 * 1024)
      assertUnpolluted()
    })
  }

  const lift = (length: number): number[] =>
    box([7], [0], [0xce, 0, length >> 16, (length >> 8) & 255, length & 255])
  const counted: readonly [string, number[], number[]][] = [
    ['one payload too few', [0x92, ...lift(65_536), ...lift(65_536)], [65_536]],
    ['one payload too many', [0x91, ...lift(65_536)], [65_536, 65_536]],
    ['a payload longer than it says', [0x91, ...lift(65_536)], [65_537]],
    ['a payload shorter than it says', [0x91, ...lift(70_000)], [65_537]],
    ['payloads that nobody mentions', [0x91, 1], [65_536]],
    ['one that is taken twice', [0x92, ...lift(65_536), ...lift(65_536)], [65_536]],
    ['small bytes lifted', [0x91, ...lift(100)], [100]],
  ]
  for (const [what, head, payloads] of counted) {
    it(`refuses payloads that do not fit the head: ${what}`, () => {
      const body = { head: Buffer.from(head), payloads: payloads.map((n) => Buffer.alloc(n)) }
      assert.strictEqual(codeOf(thrown(() => codec.decodeArgs(body))), 'ERR_DECODE')
    })
  }

  it('takes what is nested as deep as a sender may nest, and no deeper', () => {
    const nested = (levels: number) => ({
      head: Buffer.concat([repeat([0x91], levels), Buffer.from([1])]),
      payloads: [],
    })
    assert.lengthOf(codec.decodeArgs(nested(101)), 1)
    const error = thrown(() => codec.decodeArgs(nested(102))) as Error
    assert.include(error.message, 'deeper than 100')
  })

  it('does not make errors by the hundred thousand', () => {
    const error = box([3], [0], str('E'), str('m'))
    const head = Buffer.concat([Buffer.from([0xdd, 0, 3, 0, 0]), repeat(error, 0x30000)])
    assert.strictEqual(codeOf(thrown(() => codec.decodeArgs({ head, payloads: [] }))), 'ERR_DECODE')
  }).timeout(10_000)

  it('replaces bytes that are no UTF-8 and reads on', () => {
    const head = Buffer.from([0x92, 0xa2, 0xff, 0xfe, 7])
    assert.deepEqual(codec.decodeArgs({ head, payloads: [] }), ['\ufffd\ufffd', 7])
  })
})
