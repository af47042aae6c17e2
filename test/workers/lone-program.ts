/** A program that stops its workers, and then has nothing left to do. */
import { silentLogger, startNode, startWorkers } from '../../src/index.js'
import { Desk } from './desk.js'

const node = await startNode({ name: 'main', logger: silentLogger })
const workers = await startWorkers({
  name: 'w',
  count: 2,
  module: new URL(
    `./desk-module${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
    import.meta.url,
  ),
  join: [node.address],
})
const names = workers.names.map(async (on) => {
  return (await node.lookup(Desk, 'desk', { on }).ask.who()).name
})
console.log((await Promise.all(names)).join(' '))
await workers.stop()
await node.stop()
