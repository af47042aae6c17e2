// An actor is a class. Its methods are its messages, and it handles one at a time.
import { Actor, actor, startNode } from 'troupe'

@actor('hello/greeter')
class Greeter extends Actor {
  #greeted = 0

  greet(name: string): string {
    this.#greeted++
    return `Hello, ${name}!`
  }

  greeted(): number {
    return this.#greeted
  }
}

const node = await startNode({ name: 'a' })
const greeter = node.spawn(Greeter)

greeter.tell.greet('nobody in particular') // fire and forget
console.log(await greeter.ask.greet('world')) // typed: Promise<string>
console.log(await greeter.ask.greeted())
await node.stop()

// Output:
// Hello, world!
// 2
