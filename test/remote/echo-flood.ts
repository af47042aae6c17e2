/**
 * Two nodes, and half a gigabyte of questions with their answers between them. Prints how often V8 collected all
 * memory meanwhile; to be started with a heap that may grow, or V8 collects by itself.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { Actor, actor, silentLogger, startNode } from '../../src/index.js'

const BYTES = 256 * 1024
const IN_FLIGHT = 16
const WARM_UP = 200
const COUNT = 2_000

@actor('echo-flood/echo')
class Echo extends Actor {
  echo(bytes: Uint8Array): Uint8Array {
    return Buffer.from(bytes)
  }
}

let counted = false
let collections = 0
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as unknown as { detail: { kind: number } }).detail
    if (counted && kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections++
  }
}).observe({ entryTypes: ['gc'] })

const options = { cookie: 'flood', logger: silentLogger, listen: { host: '127.0.0.1', port: 0 } }
const far = await startNode({ name: 'far', ...options })
far.spawn(Echo, undefined, { name: 'echo' })
const near = await startNode({ name: 'near', ...options })
await near.join(far.address)
const echo = near.lookup(Echo, 'echo', { on: 'far' })
const payload = Buffer.alloc(BYTES, 1)
let asked = 0
const ask = async (upTo: number, partitionKey: number): Promise<void> => {
  const keyed = echo.with({ partitionKey })
  while (asked++ < upTo) await keyed.ask.echo(payload)
}
const all = (upTo: number) =>
  Promise.all(Array.from({ length: IN_FLIGHT }, (_, key) => ask(upTo, key)))
await all(WARM_UP)
counted = true
await all(WARM_UP + COUNT)
await new Promise((resolve) => setTimeout(resolve, 50))
console.log(JSON.stringify({ collections }))
process.exit(0)
