import { assert } from 'chai'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.js'
import { DeliveryShelf } from '../../src/cluster/delivery-shelf.js'
import type { Kept } from '../../src/cluster/stored-envelope.js'
import { Acknowledged } from '../../src/delivery/acknowledged.js'
import { encodeShort } from '../../src/delivery/short-stamp.js'
import type { CausalMark } from '../../src/delivery/stamp.js'
import { Codec } from '../../src/wire/codec.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { EnvelopeStore } from '../../src/wire/envelope-store.js'
import { FRAGMENT_ABOVE, HEAD_BYTES } from '../../src/wire/frame.js'
import { FrameTemplate } from '../../src/wire/frame-template.js'
import { encodeEnvelopeFrame, FrameWriter } from '../../src/wire/frame-writer.js'
import type { KeptEnvelope } from '../../src/wire/kept-envelope.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'
import { StampSlice } from '../../src/wire/stamp-slice.js'

const codec = new Codec()

const tell = (args: readonly unknown[], key = 9): Envelope =>
  new Envelope(ENVELOPE.TELL, 7, 1, 0, key, args, undefined, undefined)

/** Kept, and as lanes get it. */
function keptIn(store: EnvelopeStore, args: readonly unknown[], key = 9): Envelope {
  const envelope = tell(args, key)
  envelope.stamp = StampSlice.of(Uint8Array.of(1, 2, 3))
  const kept = store.keep(envelope, new FrameTemplate(), false)
  assert(kept !== undefined)
  envelope.args = undefined
  envelope.body = envelope.stamp = kept
  return envelope
}

const frameOf = (kept: KeptEnvelope): Buffer => kept.bytes.subarray(kept.start, kept.end)

describe('kept envelopes', () => {
  it('lie among other frames in the order in which they were written, and in one piece where they are in a row', () => {
    const store = new EnvelopeStore(codec)
    const lane = new FrameWriter()
    const other = new FrameWriter()
    let bytes = 0
    for (let i = 0; i < 40; i++) {
      const writer = i % 10 === 9 ? other : lane
      const size = writer.writeEnvelope(i % 10 < 5 ? keptIn(store, [i]) : tell([i]), codec)
      if (writer === lane) bytes += size
      assert.equal(lane.pendingBytes, bytes)
    }
    const parts = lane.take()
    assert.equal(lane.pendingBytes, 0)
    assert.isAtMost(parts.length, 10)
    const all = Buffer.concat(parts)
    assert.lengthOf(all, bytes)
    const seen: unknown[] = []
    for (let at = 0; at < all.length; ) {
      const end = at + HEAD_BYTES + all.readUInt32LE(at)
      const { body } = readEnvelope(all, at + HEAD_BYTES, end)
      seen.push(...codec.decodeArgs(body as never))
      at = end
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 40 }, (_, i) => i).filter((i) => i % 10 !== 9),
    )
    assert.deepEqual(other.take().length, 1)
  })

  it('are what they were, however much is kept behind them', () => {
    const store = new EnvelopeStore(codec)
    const kept = Array.from({ length: 5_000 }, (_, i) => keptIn(store, [i, 'x'.repeat(i % 90)]))
    for (const [i, { body }] of kept.entries()) {
      const { to, key, body: read, stamp } = (body as KeptEnvelope).read()
      assert.deepEqual([to, key, [...(stamp?.slice.view() ?? [])]], [7, 9, [1, 2, 3]])
      assert.deepEqual(codec.decodeArgs(read as never), [i, 'x'.repeat(i % 90)])
    }
  })

  it('are sent in fragments where they are large, and refused where they are too large', () => {
    const store = new EnvelopeStore(codec)
    const text = 'x'.repeat(FRAGMENT_ABOVE)
    const writer = new FrameWriter()
    const large = keptIn(store, [text])
    const bytes = writer.writeEnvelope(large, codec)
    assert.isAbove(bytes, FRAGMENT_ABOVE)
    const frame = writer.takeLarge()
    assert.lengthOf(frame?.chunks ?? [], 1)
    assert.lengthOf(writer.take(), 0)
    assert.throws(() => writer.writeEnvelope(large, codec, 1_000), /more than 1000 bytes/)
    const small = new EnvelopeStore(new Codec({ maxMessageBytes: 100 }))
    assert.throws(() => keptIn(small, [text]), /more than 100 bytes/)
    assert.deepEqual((keptIn(small, [1]).body as KeptEnvelope).read().to, 7)
  })

  it('are none where bytes lie apart, or a value cannot cross', () => {
    const store = new EnvelopeStore(codec)
    const first = keptIn(store, [1]).body as KeptEnvelope
    const apart = tell([Buffer.alloc(70_000)])
    assert.isUndefined(store.keep(apart, new FrameTemplate(), false))
    assert.throws(() => store.keep(tell([() => 1]), new FrameTemplate(), false), /function/)
    const second = keptIn(store, [2]).body as KeptEnvelope
    assert.equal(second.start, first.end, 'nothing of them is left')
  })

  it('of a flow are written as if each was encoded alone, whoever they are for and whatever is acknowledged', () => {
    const step = fc.record({
      to: fc.constantFrom<number | string>(7, 8, 'a name', 'n'.repeat(200)),
      method: fc.constantFrom<number | string>(1, 'do'),
      kind: fc.constantFrom(ENVELOPE.TELL, ENVELOPE.TELL, ENVELOPE.ASK),
      key: fc.constantFrom(0, 9, 2 ** 32 - 1),
      times: fc.integer({ min: 1, max: 150 }),
      inOrder: fc.boolean(),
      label: fc.option(fc.constantFrom(5, 2 ** 32 - 1), { nil: undefined }),
      acknowledged: fc.boolean(),
    })
    const ends = { self: 'a', peer: 'b', channel: 'c' }
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const sender = new Acknowledged<Kept>(ends, 1, seededRandom(1))
        const shelf = new DeliveryShelf(codec)
        let seq = 1
        for (const { to, method, kind, key, times, inOrder, label, acknowledged } of steps) {
          for (let i = 0; i < times; i++) {
            const causal: CausalMark | undefined =
              label === undefined
                ? undefined
                : { label, seq: ++seq, clock: undefined, after: seq - 1 }
            const ordered = inOrder && causal === undefined
            const callId = kind === ENVELOPE.ASK ? i + 1 : 0
            const args = [i, 'x']
            const envelope = new Envelope(kind, to, method, callId, key, args, undefined, undefined)
            const { next, session, tag, open } = sender
            const after = ordered ? sender.lastOpenOf(key) : 0
            const stamp = encodeShort(tag, session, next, after, open, causal).copy()
            const kept = shelf.keep(envelope, sender, ordered, causal)
            assert(kept !== undefined && envelope.stamp === undefined)
            envelope.stamp = stamp
            const alone = Buffer.concat(encodeEnvelopeFrame(envelope, codec).chunks)
            assert.isTrue(frameOf(kept).equals(alone), `${next}`)
            sender.take(kept, kept.size, key, ordered, causal, Infinity, 0)
          }
          if (!acknowledged) continue
          const { tag, session, next } = sender
          const ack = { kind: 'ack', tag, session, floor: next - 1, ranges: [] } as const
          sender.step({ type: 'ack', ack, nowMs: 0 })
          assert.equal(sender.pending, 0)
        }
      }),
      { numRuns: 60 },
    )
  })
})
