// comedy: actors as plain objects. Between processes: its forked actors, over child_process IPC in JSON.
import { createRequire } from 'node:module'
import { main } from './harness.mjs'
import { localRows } from './local-rows.mjs'
import { remoteRows } from './remote-rows.mjs'

const actors = createRequire(import.meta.url)('comedy')
const silent = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, getLevel: () => 0 }

/** Only an actor may have children. */
async function parent() {
  const system = actors.createSystem({
    test: false,
    log: silent,
    loggerConfiguration: { categories: { default: 'Silent' } },
  })
  const root = await system.rootActor()
  let self
  await root.createChild({
    initialize(actor) {
      self = actor
    },
  })
  return self
}

const parents = parent()
const local = localRows({
  spawn: async (handle) => (await parents).createChild({ take: (message) => handle(message) }),
  tell: (actor, message) => actor.send('take', message),
  ask: (actor, message) => actor.sendAndReceive('take', message),
  spawnMax: 20_000,
})

async function connect() {
  const child = await (await parents).createChild('/comedy-counter.cjs', { mode: 'forked' })
  let sent = 0
  return {
    tell(from, value) {
      child.send('add', { from, value })
      return ++sent % 1_000 === 0 ? new Promise(setImmediate) : undefined
    },
    ask: (value) => child.sendAndReceive('next', { value }),
    echo: (text) => child.sendAndReceive('echo', text),
    async received(count) {
      while ((await child.sendAndReceive('count')) < count) await new Promise(setImmediate)
      await child.sendAndReceive('forget')
    },
  }
}

// It has no bytes: they travel in base64.
main('comedy', {
  ...local,
  ...remoteRows(connect, (bytes) => Buffer.alloc(bytes, 97).toString('base64')),
})
