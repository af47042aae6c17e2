import { assert } from 'chai'
import { PACKET, type PacketKind } from '../../src/broker/packet.js'
import { type ConnectionHost, VirtualConnection } from '../../src/broker/virtual-connection.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { Recorder } from '../contracts/network.js'
import { incarnationFor } from '../overlay/core-network.js'

const WINDOW = 1_000
const FAR = { incarnation: incarnationFor(1), number: 1, dialled: true, remote: 'there:1' }

type Sent = [kind: PacketKind, value: number, bytes: number]

/** One end, and what it sends. */
function setting() {
  const sim = new Simulation({ seed: 1 })
  const sent: Sent[] = []
  const host = {
    world: sim.world('here'),
    windowBytes: WINDOW,
    hasRoom: true as boolean,
    waits: 0,
    awaitRoom: () => void host.waits++,
    send: (_: VirtualConnection, kind: PacketKind, value: number, parts: Uint8Array[] = []) => {
      sent.push([kind, value, parts.reduce((sum, part) => sum + part.length, 0)])
    },
    forget: () => {},
  } satisfies ConnectionHost & { waits: number }
  const connection = new VirtualConnection(host, FAR, WINDOW)
  const side = new Recorder()
  connection.attach(side)
  return { sim, host, connection, side, sent }
}

describe('a virtual connection', () => {
  it('sends no more than the other side lets through', () => {
    const { connection, sent } = setting()
    connection.write(new Uint8Array(2_500))
    assert.deepEqual(sent, [[PACKET.DATA, 0, 1_000]])
    assert.equal(connection.unsentBytes, 1_500)
    connection.window(600)
    assert.deepEqual(sent.at(-1), [PACKET.DATA, 1, 600])
    connection.window(600) // told again: nothing new
    connection.window(5_000) // more than was ever sent: a lie
    assert.lengthOf(sent, 2)
    connection.window(1_600)
    assert.deepEqual(sent.at(-1), [PACKET.DATA, 2, 900])
    assert.equal(connection.unsentBytes, 0)
  })

  it('waits for the broker to confirm, and goes on', () => {
    const { connection, host, sent } = setting()
    host.hasRoom = false
    connection.write(new Uint8Array(10))
    assert.deepEqual([sent.length, host.waits], [0, 1])
    host.hasRoom = true
    connection.pump()
    assert.deepEqual(sent, [[PACKET.DATA, 0, 10]])
  })

  it('drops what comes twice, and breaks where something is missing', async () => {
    const { sim, connection, side, sent } = setting()
    for (const number of [0, 1, 1, 0]) connection.data(number, Uint8Array.of(number))
    assert.deepEqual([...Buffer.concat(side.chunks)], [0, 1])
    connection.data(3, Uint8Array.of(3))
    await sim.run(1)
    assert.equal(side.closes, 1)
    assert.match(String(side.error), /1 messages are missing.*ERR_CONNECTION_LOST/)
    assert.deepEqual(sent.at(-1), [PACKET.RESET, 0, 0])
  })

  it('breaks when the other side sends more than was let through', async () => {
    const { sim, connection, side } = setting()
    connection.pause()
    connection.data(0, new Uint8Array(WINDOW))
    connection.data(1, new Uint8Array(1))
    await sim.run(1)
    assert.match(String(side.error), /more than it may/)
    assert.equal(side.bytes, 0)
  })

  it('tells the other side what was read, and not for every message', () => {
    const { connection, sent } = setting()
    for (let i = 0; i < 10; i++) connection.data(i, new Uint8Array(100))
    assert.deepEqual(sent, [
      [PACKET.WINDOW, 300, 0],
      [PACKET.WINDOW, 600, 0],
      [PACKET.WINDOW, 900, 0],
    ])
  })

  it('closes by itself when the other side does not answer its end', async () => {
    const { sim, connection, side, sent } = setting()
    connection.end()
    assert.deepEqual(sent, [[PACKET.END, 0, 0]])
    await sim.run(4_900)
    assert.equal(side.closes, 0)
    await sim.run(200)
    assert.equal(side.closes, 1)
  })
})
