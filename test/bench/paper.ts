/**
 * The experiment of Partisan (Meiklejohn, Miller, Alvaro, ATC'19): two nodes, as many actors on each side,
 * each of which sends one message and waits for its answer; 512 KB and 8 MB, round trips of 1 and 20 ms.
 * Ours with 1 connection, with 16 (key: the receiving actor), and with 16 and a key for each pair; beside
 * Distributed Erlang, and bare sockets with 1 and 16 connections, on the same link one after the other.
 * `value` and `baseline`: the cell of 128 actors, 512 KB and 20 ms, ours with affinity and 16 bare sockets.
 *
 * PAPER_RTT="1 20" (0: loopback), PAPER_BYTES="524288 8388608", PAPER_N="16 32 64 128", PAPER_SECONDS=2
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { allLines, firstLine, Link } from './link.js'
import type { PaperSettings } from './paper-node.js'
import { erlang, RIVALS } from './rival.js'

const numbers = (name: string, text: string): number[] =>
  (process.env[name] ?? text).split(' ').map(Number)
const ACTORS = numbers('PAPER_N', '16 32 64 128')
const [SECONDS = 2] = numbers('PAPER_SECONDS', '2')
const BARE_PORT = 47_300

interface Cell {
  readonly rttMs: number
  readonly bytes: number
  readonly actors: number
  readonly ours1: number
  readonly ours16: number
  readonly affinity: number
  readonly affinityP50Ms: number
  readonly affinityP99Ms: number
  readonly bare1: number
  readonly bare16: number
  readonly erlang: number
  /** The better of ours with 16, to Distributed Erlang. */
  readonly factor: number
}

type Points = ReadonlyMap<number, Record<string, number>>

const byActors = (lines: readonly Record<string, unknown>[]): Points =>
  new Map(lines.map((line) => [Number(line['n']), line as Record<string, number>]))

async function ours(link: Link, bytes: number, connections: number, affinity: boolean) {
  const file = fileURLToPath(new URL(import.meta.url.replace(/paper(\.[jt]s)$/, 'paper-node$1')))
  const most = String(Math.max(...ACTORS))
  const far = link.start('b', [file, 'serve', link.far, String(connections), most])
  try {
    const address = await firstLine(far)
    const settings: PaperSettings = {
      host: link.near,
      connections,
      affinity,
      actors: ACTORS,
      bytes,
      seconds: SECONDS,
    }
    return byActors(
      await allLines(link.start('a', [file, 'call', address, JSON.stringify(settings)])),
    )
  } finally {
    far.kill('SIGKILL')
  }
}

const environment = (bytes: number): Record<string, string> => ({
  BENCH_N: ACTORS.join(' '),
  BENCH_SIZE: String(bytes),
  BENCH_SECONDS: String(SECONDS),
})

async function bare(link: Link, bytes: number, connections: number): Promise<Points> {
  const settings = { ...environment(bytes), BENCH_CONNS: String(connections) }
  const at = [link.far, String(BARE_PORT)]
  const far = link.start('b', [join(RIVALS, 'sockets/server.mjs'), ...at])
  try {
    const near = link.start('a', [join(RIVALS, 'sockets/echo.mjs'), ...at], settings)
    return byActors(await allLines(near))
  } finally {
    far.kill('SIGKILL')
  }
}

/** What `rivals/erlang/run.sh` calls it. */
const erlangLink = (rttMs: number): string => (rttMs === 0 ? 'loop' : String(rttMs))

async function distributedErlang(rttMs: number, bytes: number): Promise<Points> {
  try {
    return byActors(await erlang(['echo', 'dist', erlangLink(rttMs)], environment(bytes)))
  } catch (error) {
    console.error(`SKIPPED erlang (paper, ${erlangLink(rttMs)}): ${(error as Error).message}`)
    return new Map()
  }
}

async function size(rttMs: number, bytes: number, link: Link): Promise<Cell[]> {
  const affinity = await ours(link, bytes, 16, true)
  const bare16 = await bare(link, bytes, 16)
  const ours16 = await ours(link, bytes, 16, false)
  const ours1 = await ours(link, bytes, 1, false)
  const bare1 = await bare(link, bytes, 1)
  const dist = await distributedErlang(rttMs, bytes)
  const of = (points: Points, actors: number, key = 'ops_s'): number =>
    points.get(actors)?.[key] as number
  return ACTORS.map((actors) => ({
    rttMs,
    bytes,
    actors,
    ours1: of(ours1, actors),
    ours16: of(ours16, actors),
    affinity: of(affinity, actors),
    affinityP50Ms: of(affinity, actors, 'p50_ms'),
    affinityP99Ms: of(affinity, actors, 'p99_ms'),
    bare1: of(bare1, actors),
    bare16: of(bare16, actors),
    erlang: of(dist, actors),
    factor: Math.max(of(ours16, actors), of(affinity, actors)) / of(dist, actors),
  }))
}

const cells: Cell[] = []
for (const rttMs of numbers('PAPER_RTT', '1 20')) {
  try {
    const link = new Link({
      name: `${rttMs} ms`,
      rttMs: rttMs === 0 ? undefined : rttMs,
      rateMbit: 0,
    })
    try {
      for (const bytes of numbers('PAPER_BYTES', '524288 8388608')) {
        cells.push(...(await size(rttMs, bytes, link)))
      }
    } finally {
      link.down()
    }
  } catch (error) {
    console.error(`SKIPPED a round trip of ${rttMs} ms: ${(error as Error).message}`)
  }
}

const most = Math.max(...ACTORS)
const main =
  cells.find((cell) => cell.rttMs === 20 && cell.bytes === 524_288 && cell.actors === most) ??
  cells.at(-1)
if (main === undefined) throw new Error('nothing was measured')
const { affinity: value, bare16: baseline } = main
const line = { bench: 'paper', value, unit: 'echoes/s', baseline, ratio: value / baseline, cells }
console.log(JSON.stringify(line))
process.exit(0)
