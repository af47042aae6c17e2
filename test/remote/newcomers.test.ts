import { assert } from 'chai'
import { type Newcomer, Newcomers } from '../../src/remote/newcomers.js'
import { Simulation } from '../../src/simulation/index.js'

const B: Newcomer = { node: 'b', incarnation: '01M83TKYPRE3N8576E00000000' }

describe('newcomers', () => {
  function expecting(): { sim: Simulation; newcomers: Newcomers; over: Newcomer[] } {
    const sim = new Simulation({ seed: 1 })
    const over: Newcomer[] = []
    const newcomers = new Newcomers(sim.world('a').clock, (newcomer) => over.push(newcomer))
    return { sim, newcomers, over }
  }

  it('are waited for until they come', async () => {
    const { sim, newcomers, over } = expecting()
    assert.isTrue(newcomers.expect(B))
    await sim.run(1_000)
    assert.isTrue(newcomers.came(B.incarnation))
    await sim.run(10_000)
    assert.deepEqual(over, [])
  })

  it('are given up once after two seconds, however often they were asked for', async () => {
    const { sim, newcomers, over } = expecting()
    newcomers.expect(B)
    newcomers.expect(B)
    await sim.run(1_999)
    assert.deepEqual(over, [])
    await sim.run(10_000)
    assert.deepEqual(over, [B])
    assert.isFalse(newcomers.came(B.incarnation))
  })

  it('are 1,000 at most', () => {
    const { newcomers } = expecting()
    for (let at = 0; at < 1_000; at++) newcomers.expect({ node: 'b', incarnation: `i${at}` })
    assert.isFalse(newcomers.expect(B))
    assert.isTrue(newcomers.expect({ node: 'b', incarnation: 'i0' }), 'one that is waited for')
  })

  it('leave no timer behind when the node stops', async () => {
    const { sim, newcomers, over } = expecting()
    newcomers.expect(B)
    newcomers.close()
    await sim.run(10_000)
    assert.deepEqual(over, [])
  })
})
