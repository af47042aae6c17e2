import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { Acknowledged } from '../../src/delivery/acknowledged.js'
import type { AcknowledgedEffect } from '../../src/delivery/acknowledged-event.js'
import type { AcknowledgedOptions } from '../../src/delivery/acknowledged-options.js'
import { type AckRange, flowTag } from '../../src/delivery/stamp.js'

type Effects = readonly AcknowledgedEffect<string>[]

const ENDS = { self: 'A1', peer: 'B1', channel: 'game' }
const TAG = flowTag('A1', 'B1', 'game')
const NEVER = Number.POSITIVE_INFINITY

class Sender {
  readonly core: Acknowledged<string>
  nowMs = 0

  constructor(options: Partial<AcknowledgedOptions> = {}, session = 1) {
    this.core = new Acknowledged<string>(ENDS, session, seededRandom(1), options)
  }

  send(message: string, key = 1, expiresMs = NEVER, bytes = 10): Effects {
    const { nowMs } = this
    const rest = { inOrder: true, causal: undefined, expiresMs, nowMs }
    return this.core.step({ type: 'send', message, bytes, key, ...rest })
  }

  ack(floor: number, ranges: readonly AckRange[] = [], tag = TAG, session = 1): Effects {
    const ack = { kind: 'ack', tag, session, floor, ranges } as const
    return this.core.step({ type: 'ack', ack, nowMs: this.nowMs })
  }

  timer(nowMs: number): Effects {
    this.nowMs = nowMs
    return this.core.step({ type: 'timer', nowMs })
  }
}

const sends = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'send' ? [`${e.id}:${e.message ?? 'filler'}`] : []))
const outcomes = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'outcome' ? [`${e.message} ${e.outcome}`] : []))
const delays = (effects: Effects): number[] =>
  effects.flatMap((e) => (e.type === 'startTimer' ? [e.delayMs] : []))
const refusals = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'refused' ? [e.reason] : []))

describe('acknowledged stage, sending', () => {
  it('stores a message before its first attempt and starts one timer for all', () => {
    const sender = new Sender()
    const first = sender.send('m1')
    assert.equal(sender.core.pending, 1)
    assert.deepEqual(sends(first), ['1:m1'])
    assert.lengthOf(delays(first), 1)
    assert.deepEqual(delays(sender.send('m2')), [])
  })

  it('reports what is acknowledged, in whole and in ranges', () => {
    const sender = new Sender()
    for (const message of ['m1', 'm2', 'm3', 'm4', 'm5']) sender.send(message)
    assert.deepEqual(outcomes(sender.ack(1)), ['m1 delivered'])
    const effects = sender.ack(1, [{ from: 3, to: 4, held: false }])
    assert.deepEqual(outcomes(effects), ['m3 delivered', 'm4 delivered'])
    assert.deepEqual(outcomes(sender.ack(1, [{ from: 3, to: 4, held: false }])), [])
    assert.equal(sender.core.pending, 2)
    assert.deepEqual(outcomes(sender.ack(5)), ['m2 delivered', 'm5 delivered'])
    assert.equal(sender.core.pending, 0)
    assert.equal(sender.core.pendingBytes, 0)
  })

  it('sends again soon what the receiver held and gave back', () => {
    const sender = new Sender({ retryMs: 100, maxRetryMs: 60_000 })
    for (const message of ['m1', 'm2', 'm3']) sender.send(message)
    sender.ack(0, [{ from: 2, to: 3, held: true }])
    sender.nowMs = 40
    const [delayMs = 0] = delays(sender.ack(1, [{ from: 3, to: 3, held: true }]))
    assert.isAtMost(delayMs, 150)
    const again = sender.timer(40 + 150)
    assert.deepEqual(sends(again), ['2:m2'])
    sender.ack(2)
    assert.deepEqual(sends(sender.timer(400)), ['3:m3'])
    assert.deepEqual(outcomes(sender.ack(3)), ['m3 delivered'])
    assert.equal(sender.core.pending, 0)
  })

  it('gives up at once what can never be sent, and keeps its number', () => {
    const sender = new Sender({ retryMs: 100 })
    sender.send('m1', 1, NEVER, 500)
    sender.send('m2', 1)
    const effects = sender.core.step({ type: 'unsendable', id: 1, nowMs: 0 })
    assert.deepEqual(outcomes(effects), ['m1 unsendable'])
    assert.deepEqual(sends(effects), ['1:filler'])
    assert.equal(sender.core.pendingBytes, 10)
    assert.deepEqual(sender.core.step({ type: 'unsendable', id: 1, nowMs: 0 }), [])
    assert.deepEqual(sender.core.step({ type: 'unsendable', id: 9, nowMs: 0 }), [])
    assert.deepEqual(outcomes(sender.ack(2)), ['m2 delivered'])
  })

  it('sends again what is not acknowledged, oldest first, with its key, never before retryMs', () => {
    const sender = new Sender({ retryMs: 100 })
    const [delayMs = 0] = delays(sender.send('m1', 7))
    assert.isAtLeast(delayMs, 100)
    assert.isAtMost(delayMs, 150)
    sender.send('m2', 8)
    sender.send('m3', 9)
    sender.ack(1, [{ from: 2, to: 2, held: false }])
    sender.send('m4', 7)
    const effects = sender.timer(150)
    assert.deepEqual(sends(effects), ['3:m3', '4:m4'])
    const [again] = effects
    assert.include(again, { type: 'send', key: 9, attempt: 2 })
  })

  it('doubles its wait with each silent round up to maxRetryMs, and at once shortens it when heard', () => {
    const sender = new Sender({ retryMs: 100, maxRetryMs: 800 })
    sender.send('m1')
    sender.send('m2')
    const waits: number[] = []
    let atMs = 150
    for (let i = 0; i < 7; i++) {
      const [delayMs = 0] = delays(sender.timer(atMs))
      waits.push(delayMs)
      atMs += delayMs
    }
    const bases = [100, 200, 400, 800, 800, 800, 800]
    waits.forEach((wait, i) => {
      assert.isAtLeast(wait, bases[i] as number)
      assert.isAtMost(wait, 1.5 * (bases[i] as number))
    })
    assert.isAbove(new Set(waits.slice(3)).size, 1, 'jitter')
    sender.nowMs = atMs - 500
    const heard = sender.ack(1)
    assert.isBelow(delays(heard)[0] ?? NEVER, 100)
  })

  it('sends only a few probes while nothing comes back', () => {
    const sender = new Sender({ retryMs: 100, maxRetryMs: 1_000 })
    for (let i = 0; i < 200; i++) sender.send(`m${i}`)
    for (const atMs of [1_000, 10_000, 20_000, 30_000]) {
      assert.lengthOf(sends(sender.timer(atMs)), 32)
    }
  })

  it('sends again all that is missing soon after an answer to its probes, and then probes again', () => {
    const sender = new Sender({ retryMs: 100, maxRetryMs: 30_000 })
    for (let i = 0; i < 200; i++) sender.send(`m${i}`)
    sender.timer(1_000)
    sender.nowMs = 1_010
    const held = sender.ack(0, [{ from: 2, to: 100, held: true }])
    const [soonMs = NEVER] = delays(held)
    assert.isBelow(soonMs, 100)
    // The first one is a probe of a moment ago; 99 are there; the probes among them, too.
    assert.lengthOf(sends(sender.timer(1_010 + soonMs)), 100)
    assert.lengthOf(sends(sender.timer(5_000)), 32)
  })

  it('asks after messages that the receiver holds back at the longest interval only', () => {
    const sender = new Sender({ retryMs: 100, maxRetryMs: 5_000 })
    sender.send('m1')
    sender.send('m2')
    sender.ack(0, [{ from: 2, to: 2, held: true }])
    assert.deepEqual(sends(sender.timer(200)), ['1:m1'])
    assert.deepEqual(sends(sender.timer(5_000)), ['1:m1', '2:m2'])
  })

  it('names the message before it of its key as long as that is not acknowledged', () => {
    const sender = new Sender({ retryMs: 100 })
    sender.send('m1', 1)
    sender.send('m2', 2)
    const afters = (effects: Effects): number[] =>
      effects.flatMap((e) => (e.type === 'send' ? [e.after] : []))
    assert.deepEqual(afters(sender.send('m3', 1)), [1])
    assert.deepEqual(afters(sender.send('m4', 2)), [2])
    sender.ack(1)
    assert.deepEqual(afters(sender.timer(200)), [0, 0, 2])
    sender.ack(3)
    assert.deepEqual(afters(sender.send('m5', 1)), [0])
  })

  it('says full at the bound of messages and drained when half is free', () => {
    const sender = new Sender({ windowMessages: 4 })
    for (let i = 1; i <= 4; i++) sender.send(`m${i}`)
    assert.isTrue(sender.core.congested)
    assert.deepEqual(sender.send('m5'), [{ type: 'full', message: 'm5' }])
    assert.notInclude(sender.ack(1), { type: 'drained' } as never)
    assert.deepInclude(sender.ack(2), { type: 'drained' })
    assert.deepEqual(sends(sender.send('m5')), ['5:m5'])
  })

  it('slows down above half of its window, and is relieved at a quarter', () => {
    const sender = new Sender({ windowMessages: 8 })
    for (let i = 1; i <= 5; i++) sender.send(`m${i}`)
    const states = [0, 1, 2, 3].map((ack) => {
      if (ack > 0) sender.ack(ack)
      return [sender.core.congested, sender.core.relieved]
    })
    const [slow, between, relieved] = [
      [true, false],
      [false, false],
      [false, true],
    ]
    assert.deepEqual(states, [slow, between, between, relieved])
  })

  it('counts the ids between the oldest and the newest, acknowledged or not', () => {
    const sender = new Sender({ windowMessages: 4 })
    for (let i = 1; i <= 4; i++) sender.send(`m${i}`)
    sender.ack(0, [{ from: 2, to: 4, held: false }])
    assert.equal(sender.core.pending, 1)
    assert.isFalse(sender.core.hasRoom(1))
  })

  it('says full at the bound of bytes, but takes one large message alone', () => {
    const sender = new Sender({ windowBytes: 100 })
    assert.deepEqual(sends(sender.send('large', 1, NEVER, 1_000)), ['1:large'])
    assert.equal(sender.send('small')[0]?.type, 'full')
    sender.ack(1)
    assert.deepEqual(sends(sender.send('small')), ['2:small'])
  })

  it('gives a message up at its time and sends a filler in its place', () => {
    const sender = new Sender({ retryMs: 100 })
    sender.send('m1', 1, 250)
    sender.send('m2', 1)
    sender.timer(150)
    const effects = sender.timer(250)
    assert.deepEqual(outcomes(effects), ['m1 expired'])
    assert.include(sends(effects), '1:filler')
    assert.equal(sender.core.pendingBytes, 10)
    assert.deepEqual(outcomes(sender.ack(2)), ['m2 delivered'])
    assert.deepEqual(sender.core.outcomes, {
      delivered: 1,
      peerGone: 0,
      expired: 1,
      unsendable: 0,
    })
  })

  it('wakes for an expiry that comes before the next retransmission', () => {
    const sender = new Sender({ retryMs: 1_000 })
    sender.send('m1')
    assert.deepEqual(delays(sender.send('m2', 1, 200)), [200])
  })

  it('sends all again at once when the peer is back as the same incarnation', () => {
    const sender = new Sender()
    for (let i = 1; i <= 3; i++) sender.send(`m${i}`)
    sender.ack(0, [{ from: 2, to: 2, held: false }])
    const effects = sender.core.step({ type: 'peerUp', incarnation: 'B1', nowMs: 10 })
    assert.deepEqual(sends(effects), ['1:m1', '3:m3'])
  })

  it('reports all to a new incarnation as peerGone and never sends it again', () => {
    const sender = new Sender()
    for (let i = 1; i <= 3; i++) sender.send(`m${i}`)
    sender.ack(1)
    const effects = sender.core.step({ type: 'peerUp', incarnation: 'B2', nowMs: 10 })
    assert.deepEqual(outcomes(effects), ['m2 peerGone', 'm3 peerGone'])
    assert.deepEqual(sends(effects), [])
    assert.deepEqual(sends(sender.timer(100_000)), [])
    assert.deepEqual(refusals(sender.ack(1)), ['otherIncarnation'])
    assert.deepEqual(sends(sender.send('m4')), ['1:m4'])
  })

  it('reports all as peerGone when the peer is given up, and numbers anew in a new session', () => {
    const sender = new Sender()
    sender.send('m1')
    const effects = sender.core.step({ type: 'peerGone' })
    assert.deepEqual(outcomes(effects), ['m1 peerGone'])
    assert.deepInclude(effects, { type: 'cancelTimer' })
    assert.equal(sender.core.pending, 0)
    const [again] = sender.send('m2')
    assert.include(again, { type: 'send', id: 1, session: 2, open: true })
    assert.deepEqual(refusals(sender.ack(1)), ['staleSession'])
  })

  it('takes a lane that is full for what it is: sends when it is writable, as the same attempt', () => {
    const sender = new Sender()
    sender.send('m1')
    sender.send('m2')
    sender.core.step({ type: 'unsent', id: 2 })
    const effects = sender.core.step({ type: 'writable', nowMs: 5 })
    assert.deepEqual(sends(effects), ['2:m2'])
    assert.include(effects[0], { attempt: 1 })
    assert.deepEqual(sends(sender.core.step({ type: 'writable', nowMs: 6 })), [])
    sender.core.step({ type: 'unsent', id: 99 })
  })

  it('starts anew when the receiver says that it forgot the session', () => {
    const sender = new Sender()
    sender.send('m1')
    const reset = { kind: 'reset', tag: TAG, session: 1 } as const
    assert.deepEqual(refusals(sender.core.step({ type: 'reset', reset })), ['neverSent'])
    sender.ack(0)
    assert.deepEqual(outcomes(sender.core.step({ type: 'reset', reset })), ['m1 peerGone'])
    assert.deepEqual(refusals(sender.core.step({ type: 'reset', reset })), ['staleSession'])
  })

  it('refuses and counts acknowledgements of what it never sent, or of others', () => {
    const sender = new Sender()
    sender.send('m1')
    assert.deepEqual(refusals(sender.ack(2)), ['neverSent'])
    assert.deepEqual(refusals(sender.ack(0, [{ from: 5, to: 9, held: false }])), ['neverSent'])
    assert.deepEqual(refusals(sender.ack(1, [], TAG, 2)), ['neverSent'])
    assert.deepEqual(refusals(sender.ack(1, [], TAG + 1)), ['otherIncarnation'])
    assert.equal(sender.core.pending, 1)
    assert.equal(sender.core.refusals.total, 4)
    assert.equal(sender.core.refusals.neverSent, 3)
  })

  it('refuses options out of their range', () => {
    assert.throws(() => new Sender({ windowMessages: 65_537 }), /windowMessages.*ERR_BAD_OPTION/)
  })

  it('moves 100,000 messages through its window in a moment', () => {
    const sender = new Sender()
    const began = performance.now()
    for (let id = 1; id <= 100_000; id++) {
      sender.send('m', id % 16)
      if (id % 100 === 0) sender.ack(id)
    }
    assert.equal(sender.core.pending, 0)
    assert.isBelow(performance.now() - began, 1_000)
  })
})
