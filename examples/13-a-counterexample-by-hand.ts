// A counterexample by hand: lines of what happens, each with the result it should have.
import { Actor, actor } from 'troupe'
import { runCounterexample, type Scenario } from 'troupe/simulation'

@actor('shop/till')
class Till extends Actor {
  #total = 0
  add(amount: number): number {
    this.#total += amount
    return this.#total
  }
}
const shop: Scenario = {
  name: 'shop',
  nodes: 2,
  options: { askTimeoutMs: 500 },
  start: (node) => void node.spawn(Till, undefined, { name: 'till' }),
  operations: { add: (node, by: number) => node.lookup(Till, 'till', { on: 'n1' }).ask.add(by) },
}
const lines = `
# its answer is lost, so it is made again
fault omit n1>n2:reply#1
n2 add 5 : TIMEOUT
n2 add 5 : 5
`
const { result } = await runCounterexample(lines, shop, { file: 'twice.cx' })
console.log(result.error?.message)

// Output:
// result: twice.cx:5: n2 add 5 : 5, but the result was 10
