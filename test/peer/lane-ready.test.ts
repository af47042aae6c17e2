import { assert } from 'chai'
import { FULL } from '../../src/peer/transport.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FRAME } from '../../src/wire/frame.js'
import { SimLab } from './lab.js'

const DEFAULT = 1
const MAX = 2_000_000

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
    void a.peers.ready('b', DEFAULT, 0, 'answer').then(() => ready.push('an answer'))
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
    for (const sends of ['tell', 'answer'] as const) {
      a.peers.ready('b', DEFAULT, 0, sends).then(
        () => outcomes.push('ready'),
        () => outcomes.push('refused'),
      )
    }
    await lab.pass(100)
    assert.deepEqual(outcomes, ['ready', 'ready'])
  })

  it('has the next room for asks and answers that were turned away, half of it at a time, and none for those that come later', async () => {
    const lab = new SimLab({ seed: 'turned away' })
    const options = { laneLowWaterBytes: 1_000, laneHighWaterBytes: 2_000, laneMaxBytes: MAX }
    const channels = { default: { policy: 'wait' } } as const
    const [a, b] = [
      await lab.start('a', { options, channels }),
      await lab.start('b', { options, channels }),
    ]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'both up')
    lab.sim.link('a', 'b', { bytesPerMs: 1_000 })
    for (const kind of [ENVELOPE.ASK, ENVELOPE.REPLY]) {
      const sends = kind === ENVELOPE.ASK ? 'ask' : 'answer'
      const send = (bytes: number) =>
        a.peers.send(
          'b',
          DEFAULT,
          new Envelope(kind, 0, 0, 1, 0, [new Uint8Array(bytes)], undefined, undefined),
        )
      for (let n = 0; n < 10; n++) send(MAX / 10)
      assert.equal(send(10), FULL, `${sends}: the lane is full`)
      let ready = false
      void a.peers.ready('b', DEFAULT, 0, sends).then(() => {
        ready = true
      })
      const queued = () =>
        a.peers.stats().lanes.find(({ channel }) => channel === 'default')?.queuedBytes ?? 0
      let later = 0
      while (!ready) {
        if (queued() < MAX && queued() > MAX / 2) {
          later++
          assert.equal(send(10), FULL, `${sends}: others wait, though there is room`)
        }
        await lab.pass(10)
      }
      assert.isAbove(
        queued(),
        options.laneLowWaterBytes,
        `${sends}: not only when the lane is calm`,
      )
      assert.notEqual(send(10), FULL, `${sends}: after them`)
      assert.isAbove(later, 3)
      await lab.pass(10_000)
    }
  })
})
