/**
 * How many echoes of 512 KiB a second on loopback, 16 in flight on one connection? Baseline: one bare
 * socket whose server copies and returns the bytes, as the actor does.
 */
import { alternate } from './local-system.js'
import { remotePair } from './remote-pair.js'

const BYTES = 512 * 1024
const ECHOES = 400
const IN_FLIGHT = 16

const pair = await remotePair()
const payload = Buffer.alloc(BYTES, 97)

async function loops(echo: (bytes: Buffer) => Promise<Uint8Array>): Promise<number> {
  let next = 0
  const loop = async (): Promise<void> => {
    while (next++ < ECHOES) {
      if ((await echo(payload)).byteLength !== BYTES) throw new Error('an echo of another length')
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
  return (ECHOES / (performance.now() - start)) * 1_000
}

const ours = (): Promise<number> => loops((bytes) => pair.counter.ask.echo(bytes))
const bare = (): Promise<number> => loops((bytes) => pair.bareEcho(bytes))

const { value, baseline } = await alternate(ours, bare, 9)
const line = { bench: 'echo-512k', value, unit: 'echoes/s', baseline, ratio: value / baseline }
console.log(JSON.stringify(line))
pair.end()
process.exit(0)
