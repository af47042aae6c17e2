// A caller needs only the type of an actor. Its code stays on the node that runs it.
import { startNode } from 'troupe'
import type { Counter } from './support/counter.js' // gone at run time

const a = await startNode({ name: 'a' })
const b = await startNode({ name: 'b' })
await b.join(a.address)

const { Counter: Implementation } = await import('./support/counter.js') // node a's business
a.spawn(Implementation, { start: 10 }, { name: 'visits' })

const visits = await b.resolve<Counter>('visits', { on: 'a' })
visits.tell.add(5)
console.log(await visits.ask.value())

const nobody = await b.resolve<Counter>('nobody', { on: 'a' }).catch((error) => error.code)
console.log(nobody)
await b.stop()
await a.stop()

// Output:
// 15
// ERR_NO_ACTOR
