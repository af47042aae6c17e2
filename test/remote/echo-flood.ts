/** Two nodes, and half a gigabyte of questions with their answers between them. V8 tells what it collects (`--trace-gc`). */
import { Actor, actor, silentLogger, startNode } from '../../src/index.js'

const BYTES = 256 * 1024
const IN_FLIGHT = 16
const COUNT = 2_000

@actor('echo-flood/echo')
class Echo extends Actor {
  echo(bytes: Uint8Array): Uint8Array {
    return Buffer.from(bytes)
  }
}

const options = { cookie: 'flood', logger: silentLogger, listen: { host: '127.0.0.1', port: 0 } }
const far = await startNode({ name: 'far', ...options })
far.spawn(Echo, undefined, { name: 'echo' })
const near = await startNode({ name: 'near', ...options })
await near.join(far.address)
const echo = near.lookup(Echo, 'echo', { on: 'far' })
const payload = Buffer.alloc(BYTES, 1)
let asked = 0
const ask = async (partitionKey: number): Promise<void> => {
  const keyed = echo.with({ partitionKey })
  while (asked++ < COUNT) await keyed.ask.echo(payload)
}
await Promise.all(Array.from({ length: IN_FLIGHT }, (_, key) => ask(key)))
process.exit(0)
