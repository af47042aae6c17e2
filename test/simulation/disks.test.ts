import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { silentLogger } from '../../src/base/logger.js'
import { startNode } from '../../src/node/start-node.js'
import type { DiskState } from '../../src/simulation/sim-store.js'
import { Simulation } from '../../src/simulation/simulation.js'
import type { Store } from '../../src/world/store.js'
import { failureOf } from '../contracts/network.js'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

function disk(seed: number | string = 1): {
  sim: Simulation
  store(): Store
  put(key: string, value: Uint8Array): Promise<void>
  get(key: string): Promise<Uint8Array | undefined>
} {
  const sim = new Simulation({ seed })
  const store = (): Store => sim.world('a').store as Store
  return {
    sim,
    store,
    put: (key, value) => sim.complete(store().put(key, value)),
    get: (key) => sim.complete(store().get(key)),
  }
}

describe('a simulated disk', () => {
  it('takes a hundred times as long while it is slow', async () => {
    const timeOf = async (state: DiskState): Promise<number> => {
      const { sim, put } = disk()
      sim.disk('a', state)
      await put('k', bytes(1))
      return Math.round(sim.nowMs * 1_000)
    }
    assert.equal(await timeOf('slow'), 100 * (await timeOf('sound')))
  })

  it('refuses everything but close with ERR_STORE while it fails, and keeps what it had', async () => {
    const { sim, store, put, get } = disk()
    await put('k', bytes(1))
    sim.disk('a', 'fail')
    const all: (() => Promise<unknown>)[] = [
      () => store().get('k'),
      () => store().put('k', bytes(2)),
      () => store().delete('k'),
      () => store().keys(''),
      () => store().sync(),
    ]
    for (const one of all) {
      assert.equal(codeOf(await sim.complete(failureOf(one()))), 'ERR_STORE')
    }
    sim.disk('a', 'sound')
    assert.deepEqual(await get('k'), bytes(1))
    sim.disk('a', 'fail')
    await sim.complete(store().close())
  })

  it('does not make durable what a failed sync was for', async () => {
    const { sim, store, put, get } = disk()
    await put('k', bytes(1))
    sim.disk('a', 'fail')
    await sim.complete(failureOf(store().sync()))
    sim.disk('a', 'sound')
    sim.crash('a', { silent: true })
    sim.restart('a')
    assert.isUndefined(await get('k'))
  })

  it('takes no puts while it is full, but reads, deletes and syncs', async () => {
    const { sim, store, put, get } = disk()
    await put('k', bytes(1))
    await put('l', bytes(2))
    sim.disk('a', 'full')
    assert.equal(codeOf(await failureOf(put('k', bytes(3)))), 'ERR_STORE')
    assert.deepEqual(await get('k'), bytes(1))
    await sim.complete(store().delete('l'))
    await sim.complete(store().sync())
    sim.crash('a', { silent: true })
    sim.restart('a')
    assert.deepEqual(await sim.complete(store().keys('')), ['k'])
  })

  it('keeps or loses what was not synced as the crash says', async () => {
    for (const [options, kept] of [
      [{}, true],
      [{ silent: true }, false],
      [{ loseUnsynced: true }, false],
      [{ silent: true, loseUnsynced: false }, true],
    ] as const) {
      const { sim, put, get } = disk()
      await put('k', bytes(1))
      sim.crash('a', options)
      sim.restart('a')
      assert.equal((await get('k')) !== undefined, kept, JSON.stringify(options))
    }
  })

  it('leaves a piece of the last write or garbage when it is torn, and nothing else', async () => {
    const seen = { piece: 0, garbage: 0 }
    const written = Uint8Array.from({ length: 50 }, (_, i) => i)
    for (let seed = 0; seed < 40; seed++) {
      const { sim, store, put, get } = disk(seed)
      sim.disk('a', 'torn')
      await put('synced', written)
      await sim.complete(store().sync())
      await put('lost', written)
      await put('torn', written)
      sim.crash('a', { silent: true })
      sim.restart('a')
      assert.deepEqual(await get('synced'), written)
      assert.isUndefined(await get('lost'))
      const torn = (await get('torn')) as Uint8Array
      const piece = torn.every((byte, i) => byte === written[i])
      assert.isTrue(piece ? torn.length < 50 : torn.length === 50, `SEED=${seed}`)
      seen[piece ? 'piece' : 'garbage']++
    }
    assert.isAbove(seen.piece, 5)
    assert.isAbove(seen.garbage, 5)
  })

  it('tears nothing that was synced, deleted, or outlives a mere kill', async () => {
    const { sim, store, put, get } = disk()
    sim.disk('a', 'torn')
    await put('k', bytes(1, 2, 3))
    sim.crash('a')
    sim.restart('a')
    assert.deepEqual(await get('k'), bytes(1, 2, 3))
    await sim.complete(store().delete('k'))
    sim.crash('a', { silent: true })
    sim.restart('a')
    assert.isUndefined(await get('k'))
  })

  it('flips bits in what is read, as many as it is told, and not on the disk', async () => {
    const { sim, put, get } = disk()
    const value = new Uint8Array(100)
    await put('k', value)
    sim.corruptReads('a', 1)
    const read = (await get('k')) as Uint8Array
    const ones = [...read].reduce(
      (sum, byte) => sum + byte.toString(2).replaceAll('0', '').length,
      0,
    )
    assert.equal(ones, 1)
    sim.corruptReads('a', 0)
    assert.deepEqual(await get('k'), value)
  })

  it('is refused a state it does not know', () => {
    const sim = new Simulation()
    assert.throws(() => sim.disk('a', 'wet' as DiskState), /disk.state must be 'sound'/)
    assert.throws(() => sim.corruptReads('a', -1), /corruptReads.bits/)
  })

  it('does not keep a node from starting when what it kept is torn or misread', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const sim = new Simulation({ seed })
      const start = (): Promise<{ stop(): Promise<void> }> =>
        startNode({ name: 'a', world: sim.world('a'), logger: silentLogger })
      sim.disk('a', 'torn')
      await sim.complete(start())
      const store = sim.world('a').store as Store
      for (const key of await sim.complete(store.keys(''))) {
        await sim.complete(
          store.put(
            key,
            Uint8Array.from({ length: 40 }, (_, i) => i * seed),
          ),
        )
      }
      sim.crash('a', { silent: true })
      sim.restart('a')
      sim.corruptReads('a', 3)
      const node = await sim.complete(start())
      await sim.complete(node.stop())
    }
  })

  it('keeps a node from starting while it fails, with ERR_STORE', async () => {
    const sim = new Simulation()
    sim.disk('a', 'fail')
    const starting = startNode({ name: 'a', world: sim.world('a'), logger: silentLogger })
    assert.equal(codeOf(await sim.complete(failureOf(starting))), 'ERR_STORE')
  })
})
