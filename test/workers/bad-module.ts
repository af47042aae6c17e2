/** A worker that does not start; `data` says in which way. */
import type { WorkerModule } from '../../src/index.js'

export default {
  node: ({ data, number }) => {
    if (data === 'options') return { askTimeoutMs: -1 }
    if (data === 'throw' && number === 2) throw new Error('not today')
    if (data === 'exit' && number === 2) process.exit(7)
    return {}
  },
  start: (_node, { data, number }) =>
    data === 'hang' && number === 2 ? new Promise<void>(() => {}) : undefined,
} satisfies WorkerModule
