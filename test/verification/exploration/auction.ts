import { Actor, actor, reentrant } from '../../../src/index.js'
import { check, type Scenario } from '../../../src/simulation/index.js'

@actor('explored/limits')
class Limits extends Actor {
  of(bidder: string): number {
    return bidder === 'n2' ? 10 : 20
  }
}

/** Takes the next bid while it looks up the limit of the last: in some orders the lower of two bids stands. */
@actor('explored/auctioneer')
class Auctioneer extends Actor {
  highest = 0

  @reentrant
  async bid(bidder: string, amount: number): Promise<boolean> {
    const before = this.highest
    const limit = await this.node.lookup(Limits, 'limits', { on: bidder }).ask.of(bidder)
    if (amount <= before || amount > limit) return false
    this.highest = amount
    return true
  }
}

/** Two bids at once. */
export const auction: Scenario = {
  name: 'auction',
  level: 'messages',
  nodes: 3,
  limits: { settleMs: 0 },
  start(node) {
    node.spawn(Limits, undefined, { name: 'limits' })
    if (node.name === 'n1') node.spawn(Auctioneer, undefined, { name: 'auctioneer' })
  },
  operations: {
    bid: (node, amount: number) =>
      node.lookup(Auctioneer, 'auctioneer', { on: 'n1' }).ask.bid(node.name, amount),
  },
  async workload(w) {
    await Promise.all([w.callOn('n2', 'bid', 5), w.callOn('n3', 'bid', 15)])
  },
  checks: [
    check.eventually(
      'the highest bid stands',
      ({ history, actors }) => {
        const taken = history.filter(({ value }) => value === true).map(({ args }) => args[0])
        const highest = Math.max(0, ...taken.map(Number))
        return actors(Auctioneer).every(({ actor }) => actor.highest === highest)
      },
      { withinMs: 100 },
    ),
  ],
}
