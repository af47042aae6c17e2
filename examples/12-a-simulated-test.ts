// The same actors in a simulated cluster: a test that breaks the network, in thirty lines.
import { Actor, actor, Refusal } from 'troupe'
import { check, faultModels, simulate } from 'troupe/simulation'

@actor('hall/seats')
class Seats extends Actor {
  readonly #taken = new Set<number>()

  take(seat: number): number {
    if (this.#taken.has(seat)) throw new Refusal('TAKEN')
    this.#taken.add(seat)
    return seat
  }
}

const result = await simulate(
  {
    name: 'seats',
    nodes: 3,
    start(node) {
      if (node.name === 'n1') node.spawn(Seats, undefined, { name: 'seats' })
    },
    operations: {
      take: (node, seat: number) => node.lookup(Seats, 'seats', { on: 'n1' }).ask.take(seat),
    },
    workload: (w) =>
      w.parallel(6, async (client) => {
        for (let i = 0; i < 10; i++) await client.call('take', client.int(40))
      }),
    faults: faultModels.partitions().plus(faultModels.network()).plus(faultModels.loss(0.05)),
    checks: [
      check.history('no seat is sold twice', (ops) => {
        const sold = ops.filter(({ status }) => status === 'ok').map(({ value }) => value)
        return new Set(sold).size === sold.length
      }),
    ],
  },
  { seed: 7 }, // the same seed, the same run
)

const lost = Object.keys(result.tape).length
console.log(`${result.history.length} operations, ${lost > 0 ? 'some' : 'no'} messages lost`)
console.log(result.verdict)

// Output:
// 60 operations, some messages lost
// ok
