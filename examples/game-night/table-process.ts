/** One more process for the night: a node that joins and hosts whatever matches are placed on it. */
import { startNode } from 'troupe'
// the classes that matches talk to: their methods are known by importing them
import './lobby.js'
import './player.js'
import './scoreboard.js'
import { nightOptions } from './node-options.js'

const [name = 'table', contact = '', seed = '0'] = process.argv.slice(2)
process.on('disconnect', () => process.exit(1)) // never outlive the launcher

const node = await startNode(nightOptions(name, Number(seed)))
await node.join(contact, { timeoutMs: 10_000 })
process.send?.('ready')
process.on('message', async (message) => {
  if (message !== 'stop') return
  await node.stop({ drainMs: 1_000 })
  process.exit(0)
})
