import { assert } from 'chai'
import fc from 'fast-check'
import {
  type AckRange,
  decodeStamp,
  encodeAck,
  encodeData,
  encodeReset,
  flowTag,
  labelId,
} from '../../src/delivery/stamp.js'
import { StampReader, StampWriter } from '../../src/delivery/stamp-bytes.js'

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const natural = fc.maxSafeInteger().map((n) => Math.abs(n) || 1)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

describe('stamp', () => {
  it('has the documented layout', () => {
    assert.equal(hex(encodeData(0x04030201, 1, 5, 0, true, false, undefined)), '1101010203040105')
    assert.equal(hex(encodeData(1, 300, 5, 2, false, true, undefined)), '120201000000ac020503')
    const causal = { label: 0x0a, seq: 1, clock: unhex('010100') }
    assert.equal(
      hex(encodeData(1, 1, 1, 0, false, false, causal)),
      '1104010000000101' + '0a000000010100',
    )
    const same = { label: 0x0a, seq: 300, clock: undefined, after: 299 }
    assert.equal(
      hex(encodeData(1, 1, 1, 0, false, false, same)),
      '110c010000000101' + '0a000000ac0201',
    )
    const ranges = [
      { from: 5, to: 6, held: false },
      { from: 7, to: 7, held: true },
    ]
    assert.equal(
      hex(encodeAck({ kind: 'ack', tag: 1, session: 1, floor: 3, ranges })),
      '1300010000000103' + '02' + '0104' + '0003',
    )
    assert.equal(hex(encodeReset({ kind: 'reset', tag: 1, session: 2 })), '14000100000002')
  })

  it('reads every message stamp it wrote', () => {
    fc.assert(
      fc.property(
        fc.record({ tag: u32, session: natural, id: natural, open: fc.boolean() }),
        fc.boolean(),
        natural,
        fc.option(fc.record({ label: u32, clock: fc.uint8Array() }), { nil: undefined }),
        (head, filler, back, causal) => {
          const { tag, session, id, open } = head
          const after = causal === undefined ? Math.max(0, id - back) : 0
          const mark = causal && { ...causal, seq: 1 }
          const stamp = decodeStamp(encodeData(tag, session, id, after, open, filler, mark))
          assert(stamp?.kind === 'data')
          const { bytes, clockAt, ...rest } = stamp
          assert.deepEqual(rest, {
            kind: 'data',
            ...head,
            after,
            filler,
            label: causal?.label,
            same: false,
          })
          assert.deepEqual([...bytes.subarray(clockAt)], [...(causal?.clock ?? [])])
        },
      ),
    )
  })

  it('reads every acknowledgement it wrote', () => {
    const step = fc.tuple(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      fc.boolean(),
    )
    fc.assert(
      fc.property(u32, natural, fc.nat(2 ** 40), fc.array(step), (tag, session, floor, steps) => {
        const ranges: AckRange[] = []
        let last = floor
        for (const [gap, length, held] of steps) {
          ranges.push({ from: last + gap + 1, to: last + gap + length, held })
          last += gap + length
        }
        const ack = { kind: 'ack', tag, session, floor, ranges } as const
        assert.deepEqual(decodeStamp(encodeAck(ack)), ack)
      }),
    )
  })

  const refused: readonly [string, string][] = [
    ['nothing', ''],
    ['another version', '2101010203040105'],
    ['an unknown kind', '1501010203040105'],
    ['unknown flags', '1109010203040105'],
    ['session 0', '1101010203040005'],
    ['id 0', '1101010203040100'],
    ['a tag cut short', '11010102'],
    ['a message that waits for itself', '110201000000010500'],
    ['a message that waits for number 0', '110201000000010505'],
    ['a message that waits for a negative number', '110201000000010506'],
    ['a label with an order of its own and one of its key', '1106010000000105030a000000'],
    ['a label cut short', '11040100000001050a00'],
    ['bytes behind a plain message', '110101020304010500'],
    ['a number in a longer form than needed', '110101020304018500'],
    ['a number above 2^53', '11010102030401ffffffffffffff7f'],
    ['flags in an acknowledgement', '130101000000010300'],
    ['an acknowledgement with an empty range', '13000100000001030101' + '00'],
    ['a first range that belongs to the floor', '1300010000000103010002'],
    ['fewer ranges than announced', '130001000000010302' + '0104'],
    ['more ranges than any sender needs', '1300010000000103' + 'ffff7f'],
    [
      'a range beyond 2^53',
      '130001000000010301' + '01' + 'ffffffffffffff0f' + '01ffffffffffffff0f',
    ],
    ['bytes behind a reset', '1400010000000200'],
  ]
  for (const [name, bytes] of refused) {
    it(`refuses ${name}`, () => assert.isUndefined(decodeStamp(unhex(bytes))))
  }

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void decodeStamp(bytes)),
      {
        numRuns: 5_000,
      },
    )
    const whole = encodeAck({
      kind: 'ack',
      tag: 7,
      session: 1,
      floor: 9,
      ranges: [{ from: 11, to: 300, held: true }],
    })
    for (let i = 0; i < whole.length; i++) {
      assert.isUndefined(decodeStamp(whole.subarray(0, i)))
      for (let bit = 0; bit < 8; bit++) {
        const damaged = whole.slice()
        damaged[i] = (damaged[i] as number) ^ (1 << bit)
        decodeStamp(damaged)
      }
    }
  })

  it('tells flows and labels apart', () => {
    const tags = [
      flowTag('a', 'b', 'x'),
      flowTag('b', 'a', 'x'),
      flowTag('a', 'b', 'y'),
      flowTag('a', 'c', 'x'),
    ]
    assert.equal(new Set(tags).size, 4)
    assert.notEqual(labelId('room 1'), labelId('room 2'))
  })

  it('writes and reads numbers of 48 bits and of any size up to 2^53 - 1', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 48 - 1), fc.maxSafeInteger().map(Math.abs), u32, (id, n, word) => {
        const out = new StampWriter()
        out.begin()
        out.u48(id)
        out.varint(n)
        out.u32(word)
        const reader = new StampReader(out.take())
        assert.deepEqual([reader.u48(), reader.varint(), reader.u32()], [id, n, word])
        assert.isTrue(reader.complete)
      }),
    )
  })
})
