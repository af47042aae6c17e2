// moleculer: a service is the actor. A local call is a function call, without a mailbox; a tell is an
// event. Between processes: its TCP transporter, with CBOR (its JSON has no bytes).
import { createRequire } from 'node:module'
import { counter, main, reached, server } from './harness.mjs'
import { localRows } from './local-rows.mjs'
import { remoteRows } from './remote-rows.mjs'

const { ServiceBroker } = createRequire(import.meta.url)('moleculer')
const PORTS = { client: 16_001, server: 16_002 }
const URLS = Object.entries(PORTS).map(([name, port]) => `127.0.0.1:${port}/${name}`)
const OPTIONS = {
  logger: false,
  metrics: false,
  tracing: false,
  registry: { disableHeartbeatChecks: true },
  contextParamsCloning: false,
}

let names = 0
const broker = new ServiceBroker({ ...OPTIONS, nodeID: 'local' })
const library = {
  spawn(handle) {
    const name = `actor-${names++}`
    broker.createService({
      name,
      events: { [`${name}.tell`]: (context) => handle(context.params) },
      actions: { ask: (context) => handle(context.params) },
    })
    return { name, event: `${name}.tell`, action: `${name}.ask` }
  },
  tell: (actor, message) => broker.emit(actor.event, message),
  ask: (actor, message) => broker.call(actor.action, message),
  settle: (actor) => broker.waitForServices(actor.name, 30_000, 1),
  spawnMax: 2_000,
}

const tcp = (name) => ({
  ...OPTIONS,
  nodeID: name,
  serializer: 'CBOR',
  requestTimeout: 60_000,
  transporter: {
    type: 'TCP',
    options: { udpDiscovery: false, useHostname: false, port: PORTS[name], urls: URLS.join(',') },
  },
})

async function serve() {
  const count = counter()
  const far = new ServiceBroker(tcp('server'))
  far.createService({
    name: 'counter',
    events: { 'counter.add': count },
    actions: { next: ({ params }) => params.value + 1, echo: ({ params }) => params.bytes },
  })
  await far.start()
  process.send({ ready: true })
}

async function connect() {
  const far = await server()
  const near = new ServiceBroker(tcp('client'))
  await near.start()
  await near.waitForServices('counter', 30_000, 50)
  await near.call('counter.next', { value: 1 })
  let sent = 0
  let due = 0
  return {
    tell(from, value) {
      const emitted = near.emit('counter.add', { from, value })
      return ++sent % 64 === 0 ? emitted : undefined
    },
    ask: (value) => near.call('counter.next', { value }),
    echo: (bytes) => near.call('counter.echo', { bytes }),
    received: (count) => {
      due += count
      return reached(far, due)
    },
  }
}

await broker.start()
const { tell, ask, 'ask-1000': many, spawn } = localRows(library)
main('moleculer', { tell, ask, 'ask-1000': many, spawn, ...remoteRows(connect) }, serve)
