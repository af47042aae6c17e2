// colyseus: a room is the actor; a client in a second process sends it messages over WebSocket.
import { counter, main, reached, server } from './harness.mjs'
import { remoteRows } from './remote-rows.mjs'

const PORT = 14_567

async function serve() {
  console.log = () => {}
  const { Room, Server } = await import('@colyseus/core')
  const { WebSocketTransport } = await import('@colyseus/ws-transport')
  const count = counter()
  class Counter extends Room {
    maxMessagesPerSecond = Number.POSITIVE_INFINITY
    patchRate = 0
    onCreate() {
      this.onMessage('add', count)
      this.onMessage('next', (client, { id, value }) =>
        client.send('next', { id, value: value + 1 }),
      )
      this.onMessage('echo', (client, bytes) => client.send('echo', bytes))
    }
  }
  const transport = new WebSocketTransport({ maxPayload: 256 * 1024 * 1024 })
  const game = new Server({ transport, greet: false })
  game.define('counter', Counter)
  await game.listen(PORT, '127.0.0.1')
  process.send({ ready: true })
}

async function connect() {
  const far = await server()
  const { Client } = await import('@colyseus/sdk')
  const room = await new Client(`ws://127.0.0.1:${PORT}`).joinOrCreate('counter')
  const waiting = new Map()
  const echoes = []
  room.onMessage('next', ({ id, value }) => {
    waiting.get(id)(value)
    waiting.delete(id)
  })
  room.onMessage('echo', (bytes) => echoes.shift()(bytes))
  let sent = 0
  let last = 0
  let due = 0
  return {
    tell(from, value) {
      room.send('add', { from, value })
      return ++sent % 256 === 0 ? new Promise(setImmediate) : undefined
    },
    ask: (value) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve)
        room.send('next', { id: last, value })
      }),
    echo: (bytes) =>
      new Promise((resolve) => {
        echoes.push(resolve)
        room.send('echo', bytes)
      }),
    received: (count) => {
      due += count
      return reached(far, due)
    },
  }
}

main(
  'colyseus',
  remoteRows(connect, (bytes) => new Uint8Array(bytes).fill(97)),
  serve,
)
