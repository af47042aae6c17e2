import { assert } from 'chai'
import type { LanePolicy } from '../../src/peer/channel-table.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FRAME } from '../../src/wire/frame.js'
import { SimLab } from './lab.js'

const KIB = 1024

describe('figures of lanes', () => {
  const cases: [policy: LanePolicy, counts: [number, number, number, number]][] = [
    ['fail', [3, 0, 0, 0]],
    ['wait', [2, 1, 0, 0]],
    ['dropOldest', [0, 0, 3, 0]],
    ['dropNewest', [0, 0, 0, 3]],
  ]
  for (const [policy, [refused, waited, droppedOldest, droppedNewest]] of cases) {
    it(`tell what ${policy} did with messages above the bound`, async () => {
      const lab = new SimLab({ seed: policy })
      const a = await lab.start('a', {
        options: { laneMaxMessages: 5 },
        channels: { default: { policy } },
      })
      const nobody = { ...a.peers.self, name: 'b', incarnation: '0'.repeat(26), addresses: [] }
      a.peers.connect(nobody)
      for (let i = 0; i < 7; i++) a.tell('b', 1, i)
      a.peers.send('b', 1, new Envelope(ENVELOPE.ASK, 1, 0, 1, 1, [], undefined, undefined))
      const channel = a.peers.stats().channels.find((each) => each.channel === 'default')
      assert.deepInclude(channel, {
        policy,
        lanes: 1,
        queuedMessages: 5,
        refused,
        waited,
        droppedOldest,
        droppedNewest,
      })
    })
  }

  it('tell what is under way to a peer, and how far away it is', async () => {
    const lab = new SimLab({ seed: 'figures', latencyMs: [5, 5] })
    const channels = { bulk: { connections: 2 } }
    const [a, b] = [await lab.start('a', { channels }), await lab.start('b', { channels })]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.count('channelUp') === 3, 'all channels')
    await lab.pass(3_000)
    a.tellOn('bulk', 'b', 1, new Uint8Array(900 * KIB))
    await lab.pass(1)
    const [peer] = a.peers.stats().peers
    assert.deepInclude(peer, { peer: 'b', up: true, lanes: 4, windowBytes: 4096 * KIB })
    assert.closeTo(peer?.minRttMs ?? 0, 10, 0.5)
    assert.closeTo(peer?.rttMs ?? 0, 10, 0.5)
    assert.isAbove(peer?.inFlightBytes ?? 0, 0)
    const lanes = a.peers.stats().lanes.filter((lane) => lane.inFlightBytes > 0)
    assert.deepEqual(
      lanes.map(({ channel, lane }) => [channel, lane]),
      [['bulk', 1]],
    )
    await lab.until(() => b.got.length === 1, 'the message')
    await lab.pass(50)
    assert.equal(a.peers.stats().peers[0]?.inFlightBytes, 0)
  })
})

describe('acknowledgements of fragments', () => {
  it('that are lost to a fault are made up for by the next heartbeat', async () => {
    const lab = new SimLab({ seed: 'lost acks' })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'both up')
    const { ACK } = FRAME
    const heal = b.peers.gate.add(({ kind }) => (kind === ACK ? { type: 'drop' } : undefined))
    for (let i = 0; i < 4; i++) a.tell('b', i, new Uint8Array(900 * KIB))
    await lab.until(() => b.got.length === 4, 'all of it')
    heal()
    await lab.pass(3_000)
    assert.equal(a.peers.stats().peers[0]?.inFlightBytes, 0)
    assert.deepEqual([a.count('down'), b.count('down')], [0, 0])
  })
})
