/**
 * What does the gate cost a remote tell while nobody has a rule? Baseline: a copy of the source in which its
 * calls are taken out. (Interposed functions take the place of methods, so there is nothing to take out.)
 * Pairs of rounds in turn, in several generations of processes. A process's cost is the ratio of the lower
 * quartiles of both, for what else the machine does only slows; a generation is two processes, each of which
 * loads another of the two first, and the interval is Student's over the generations, for what the
 * compiler makes of a process differs from one to the next.
 */
import { fork } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CostPair, first, MESSAGES } from './gate-cost-pair.js'

const GENERATIONS = 24
/** Student's t for 95 % with 23 degrees of freedom. */
const T_95 = 2.069
const root = fileURLToPath(new URL('../../', import.meta.url))

/** File, call, and what stands there in the copy. */
const CALLS: readonly [file: string, call: string, instead: string][] = [
  [
    'peer/frame-stream.ts',
    'this.#context.gate.out(this.#owner, kind, undefined, body.length + HEAD_BYTES)',
    'PASS',
  ],
  [
    'peer/frame-stream.ts',
    'this.#context.gate.in(this.#owner, kind, undefined, size, bytes, start, end)',
    'PASS',
  ],
  [
    'peer/lane-writer.ts',
    'this.#context.gate.out(this.#host, FRAME.ENVELOPE, envelope, 0)',
    'PASS',
  ],
]

/**
 * A copy of the source without those calls; fails when one of them is not where it was. It gets its own
 * msgpackr, for extensions of that belong to the process.
 */
function copyWithout(calls: typeof CALLS, folder: string): string {
  const packages = join(folder, 'node_modules')
  mkdirSync(packages, { recursive: true })
  for (const name of readdirSync(`${root}node_modules`)) {
    const from = `${root}node_modules/${name}`
    if (name === 'msgpackr') cpSync(from, join(packages, name), { recursive: true })
    else if (!name.startsWith('.')) symlinkSync(from, join(packages, name))
  }
  cpSync(`${root}src`, join(folder, 'src'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const [file, call, instead] of calls) {
    const path = join(folder, 'src', file)
    const parts = readFileSync(path, 'utf8').split(call)
    if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} calls ${call}`)
    writeFileSync(path, parts.join(instead))
  }
  return join(folder, 'src')
}

function oneProcess(sources: object): Promise<readonly CostPair[]> {
  const file = fileURLToPath(new URL('gate-cost-pair.ts', import.meta.url))
  return first(fork(file, ['measure', JSON.stringify(sources)]))
}

const quantile = (numbers: readonly number[], share: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)] as number

/** The logarithm of what one takes over what the other takes. */
function costOf(pairs: readonly CostPair[], one: keyof CostPair, other: keyof CostPair): number {
  const quartile = (key: keyof CostPair): number =>
    quantile(
      pairs.map((pair) => pair[key]),
      0.25,
    )
  return Math.log(quartile(one) / quartile(other))
}

const meanOf = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length

/** The mean of the generations' costs, and the ends of its interval, in percent. */
function interval(costs: readonly number[]): { mean: number; low: number; high: number } {
  const mean = meanOf(costs)
  const variance = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (costs.length - 1)
  const half = T_95 * Math.sqrt(variance / costs.length)
  const percent = (log: number): number => Math.round((Math.exp(log) - 1) * 10_000) / 100
  return { mean: percent(mean), low: percent(mean - half), high: percent(mean + half) }
}

const folder = mkdtempSync(join(tmpdir(), 'gate-cost-'))
const all: CostPair[] = []
const wall: number[] = []
const cpu: number[] = []
try {
  const open = copyWithout([], join(folder, 'open'))
  const bypassed = copyWithout(CALLS, join(folder, 'bypassed'))
  for (let i = 0; i < GENERATIONS; i++) {
    const both = [
      await oneProcess({ open, bypassed }),
      await oneProcess({ bypassed, open }),
    ] as const
    all.push(...both.flat())
    wall.push(meanOf(both.map((pairs) => costOf(pairs, 'openMs', 'bypassedMs'))))
    cpu.push(meanOf(both.map((pairs) => costOf(pairs, 'openCpuMs', 'bypassedCpuMs'))))
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const rate = (ms: number): number => MESSAGES / ms / 1_000
const value = rate(
  quantile(
    all.map(({ openMs }) => openMs),
    0.25,
  ),
)
const baseline = rate(
  quantile(
    all.map(({ bypassedMs }) => bypassedMs),
    0.25,
  ),
)
const ofWall = interval(wall)
const ofCpu = interval(cpu)
const line = {
  bench: 'gate-cost',
  value,
  unit: 'M messages/s',
  baseline,
  ratio: value / baseline,
  costPercent: ofWall.mean,
  costLowPercent: ofWall.low,
  costHighPercent: ofWall.high,
  cpuCostPercent: ofCpu.mean,
  cpuCostLowPercent: ofCpu.low,
  cpuCostHighPercent: ofCpu.high,
  generations: GENERATIONS,
  pairs: all.length,
}
console.log(JSON.stringify(line))
process.exit(0)
