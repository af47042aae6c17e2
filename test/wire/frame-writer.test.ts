import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FRAGMENT_ABOVE, FRAME, type FrameKind } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import {
  encodeEnvelopeBody,
  encodeEnvelopeFrame,
  FrameWriter,
} from '../../src/wire/frame-writer.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'
import { testCodec, thrown } from '../contracts/codec.js'
import { tell } from './in-frames.js'

const codec = testCodec()

function framesOf(chunks: readonly Uint8Array[]): [FrameKind, Buffer][] {
  const reader = new FrameReader()
  reader.open()
  const frames: [FrameKind, Buffer][] = []
  for (const chunk of chunks) {
    reader.push(chunk, (kind, bytes, start, end) =>
      frames.push([kind, Buffer.from(bytes.subarray(start, end))]),
    )
  }
  return frames
}

const argsOf = (body: Buffer): unknown[] => {
  const envelope = readEnvelope(body, 0, body.length)
  if (envelope.body === undefined) throw new Error('no body')
  return codec.decodeArgs(envelope.body)
}

describe('the frame writer', () => {
  it('gathers the frames of a tick in one chunk and counts their bytes', () => {
    const writer = new FrameWriter()
    let bytes = 0
    for (let i = 0; i < 20; i++) bytes += writer.writeEnvelope(tell(i, [i]), codec)
    assert.strictEqual(writer.pendingBytes, bytes)
    const chunks = writer.take()
    assert.lengthOf(chunks, 1)
    assert.strictEqual(chunks[0]?.length, bytes)
    assert.strictEqual(writer.pendingBytes, 0)
    assert.deepEqual(
      framesOf(chunks).map(([, body]) => argsOf(body)),
      Array.from({ length: 20 }, (_, i) => [i]),
    )
  })

  it('never writes again to bytes that were taken', () => {
    const writer = new FrameWriter()
    const taken: { chunk: Uint8Array; copy: Buffer }[] = []
    for (let i = 0; i < 3000; i++) {
      writer.writeEnvelope(tell(i, ['x'.repeat(i % 50)]), codec)
      if (i % 7 === 0) {
        for (const chunk of writer.take()) taken.push({ chunk, copy: Buffer.from(chunk) })
      }
    }
    for (const { chunk, copy } of taken) assert.isTrue(copy.equals(chunk))
  })

  it('leaves the batch as it was when it refuses, however much it had written', () => {
    const writer = new FrameWriter()
    writer.writeEnvelope(tell(1, ['before']), codec)
    const before = writer.pendingBytes
    const refused: readonly unknown[][] = [
      [() => 1],
      ['x'.repeat(200_000), () => 1],
      [Buffer.alloc(100_000), Array(5000).fill('filler'), () => 1],
    ]
    for (const args of refused) {
      const error = thrown(() => writer.writeEnvelope(tell(1, args), codec))
      assert.strictEqual(codeOf(error), 'ERR_NOT_SERIALIZABLE')
      assert.strictEqual(writer.pendingBytes, before)
      assert.isUndefined(writer.takeLarge())
    }
    writer.writeEnvelope(tell(2, ['after']), codec)
    const bodies = framesOf(writer.take()).map(([, body]) => argsOf(body))
    assert.deepEqual(bodies, [['before'], ['after']])
  })

  it('lets nobody write into a frame in progress, a ready body included', () => {
    const own = testCodec()
    const writer = new FrameWriter()
    const ready = own.encodeArgs(['inner'])
    const errors: unknown[] = []
    class Sender {}
    own.register('test/sender', Sender, {
      toWire: () => {
        const inner = new Envelope(ENVELOPE.TELL, 1, 1, 0, 0, undefined, ready, undefined)
        errors.push(thrown(() => writer.writeEnvelope(inner, own)))
        errors.push(thrown(() => writer.writeEnvelope(tell(1, ['inner']), own)))
        errors.push(thrown(() => writer.writeFrame(FRAME.PING, Buffer.alloc(0))))
        assert.lengthOf(writer.take(), 1)
        return 'wire'
      },
      fromWire: () => new Sender(),
    })
    writer.writeEnvelope(tell(1, ['before']), own)
    writer.writeEnvelope(tell(2, ['x'.repeat(50_000), new Sender()]), own)
    assert.deepEqual(errors.map(codeOf), Array(3).fill('ERR_NOT_SERIALIZABLE'))
    const [[, body], ...rest] = framesOf(writer.take()) as [[FrameKind, Buffer]]
    assert.lengthOf(rest, 0)
    const envelope = readEnvelope(body, 0, body.length)
    assert.deepEqual(own.decodeArgs(envelope.body as never), ['x'.repeat(50_000), new Sender()])
  })

  it('refuses more than maxMessageBytes and writes nothing', () => {
    const small = testCodec({ maxMessageBytes: 70_000 })
    const writer = new FrameWriter()
    const large: readonly unknown[][] = [
      ['x'.repeat(70_000)],
      [Buffer.alloc(70_000)],
      [Buffer.alloc(69_999)],
      Array(20_000).fill('text'),
    ]
    for (const args of large) {
      const error = thrown(() => writer.writeEnvelope(tell(1, args), small))
      assert.strictEqual(codeOf(error), 'ERR_TOO_LARGE')
      const ready = { head: codec.encodeArgs(args).head, payloads: codec.encodeArgs(args).payloads }
      const envelope = new Envelope(ENVELOPE.TELL, 1, 1, 0, 0, undefined, ready, undefined)
      assert.strictEqual(
        codeOf(thrown(() => writer.writeEnvelope(envelope, small))),
        'ERR_TOO_LARGE',
      )
    }
    assert.strictEqual(writer.pendingBytes, 0)
    assert.isAbove(writer.writeEnvelope(tell(1, ['x'.repeat(69_900)]), small), 69_900)
  })

  it('hands a large frame out apart from the batch, its payload uncopied', () => {
    const writer = new FrameWriter()
    const payload = Buffer.alloc(200_000, 5)
    writer.writeEnvelope(tell(1, ['before']), codec)
    const bytes = writer.writeEnvelope(tell(2, [payload]), codec)
    assert.isAbove(bytes, FRAGMENT_ABOVE)
    const large = writer.takeLarge()
    writer.writeEnvelope(tell(3, ['after']), codec)
    const bodies = framesOf(writer.take()).map(([, body]) => argsOf(body))
    assert.deepEqual(bodies, [['before'], ['after']])
    assert.strictEqual(large?.bytes, bytes)
    assert.isTrue(large?.chunks.some((chunk) => chunk.buffer === payload.buffer))
    assert.deepEqual(argsOf(framesOf(large?.chunks ?? [])[0]?.[1] as Buffer), [payload])
  })

  it('keeps a large frame in its place when nobody takes it', () => {
    const writer = new FrameWriter()
    const values = ['before', 'y'.repeat(100_000), 'between', Buffer.alloc(70_000, 1), 'after']
    let bytes = 0
    for (const value of values) bytes += writer.writeEnvelope(tell(1, [value]), codec)
    assert.strictEqual(writer.pendingBytes, bytes)
    const bodies = framesOf(writer.take()).map(([, body]) => argsOf(body)[0])
    assert.deepEqual(bodies, values)
    assert.isUndefined(writer.takeLarge())
  })

  it('writes envelopes whose body is ready, small and large', () => {
    const writer = new FrameWriter()
    for (const value of ['small', 'y'.repeat(100_000), Buffer.alloc(70_000, 1)]) {
      const body = codec.encodeArgs([value])
      const envelope = new Envelope(
        ENVELOPE.ASK,
        'name',
        'method',
        9,
        5,
        undefined,
        body,
        undefined,
      )
      writer.writeEnvelope(envelope, codec)
      assert.deepEqual(argsOf(framesOf(writer.take())[0]?.[1] as Buffer), [value])
    }
  })

  it('writes a body again that came in, byte for byte', () => {
    const writer = new FrameWriter()
    for (const value of ['small', Buffer.alloc(70_000, 1)]) {
      writer.writeEnvelope(tell(1, [value]), codec)
      const [[, first]] = framesOf(writer.take()) as [[FrameKind, Buffer]]
      const { body } = readEnvelope(first, 0, first.length)
      writer.writeEnvelope(
        new Envelope(ENVELOPE.TELL, 1, 3, 0, 0, undefined, body, undefined),
        codec,
      )
      const [[, second]] = framesOf(writer.take()) as [[FrameKind, Buffer]]
      assert.isTrue(first.equals(second))
    }
  })

  it('takes an envelope without arguments for one with none', () => {
    const writer = new FrameWriter()
    const abort = new Envelope(ENVELOPE.ABORT, 0, '', 7, 0, undefined, undefined, undefined)
    writer.writeEnvelope(abort, codec)
    assert.deepEqual(argsOf(framesOf(writer.take())[0]?.[1] as Buffer), [])
  })

  it('writes control frames up to the limit of their kind', () => {
    const writer = new FrameWriter()
    writer.writeFrame(FRAME.PING, Buffer.alloc(0))
    writer.writeFrame(FRAME.OVERLAY, Buffer.from('abc'))
    writer.writeFrame(FRAME.BROADCAST, Buffer.alloc(100_000, 3))
    const frames = framesOf(writer.take())
    assert.deepEqual(
      frames.map(([kind, body]) => [kind, body.length]),
      [
        [FRAME.PING, 0],
        [FRAME.OVERLAY, 3],
        [FRAME.BROADCAST, 100_000],
      ],
    )
    const tooLong = thrown(() => writer.writeFrame(FRAME.HELLO, Buffer.alloc(16_385)))
    assert.strictEqual(codeOf(tooLong), 'ERR_TOO_LARGE')
    assert.strictEqual(writer.pendingBytes, 0)
  })

  it('writes relays: a head and behind it the body of an envelope', () => {
    const writer = new FrameWriter()
    for (const value of ['small', Buffer.alloc(70_000, 1)]) {
      const body = encodeEnvelopeBody(tell(4, [value]), codec)
      writer.writeRelay(Buffer.from('HEAD'), body.chunks, codec.maxMessageBytes)
      const [[kind, bytes]] = framesOf(writer.take()) as [[FrameKind, Buffer]]
      assert.strictEqual(kind, FRAME.RELAY)
      assert.strictEqual(bytes.toString('latin1', 0, 4), 'HEAD')
      const envelope = readEnvelope(bytes, 4, bytes.length)
      assert.strictEqual(envelope.to, 4)
      assert.deepEqual(codec.decodeArgs(envelope.body as never), [value])
    }
  })

  it('writes frames that were encoded before', () => {
    const writer = new FrameWriter()
    const small = encodeEnvelopeFrame(tell(1, ['small']), codec)
    const large = encodeEnvelopeFrame(tell(2, [Buffer.alloc(90_000)]), codec)
    writer.writeEncoded(small)
    assert.strictEqual(writer.writeEncoded(large), large.bytes)
    writer.writeEncoded(small)
    assert.strictEqual(writer.pendingBytes, 2 * small.bytes + large.bytes)
    assert.deepEqual(
      framesOf(writer.take()).map(([, body]) => readEnvelope(body, 0, body.length).to),
      [1, 2, 1],
    )
  })

  it('does not copy a batch that grows', () => {
    const writer = new FrameWriter()
    const start = process.hrtime.bigint()
    for (let i = 0; i < 200_000; i++) writer.writeEnvelope(tell(i, ['some text', i]), codec)
    const chunks = writer.take()
    assert.isBelow(Number(process.hrtime.bigint() - start) / 1e6, 4000)
    assert.isBelow(chunks.length, 100)
  })
})
