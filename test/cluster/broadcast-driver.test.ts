import { assert } from 'chai'
import { silentLogger } from '../../src/base/logger.js'
import { seededRandom } from '../../src/base/random.js'
import { BroadcastDriver, readBroadcastOptions } from '../../src/cluster/broadcast-driver.js'
import { BroadcastHandlers } from '../../src/cluster/broadcast-handlers.js'
import type { Member, Overlay } from '../../src/overlay/overlay.js'
import { FULL, SENT, type SendOutcome } from '../../src/peer/transport.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { Codec } from '../../src/wire/codec.js'
import { addressOf, incarnationFor } from '../overlay/core-network.js'
import { FakeTransport } from './fake-transport.js'

const member = (name: string, n: number): Member => ({
  name,
  incarnation: incarnationFor(n),
  generation: n,
  addresses: [addressOf(name)],
  tags: [],
})

const [me, b] = [member('me', 1), member('b', 2)]

/** Takes frames of broadcasts, or takes none while it is `full`. */
class Congested extends FakeTransport {
  full = false
  readonly frames: Uint8Array[] = []

  override sendControl(_peer: string, _kind: number, body: Uint8Array): SendOutcome {
    if (!this.full) this.frames.push(body)
    return this.full ? FULL : SENT
  }
}

function driven() {
  const sim = new Simulation({ seed: 1 })
  const world = sim.world('me')
  const transport = new Congested()
  const codec = new Codec()
  const complaints: string[] = []
  const neighbours = ['b']
  const badMessage = (from: string, detail: string): void =>
    void complaints.push(`${from}: ${detail}`)
  const overlay: Overlay = {
    name: 'scripted',
    capabilities: { membership: 'partial', direct: false },
    step: () => [],
    members: () => [me],
    neighbours: () => neighbours,
    nextHop: () => undefined,
    snapshot: () => ({}),
  }
  const driver = new BroadcastDriver({
    self: me,
    overlay,
    transport,
    codec,
    clock: world.clock,
    turn: world.turn,
    random: seededRandom(1),
    logger: silentLogger,
    options: readBroadcastOptions({ repairMs: 0 }),
    handlers: new BroadcastHandlers({
      codec,
      logger: silentLogger,
      member: () => undefined,
      badMessage,
    }),
    badMessage,
  })
  transport.connected.add('b')
  driver.refresh()
  const counters = (): unknown[] =>
    transport.frames.map((frame) => (codec.decodeValue(frame) as unknown[])[2])
  return { sim, driver, transport, codec, complaints, neighbours, counters }
}

describe('driver of broadcasts', () => {
  it('holds what a slow neighbour does not take, and hands it on in order', async () => {
    const { sim, driver, transport, counters } = driven()
    assert.isTrue(driver.broadcast('x', 0))
    transport.full = true
    for (let at = 1; at < 5; at++) assert.isFalse(driver.broadcast('x', at))
    await sim.run(1_000)
    assert.deepEqual(counters(), [1])
    transport.full = false
    assert.isFalse(driver.broadcast('x', 5), 'it does not overtake')
    await sim.run(100)
    assert.deepEqual(counters(), [1, 2, 3, 4, 5, 6])
    assert.isTrue(driver.broadcast('x', 6))
  })

  it('bounds what it holds: the oldest go', async () => {
    const { sim, driver, transport, counters } = driven()
    transport.full = true
    for (let at = 0; at < 40; at++) driver.broadcast('x', 'y'.repeat(250_000))
    assert.equal(driver.stats.dropped, 24)
    transport.full = false
    await sim.run(100)
    assert.deepEqual(
      counters(),
      Array.from({ length: 16 }, (_, at) => at + 25),
    )
  })

  it('holds nothing for a neighbour that is gone', async () => {
    const { sim, driver, transport, counters, neighbours } = driven()
    transport.full = true
    driver.broadcast('x', 0)
    transport.connected.clear()
    driver.peerDown('b')
    transport.full = false
    await sim.run(1_000)
    transport.connected.add('b')
    neighbours.push('c')
    driver.refresh()
    await sim.run(1_000)
    assert.deepEqual(counters(), [])
  })

  it('tells of what is damaged', async () => {
    const { driver, codec, complaints } = driven()
    driver.receive(b, new Uint8Array([0xc1]))
    driver.receive(b, codec.encodeValue(['what?']))
    for (const body of [
      7,
      new Uint8Array([0xc1]),
      codec.encodeValue(['x', 'b', 2]),
      codec.encodeValue([7, 'b', 2, 'm']),
      codec.encodeValue(['x', 'b c', 2, 'm']),
      codec.encodeValue(['x', 'b', -2, 'm']),
    ]) {
      const counter = complaints.length + 1
      driver.receive(b, codec.encodeValue([1, b.incarnation, counter, 1, 0, false, body]))
    }
    assert.match(complaints[0] ?? '', /^b: /)
    assert.equal(complaints[1], 'b: not a message of this protocol')
    assert.deepEqual(
      complaints.slice(2),
      Array(6).fill(`${b.incarnation}: a broadcast is malformed`),
    )
  })

  it('does nothing more when it has stopped', async () => {
    const { sim, driver, transport, counters } = driven()
    transport.full = true
    driver.broadcast('x', 0)
    driver.stop()
    transport.full = false
    await sim.run(1_000)
    assert.deepEqual(counters(), [])
  })

  const bad: [object, RegExp][] = [
    [{ messageBytesMax: 10 }, /broadcast.messageBytesMax must be an integer from 1024/],
    [{ keepMs: 'long' }, /broadcast.keepMs must be a number of milliseconds/],
    [{ graftMs: 0 }, /broadcast.graftMs/],
    [{ treesMax: -1 }, /broadcast.treesMax/],
    [{ keepForMs: 1 }, /broadcast.keepForMs is not an option/],
  ]
  for (const [options, message] of bad) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => readBroadcastOptions(options), message)
    })
  }
})
