import { assert } from 'chai'
import { local } from '../../src/index.js'
import { COOKIE } from './local-nodes.js'
import type { Started } from './node-host.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { until } from './until.js'

const ROUNDS = 8
const MESSAGES = 2_000
const CHANNELS = { bulk: { connections: 3 } }
/** membership, default and three of bulk. */
const LANES = 5

describe('Two processes that join each other at the same moment', function () {
  this.timeout(60_000)
  const processes = useProcesses()

  async function start(process: NodeProcess, name: string): Promise<Started> {
    const options = { name, cookie: COOKIE, timing: local(), channels: CHANNELS }
    const started = await process.call('start', options)
    await process.call('spawnLedger', 'ledger')
    return started
  }

  /** True when the node has one connection for each lane to the other, and no more. */
  async function settled(process: NodeProcess): Promise<boolean> {
    const { connections, lanes } = (await process.call('stats')).transport
    return lanes.length === LANES && lanes.every((l) => l.connected) && connections === LANES
  }

  it('end with one set of connections and lose no message', async () => {
    const [p, q] = (await processes(2)) as [NodeProcess, NodeProcess]
    for (let round = 0; round < ROUNDS; round++) {
      const [a, b] = await Promise.all([start(p, 'a'), start(q, 'b')])
      const dial = async (from: NodeProcess, to: Started, on: string): Promise<void> => {
        assert.equal(await from.call('join', to.address), on)
        await from.call('write', on, 'ledger', 0, MESSAGES)
      }
      await Promise.all([dial(p, b, 'b'), dial(q, a, 'a')])
      for (const process of [p, q]) {
        const wanted = Array.from({ length: MESSAGES }, (_, entry) => entry)
        await until(`all messages of round ${round}`, async () => {
          return (await process.call('entries', 'ledger')).length >= MESSAGES
        })
        assert.deepEqual(await process.call('entries', 'ledger'), wanted)
        await until(`one set of connections in round ${round}`, () => settled(process))
        const told = await process.call('told')
        assert.deepEqual(
          told.filter(({ event }) => /Down|Lost|deadLetter/.test(event)),
          [],
        )
        assert.lengthOf(
          told.filter(({ event }) => event === 'peerUp'),
          1,
        )
      }
      await Promise.all([p.call('stop'), q.call('stop')])
    }
  })
})
