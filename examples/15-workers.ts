// Two threads of one process, each a node: actors that keep a processor busy run side by side.
import { startNode, startWorkers } from 'troupe'
import { Primes } from './support/primes.js'

const node = await startNode({ name: 'main' })
const workers = await startWorkers({
  name: 'crunch',
  count: 2,
  module: new URL('./support/primes.ts', import.meta.url), // './support/primes.js' in production
  join: [node.address], // they join each other, and this thread's node
})
console.log('workers', workers.names)

const counts = workers.names.map((on, i) => {
  const primes = node.lookup(Primes, 'primes', { on }).with({ timeoutMs: 30_000 })
  return primes.ask.between(i * 50_000, (i + 1) * 50_000)
})
const [low, high] = (await Promise.all(counts)) as [number, number]
console.log('primes', low, high, low + high)

const another = await node.spawnOn('crunch.2', Primes)
console.log('spawned on', await another.ask.where())
console.log(node.members().map((member) => member.name))

await workers.stop()
await node.stop()

// Output:
// workers [ 'crunch.1', 'crunch.2' ]
// primes 5133 4459 9592
// spawned on crunch.2
// [ 'crunch.1', 'crunch.2', 'main' ]
