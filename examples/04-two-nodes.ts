// Two nodes over TCP. In production they are two processes; nothing else changes.
import { Actor, actor, startNode } from 'troupe'

@actor('two/counter')
class Counter extends Actor {
  #total = 0
  add(by: number): number {
    this.#total += by
    return this.#total
  }
}

const cookie = 'a shared secret'
const a = await startNode({ name: 'a', cookie })
const b = await startNode({ name: 'b', cookie })

console.log('joined', await b.join(a.address, { timeoutMs: 5_000 }))
a.spawn(Counter, undefined, { name: 'score' })

const score = b.lookup(Counter, 'score', { on: 'a' })
score.tell.add(40)
console.log('total', await score.ask.add(2))
console.log(`${score}`)
console.log(b.members().map((member) => member.name))

await b.stop()
await a.stop()

// Output:
// joined a
// total 42
// troupe://a/two/counter/name:score
// [ 'a', 'b' ]
