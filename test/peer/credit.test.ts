import { assert } from 'chai'
import fc from 'fast-check'
import { ChannelCounters } from '../../src/peer/channel-counters.js'
import { ChannelTable, NO_OFFER } from '../../src/peer/channel-table.js'
import { Credit } from '../../src/peer/credit.js'
import { CreditedQueue } from '../../src/peer/credited-queue.js'
import { type Busy, Grants } from '../../src/peer/grants.js'
import { Codec } from '../../src/wire/codec.js'
import { isCreditedBody } from '../../src/wire/credited-frame.js'
import { ENVELOPE, Envelope, type EnvelopeKind } from '../../src/wire/envelope.js'
import { FRAGMENT_ABOVE, HEAD_BYTES } from '../../src/wire/frame.js'
import { FrameReader, type OnFrame } from '../../src/wire/frame-reader.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'
import { StampSlice } from '../../src/wire/stamp-slice.js'

const codec = new Codec()
const MUCH = 1_000_000_000
const LARGE = new Uint8Array(FRAGMENT_ABOVE + 1)

const message = (kind: EnvelopeKind, key: number, ...args: unknown[]): Envelope =>
  new Envelope(kind, 1, 0, kind === ENVELOPE.TELL ? 0 : 1, key, args, undefined, undefined)
const tell = (key: number, ...args: unknown[]) => message(ENVELOPE.TELL, key, ...args)

const queueOf = (messages: number, bytes = MUCH) =>
  new CreditedQueue(codec, { messages, bytes }, new ChannelCounters())

/** Reads what a queue lets go, as the other side would, and counts as that does. */
class Receiver {
  readonly got: [key: number, entry: unknown][] = []
  messages = 0
  bytes = 0
  readonly #reader = new FrameReader()
  readonly #onFrame: OnFrame = (_kind, bytes, start, end) => {
    if (isCreditedBody(bytes, start)) {
      this.messages++
      this.bytes += end - start + HEAD_BYTES
    }
    const envelope = readEnvelope(bytes, start, end)
    const [entry] = codec.decodeArgs(envelope.body ?? assert.fail('no body'))
    this.got.push([envelope.key, entry])
  }

  constructor() {
    this.#reader.open()
  }

  get entries(): unknown[] {
    return this.got.map(([, entry]) => entry)
  }

  /** Takes so many pieces at most. */
  pump({ open }: CreditedQueue, most = MUCH): void {
    for (let i = 0; i < most; i++) {
      const pieces = open.takeSmall()?.parts ?? open.takeBulk(20_000)?.pieces
      if (pieces === undefined) return
      for (const piece of pieces) this.#reader.push(piece, this.#onFrame)
    }
  }

  grantTo(queue: CreditedQueue): void {
    assert.isTrue(queue.grant(this.messages, this.bytes))
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('credit of a lane, at the sender', () => {
  const window = { messages: 4, bytes: 100 }
  const rows: [string, used: [number, number], granted: [number, number], left: boolean][] = [
    ['is there at the beginning', [0, 0], [0, 0], true],
    ['is there below the window', [3, 99], [0, 0], true],
    ['is used up by messages', [4, 4], [0, 0], false],
    ['is used up by bytes', [1, 100], [0, 0], false],
    ['comes back with grants', [7, 150], [4, 100], true],
    ['does not come back by half a grant', [8, 150], [4, 100], false],
  ]
  for (const [what, used, granted, left] of rows) {
    it(what, () => {
      const credit = new Credit(window)
      credit.use(...used)
      assert.isTrue(credit.grant(...granted))
      assert.equal(credit.isLeft, left)
    })
  }

  it('takes grants that are repeated or late for what they are, and none above what was sent', () => {
    const credit = new Credit(window)
    credit.use(4, 40)
    assert.isTrue(credit.grant(3, 30))
    assert.isTrue(credit.grant(3, 30))
    assert.isTrue(credit.grant(1, 40))
    assert.deepEqual([credit.leftMessages, credit.leftBytes], [3, 100])
    assert.isFalse(credit.grant(5, 40))
    assert.isFalse(credit.grant(4, 41))
    assert.deepEqual([credit.leftMessages, credit.leftBytes], [3, 100])
  })

  it('begins anew with another connection, with what was not written yet', () => {
    const credit = new Credit(window)
    credit.use(4, 40)
    credit.grant(2, 20)
    credit.restart(1, 10)
    assert.deepEqual([credit.leftMessages, credit.leftBytes], [3, 90])
  })
})

describe('credit of a lane, at the receiver', () => {
  class Slow implements Busy {
    over: (() => void) | undefined
    whenReady(run: () => void): void {
      this.over = run
    }
  }

  it('is granted when half of the window is used, by messages or bytes', () => {
    const grants = new Grants({ messages: 5, bytes: 100 })
    assert.deepEqual(
      [grants.isDue(2, 49), grants.isDue(3, 3), grants.isDue(1, 50)],
      [false, true, true],
    )
    grants.raise(3, 3)
    assert.deepEqual([grants.isDue(5, 5), grants.isDue(6, 6)], [false, true])
  })

  it('is withheld until the last of those that are busy is ready', () => {
    const grants = new Grants({ messages: 2, bytes: 100 })
    const [one, two] = [new Slow(), new Slow()]
    let released = 0
    const over = (): void => void released++
    assert.isTrue(grants.withhold(one, over))
    assert.isTrue(grants.withhold(two, over))
    assert.isFalse(grants.withhold(one, over))
    grants.raise(10, 10)
    assert.deepEqual([grants.isDue(10, 10), grants.messages], [false, 0])
    one.over?.()
    assert.deepEqual([released, grants.withheld], [0, true])
    two.over?.()
    two.over?.()
    assert.deepEqual([released, grants.withheld], [1, false])
    grants.raise(10, 10)
    assert.equal(grants.messages, 10)
  })
})

describe('what waits for credit', () => {
  it('waits behind the window, and goes on in its order as it is granted', () => {
    const queue = queueOf(3)
    const receiver = new Receiver()
    for (const at of upTo(10)) queue.pushEnvelope(tell(at % 2, at))
    receiver.pump(queue)
    assert.deepEqual(receiver.entries, [0, 1, 2])
    assert.deepEqual([queue.heldMessages, queue.messages], [7, 7])
    queue.grant(2, receiver.bytes)
    receiver.pump(queue)
    assert.deepEqual(receiver.entries, [0, 1, 2, 3, 4])
    for (let round = 0; round < 5; round++) {
      receiver.grantTo(queue)
      receiver.pump(queue)
    }
    assert.deepEqual(receiver.entries, upTo(10))
    assert.deepEqual([queue.bytes, queue.messages, queue.heldMessages], [0, 0, 0])
  })

  it('is passed by answers, signals and what has stamps', () => {
    const queue = queueOf(1)
    const receiver = new Receiver()
    queue.pushEnvelope(tell(1, 'first'))
    const { ASK, REPLY, FAILURE, SIGNAL, CONTROL, FORWARD } = ENVELOPE
    for (const kind of [ASK, FORWARD]) queue.pushEnvelope(message(kind, 1, `held ${kind}`))
    for (const kind of [REPLY, FAILURE, SIGNAL, CONTROL]) {
      queue.pushEnvelope(message(kind, 1, `passes ${kind}`))
    }
    const stamp = StampSlice.of(new Uint8Array(9))
    queue.pushEnvelope(
      new Envelope(ENVELOPE.TELL, 1, 0, 0, 1, ['passes stamped'], undefined, stamp),
    )
    receiver.pump(queue)
    const passed = [REPLY, FAILURE, SIGNAL, CONTROL].map((kind) => `passes ${kind}`)
    assert.deepEqual(receiver.entries, ['first', ...passed, 'passes stamped'])
    assert.deepEqual([receiver.messages, queue.heldMessages], [1, 2])
    for (let round = 0; round < 3; round++) {
      receiver.grantTo(queue)
      receiver.pump(queue)
    }
    assert.deepEqual(
      receiver.entries.slice(6),
      [ASK, FORWARD].map((kind) => `held ${kind}`),
    )
  })

  it('leaves out what was aborted; an abort of what was sent passes', () => {
    const call = (kind: EnvelopeKind, callId: number, ...args: unknown[]): Envelope =>
      new Envelope(kind, 1, 0, callId, 1, args, undefined, undefined)
    const queue = queueOf(2)
    const receiver = new Receiver()
    for (const at of upTo(10)) {
      queue.pushEnvelope(call(ENVELOPE.ASK, at + 1, at, at === 4 ? LARGE : undefined))
    }
    for (const at of [0, 3, 4, 9]) queue.pushEnvelope(call(ENVELOPE.ABORT, at + 1, `abort ${at}`))
    queue.pushEnvelope(call(ENVELOPE.ABORT, 4, 'again'))
    for (let round = 0; round < 6; round++) {
      receiver.pump(queue)
      receiver.grantTo(queue)
    }
    assert.deepEqual(receiver.entries, [0, 1, 'abort 0', 'again', 2, 5, 6, 7, 8])
    assert.deepEqual([queue.bytes, queue.messages, queue.heldMessages], [0, 0, 0])
  })

  it('is bounded in bytes: one message above the window at most', () => {
    const queue = queueOf(MUCH, 100_000)
    const receiver = new Receiver()
    for (const at of upTo(5)) queue.pushEnvelope(tell(at, at, LARGE))
    receiver.pump(queue)
    assert.sameMembers(receiver.entries, [0, 1])
    receiver.grantTo(queue)
    receiver.pump(queue)
    assert.sameMembers(receiver.entries, [0, 1, 2, 3])
  })

  it('keeps the order of every key, counts alike on both sides, and ends, whatever happens', () => {
    const step = fc.record({
      key: fc.integer({ min: 0, max: 2 }),
      kind: fc.constantFrom(ENVELOPE.TELL, ENVELOPE.ASK, ENVELOPE.REPLY),
      large: fc.boolean(),
      next: fc.constantFrom('nothing', 'pump', 'grant', 'late grant', 'connection'),
    })
    const window = fc.record({
      messages: fc.integer({ min: 1, max: 5 }),
      bytes: fc.constantFrom(1, 100_000, MUCH),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), window, (steps, { messages, bytes }) => {
        const queue = queueOf(messages, bytes)
        const receivers = [new Receiver()]
        let told: [number, number] = [0, 0]
        const now = (): Receiver => receivers.at(-1) as Receiver
        steps.forEach(({ key, kind, large, next }, at) => {
          queue.pushEnvelope(message(kind, key, at, large ? LARGE : undefined))
          if (next === 'pump') now().pump(queue, 3)
          else if (next === 'grant') {
            told = [now().messages, now().bytes]
            assert.isTrue(queue.grant(...told))
          } else if (next === 'late grant') assert.isTrue(queue.grant(...told))
          else if (next === 'connection') {
            queue.rewind()
            receivers.push(new Receiver())
            told = [0, 0]
          }
          // answers do not count; the last to be let go may be large
          assert.isAtMost(now().messages - told[0], messages)
        })
        for (let round = 0; round <= steps.length; round++) {
          now().pump(queue)
          now().grantTo(queue)
        }
        assert.deepEqual([queue.bytes, queue.messages, queue.heldMessages], [0, 0, 0])
        const got = receivers.flatMap((each) => each.got)
        const isAnswer = (at: unknown): boolean => steps[at as number]?.kind === ENVELOPE.REPLY
        for (let key = 0; key < 3; key++) {
          const sent = upTo(steps.length).filter((at) => steps[at]?.key === key)
          const came = got.filter(([k]) => k === key).map(([, at]) => at)
          assert.deepEqual(
            came.filter((at) => !isAnswer(at)),
            sent.filter((at) => !isAnswer(at)),
          )
          assert.sameMembers(came, sent)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('makes room by its oldest, by those that may be written where there is no connection', () => {
    const orders: [heldFirst: boolean, expected: number[]][] = [
      [true, [2, 3, 4, 0, 1]],
      [false, [0, 1, 2, 3, 4]],
    ]
    for (const [heldFirst, expected] of orders) {
      const queue = queueOf(2)
      for (const at of upTo(5)) queue.pushEnvelope(tell(1, at))
      const dropped: unknown[] = []
      for (;;) {
        const envelope = queue.dropOldest(heldFirst)?.envelope
        if (envelope === undefined) break
        dropped.push(envelope.body && codec.decodeArgs(envelope.body)[0])
      }
      assert.deepEqual(dropped, expected)
      assert.deepEqual([queue.bytes, queue.messages], [0, 0])
    }
  })

  it('gives back what the peer does not take, held or not, and takes on its window', () => {
    const queue = queueOf(1)
    for (const at of upTo(4)) queue.pushEnvelope(tell(1, at, at % 2 === 0 ? LARGE : undefined))
    const refused = queue.agree(1_000, { messages: 2, bytes: MUCH })
    assert.equal(refused.length, 2)
    const receiver = new Receiver()
    receiver.pump(queue)
    assert.deepEqual(receiver.entries, [1, 3])
    assert.isFalse(queue.heldMessages > 0)
  })

  it('is taken out behind what may be written', () => {
    const queue = queueOf(2)
    for (const at of upTo(5)) queue.pushEnvelope(tell(1, at, at === 3 ? LARGE : undefined))
    const all = [...queue.drain()].map(({ envelope }) => {
      const { args, body } = envelope ?? assert.fail('no message')
      return (args ?? codec.decodeArgs(body ?? assert.fail('no body')))[0]
    })
    assert.deepEqual(all, upTo(5))
    assert.isTrue(queue.empty)
  })

  it('is left as it was by what cannot be encoded', () => {
    const queue = queueOf(1)
    queue.pushEnvelope(tell(1, 0))
    for (const at of [1, 2]) {
      assert.throws(() => queue.pushEnvelope(tell(1, () => 0)), /ERR_NOT_SERIALIZABLE/)
      queue.pushEnvelope(tell(1, at))
    }
    const receiver = new Receiver()
    for (let round = 0; round < 3; round++) {
      receiver.pump(queue)
      receiver.grantTo(queue)
    }
    assert.deepEqual(receiver.entries, [0, 1, 2])
  })
})

describe('the credit of two nodes', () => {
  const big = { creditMessages: 100_000, creditBytes: 2_000_000_000 }
  const small = { creditMessages: 10, creditBytes: 1_000 }
  const offerOf = (table: ChannelTable) => ({
    channels: table.offer(),
    credit: table.creditOffer(),
  })
  const usual = { messages: 16_384, bytes: 64 * 1024 * 1024 }

  it('is the smaller of both, and not told where it is the default', () => {
    const mine = new ChannelTable({ a: small, b: big, c: {}, d: big })
    const theirs = new ChannelTable({ a: big, b: {}, c: small, d: big })
    assert.deepEqual(theirs.creditOffer(), [
      ['a', 100_000, 2_000_000_000],
      ['c', 10, 1_000],
      ['d', 100_000, 2_000_000_000],
    ])
    const agreed = ['default', 'a', 'b', 'c', 'd'].map((name) => {
      const here = mine.creditWith(mine.index(name), offerOf(theirs))
      assert.deepEqual(theirs.creditWith(theirs.index(name), offerOf(mine)), here)
      return here.messages
    })
    assert.deepEqual(agreed, [16_384, 10, 16_384, 10, 100_000])
  })

  it('is that of the one that has the channel', () => {
    const mine = new ChannelTable({ a: big })
    const theirs = new ChannelTable()
    theirs.learn('a')
    const expected = { messages: 100_000, bytes: 2_000_000_000 }
    assert.deepEqual(mine.creditWith(mine.index('a'), offerOf(theirs)), expected)
    assert.deepEqual(theirs.creditWith(theirs.index('a'), offerOf(mine)), expected)
    assert.deepEqual(mine.creditWith(1, NO_OFFER), usual)
  })
})
