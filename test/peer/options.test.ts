import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { backoffMs } from '../../src/peer/backoff.js'
import { ChannelTable } from '../../src/peer/channel-table.js'
import { readPeerOptions } from '../../src/peer/peer-options.js'

describe('options of peers', () => {
  it('are complete without a word, and frozen', () => {
    const options = readPeerOptions()
    assert.deepEqual(
      [options.heartbeatMs, options.silenceMs, options.downAfterMs],
      [1000, 3000, 2000],
    )
    assert.isTrue(Object.isFrozen(options))
  })

  const bad: [given: object, message: RegExp][] = [
    [{ heartbeat: 1 }, /peers\.heartbeat is not an option/],
    [{ silenceMs: 'long' }, /peers\.silenceMs must be a number of milliseconds/],
    [{ silenceMs: 500 }, /peers\.heartbeatMs must be at most peers\.silenceMs \(500\), got 1000/],
    [{ laneLowWaterBytes: 2 ** 21 }, /laneLowWaterBytes must be at most peers\.laneHighWaterBytes/],
    [{ maxConnections: 0 }, /peers\.maxConnections must be an integer >= 1, got 0/],
  ]
  for (const [given, message] of bad) {
    it(`refuse ${JSON.stringify(given)}`, () => {
      assert.throws(() => readPeerOptions(given), message)
    })
  }
})

describe('channel table', () => {
  it('begins with membership and default, then the user’s in their order', () => {
    const table = new ChannelTable({
      game: { connections: 4 },
      default: { connections: 2 },
      chat: {},
    })
    assert.deepEqual(table.offer(), [
      ['membership', 1],
      ['default', 2],
      ['game', 4],
      ['chat', 1],
    ])
    assert.equal(table.index('chat'), 3)
    assert.throws(() => table.index('chess'), /no channel "chess".*ERR_UNKNOWN_CHANNEL/)
  })

  it('learns at most 64 channels, and offers only its own', () => {
    const table = new ChannelTable()
    for (let i = 0; i < 100; i++) table.learn(`c${i}`)
    assert.deepEqual([table.size, table.learn('more'), table.learn('c3')], [64, undefined, 5])
    assert.equal(table.offer().length, 2)
  })

  const bad: [given: unknown, message: RegExp][] = [
    [{ membership: {} }, /channels\.membership is reserved/],
    [{ game: { connections: 65 } }, /channels\.game\.connections must be an integer from 1 to 64/],
    [{ game: { policy: 'block' } }, /channels\.game\.policy must be 'fail' or/],
    [{ game: { lanes: 2 } }, /channels\.game\.lanes is not an option/],
    [{ '': {} }, /name must have 1 to 64 characters/],
    [[], /channels must be an object/],
    [
      Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`c${i}`, {}])),
      /at most 62 channels, got 63/,
    ],
  ]
  for (const [given, message] of bad) {
    it(`refuses ${JSON.stringify(given).slice(0, 50)}`, () => {
      assert.throws(() => new ChannelTable(given as never), message)
    })
  }
})

describe('backoff', () => {
  it('draws from 0 to a bound that doubles up to its maximum', () => {
    const random = seededRandom(1)
    for (const [failures, bound] of [
      [0, 100],
      [1, 200],
      [3, 800],
      [10, 5000],
      [2000, 5000],
    ] as const) {
      const draws = Array.from({ length: 500 }, () => backoffMs(failures, 100, 5000, random))
      assert.isBelow(Math.max(...draws), bound)
      assert.isAbove(Math.max(...draws), bound * 0.95)
      assert.isBelow(Math.min(...draws), bound * 0.05)
    }
  })
})
