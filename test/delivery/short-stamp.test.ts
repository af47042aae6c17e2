import { assert } from 'chai'
import fc from 'fast-check'
import { ShortStamp } from '../../src/delivery/short-stamp.js'
import { decodeStamp, encodeAck, encodeData } from '../../src/delivery/stamp.js'
import { StampSlice } from '../../src/wire/stamp-slice.js'

const plain = new ShortStamp()

/** What the long way makes of it, where that is a message without label. */
function long(bytes: Uint8Array): { tag: number; session: number; id: number } | undefined {
  const stamp = decodeStamp(bytes)
  if (stamp?.kind !== 'data' || stamp.filler || stamp.label !== undefined) return undefined
  const { tag, session, id } = stamp
  return { tag, session, id }
}

const short = (bytes: Uint8Array): { tag: number; session: number; id: number } | undefined =>
  plain.read(StampSlice.of(bytes))
    ? { tag: plain.tag, session: plain.session, id: plain.id }
    : undefined

describe('a plain stamp', () => {
  it('reads what the long way reads', () => {
    const below = (max: number) => fc.integer({ min: 1, max })
    const ids = fc.oneof(below(300), below(70_000), below(2 ** 28 - 1))
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        ids,
        ids,
        ids,
        fc.boolean(),
        (...all) => {
          const [tag, session, id, back, open] = all
          const after = back < id ? id - back : 0
          const bytes = encodeData(tag, session, id, after, open, false, undefined)
          assert.deepEqual(short(bytes), { tag, session, id })
          assert.deepEqual(short(bytes), long(bytes))
        },
      ),
    )
  })

  it('takes nothing that the long way refuses, and gives no other meaning to anything', () => {
    const some = encodeData(0x01020304, 5, 300, 299, true, false, undefined)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 24 }),
      fc.tuple(fc.nat(some.length - 1), fc.nat(255)).map(([at, byte]) => some.with(at, byte)),
      fc.nat(some.length).map((length) => some.slice(0, length)),
    )
    const check = (given: Uint8Array): void => {
      const read = short(given)
      if (read !== undefined) assert.deepEqual(read, long(given))
    }
    fc.assert(fc.property(bytes, check), { numRuns: 5_000 })
  })

  it('leaves fillers, labels, acknowledgements and large numbers to the long way', () => {
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
