// A durable channel: orders wait on disk for a node that is down, and outlive their own sender.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Actor, actor, type Node, startNode } from 'troupe'
import { lmdbStore } from 'troupe/lmdb'

@actor('shop/kitchen')
class Kitchen extends Actor {
  readonly #cooked: string[] = []

  cook(order: string): void {
    this.#cooked.push(order)
  }

  cooked(): string[] {
    return this.#cooked
  }
}

const disks = await mkdtemp(join(tmpdir(), 'troupe-shop-'))
const start = async (name: string): Promise<Node> =>
  startNode({
    name,
    store: await lmdbStore({ path: join(disks, name) }),
    channels: { orders: { durable: true } },
  })

const waiting = (node: Node): number => node.stats().delivery?.durable.waiting ?? 0

// The kitchen is closed: orders are stored for it, by its name.
let waiter = await start('waiter')
const kitchen = () =>
  waiter.lookup(Kitchen, 'kitchen', { on: 'kitchen' }).with({ channel: 'orders' })
for (const order of ['soup', 'fish', 'cake']) kitchen().tell.cook(order)
await waiter.stop()

// Another start of the waiter finds them again, and takes one more.
waiter = await start('waiter')
console.log(waiting(waiter), 'orders wait')
kitchen().tell.cook('coffee')

const cooks = await start('kitchen')
cooks.spawn(Kitchen, undefined, { name: 'kitchen' })
await waiter.join(cooks.address)
while (waiting(waiter) > 0) await kitchen().ask.cooked()
console.log(await kitchen().ask.cooked())
await Promise.all([waiter.stop(), cooks.stop()])
await rm(disks, { recursive: true })

// Output:
// 3 orders wait
// [ 'soup', 'fish', 'cake', 'coffee' ]
