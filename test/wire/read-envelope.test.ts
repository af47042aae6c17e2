import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import { ENVELOPE, Envelope, type EnvelopeKind } from '../../src/wire/envelope.js'
import { NAME_LIMIT, STAMP_LIMIT } from '../../src/wire/envelope-head.js'
import { encodeEnvelopeBody, FrameWriter } from '../../src/wire/frame-writer.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'
import { StampSlice } from '../../src/wire/stamp-slice.js'
import { RUNS, SEED, testCodec, thrown } from '../contracts/codec.js'

const codec = testCodec()

const bodyOf = (envelope: Envelope): Buffer =>
  Buffer.concat(encodeEnvelopeBody(envelope, codec).chunks)

describe('reading an envelope', () => {
  it(`brings back every field of its head [SEED=${SEED}]`, () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    const number = fc.oneof(
      fc.nat(300),
      fc.maxSafeNat(),
      fc.constantFrom(127, 128, 2 ** 14, 2 ** 40 - 1, Number.MAX_SAFE_INTEGER),
    )
    const property = fc.property(
      fc.constantFrom<EnvelopeKind>(...Object.values(ENVELOPE)),
      fc.oneof(number, text),
      fc.oneof(number, text),
      number,
      fc.nat(2 ** 32 - 1),
      fc.option(fc.uint8Array({ maxLength: 50 }), { nil: undefined }),
      fc.constantFrom<unknown[]>([], [12], ['x', { a: 1 }], [Buffer.alloc(66_000)]),
      fc.nat(9),
      (kind, to, method, callId, key, stamp, args, pad) => {
        const slice = stamp && StampSlice.of(stamp)
        const sent = new Envelope(kind, to, method, callId, key, args, undefined, slice)
        const body = bodyOf(sent)
        const bytes = Buffer.concat([Buffer.alloc(pad, 255), body, Buffer.alloc(pad, 255)])
        const got = readEnvelope(bytes, pad, pad + body.length)
        assert.deepEqual(
          [got.kind, got.to, got.method, got.callId, got.key, got.args],
          [kind, to, method, callId, key, undefined],
        )
        assert.deepEqual(
          got.stamp === undefined ? undefined : [...got.stamp.slice.view()],
          stamp === undefined ? undefined : [...stamp],
        )
        assert.deepEqual(codec.decodeArgs(got.body as never), args)
      },
    )
    fc.assert(property, { seed: SEED, numRuns: RUNS })
  })

  it('keeps a tell to an actor within 6 bytes of its arguments', () => {
    const tell = new Envelope(ENVELOPE.TELL, 1000, 3, 0, 0, [12], undefined, undefined)
    assert.isAtMost(bodyOf(tell).length, 6 + 2)
  })

  it('offers the encoded arguments as views', () => {
    const args = ['x', Buffer.alloc(70_000, 1), Buffer.alloc(80_000, 2)]
    const bytes = bodyOf(new Envelope(ENVELOPE.ASK, 1, 2, 3, 4, args, undefined, undefined))
    const { body } = readEnvelope(bytes, 0, bytes.length)
    assert.strictEqual(body?.head.buffer, bytes.buffer)
    assert.deepEqual(
      body?.payloads.map((payload) => payload.length),
      [150_000],
    )
    const copy = { head: Buffer.from(body?.head ?? []), payloads: body?.payloads ?? [] }
    assert.deepEqual(codec.decodeArgs(copy), args)
  })

  it('refuses every truncation, and never reads beyond the end', () => {
    const stamp = StampSlice.of(Buffer.from('stamp'))
    const whole = bodyOf(
      new Envelope(ENVELOPE.ASK, 'to', 'do', 2 ** 50, 9, ['x'], undefined, stamp),
    )
    const argsBytes = codec.encodeArgs(['x']).head.length
    for (let end = 0; end < whole.length - argsBytes + 1; end++) {
      assert.strictEqual(
        codeOf(thrown(() => readEnvelope(whole, 0, end))),
        'ERR_BAD_FRAME',
        `${end}`,
      )
    }
    for (let end = whole.length - argsBytes + 1; end < whole.length; end++) {
      const { body } = readEnvelope(whole, 0, end)
      assert.strictEqual(codeOf(thrown(() => codec.decodeArgs(body as never))), 'ERR_DECODE')
    }
  })

  const refused: readonly [string, number[]][] = [
    ['nothing', []],
    ['kind 0', [0, 0, 1, 1, 0x90]],
    ['kind 12', [12, 0, 1, 1, 0x90]],
    ['an unknown flag', [1, 64, 1, 1, 0x90]],
    ['a number beyond 2^53', [1, 0, 255, 255, 255, 255, 255, 255, 255, 127, 1, 0x90]],
    ['a number without end', [1, 0, ...Array<number>(20).fill(255)]],
    ['a number that is longer than it must be', [1, 0, 0x81, 0x00, 1, 0x90]],
    ['a name above its limit', [1, 1, 0xff, 0xff, ...Array<number>(70_000).fill(65)]],
    ['a stamp above its limit', [1, 16, 1, 1, 0xff, 0xff, ...Array<number>(70_000).fill(65)]],
    ['no arguments', [1, 0, 1, 1]],
    ['payloads that are not there', [1, 32, 1, 1, 1, 0, 0, 0, 0x90]],
    ['a head of 2^32 - 1 bytes', [1, 32, 1, 1, 255, 255, 255, 255, 0x90, 1]],
    ['a head of no bytes', [1, 32, 1, 1, 0, 0, 0, 0, 0x90, 1]],
  ]
  for (const [what, bytes] of refused) {
    it(`refuses ${what}`, () => {
      const body = Buffer.from(bytes)
      assert.strictEqual(codeOf(thrown(() => readEnvelope(body, 0, body.length))), 'ERR_BAD_FRAME')
    })
  }

  it('refuses names and stamps above their limits at the sender', () => {
    const writer = new FrameWriter()
    const long = 'x'.repeat(NAME_LIMIT + 1)
    const stamp = StampSlice.of(Buffer.alloc(STAMP_LIMIT + 1))
    for (const envelope of [
      new Envelope(ENVELOPE.TELL, long, 1, 0, 0, [], undefined, undefined),
      new Envelope(ENVELOPE.TELL, 1, long, 0, 0, [], undefined, undefined),
      new Envelope(ENVELOPE.TELL, 1, 1, 0, 0, [], undefined, stamp),
    ]) {
      assert.strictEqual(
        codeOf(thrown(() => writer.writeEnvelope(envelope, codec))),
        'ERR_TOO_LARGE',
      )
    }
    assert.strictEqual(writer.pendingBytes, 0)
  })
})
