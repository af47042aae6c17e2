import { Actor, actor } from '../../src/index.js'
import { check, faultModels, type Scenario } from '../../src/simulation/index.js'

@actor('impatient/counter')
class Counter extends Actor {
  #total = 0

  add(by: number): void {
    this.#total += by
  }

  value(): number {
    return this.#total
  }
}

/** Clients that ask once more when there is no answer, although what they asked for may have been done. */
const impatient: Scenario = {
  name: 'impatient',
  nodes: 3,
  start(node) {
    if (node.name === 'n1') node.spawn(Counter, undefined, { name: 'counter' })
  },
  operations: {
    async add(node, by: number) {
      const counter = node.lookup(Counter, 'counter', { on: 'n1' }).with({ timeoutMs: 500 })
      return counter.ask.add(by).catch(() => counter.ask.add(by))
    },
    value: (node) => node.lookup(Counter, 'counter', { on: 'n1' }).ask.value(),
  },
  workload: (w) => w.parallel(3, async (client) => void (await client.call('add', 1))),
  faults: faultModels.loss(0.1).plus(faultModels.partitions()),
  checks: [
    check.eventually('nothing is counted twice', ({ actors }) =>
      actors(Counter).every(({ actor }) => actor.value() <= 3),
    ),
  ],
}

export default impatient
