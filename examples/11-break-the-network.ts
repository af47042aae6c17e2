// Faults stand at a node's gate, functions between it and its messages. Both can be taken away again.
import { Actor, actor, codeOf, startNode } from 'troupe'
import { faults, interpose } from 'troupe/fault'

@actor('break/till')
class Till extends Actor {
  #cents = 0

  pay(cents: number): number {
    this.#cents += cents
    return this.#cents
  }
}

const shop = await startNode({ name: 'shop' })
const bank = await startNode({ name: 'bank' })
await shop.join(bank.address)
bank.spawn(Till, undefined, { name: 'till' })
const till = shop.lookup(Till, 'till', { on: 'bank' }).with({ timeoutMs: 1_000 })
console.log('paid', await till.ask.pay(5))

// the first payment from now on is lost on its way
const lost = faults(bank).inject('fault omit shop>bank:pay#1')
console.log('lost:', await till.ask.pay(7).catch(codeOf))
console.log('paid', await till.ask.pay(7), 'hits', lost.hits)
lost.end()

// somebody in between is greedy
const greedy = interpose(bank).add({
  name: 'greedy',
  at: 'receive',
  main: ({ method, args }) =>
    method === 'pay' ? { type: 'replace', args: [Number(args[0]) - 1] } : undefined,
})
console.log('paid', await till.ask.pay(10), 'changed', greedy.stats.replaced)
greedy.remove()

// the network is cut, and heals before anybody is given up
const cut = faults(shop).inject('fault partition { shop } { bank }')
console.log('cut:', await till.ask.pay(1).catch(codeOf))
cut.end()
console.log('paid', await till.ask.pay(1))

await Promise.all([shop.stop(), bank.stop()])

// Output:
// paid 5
// lost: ERR_ASK_TIMEOUT
// paid 12 hits 1
// paid 21 changed 1
// cut: ERR_ASK_TIMEOUT
// paid 22
