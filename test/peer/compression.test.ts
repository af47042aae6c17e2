import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { ChannelCounters } from '../../src/peer/channel-counters.js'
import { Packer } from '../../src/peer/packer.js'
import { realCompress } from '../../src/world/real/real-compress.js'
import { SimLab } from './lab.js'

const CHANNELS = { texts: { compressFromBytes: 512 }, plain: {} }

function noiseOf(bytes: number): Uint8Array {
  const random = seededRandom('noise')
  return Uint8Array.from({ length: bytes }, () => random.int(256))
}

describe('channels that compress', () => {
  it('send less, and what arrives is the same, in order, whatever its size', async () => {
    const lab = new SimLab({ seed: 'compress' })
    const a = await lab.start('a', { channels: CHANNELS })
    const b = await lab.start('b', { channels: { plain: {} } })
    a.peers.connect(b.peers.self)
    await lab.until(() => a.count('channelUp') >= 3, 'all channels')
    const noise = noiseOf(200_000)
    const sent: unknown[] = []
    for (let i = 0; i < 40; i++) {
      const value = i % 10 === 9 ? noise : `${i} `.repeat(i % 4 === 0 ? 100_000 : 300)
      sent.push(value)
      a.tellOn('texts', 'b', 1, value)
    }
    await lab.until(() => b.got.length === sent.length, 'all of them')
    assert.deepEqual(
      b.got.map(({ args: [value] }) => value),
      sent,
    )
    const texts = a.peers.stats().channels.find((each) => each.channel === 'texts')
    const { compressedBytes = 0, compressedToBytes = 0 } = texts ?? {}
    assert.isAbove(compressedBytes, 2_000_000)
    assert.isBelow(compressedToBytes, compressedBytes / 20)
    const { bytesOut } = a.peers.stats().lanes.find((each) => each.channel === 'texts') ?? {}
    assert.isBelow(bytesOut ?? 0, 4 * noise.length + compressedBytes / 20 + 20_000)
  })

  it('leave small writes and other channels alone', async () => {
    const lab = new SimLab({ seed: 'small' })
    const [a, b] = [
      await lab.start('a', { channels: CHANNELS }),
      await lab.start('b', { channels: CHANNELS }),
    ]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.count('channelUp') === 4, 'all channels')
    a.tellOn('texts', 'b', 1, 'x'.repeat(400))
    a.tellOn('plain', 'b', 1, 'x'.repeat(40_000))
    await lab.until(() => b.got.length === 2, 'both')
    for (const { compressedBytes } of a.peers.stats().channels) assert.equal(compressedBytes, 0)
  })

  it('try what does not get smaller ever more seldom, until it does', () => {
    let tries = 0
    const counting = {
      ...realCompress,
      deflate: (data: Uint8Array) => {
        tries++
        return realCompress.deflate(data)
      },
    }
    const packer = new Packer(100, counting, new ChannelCounters())
    const noise = noiseOf(1_000)
    for (let i = 0; i < 1_000; i++) assert.strictEqual(packer.pack([noise], 1_000)[0], noise)
    assert.closeTo(tries, 20, 3)
    const zeros = new Uint8Array(1_000)
    let plain = 0
    while (packer.pack([zeros], 1_000)[0] === zeros) plain++
    assert.isAtMost(plain, 64)
    assert.notStrictEqual(packer.pack([zeros], 1_000)[0], zeros)
  })
})
