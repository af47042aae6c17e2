/** The thread of one worker: starts its node, and does what it is told. */
import { codeOf, TroupeError } from '../base/errors.js'
import { isFunction, isObject } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import type { Node } from '../node/node.js'
import { startNode } from '../node/start-node.js'
import { starterOf } from '../world/real/worker-thread.js'
import type {
  Contacts,
  PlainError,
  WorkerGift,
  WorkerOrder,
  WorkerReport,
} from './worker-message.js'
import type { WorkerModule, WorkerSelf } from './worker-module.js'

/** For a join that the overlay may not want. */
const MAY_JOIN_MS = 2_000

const { gift, ...starter } = starterOf<WorkerGift>()
const { module, node: given, ...self } = gift

const report = (message: WorkerReport): void => starter.send(message)

try {
  const worker = await workerModule(module)
  const own = typeof worker.node === 'function' ? worker.node(self) : worker.node
  const node = await startNode({ ...own, ...given, name: self.name })
  node.events.on('stopped', () => report({ type: 'stopped' }))
  starter.onMessage((order) => {
    follow(order as WorkerOrder, node, worker).catch(fail)
  })
  report({ type: 'listening', address: node.address })
} catch (error) {
  fail(error)
}

async function follow(order: WorkerOrder, node: Node, worker: WorkerModule): Promise<void> {
  switch (order.type) {
    case 'join':
      await joinAll(node, order.contacts)
      await worker.start?.(node, self as WorkerSelf)
      report({ type: 'ready' })
      break
    case 'stop':
      await node.stop(order.options)
      break
    default:
      unreachable(order)
  }
}

async function joinAll(node: Node, { must, may }: Contacts): Promise<void> {
  await Promise.all(must.map((address) => node.join(address)))
  await Promise.allSettled(may.map((address) => node.join(address, { timeoutMs: MAY_JOIN_MS })))
}

async function workerModule(url: string): Promise<WorkerModule> {
  const { default: worker } = (await import(url)) as { default?: WorkerModule }
  const { node, start } = isObject<WorkerModule>().test(worker) ? worker : {}
  const fine =
    isObject().test(worker) &&
    (node === undefined || isObject().test(node) || isFunction().test(node)) &&
    (start === undefined || isFunction().test(start))
  if (fine) return worker as WorkerModule
  const detail = `the default export of ${url} must be a WorkerModule: { node?, start? }`
  throw new TroupeError('ERR_BAD_OPTION', detail)
}

/** This thread is ended then from where it was started. */
function fail(error: unknown): void {
  const { message = String(error), stack } = (error ?? {}) as Partial<Error>
  const plain: PlainError = { code: codeOf(error), message, stack }
  report({ type: 'failed', error: plain })
}
