import { assert } from 'chai'
import fc from 'fast-check'
import {
  Monotonic,
  type MonotonicEffect,
  type MonotonicOptions,
} from '../../src/delivery/monotonic.js'

type Effects = readonly MonotonicEffect<string>[]

class Lane {
  readonly core: Monotonic<string>
  congested = true
  nowMs = 0

  constructor(options: Partial<MonotonicOptions> = {}) {
    this.core = new Monotonic<string>(options)
  }

  send(slot: string, message: string, bytes = 10): Effects {
    const { congested, nowMs } = this
    return this.core.step({ type: 'send', slot, message, bytes, congested, nowMs })
  }

  timer(nowMs: number): Effects {
    this.nowMs = nowMs
    return this.core.step({ type: 'timer', nowMs })
  }
}

const sent = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'send' ? [e.message] : []))
const dropped = (effects: Effects): string[] =>
  effects.flatMap((e) => (e.type === 'dropped' ? [`${e.message} ${e.reason}`] : []))

describe('monotonic stage', () => {
  it('sends all on a free lane', () => {
    const lane = new Lane()
    lane.congested = false
    assert.deepEqual(
      ['p1', 'p2', 'p3'].flatMap((m) => sent(lane.send('a', m))),
      ['p1', 'p2', 'p3'],
    )
    assert.equal(lane.core.pending, 0)
  })

  it('keeps only the newest of a slot while the lane is congested', () => {
    const lane = new Lane()
    assert.deepEqual(lane.send('a', 'p1'), [{ type: 'startTimer', delayMs: 1_000 }])
    assert.deepEqual(dropped(lane.send('a', 'p2')), ['p1 superseded'])
    lane.send('b', 'q1')
    assert.deepEqual(dropped(lane.send('a', 'p3')), ['p2 superseded'])
    assert.deepEqual(sent(lane.core.step({ type: 'writable' })), ['q1', 'p3'], 'in the order sent')
    assert.deepInclude(lane.core, { sent: 2, superseded: 2 })
    assert.equal(lane.core.pendingBytes, 0)
  })

  it('sends what waits before a message that finds the lane free', () => {
    const lane = new Lane()
    lane.send('a', 'p1')
    lane.send('b', 'q1')
    lane.congested = false
    const effects = lane.send('a', 'p2')
    assert.deepEqual(sent(effects), ['q1', 'p2'])
    assert.deepEqual(dropped(effects), ['p1 superseded'])
  })

  it('sends the newest of each slot once a send window into a lane that stays congested', () => {
    const lane = new Lane({ sendWindowMs: 100 })
    const out: [number, string][] = []
    let timerAt = Number.POSITIVE_INFINITY
    const note = (effects: Effects): void => {
      for (const message of sent(effects)) out.push([lane.nowMs, message])
      for (const e of effects) if (e.type === 'startTimer') timerAt = lane.nowMs + e.delayMs
    }
    for (let ms = 0; ms <= 1_000; ms += 10) {
      if (timerAt <= ms) {
        timerAt = Number.POSITIVE_INFINITY
        note(lane.timer(ms))
      }
      lane.nowMs = ms
      note(lane.send('fast', `f${ms}`))
      if (ms % 50 === 0) note(lane.send('slow', `s${ms}`))
    }
    for (const slot of ['f', 's']) {
      const times = out.filter(([, message]) => message.startsWith(slot)).map(([ms]) => ms)
      assert.isAtLeast(times.length, 8, slot)
      for (const [i, ms] of times.entries()) assert.isAtMost(ms - (times[i - 1] ?? 0), 160)
    }
    assert.isAtLeast(lane.core.overdue, 16)
  })

  it('refuses more slots or bytes than its bound, but always takes the newest of a waiting slot', () => {
    const lane = new Lane({ maxSlots: 2, maxBytes: 100 })
    lane.send('a', 'p1')
    lane.send('b', 'q1')
    assert.deepEqual(lane.send('c', 'r1'), [{ type: 'full', message: 'r1' }])
    assert.deepEqual(dropped(lane.send('a', 'p2')), ['p1 superseded'])
    assert.deepEqual(lane.send('a', 'huge', 1_000), [{ type: 'full', message: 'huge' }])
    assert.equal(lane.core.refused, 2)
    assert.deepEqual(sent(lane.core.step({ type: 'writable' })), ['q1', 'p2'])
  })

  it('drops what waits when the peer is gone', () => {
    const lane = new Lane()
    lane.send('a', 'p1')
    assert.deepEqual(dropped(lane.core.step({ type: 'clear' })), ['p1 cleared'])
    assert.equal(lane.core.pending, 0)
    assert.deepEqual(lane.timer(1_000), [])
  })

  it('never sends an older message of a slot after a newer one, and always the newest', () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), slot: fc.nat(3), congested: fc.boolean() }),
      fc.record({ kind: fc.constantFrom('writable' as const, 'timer' as const) }),
    )
    fc.assert(
      fc.property(fc.array(act, { maxLength: 100 }), (acts) => {
        const lane = new Lane({ sendWindowMs: 5 })
        const newest = new Map<string, number>()
        const out = new Map<string, number>()
        const note = (effects: Effects): void => {
          for (const message of sent(effects)) {
            const [slot = '', number = ''] = message.split(':')
            assert.isAbove(Number(number), out.get(slot) ?? -1)
            out.set(slot, Number(number))
          }
        }
        for (const [i, each] of acts.entries()) {
          lane.nowMs = i
          if (each.kind === 'send') {
            lane.congested = each.congested
            newest.set(`${each.slot}`, i)
            note(lane.send(`${each.slot}`, `${each.slot}:${i}`))
          } else if (each.kind === 'timer') note(lane.timer(i))
          else note(lane.core.step({ type: 'writable' }))
        }
        note(lane.core.step({ type: 'writable' }))
        assert.deepEqual(out, newest)
      }),
    )
  })
})
