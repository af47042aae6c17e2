import { assert } from 'chai'
import { type Part, SoakPlan, seededSuites } from './soak-plan.js'

describe('soak plan', () => {
  it('finds the suites that draw from seeds', () => {
    const suites = seededSuites()
    assert.includeMembers(suites, [
      'test/cluster/trouble.test.ts',
      'test/overlay/full-mesh.test.ts',
      'test/promises/reliable.test.ts',
      'test/promises-under-faults/messages.test.ts',
      'test/supervision/chaos.test.ts',
      'test/wire/codec.test.ts',
    ])
    assert.notInclude(suites, 'test/tidy.test.ts')
  })

  it('gives every seed of every suite once, some of each before more of any', () => {
    const plan = new SoakPlan(60, ['a', 'b'])
    const parts: Part[] = []
    for (let part = plan.next(); part !== undefined; part = plan.next()) parts.push(part)
    assert.deepEqual(
      parts.map(({ file, first, count }) => `${file} ${first} ${count}`),
      ['a 1 25', 'b 1 25', 'a 26 25', 'b 26 25', 'a 51 10', 'b 51 10'],
    )
  })

  it('knows how far it came, whatever ends first', () => {
    const plan = new SoakPlan(50, ['a', 'b'])
    const parts = Array.from({ length: plan.all }, () => plan.next() as Part)
    assert.equal(plan.seedsDone, 0)
    for (const at of [1, 2]) plan.ended(parts[at] as Part)
    assert.deepEqual([plan.done, plan.seedsDone], [2, 0])
    plan.ended(parts[0] as Part)
    assert.deepEqual([plan.done, plan.seedsDone], [3, 25])
    plan.ended(parts[3] as Part)
    assert.deepEqual([plan.done, plan.seedsDone], [4, 50])
  })
})
