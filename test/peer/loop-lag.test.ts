import { assert } from 'chai'
import { LoopLag } from '../../src/peer/loop-lag.js'
import { SimLab } from './lab.js'

describe('lag of the event loop', () => {
  it('is reported once for all timers of one pause, and counted', () => {
    const lag = new LoopLag(1_000)
    const steps: [lateMs: number, nowMs: number, reported: boolean][] = [
      [3, 1_000, false],
      [999, 3_000, false],
      [5_000, 10_000, true], // from 5,000 to 10,000
      [4_800, 10_001, false], // another peer's timer, of the same pause
      [1_000, 12_000, true], // the next one
    ]
    for (const [lateMs, nowMs, reported] of steps) {
      assert.equal(lag.late(lateMs, nowMs), reported, `${lateMs} at ${nowMs}`)
    }
    assert.deepEqual(lag.stats(), { lastMs: 1_000, mostMs: 5_000, reported: 2 })
  })

  it('is told by a node that stood still, and its peers are not blamed for it', async () => {
    const lab = new SimLab({ seed: 'lag' })
    const options = { silenceMs: 3_000 }
    const [a, b] = [await lab.start('a', { options }), await lab.start('b')]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'both up')
    await lab.pass(2_000)
    lab.sim.pause('a')
    await lab.pass(2_900)
    lab.sim.resume('a')
    await lab.pass(5_000)
    assert.deepEqual([a.count('down'), b.count('down')], [0, 0])
    assert.equal(a.count('lagged'), 1)
    assert.equal(b.count('lagged'), 0)
    assert.isAbove(a.peers.stats().lag.mostMs, 1_900)
  })
})
