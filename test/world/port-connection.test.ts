import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { PortConnection, WINDOW_BYTES } from '../../src/world/real/port-connection.js'
import { dialled } from '../../src/world/real/port-dial.js'
import { ThreadNetwork } from '../../src/world/real/thread-network.js'
import { Recorder } from '../contracts/network.js'
import { realPass, realUntil } from './real-env.js'

describe('a connection over a port', () => {
  const ports: MessagePort[] = []

  afterEach(() => {
    for (const port of ports.splice(0)) port.close()
  })

  /** A connection, and the bare port at its other end with all that came there. */
  function half(): { mine: PortConnection; side: Recorder; far: MessagePort; came: unknown[] } {
    const { port1, port2 } = new MessageChannel()
    ports.push(port1, port2)
    const mine = new PortConnection(port1, 'far')
    const side = new Recorder()
    mine.attach(side)
    const came: unknown[] = []
    port2.on('message', (message) => came.push(message))
    return { mine, side, far: port2, came }
  }

  it('gives the memory it sends away, and leaves that of the writer alone', async () => {
    const { mine, came } = half()
    const { postMessage } = ports[0] as MessagePort
    const given: ArrayBuffer[] = []
    ;(ports[0] as MessagePort).postMessage = function (message: unknown, transfer) {
      if (message instanceof ArrayBuffer) given.push(message)
      postMessage.call(this, message, transfer as never)
    }
    const bytes = new Uint8Array(100_000).fill(7)
    mine.write(bytes)
    await realUntil(() => came.length === 1, 'the message')
    assert.equal((came[0] as ArrayBuffer).byteLength, 100_000)
    assert.equal(given[0]?.byteLength, 0, 'what is transferred is gone here')
    assert.equal(bytes.length, 100_000)
    assert.equal(bytes[99_999], 7)
  })

  it('sends the part of a larger memory that was written, and no more', async () => {
    const { mine, came } = half()
    const slab = new Uint8Array(1_000).map((_, i) => i)
    mine.cork()
    mine.write(slab.subarray(10, 12))
    mine.write(slab.subarray(500, 501))
    mine.uncork()
    await realUntil(() => came.length === 1, 'the message')
    assert.deepEqual([...new Uint8Array(came[0] as ArrayBuffer)], [10, 11, 500 % 256])
  })

  it('sends no more than the other side lets through, and goes on when it has read', async () => {
    const { mine, side, far, came } = half()
    const bytes = () =>
      came.reduce((sum: number, one) => sum + ((one as ArrayBuffer).byteLength ?? 0), 0)
    assert.isFalse(mine.write(new Uint8Array(3 * WINDOW_BYTES)))
    await realUntil(() => bytes() === WINDOW_BYTES, 'one window')
    await realPass(20)
    assert.equal(bytes(), WINDOW_BYTES)
    assert.equal(mine.unsentBytes, 2 * WINDOW_BYTES)
    far.postMessage(WINDOW_BYTES / 2)
    await realUntil(() => bytes() === 1.5 * WINDOW_BYTES, 'half a window more')
    assert.equal(side.drains, 0)
    far.postMessage(1.5 * WINDOW_BYTES)
    await realUntil(() => bytes() === 2.5 * WINDOW_BYTES, 'a whole one more')
    far.postMessage(2.5 * WINDOW_BYTES)
    await realUntil(() => side.drains === 1, 'drain')
    assert.equal(mine.unsentBytes, 0)
  })

  const GARBAGE: readonly [string, (far: MessagePort) => void][] = [
    ['an object', (far) => far.postMessage({ length: 5 })],
    ['a word nobody knows', (far) => far.postMessage('END')],
    ['nothing', (far) => far.postMessage(undefined)],
    ['a typed array in place of its memory', (far) => far.postMessage(new Uint8Array(5))],
    ['memory without bytes', (far) => far.postMessage(new ArrayBuffer(0))],
    ['more than a window', (far) => far.postMessage(new ArrayBuffer(WINDOW_BYTES + 1))],
    ['more read than was sent', (far) => far.postMessage(1)],
    ['less read than before', (far) => far.postMessage(-1)],
    ['a count that is no number', (far) => far.postMessage(Number.NaN)],
    [
      'bytes behind the end',
      (far) => {
        far.postMessage('end')
        far.postMessage(new ArrayBuffer(1))
      },
    ],
  ]
  for (const [what, send] of GARBAGE) {
    it(`breaks when the other side sends ${what}`, async () => {
      const { mine, side, far } = half()
      if (what.startsWith('bytes')) mine.pause() // else the end would be answered by an end
      send(far)
      await realUntil(() => side.closes === 1, 'close')
      assert.equal(codeOf(side.error), 'ERR_CONNECTION_LOST')
      assert.isFalse(mine.write(new Uint8Array(1)))
    })
  }

  it('breaks when its thread is gone, behind what had come', async () => {
    const { side, far } = half()
    far.postMessage(new ArrayBuffer(3))
    far.close()
    await realUntil(() => side.closes === 1, 'close')
    assert.equal(side.bytes, 3)
    assert.equal(codeOf(side.error), 'ERR_CONNECTION_LOST')
  })

  const NO_ANSWERS: readonly [string, (far: MessagePort) => void, RegExp][] = [
    ['is nonsense', (far) => far.postMessage({}), /makes no sense/],
    ['is a refusal', (far) => far.postMessage('refused'), /nobody listens there/],
    ['is the end of the thread', (far) => far.close(), /its thread has ended/],
    ['does not come', () => {}, /no answer within 50 ms/],
  ]
  for (const [what, answer, why] of NO_ANSWERS) {
    it(`is not there when the answer ${what}`, async () => {
      const { port1, port2 } = new MessageChannel()
      ports.push(port1, port2)
      answer(port2)
      const error = await dialled(port1, 'there', 50).then(
        () => assert.fail('it was dialled'),
        (thrown: Error) => thrown,
      )
      assert.equal(codeOf(error), 'ERR_CONNECT')
      assert.match(error.message, why)
    })
  }
})

describe('the network of a thread', () => {
  it('drops what is no message about listeners and dials', async () => {
    const parent = new ThreadNetwork()
    const port = parent.addThread('odd')
    for (const message of [
      undefined,
      'call',
      {},
      { type: 'call', to: 'x', from: 'y' },
      { type: 'call', to: 'x', from: 'y', port: {} },
      { type: 'listens', at: 'x', id: 1 },
      { type: 'listens', at: Array.from({ length: 65 }, String), id: 1 },
      { type: 'rests', at: [1] },
      { type: 'noted', id: 1 },
    ]) {
      port.postMessage(message)
    }
    const noted: unknown[] = []
    port.on('message', (message) => noted.push(message))
    port.postMessage({ type: 'listens', at: ['127.0.0.1:1'], id: 7 })
    await realUntil(() => noted.length > 0, 'an answer')
    assert.deepEqual(noted, [{ type: 'noted', id: 7 }])
    port.close()
  })

  it('forgets where a thread listened that has ended', async () => {
    const parent = new ThreadNetwork()
    const port = parent.addThread('short')
    const noted: unknown[] = []
    port.on('message', (message) => noted.push(message))
    port.postMessage({ type: 'listens', at: ['127.0.0.1:1'], id: 7 })
    await realUntil(() => noted.length === 1, 'it is noted')
    port.close()
    await realPass(20)
    const error = await parent.connect({ host: '127.0.0.1', port: 1 }, { timeoutMs: 1_000 }).then(
      () => assert.fail('it was dialled'),
      (thrown: Error) => thrown,
    )
    assert.match(error.message, /ECONNREFUSED/)
  })

  it('finds a listener by an address that it is only known by', async () => {
    const parent = new ThreadNetwork()
    const child = new ThreadNetwork()
    child.joinParent(parent.addThread('child'))
    const outer = { host: 'outside.example', port: 9_000 }
    const network = child.knownAs([outer])
    const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
      connection.attach(new Recorder())
    })
    const connection = await parent.connect(outer, { timeoutMs: 1_000 })
    assert.instanceOf(connection, PortConnection)
    connection.destroy()
    await listener.close()
  })
})
