import { assert } from 'chai'
import { hyparview } from '../../../src/index.js'
import { faultModels, type Scenario, simulate } from '../../../src/simulation/index.js'
import { membersConverge, overlayConnects } from '../../../src/verification/index.js'

const town = (change: Partial<Scenario> = {}): Scenario => ({
  name: 'town',
  nodes: 4,
  start: () => {},
  operations: {},
  workload: (w) => w.sleep(2_000),
  checks: [membersConverge(), overlayConnects()],
  ...change,
})

describe('contracts of a cluster', () => {
  it('hold once faults are over', async () => {
    const result = await simulate(town({ faults: faultModels.partitions() }), { seed: 3 })
    assert.equal(result.verdict, 'ok', result.error?.message)
  })

  it('of connections hold where views are partial', async () => {
    const scenario = town({ options: { overlay: hyparview() }, checks: [overlayConnects()] })
    assert.equal((await simulate(scenario, { seed: 1 })).verdict, 'ok')
  })

  it('do not hold where somebody has left, and say who is apart', async () => {
    const scenario = town({
      checks: [overlayConnects({ withinMs: 1_000 })],
      async workload(w) {
        await w.leave('n4')
        await w.sleep(2_000)
      },
    })
    const { verdict, error } = await simulate(scenario, { seed: 1 })
    assert.equal(verdict, 'fail')
    assert.match(error?.message ?? '', /overlay connects: no connections lead from n1 to n4/)
  })
})
