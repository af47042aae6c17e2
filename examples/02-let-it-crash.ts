// An exception ends the actor, not the program: its supervisor starts it again behind the same ref.
import { Actor, actor, child, oneForOne, Refusal, Supervisor, startNode } from 'troupe'

@actor('crash/divider')
class Divider extends Actor {
  #calls = 0

  divide(a: number, b: number): number {
    this.#calls++
    if (b < 0) throw new Refusal('NEGATIVE', 'only positive divisors here') // an answer, not a crash
    if (b === 0) throw new Error('division by zero') // a crash
    return a / b
  }

  calls(): number {
    return this.#calls
  }
}

class Root extends Supervisor {
  override readonly strategy = oneForOne({ maxRestarts: 3, withinMs: 5_000 })
  override children() {
    return [child('divider', Divider, { name: 'divider' })]
  }
}

const node = await startNode({ name: 'a' })
await node.spawn(Root).ready()
const divider = node.lookup(Divider, 'divider')

console.log(await divider.ask.divide(6, 3))
console.log(await divider.ask.divide(6, -3).catch((error) => `refused: ${error.code}`))
console.log('calls so far:', await divider.ask.calls())
console.log(await divider.ask.divide(6, 0).catch((error) => `crashed: ${error.message}`))
console.log('a new life, calls so far:', await divider.ask.calls())
await node.stop()

// Output:
// 2
// refused: NEGATIVE
// calls so far: 2
// crashed: division by zero
// a new life, calls so far: 0
