import { connect, type Socket } from 'node:net'
import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { Peers } from '../../src/peer/peers.js'
import { Codec } from '../../src/wire/codec.js'
import { FRAME, HEAD_BYTES } from '../../src/wire/frame.js'
import { putHead } from '../../src/wire/frame-writer.js'
import { realWorld } from '../../src/world/real/real-world.js'
import { RealLab, type TestPeer } from './lab.js'

const codec = new Codec()

function frame(kind: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + body.length)
  putHead(bytes, 0, kind, body.length)
  bytes.set(body, HEAD_BYTES)
  return bytes
}

const hello = (fields: unknown[]): Buffer => frame(FRAME.HELLO, codec.encodeValue(fields))
const NONCE = new Uint8Array(32)

describe('strangers at the door, over raw sockets', () => {
  let lab: RealLab
  let node: TestPeer
  let friend: TestPeer
  const sockets: Socket[] = []

  beforeEach(async () => {
    lab = new RealLab()
    const options = { handshakeTimeoutMs: 150, maxUnauthenticated: 200 }
    node = await lab.start('node', { options })
    friend = await lab.start('friend')
    await friend.peers.introduce(node.address, 2_000)
    await lab.until(() => node.peers.isUp('friend'))
  })
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await lab.close()
  })

  const stranger = async (): Promise<Socket> => {
    const socket = connect(node.address.port, node.address.host)
    socket.on('error', () => {})
    sockets.push(socket)
    await new Promise((resolve) => socket.once('connect', resolve))
    return socket
  }

  const friendIsFine = async (): Promise<void> => {
    const before = node.got.length
    friend.tell('node', 1, 'still here')
    await lab.until(() => node.got.length > before, 'a message of the friend')
    assert.equal(friend.count('down'), 0)
  }

  it('runs no codec of users on what strangers send', async () => {
    class Trap {}
    const theirs = new Codec()
    let sprung = 0
    for (const each of [theirs, node.codec]) {
      each.register('trap', Trap, {
        toWire: () => 0,
        fromWire: () => {
          sprung++
          return new Trap()
        },
      })
    }
    const socket = await stranger()
    socket.write(frame(FRAME.HELLO, theirs.encodeValue(['troupe', new Trap()])))
    await lab.until(() => node.refusals.length === 1, 'a refusal')
    assert.equal(sprung, 0)
    await friendIsFine()
  })

  const cases: [what: string, bytes: Buffer, code: string][] = [
    ['garbage', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'ERR_BAD_FRAME'],
    ['a length of 2^31', Buffer.from([0, 0, 0, 0x80, 1, FRAME.HELLO, 0, 0]), 'ERR_BAD_FRAME'],
    [
      'a HELLO above its limit',
      Buffer.from([0xff, 0xff, 0, 0, 1, FRAME.HELLO, 0, 0]),
      'ERR_BAD_FRAME',
    ],
    ['a message before the handshake', frame(FRAME.ENVELOPE, NONCE), 'ERR_BAD_FRAME'],
    ['a frame that is no HELLO', frame(FRAME.PROOF, codec.encodeValue([])), 'ERR_HANDSHAKE'],
    ['a HELLO that is no array', frame(FRAME.HELLO, codec.encodeValue(7)), 'ERR_HANDSHAKE'],
    ['a HELLO that cannot be decoded', frame(FRAME.HELLO, Buffer.from([0xc1])), 'ERR_HANDSHAKE'],
    ['another magic', hello(['trouble', 1, 1, 0, NONCE, true]), 'ERR_HANDSHAKE'],
    ['another protocol version', hello(['troupe', 7, 9, 0, NONCE, true]), 'ERR_PROTOCOL'],
    ['no cookie', hello(['troupe', 1, 1, 0, NONCE, false]), 'ERR_COOKIE'],
    [
      'a nonce of the wrong length',
      hello(['troupe', 1, 1, 0, new Uint8Array(3), true]),
      'ERR_HANDSHAKE',
    ],
  ]
  for (const [what, bytes, code] of cases) {
    it(`turns away ${what} with ${code}, counts it, and goes on`, async () => {
      const socket = await stranger()
      const answer: Buffer[] = []
      socket.on('data', (chunk) => answer.push(chunk))
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.write(bytes)
      await closed
      assert.deepEqual(node.peers.stats().refused, { [code]: 1 })
      const told = Buffer.concat(answer)
      assert.equal(told[5], FRAME.REFUSE)
      assert.equal((codec.decodeValue(told.subarray(HEAD_BYTES)) as unknown[])[0], code)
      await friendIsFine()
    })
  }

  it('turns away a wrong proof with ERR_COOKIE and tells nothing of itself', async () => {
    const socket = await stranger()
    const answer: Buffer[] = []
    socket.on('data', (chunk) => answer.push(chunk))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(hello(['troupe', 1, 1, 0, NONCE, true]))
    const said = codec.encodeValue([0, 0, 'membership', 0, []])
    socket.write(frame(FRAME.PROOF, codec.encodeValue([new Uint8Array(32), said])))
    await closed
    assert.deepEqual(node.peers.stats().refused, { ERR_COOKIE: 1 })
    const told = Buffer.concat(answer)
    assert.isFalse(told.includes('friend'))
    assert.isFalse(told.includes('secret'))
    assert.isFalse(told.includes('127.0.0.1'))
  })

  it('gives who sends a byte at a time no longer than handshakeTimeoutMs', async () => {
    const socket = await stranger()
    socket.resume()
    const started = Date.now()
    const bytes = hello(['troupe', 1, 1, 0, NONCE, true])
    let at = 0
    const drip = setInterval(() => socket.write(bytes.subarray(at, ++at)), 10)
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(drip)
    assert.isBelow(Date.now() - started, 1_000)
    assert.deepEqual(node.peers.stats().refused, { ERR_HANDSHAKE_TIMEOUT: 1 })
    await friendIsFine()
  })

  it('bears 1,000 connections that never speak: the oldest go, a peer still comes in', async () => {
    const closed: Promise<unknown>[] = []
    for (let i = 0; i < 1_000; i++) {
      const socket = connect(node.address.port, node.address.host)
      socket.on('error', () => {})
      socket.resume()
      sockets.push(socket)
      closed.push(new Promise((resolve) => socket.once('close', resolve)))
      if (i % 100 === 99) await lab.pass(1)
    }
    const late = await lab.start('late')
    await late.peers.introduce(node.address, 2_000)
    assert.isAtMost(node.peers.stats().connections, 200 + 4)
    await friendIsFine()
    await Promise.all(closed)
    const { ERR_TOO_MANY_CONNECTIONS: tooMany = 0, ERR_HANDSHAKE_TIMEOUT: timeouts = 0 } =
      node.peers.stats().refused
    assert.equal(tooMany + timeouts, 1_000)
    assert.isAtLeast(tooMany, 1)
    await lab.until(() => node.peers.stats().connections === 4, 'only the peers left')
  })

  it('dialling somebody who is no node ends in an error that says so', async () => {
    const { createServer } = await import('node:net')
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.end('220 mail.example.com ESMTP\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const code = await node.peers.introduce({ host: '127.0.0.1', port }, 1_000).catch(codeOf)
    server.close()
    assert.equal(code, 'ERR_BAD_FRAME')
  })
})

describe('doors', () => {
  const config = {
    self: { name: 'a', incarnation: '0'.repeat(26), generation: 1, tags: [] },
    overlay: 'test',
    codec,
  }
  const make = (more: object): Peers => new Peers({ ...config, ...more } as never)

  it('listens on loopback only while there is neither cookie nor mTLS', () => {
    const world = realWorld()
    for (const host of ['0.0.0.0', '::', '192.168.0.7', 'example.com', '127.0.0.1.example.com']) {
      assert.throws(
        () => make({ world, listen: { host, port: 0 } }),
        /listen\.host must be a loopback/,
      )
      assert.throws(() => make({ world, listen: { host, port: 0 }, tls: { key: '', cert: '' } }))
      make({ world, listen: { host, port: 0 }, cookie: 'secret' })
      make({ world, listen: { host, port: 0 }, tls: { key: '', cert: '', ca: '' } })
    }
    for (const host of ['127.0.0.1', '127.8.8.8', '::1', 'localhost']) {
      make({ world, listen: { host, port: 0 } })
    }
    assert.throws(() => make({ world, cookie: '' }), /cookie must be/)
  })

  it('listens on IPv6, tells the port it got, and advertises what it is told to', async () => {
    const lab = new RealLab()
    const six = await lab.start('six', { listen: { host: '::1', port: 0 } })
    const b = await lab.start('b', { advertise: [{ host: 'b.example.com', port: 4000 }] })
    assert.isAbove(six.address.port, 0)
    assert.deepEqual(b.peers.addresses, [{ host: 'b.example.com', port: 4000 }])
    const member = await b.peers.introduce(six.address, 2_000)
    assert.deepEqual(member.addresses, [six.address])
    await lab.close()
  })

  it('fails to start on a port that is taken, with nothing left open', async () => {
    const lab = new RealLab()
    const a = await lab.start('a')
    const code = await lab.start('b', { listen: a.address }).catch(codeOf)
    assert.equal(code, 'ERR_ADDRESS_IN_USE')
    await lab.close()
  })

  it('without a cookie on either side macs are left out', async () => {
    const lab = new RealLab()
    const a = await lab.start('a', { cookie: undefined as never })
    const b = await lab.start('b', { cookie: undefined as never })
    assert.equal((await a.peers.introduce(b.address, 2_000)).name, 'b')
    const c = await lab.start('c')
    assert.equal(await c.peers.introduce(a.address, 2_000).catch(codeOf), 'ERR_COOKIE')
    assert.equal(await a.peers.introduce(c.address, 2_000).catch(codeOf), 'ERR_COOKIE')
    await lab.close()
  })
})
