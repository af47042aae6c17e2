import { assert } from 'chai'
import { MEMBERSHIP } from '../../src/peer/channel-table.js'
import { FULL, SENT, type SendOutcome, SLOW } from '../../src/peer/transport.js'
import { Codec } from '../../src/wire/codec.js'
import { FRAME, type FrameKind, HEAD_BYTES } from '../../src/wire/frame.js'
import { putHead } from '../../src/wire/frame-writer.js'
import { SimLab, type TestPeer } from './lab.js'

const KIB = 1024
const NOBODY = { name: 'b', incarnation: '0'.repeat(26), addresses: [] }

async function up(lab: SimLab, a: TestPeer, b: TestPeer): Promise<void> {
  a.peers.connect(b.peers.self)
  await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'both up')
}

describe('bounds of lanes', () => {
  it('dropOldest makes as much room as a large message takes: one message above the bound at most', async () => {
    const lab = new SimLab({ seed: 'oldest' })
    const a = await lab.start('a', {
      options: { laneMaxBytes: 1024 * KIB },
      channels: { default: { policy: 'dropOldest' } },
    })
    a.peers.connect({ ...a.peers.self, ...NOBODY })
    for (let i = 0; i < 2_000; i++) a.tell('b', 1, i, new Uint8Array(500))
    const large = new Uint8Array(900 * KIB)
    for (let i = 0; i < 10; i++) {
      a.tell('b', 1, large)
      const queued = a.peers.stats().lanes.reduce((sum, lane) => sum + lane.queuedBytes, 0)
      assert.isBelow(queued, (1024 + 901) * KIB)
    }
    assert.isAbove(a.dead.length, 2_000)
  })

  it('who waits for a lane that is full of messages waits until there is room', async () => {
    const lab = new SimLab({ seed: 'messages' })
    const b = await lab.start('b')
    const a = await lab.start('a', { options: { laneMaxMessages: 3 } })
    a.peers.connect({ ...b.peers.self, addresses: [] })
    const outcomes = [1, 2, 3, 4].map((i) => a.tell('b', 1, i))
    assert.deepEqual(outcomes, [SENT, SENT, SENT, FULL])
    let ready = false
    const waiting = a.peers.ready('b', 1, 1).then(() => {
      ready = true
    })
    await lab.pass(10)
    assert.isFalse(ready)
    b.peers.connect(a.peers.self)
    await lab.complete(waiting)
    assert.equal(a.tell('b', 1, 4), SENT)
    await lab.until(() => b.got.length === 4, 'all messages')
  })

  it('who waits for a lane is told when what fills it turns out to be too large for the peer', async () => {
    const lab = new SimLab({ seed: 'refused' })
    const [a, b] = [
      await lab.start('a'),
      await lab.start('b', { options: { maxMessageBytes: 100 * KIB } }),
    ]
    a.peers.connect({ ...b.peers.self, addresses: [] })
    assert.equal(a.tell('b', 1, new Uint8Array(2_000 * KIB)), SLOW)
    const ready = a.peers.ready('b', 1, 1)
    b.peers.connect(a.peers.self)
    await lab.complete(ready)
    assert.deepEqual(
      a.dead.map(({ code }) => code),
      ['ERR_TOO_LARGE'],
    )
  })

  it('a node that asks for signs of life without reading them costs no memory', async () => {
    const lab = new SimLab({ seed: 'pings' })
    const options = { windowBytes: 64 * KIB, silenceMs: 600_000 }
    const [a, b] = [await lab.start('a', { options }), await lab.start('b', { options })]
    await up(lab, a, b)
    const [line] = b.tap.connections
    const [answers] = a.tap.connections
    if (line === undefined || answers === undefined) return assert.fail('no connection')
    line.pause()
    const body = new Codec().encodeValue([7, []])
    const ping = Buffer.alloc(HEAD_BYTES + body.length)
    putHead(ping, 0, FRAME.PING, body.length)
    ping.set(body, HEAD_BYTES)
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => ping))
    for (let i = 0; i < 20; i++) {
      line.write(pings)
      await lab.pass(50)
    }
    assert.isBelow(answers.unsentBytes, 4 * 64 * KIB + KIB)
    line.resume()
    await lab.pass(5_000)
    assert.deepEqual([a.count('down'), b.count('down')], [0, 0])
  })
})

describe('maxMessageBytes of two nodes', () => {
  it('the smaller counts: the sender is told, what waits is handed back, and the line stays up', async () => {
    const lab = new SimLab({ seed: 'agree' })
    const a = await lab.start('a')
    const b = await lab.start('b', { options: { maxMessageBytes: 200 * KIB } })
    const tooLarge = new Uint8Array(300 * KIB)
    const fits = new Uint8Array(150 * KIB)
    a.peers.connect({ ...b.peers.self, addresses: [] })
    a.tell('b', 1, 'first', fits)
    a.tell('b', 1, 'refused', tooLarge)
    a.tell('b', 1, 'second')
    a.tell('b', 2, 'third')
    b.peers.connect(a.peers.self)
    await lab.until(() => b.got.length === 3, 'what fits')
    assert.deepEqual(
      a.dead.map(({ code, args }) => [code, args[0]]),
      [['ERR_TOO_LARGE', 'refused']],
    )
    assert.deepEqual(
      b.got.filter((got) => got.key === 1).map((got) => got.args[0]),
      ['first', 'second'],
    )
    assert.throws(() => a.tell('b', 1, tooLarge), /ERR_TOO_LARGE/)
    b.tell('a', 1, tooLarge)
    await lab.until(() => a.got.length === 1, 'the other way')
    assert.deepEqual([a.count('down'), b.count('down'), b.refusals], [0, 0, []])
  })

  it('control frames of any size pass where messages must be small', async () => {
    const lab = new SimLab({ seed: 'control' })
    const options = { maxMessageBytes: KIB }
    const [a, b] = [await lab.start('a', { options }), await lab.start('b', { options })]
    await up(lab, a, b)
    assert.notEqual(a.peers.sendControl('b', FRAME.OVERLAY, new Uint8Array(700 * KIB)), FULL)
    await lab.until(() => b.controls.length === 1, 'the frame')
    assert.equal(b.controls[0]?.body.length, 700 * KIB)
  })

  it('leave the upper half of the membership lane to those of overlays', async () => {
    const lab = new SimLab({ seed: 'share' })
    const options = {
      laneMaxBytes: 512 * KIB,
      laneHighWaterBytes: 100 * KIB,
      laneLowWaterBytes: KIB,
    }
    const [a, b] = [await lab.start('a', { options }), await lab.start('b', { options })]
    await up(lab, a, b)
    const body = new Uint8Array(60 * KIB)
    const until = (kind: FrameKind, outcome: SendOutcome): number => {
      for (let sent = 1; sent < 100; sent++) {
        if (a.peers.sendControl('b', kind, body) === outcome) return sent
      }
      return 100
    }
    assert.isBelow(until(FRAME.RELAY, SLOW), 20)
    assert.isBelow(until(FRAME.RELAY, FULL), 20)
    assert.equal(a.peers.sendControl('b', FRAME.OVERLAY, body), SLOW)
    assert.isBelow(until(FRAME.OVERLAY, FULL), 20)
    let ready = false
    void a.peers.ready('b', MEMBERSHIP, 0).then(() => {
      ready = true
    })
    await lab.until(() => ready, 'room')
    assert.equal(a.peers.sendControl('b', FRAME.RELAY, body), SENT)
  })

  it('does not bound handshakes and heartbeats of many lanes', async () => {
    const lab = new SimLab({ seed: 'lanes' })
    const names = Array.from({ length: 40 }, (_, i) => `a channel with a long name, number ${i}`)
    const channels = Object.fromEntries(names.map((name) => [name, { connections: 6 }]))
    const start = (name: string): Promise<TestPeer> =>
      lab.start(name, {
        channels,
        options: { maxMessageBytes: KIB },
        codec: new Codec({ maxMessageBytes: KIB }),
      })
    const [a, b] = [await start('a'), await start('b')]
    await up(lab, a, b)
    await lab.until(() => a.count('channelUp') === 42, 'all channels')
    for (const name of names) for (let key = 0; key < 6; key++) a.tellOn(name, 'b', key, key)
    await lab.pass(3_000)
    assert.equal(b.got.length, 240)
  })
})
