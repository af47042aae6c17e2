// A test in a simulated cluster: seats are sold while the network falls apart and loses messages.
import { Actor, actor, Refusal } from 'troupe'
import { check, faultModels, report, type Scenario, simulate } from 'troupe/simulation'

@actor('hall/seats')
class Seats extends Actor {
  readonly #taken = new Set<number>()
  take(seat: number): void {
    if (this.#taken.has(seat)) throw new Refusal('TAKEN')
    this.#taken.add(seat)
  }
}
const hall: Scenario = {
  name: 'hall',
  nodes: ['box', 'n1', 'n2'],
  start: (node) => void node.spawn(Seats, undefined, { name: 'seats' }),
  operations: {
    take: (node, seat: number) => node.lookup(Seats, 'seats', { on: 'box' }).ask.take(seat),
  },
  async workload(w) {
    await w.parallel(6, async (client) => {
      for (let i = 0; i < 10; i++) await client.call('take', client.int(40))
    })
  },
  faults: faultModels.partitions().plus(faultModels.loss(0.05)),
  checks: [
    check.history('no seat is sold twice', (ops) => {
      const sold = ops.filter(({ status }) => status === 'ok').map(({ args }) => args[0])
      return new Set(sold).size === sold.length
    }),
  ],
}
for (let seed = 1; seed <= 10; seed++) {
  const result = await simulate(hall, { seed })
  if (result.verdict !== 'ok') throw new Error(report(result))
}
console.log('no seat was sold twice')
