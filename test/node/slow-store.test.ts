import { assert } from 'chai'
import { type Node, silentLogger, startNode } from '../../src/index.js'
import { Simulation } from '../../src/simulation/simulation.js'
import type { World } from '../../src/world/world.js'

const PORT = 9_000
const SLOW_MS = 3_000

describe('a node with a slow store', () => {
  it('notices peers that dial it while it takes up what is stored', async () => {
    const sim = new Simulation({ seed: 1 })
    const start = (name: string, world: World): Promise<Node> =>
      startNode({
        name,
        world,
        listen: { host: name, port: PORT },
        cookie: 'c',
        logger: silentLogger,
      })
    const { clock, store, ...world } = sim.world('slow')
    assert.exists(store)
    const slow: World = {
      ...world,
      clock,
      store: {
        ...store,
        get: (key) => store.get(key),
        put: (key, value) => store.put(key, value),
        delete: (key) => store.delete(key),
        sync: () => store.sync(),
        close: () => store.close(),
        keys: async (prefix) => {
          await new Promise<void>((resolve) => void clock.after(SLOW_MS, resolve))
          return store.keys(prefix)
        },
      },
    }
    const other = await sim.complete(start('other', sim.world('other')))
    const starting = start('slow', slow)
    const joining = other.join({ host: 'slow', port: PORT }, { timeoutMs: 10 * SLOW_MS })
    const node = await sim.complete(starting)
    await sim.complete(joining)
    assert.isTrue(other.isUp('slow'))
    await sim.runUntil(() => node.isUp('other'), 1_000, 'the slow one knows of the other')
  })
})
