import { assert } from 'chai'
import { PortConnection } from '../../src/world/real/port-connection.js'
import { ThreadNetwork } from '../../src/world/real/thread-network.js'
import { networkContract } from '../contracts/network.js'
import { realComplete, realPass, realUntil } from './real-env.js'

/** Two networks as two threads have them: `down` was started by `up`. */
function twoThreads(): { up: ThreadNetwork; down: ThreadNetwork } {
  const up = new ThreadNetwork()
  const down = new ThreadNetwork()
  down.joinParent(up.addThread('worker'))
  return { up, down }
}

/** Two threads that were started by a third. */
function siblings(): { one: ThreadNetwork; other: ThreadNetwork } {
  const parent = new ThreadNetwork()
  const [one, other] = [new ThreadNetwork(), new ThreadNetwork()]
  one.joinParent(parent.addThread('one'))
  other.joinParent(parent.addThread('other'))
  return { one, other }
}

const env = (server: ThreadNetwork, client: ThreadNetwork) => ({
  server,
  client: {
    listen: client.listen.bind(client),
    connect: async (...args: Parameters<ThreadNetwork['connect']>) => {
      const connection = await client.connect(...args)
      assert.instanceOf(connection, PortConnection, 'this was to go over a port')
      return connection
    },
  },
  host: '127.0.0.1',
  until: realUntil,
  complete: realComplete,
  pass: realPass,
  async dispose() {},
})

networkContract('ports from a thread to the one that started it', () => {
  const { up, down } = twoThreads()
  return env(up, down)
})
networkContract('ports to a thread from the one that started it', () => {
  const { up, down } = twoThreads()
  return env(down, up)
})
networkContract('ports between two threads', () => {
  const { one, other } = siblings()
  return env(one, other)
})
