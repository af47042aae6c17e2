import { assert } from 'chai'
import { FRAME } from '../../src/wire/frame.js'
import { SimLab } from './lab.js'

const DEFAULT = 1

describe('ready of a lane', () => {
  it('waits for credit only where what is to be sent needs it', async () => {
    const lab = new SimLab({ seed: 'ready' })
    const channels = { default: { creditMessages: 4 } }
    const [a, b] = [await lab.start('a', { channels }), await lab.start('b', { channels })]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'both up')
    const { CREDIT } = FRAME
    const heal = b.peers.gate.add(({ kind }) => (kind === CREDIT ? { type: 'drop' } : undefined))
    for (let n = 0; n < 10; n++) a.tell('b', 0, n)
    const ready: string[] = []
    void a.peers.ready('b', DEFAULT, 0).then(() => ready.push('a message'))
    void a.peers.ready('b', DEFAULT, 0, false).then(() => ready.push('an answer'))
    await lab.pass(100)
    assert.equal(b.got.length, 4)
    assert.deepEqual(ready, ['an answer'])
    heal()
    await lab.pass(3_000)
    assert.equal(b.got.length, 10)
    assert.deepEqual(ready, ['an answer', 'a message'])
  })

  it('comes to both when the lane has written what filled it', async () => {
    const lab = new SimLab({ seed: 'full' })
    const options = { laneLowWaterBytes: 1_000, laneHighWaterBytes: 2_000, laneMaxBytes: 4_000 }
    const [a, b] = [await lab.start('a', { options }), await lab.start('b', { options })]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'both up')
    for (let n = 0; n < 3; n++) a.tell('b', 0, new Uint8Array(1_500))
    const outcomes: string[] = []
    for (const credited of [true, false]) {
      a.peers.ready('b', DEFAULT, 0, credited).then(
        () => outcomes.push('ready'),
        () => outcomes.push('refused'),
      )
    }
    await lab.pass(100)
    assert.deepEqual(outcomes, ['ready', 'ready'])
  })
})
