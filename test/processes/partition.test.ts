import { assert } from 'chai'
import { local } from '../../src/index.js'
import { Copy, Keeper, Ledger, Watcher } from './actors.js'
import { about, COOKIE, type LocalNode, useNodes } from './local-nodes.js'
import { type NodeProcess, useProcesses } from './node-process-pool.js'
import { Proxy } from './proxy.js'
import { until } from './until.js'

describe('A partition between processes that heals', function () {
  this.timeout(60_000)
  const startNode = useNodes()
  const processes = useProcesses()
  const open: Proxy[] = []
  let a: LocalNode
  let b: NodeProcess

  afterEach(() => {
    for (const proxy of open.splice(0)) proxy.close()
  })

  /** Both can only be dialled through a stretch of network that can be cut. */
  beforeEach(async () => {
    const [toA, toB] = [await Proxy.open(), await Proxy.open()]
    open.push(toA, toB)
    a = await startNode({ name: 'a', advertise: { host: '127.0.0.1', port: toA.port } })
    toA.target = listeningPort(a)
    ;[b] = (await processes(1)) as [NodeProcess]
    const port = await freePort()
    toB.target = port
    await b.call('start', {
      name: 'b',
      cookie: COOKIE,
      timing: local(),
      listen: { port },
      advertise: { host: '127.0.0.1', port: toB.port },
    })
    await b.call('join', a.node.address)
    await until('both reach each other', async () => {
      return a.node.isUp('b') && (await b.call('connected')).includes('a')
    })
  })
})
