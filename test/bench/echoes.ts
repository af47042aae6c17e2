/** Echoes of large payloads between two processes: ours, a bare socket, rivals. */
import { alternate } from './local-system.js'
import { remotePair } from './remote-pair.js'
import { erlang, rivals } from './rival.js'

const IN_FLIGHT = 16
/** It needs so many more runs for figures that hold still. */
const ROUNDS = 9

export interface Echoes {
  readonly bench: string
  readonly bytes: number
  /** In one round: a second of it, or the first rounds, in which V8 still learns how much comes in, weigh too much. */
  readonly count: number
  readonly programs: readonly string[]
}

export async function runEchoes({ bench, bytes, count, programs }: Echoes): Promise<void> {
  const pair = await remotePair()
  const payload = Buffer.alloc(bytes, 97)

  async function loops(echo: (bytes: Buffer) => Promise<Uint8Array>): Promise<number> {
    let next = 0
    const loop = async (): Promise<void> => {
      while (next++ < count) {
        if ((await echo(payload)).byteLength !== bytes) throw new Error('an echo of another length')
      }
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: IN_FLIGHT }, loop))
    return (count / (performance.now() - start)) * 1_000
  }

  const counter = pair.counter.with({ timeoutMs: 60_000 })
  const { value, baseline } = await alternate(
    () => loops((sent) => counter.ask.echo(sent)),
    () => loops((sent) => pair.bareEcho(sent)),
    ROUNDS,
  )
  const settings = { BENCH_N: String(IN_FLIGHT), BENCH_SIZE: String(bytes), BENCH_SECONDS: '2' }
  const beside = await rivals(bench, programs, 1, async () => {
    const [line] = await erlang(['echo'], settings)
    return line?.['ops_s'] as number
  })
  const unit = 'echoes/s'
  const line = { bench, value, unit, baseline, ratio: value / baseline, ...beside }
  console.log(JSON.stringify(line))
  pair.end()
  process.exit(0)
}
