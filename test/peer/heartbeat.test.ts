import { assert } from 'chai'
import { Heartbeat } from '../../src/peer/heartbeat.js'

const OPTIONS = { heartbeatMs: 1000, silenceMs: 3000 }

describe('heartbeat', () => {
  it('pings every heartbeatMs and gives up after silenceMs', () => {
    const heart = new Heartbeat(OPTIONS, 0)
    const pings: number[] = []
    let now = 0
    for (;;) {
      const { ping, silentMs, nextAtMs } = heart.step(now)
      if (ping !== undefined) pings.push(now)
      if (silentMs !== undefined) break
      now = nextAtMs
    }
    assert.deepEqual([pings, now], [[0, 1000, 2000], 3000])
  })

  it('takes anything heard as life, to the millisecond', () => {
    const heart = new Heartbeat(OPTIONS, 0)
    for (const now of [0, 1000, 2000]) heart.step(now)
    heart.heard(2500)
    for (const now of [3000, 4000, 5000]) assert.isUndefined(heart.step(now).silentMs)
    assert.equal(heart.step(5500).silentMs, 3000)
  })

  it('moves the deadline by as much as its own timer came late', () => {
    const heart = new Heartbeat(OPTIONS, 0)
    heart.step(0)
    const late = heart.step(10_000)
    assert.isUndefined(late.silentMs, 'nine seconds late: what came meanwhile is unread')
    heart.step(11_000)
    assert.equal(heart.step(12_000).silentMs, 3000)
  })

  it('smooths round-trip times, and ignores answers to nothing', () => {
    const heart = new Heartbeat(OPTIONS, 0)
    heart.pong(0, 5)
    heart.pong(7, 5)
    assert.isUndefined(heart.rttMs)
    const first = heart.ping(0)
    const second = heart.ping(1000)
    heart.pong(first, 1600)
    assert.equal(heart.rttMs, 1600)
    heart.pong(first, 1700)
    heart.pong(second, 1800)
    assert.equal(heart.rttMs, 1600 + (800 - 1600) / 8)
  })
})
