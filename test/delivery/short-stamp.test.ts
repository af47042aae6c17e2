import { assert } from 'chai'
import fc from 'fast-check'
import { decodeClock } from '../../src/delivery/causal-clock.js'
import { encodeShort, ShortStamp } from '../../src/delivery/short-stamp.js'
import {
  type DataStamp,
  decodeStamp,
  encodeAck,
  encodeData,
  OF_FLOW,
} from '../../src/delivery/stamp.js'
import { StampSlice } from '../../src/wire/stamp-slice.js'

const plain = new ShortStamp()

interface Read {
  readonly tag: number
  readonly session: number
  readonly id: number
  readonly label: number
  readonly seq: number
  readonly before: number
}

/** What the long way makes of it, where that is a message without label, or with the clock of another. */
function long(bytes: Uint8Array): Read | undefined {
  const stamp = decodeStamp(bytes)
  if (stamp?.kind !== 'data' || stamp.filler) return undefined
  const { tag, session, id, label, same } = stamp
  if (label === undefined) return { tag, session, id, label: 0, seq: 0, before: 0 }
  const clock = same ? decodeClock(bytes, stamp.clockAt, 1, LIMITS, true) : 'malformed'
  if (typeof clock === 'string') return undefined
  return { tag, session, id, label, seq: clock.seq, before: clock.after }
}

function short(bytes: Uint8Array): Read | undefined {
  if (!plain.read(new StampSlice(Buffer.concat([PAD, bytes, PAD]), 3, 3 + bytes.length)))
    return undefined
  const { tag, session, id, label, seq, before } = plain
  return label === 0
    ? { tag, session, id, label, seq: 0, before: 0 }
    : { tag, session, id, label, seq, before }
}

/** What lies beside a stamp is none of it. */
const PAD = Buffer.from([1, 1, 1])
const LIMITS = { maxNodes: 8, maxEntries: 8 }

describe('a short stamp', () => {
  it('reads what the long way reads', () => {
    const below = (max: number) => fc.integer({ min: 1, max })
    const ids = fc.oneof(below(300), below(70_000), below(2 ** 28 - 1))
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        ids,
        ids,
        fc.oneof(fc.constant(1), ids),
        fc.boolean(),
        (...all) => {
          const [tag, session, id, back, open] = all
          const after = back < id ? id - back : 0
          const bytes = encodeData(tag, session, id, after, open, false, undefined)
          assert.deepEqual(short(bytes), { tag, session, id, label: 0, seq: 0, before: 0 })
          assert.deepEqual(short(bytes), long(bytes))
          const mark = { label: 1 + (tag >>> 1), seq: id + back, clock: undefined, after: id }
          const causal = encodeData(tag, session, id, 0, open, false, mark)
          assert.deepEqual(long(causal)?.before, id)
          if (mark.seq < 2 ** 28) assert.deepEqual(short(causal), long(causal))
          else assert.isUndefined(short(causal))
          const written = encodeShort(tag, session, id, after, open, undefined).copy().bytes
          if (open || after === 0 || back > 1) assert.deepEqual(written, bytes)
          else {
            assert.isAtMost(written.length, 9)
            assert.deepEqual(short(written), long(written))
            const said = decodeStamp(bytes) as DataStamp
            const same = { bytes: written, clockAt: written.length, tag: OF_FLOW }
            assert.deepEqual(decodeStamp(written), { ...said, ...same })
          }
          const marked = encodeShort(tag, session, id, 0, open, mark).copy().bytes
          if (open || mark.seq >= 2 ** 28) assert.deepEqual(marked, causal)
          else {
            assert.isBelow(marked.length, causal.length)
            assert.deepEqual(short(marked), long(marked))
            assert.deepEqual(long(marked), { ...(long(causal) as Read), tag: OF_FLOW })
          }
        },
      ),
    )
  })

  it('takes nothing that the long way refuses, and gives no other meaning to anything', () => {
    const some = encodeData(0x01020304, 5, 300, 299, true, false, undefined)
    const mark = { label: 0x81820383, seq: 301, clock: undefined, after: 300 }
    const next = encodeShort(1, 5, 300, 299, false, undefined).copy().bytes
    const labelled = encodeData(0x01020304, 5, 300, 0, true, false, mark)
    const near = (one: Uint8Array): fc.Arbitrary<Uint8Array> => {
      const changed = fc.tuple(fc.nat(one.length - 1), fc.nat(255))
      return fc.oneof(
        changed.map(([at, byte]) => one.with(at, byte)),
        changed.map(([at, byte]) => Uint8Array.from([...one.slice(0, at), byte, ...one.slice(at)])),
        fc.nat(one.length).map((length) => one.slice(0, length)),
      )
    }
    const marked = encodeShort(1, 5, 300, 0, false, mark).copy().bytes
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      near(some),
      near(labelled),
      near(next),
      near(marked),
    )
    const check = (given: Uint8Array): void => {
      const read = short(given)
      if (read !== undefined) assert.deepEqual(read, long(given))
    }
    fc.assert(fc.property(bytes, check), { numRuns: 10_000 })
  })

  it('leaves fillers, other clocks, acknowledgements and large numbers to the long way', () => {
    const causal = { label: 7, seq: 1, clock: new Uint8Array(3) }
    const ack = { kind: 'ack', tag: 1, session: 1, floor: 9, ranges: [] } as const
    for (const bytes of [
      encodeData(1, 1, 1, 0, true, true, undefined),
      encodeData(1, 1, 1, 0, true, false, causal),
      encodeData(1, 1, 2 ** 28, 0, true, false, undefined),
      encodeAck(ack),
    ]) {
      assert.isFalse(plain.read(StampSlice.of(bytes)))
    }
  })
})
