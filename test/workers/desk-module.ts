/** What the workers of tests run. */
import type { WorkerModule } from '../../src/index.js'
import { Desk, Guest } from './desk.js'

export default {
  node: { remoteSpawn: [Desk, Guest] },
  start(node, self) {
    node.spawn(Desk, self, { name: 'desk' })
  },
} satisfies WorkerModule
