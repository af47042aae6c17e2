import { assert } from 'chai'
import fc from 'fast-check'
import { Received, type ReceivedEffect } from '../../src/delivery/received.js'
import { type AckStamp, type DataStamp, flowTag, MAX_WINDOW } from '../../src/delivery/stamp.js'

type Effects = readonly ReceivedEffect<string>[]

const NO_BYTES = new Uint8Array(0)
const TAG = flowTag('A1', 'B1', 'game')

class Receiver {
  readonly core: Received<string>

  constructor(heldBytes = 1_000_000) {
    this.core = new Received<string>(TAG, { heldBytes })
  }

  data(id: number, after = 0, change: Partial<DataStamp> = {}, confirm = false): Effects {
    const base = {
      kind: 'data',
      tag: TAG,
      session: 1,
      open: true,
      filler: false,
      same: false,
    } as const
    const stamp = { ...base, id, after, label: undefined, bytes: NO_BYTES, clockAt: 0, ...change }
    return this.core.step({ type: 'data', stamp, message: `m${id}`, bytes: 10, confirm })
  }

  ack(): AckStamp | undefined {
    const [effect] = this.core.step({ type: 'ackDue' })
    return effect?.type === 'ack' ? effect.ack : undefined
  }
}

const delivered = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'deliver' ? [e.message ?? 'filler'] : []))
const refusals = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'refused' ? [e.reason] : []))

describe('acknowledged stage, receiving', () => {
  it('hands over once and acknowledges each time', () => {
    const receiver = new Receiver()
    assert.deepEqual(delivered(receiver.data(1)), ['m1'])
    assert.equal(receiver.ack()?.floor, 1)
    const again = receiver.data(1)
    assert.deepEqual(again, [{ type: 'ackSoon' }])
    assert.equal(receiver.ack()?.floor, 1)
    assert.isUndefined(receiver.ack(), 'one acknowledgement is enough')
    assert.equal(receiver.core.duplicates, 1)
  })

  it('lets messages of other keys pass a gap, and tells of them', () => {
    const receiver = new Receiver()
    assert.deepEqual(delivered(receiver.data(2)), ['m2'])
    assert.deepEqual(delivered(receiver.data(4)), ['m4'])
    assert.deepInclude(receiver.ack(), {
      floor: 0,
      ranges: [
        { from: 2, to: 2, held: false },
        { from: 4, to: 4, held: false },
      ],
    })
    receiver.data(1)
    assert.equal(receiver.core.floor, 2)
  })

  it('holds back what must not pass another of its key, and tells that it has it', () => {
    const receiver = new Receiver()
    assert.deepEqual(delivered(receiver.data(3, 2)), [])
    assert.deepEqual(delivered(receiver.data(2, 1)), [])
    assert.deepEqual(receiver.ack()?.ranges, [{ from: 2, to: 3, held: true }])
    assert.equal(receiver.core.pending, 2)
    assert.deepEqual(delivered(receiver.data(1)), ['m1', 'm2', 'm3'])
    assert.equal(receiver.core.floor, 3)
    assert.equal(receiver.core.pending, 0)
    assert.equal(receiver.core.heldBytes, 0)
  })

  it('counts a filler as the message it stands for and hands nothing over', () => {
    const receiver = new Receiver()
    receiver.data(2, 1)
    assert.deepEqual(delivered(receiver.data(1, 0, { filler: true })), ['filler', 'm2'])
    assert.deepEqual(delivered(receiver.data(1)), [], 'the message itself comes too late')
  })

  it('empties a held message when its filler comes', () => {
    const receiver = new Receiver()
    receiver.data(2, 1)
    receiver.data(2, 1, { filler: true })
    assert.equal(receiver.core.heldBytes, 0)
    assert.deepEqual(delivered(receiver.data(1)), ['m1', 'filler'])
  })

  it('acknowledges what is to be confirmed when it is taken, and forgets what is returned', () => {
    const receiver = new Receiver()
    assert.deepEqual(delivered(receiver.data(1, 0, {}, true)), ['m1'])
    assert.deepEqual(delivered(receiver.data(2, 1)), [], 'not before m1 is taken')
    assert.deepEqual(receiver.ack()?.ranges, [{ from: 1, to: 2, held: true }])
    receiver.core.step({ type: 'returned', session: 1, id: 1 })
    assert.deepEqual(delivered(receiver.data(1, 0, {}, true)), ['m1'])
    assert.deepEqual(delivered(receiver.core.step({ type: 'taken', session: 1, id: 1 })), ['m2'])
    assert.equal(receiver.ack()?.floor, 2)
    assert.deepEqual(receiver.core.step({ type: 'taken', session: 1, id: 1 }), [])
  })

  it('refuses more held bytes than its bound without acknowledging them', () => {
    const receiver = new Receiver(25)
    receiver.data(2, 1)
    receiver.data(3, 2)
    assert.deepEqual(refusals(receiver.data(4, 3)), ['full'])
    assert.deepEqual(receiver.ack()?.ranges, [{ from: 2, to: 3, held: true }])
    assert.deepEqual(delivered(receiver.data(1)), ['m1', 'm2', 'm3'])
    assert.deepEqual(delivered(receiver.data(4, 3)), ['m4'])
  })

  it('refuses ids far ahead, other incarnations and older sessions, and counts them', () => {
    const receiver = new Receiver()
    assert.deepEqual(refusals(receiver.data(MAX_WINDOW + 1)), ['farAhead'])
    assert.deepEqual(refusals(receiver.data(1, 0, { tag: TAG + 1 })), ['otherIncarnation'])
    receiver.data(1, 0, { session: 3 })
    assert.deepEqual(refusals(receiver.data(2, 0, { session: 2 })), ['staleSession'])
    assert.equal(receiver.core.refusals.total, 3)
    assert.equal(receiver.core.pending, 0)
  })

  it('numbers anew in a new session', () => {
    const receiver = new Receiver()
    receiver.data(1)
    receiver.data(3, 2)
    assert.deepEqual(delivered(receiver.data(1, 0, { session: 2 })), ['m1'])
    assert.equal(receiver.core.pending, 0)
    assert.deepInclude(receiver.ack(), { session: 2, floor: 1 })
  })

  it('answers a session that it does not know with a reset', () => {
    const receiver = new Receiver()
    const effects = receiver.data(57, 56, { open: false, session: 4 })
    assert.deepEqual(effects[0], { type: 'reset', reset: { kind: 'reset', tag: TAG, session: 4 } })
    assert.deepEqual(refusals(effects), ['unknownSession'])
  })

  it('forgets what it holds of a sender that is gone, and takes it again when it comes back', () => {
    const receiver = new Receiver()
    receiver.data(1)
    receiver.data(3, 2)
    receiver.core.step({ type: 'senderGone' })
    assert.equal(receiver.core.pending, 0)
    assert.equal(receiver.core.heldBytes, 0)
    assert.deepEqual(delivered(receiver.data(1)), [])
    receiver.data(3, 2)
    assert.deepEqual(delivered(receiver.data(2, 1)), ['m2', 'm3'])
  })

  it('releases a chain of 50,000 held messages in a time that grows with their number only', () => {
    const millisOf = (count: number): number => {
      const receiver = new Receiver(1_000_000)
      const began = performance.now()
      for (let id = count; id > 1; id--) receiver.data(id, id - 1)
      assert.lengthOf(delivered(receiver.data(1)), count)
      assert.equal(receiver.core.floor, count)
      return performance.now() - began
    }
    millisOf(5_000) // warm
    const few = Math.min(millisOf(5_000), millisOf(5_000), millisOf(5_000))
    // Ten times as many: ten times as long, where a square would be a hundred.
    assert.isBelow(millisOf(50_000), 40 * few)
  }).timeout(20_000)

  it('agrees with a plain model, whatever comes in whatever order', () => {
    const item = fc.record({ id: fc.integer({ min: 1, max: 40 }), key: fc.nat(3) })
    fc.assert(
      fc.property(fc.array(item, { maxLength: 200 }), (arrivals) => {
        const receiver = new Receiver()
        const keyOf = new Map<number, number>()
        for (const { id, key } of arrivals) if (!keyOf.has(id)) keyOf.set(id, key)
        const ids = [...keyOf.keys()].sort((a, b) => a - b)
        const previous = (id: number): number =>
          ids.filter((other) => other < id && keyOf.get(other) === keyOf.get(id)).at(-1) ?? 0
        const given: number[] = []
        const came = new Set<number>()
        for (const { id } of arrivals) {
          came.add(id)
          for (const e of receiver.data(id, previous(id)))
            if (e.type === 'deliver') given.push(e.id)
        }
        const due = ids.filter((id) => {
          for (let at = id; at > 0; at = previous(at)) if (!came.has(at)) return false
          return true
        })
        assert.sameMembers(given, due)
        for (const [i, id] of given.entries()) {
          assert.isTrue(previous(id) === 0 || given.indexOf(previous(id)) < i)
        }
        const ack = receiver.ack()
        const told = new Set<number>()
        for (let id = 1; id <= (ack?.floor ?? 0); id++) told.add(id)
        for (const { from, to } of ack?.ranges ?? [])
          for (let id = from; id <= to; id++) told.add(id)
        assert.sameMembers([...told], [...came])
      }),
    )
  })
})
