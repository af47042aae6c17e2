// A test in a simulated cluster: numbers are drawn while messages are lost, or come twice.
import { Actor, actor } from 'troupe'
import { check, faultModels, report, type Scenario, simulate } from 'troupe/simulation'

@actor('hall/numbers')
class Numbers extends Actor {
  #last = 0
  draw(): number {
    return ++this.#last
  }
}
const drawnOnce = check.history('no number is drawn twice', (ops) => {
  const drawn = ops.filter(({ status }) => status === 'ok').map(({ value }) => value)
  return new Set(drawn).size === drawn.length
})
const hall: Scenario = {
  name: 'hall',
  nodes: 3,
  start: (node) => void node.spawn(Numbers, undefined, { name: 'numbers' }),
  operations: { draw: (node) => node.lookup(Numbers, 'numbers', { on: 'n1' }).ask.draw() },
  workload: (w) => w.parallel(60, async (client) => void (await client.call('draw'))),
  faults: faultModels.loss(0.1).plus(faultModels.duplication(0.1)),
  checks: [drawnOnce],
}
const result = await simulate(hall, { seed: 7 }) // the same seed, the same run
if (result.verdict !== 'ok') throw new Error(report(result))
console.log(`${Object.keys(result.tape).length > 0 ? 'some' : 'no'} messages lost or doubled: ok`)

// Output:
// some messages lost or doubled: ok
