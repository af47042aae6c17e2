import { assert } from 'chai'
import type { LanePolicy } from '../../src/peer/channel-table.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { SimLab } from './lab.js'

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

  it('tell how many lanes lead to a peer, and how far away it is', async () => {
    const lab = new SimLab({ seed: 'figures', latencyMs: [5, 5] })
    const channels = { bulk: { connections: 2 } }
    const [a, b] = [await lab.start('a', { channels }), await lab.start('b', { channels })]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.count('channelUp') === 3, 'all channels')
    await lab.pass(3_000)
    const [peer] = a.peers.stats().peers
    assert.deepInclude(peer, { peer: 'b', up: true, lanes: 4 })
    assert.closeTo(peer?.rttMs ?? 0, 10, 0.5)
  })
})
