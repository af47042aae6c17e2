import { AsyncLocalStorage } from 'node:async_hooks'
import { assert } from 'chai'
import type { Connection } from '../../src/world/network.js'
import { tcpNetwork } from '../../src/world/real/tcp-network.js'
import { Recorder } from '../contracts/network.js'
import { realUntil } from './real-env.js'

describe('work that comes from the network', () => {
  it('does not run in the async context of whoever listened or dialled', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen = new Map<string, string | undefined>()
    const note = (what: string): void => {
      seen.set(what, storage.getStore())
    }
    const noting = (name: string): Recorder => {
      const side = new Recorder()
      side.onData = () => note(`${name} data`)
      return side
    }
    const open: Connection[] = []
    const listener = await storage.run('listener', () =>
      tcpNetwork.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
        note('accept')
        open.push(connection)
        connection.attach(noting('server'))
        connection.write(new Uint8Array(1))
      }),
    )
    await storage.run('dialler', async () => {
      const connection = await tcpNetwork.connect(listener.address, { timeoutMs: 1_000 })
      open.push(connection)
      connection.attach(noting('client'))
      connection.write(new Uint8Array(1))
    })
    try {
      await realUntil(() => seen.size === 3, 'accept and data on both sides')
      for (const [what, context] of seen) assert.isUndefined(context, what)
    } finally {
      for (const connection of open) connection.destroy()
      await listener.close()
    }
  })
})
