// NATS: publish and request over its broker (`nats-server` on the path), bodies in msgpackr. Three
// processes: client, server, broker.
import { spawn } from 'node:child_process'
import { connect as dial } from '@nats-io/transport-node'
import { Packr } from 'msgpackr'
import { counter, main, reached, server } from './harness.mjs'
import { remoteRows } from './remote-rows.mjs'

const PORT = 14_333
const servers = `nats://127.0.0.1:${PORT}`
const timeout = 60_000
const packr = new Packr({ useRecords: false })

async function broker() {
  const args = ['-a', '127.0.0.1', '-p', String(PORT)]
  const child = spawn('nats-server', args, { stdio: 'ignore' })
  process.on('exit', () => child.kill('SIGKILL'))
  for (let tries = 0; tries < 100; tries++) {
    try {
      return await dial({ servers, reconnect: false })
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  throw new Error('the broker does not answer')
}

async function serve() {
  const count = counter()
  const connection = await dial({ servers })
  const on = (subject, take) => connection.subscribe(subject, { callback: (_, m) => take(m) })
  on('add', (message) => {
    packr.unpack(message.data)
    count()
  })
  on('next', (message) => {
    message.respond(packr.pack({ value: packr.unpack(message.data).value + 1 }))
  })
  on('echo', (message) => message.respond(message.data))
  await connection.flush()
  process.send({ ready: true })
}

async function connect() {
  const connection = await broker()
  const far = await server()
  let sent = 0
  let due = 0
  return {
    tell(from, value) {
      connection.publish('add', packr.pack({ from, value }))
      return ++sent % 1_024 === 0 ? connection.flush() : undefined
    },
    async ask(value) {
      const { data } = await connection.request('next', packr.pack({ value }), { timeout })
      return packr.unpack(data).value
    },
    echo: (bytes) => connection.request('echo', bytes, { timeout }),
    received: (count) => {
      due += count
      return reached(far, due)
    },
  }
}

const { 'echo-8m': _tooLarge, ...rows } = remoteRows(connect)
main('nats', rows, serve)
