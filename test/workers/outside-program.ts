/** A process of its own that joins a worker of another, and talks to both. */
import { silentLogger, startNode } from '../../src/index.js'
import { Desk } from './desk.js'

const node = await startNode({ name: 'outside', logger: silentLogger })
await node.join(process.argv[2] as string)
const ask = async (on: string): Promise<string> => {
  for (let left = 100; !node.isUp(on) && left > 0; left--) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return (await node.lookup(Desk, 'desk', { on }).ask.who()).name
}
console.log(await ask('w.1'), await ask('w.2'))
await node.stop()
