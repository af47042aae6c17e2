/**
 * `npm run bench -- NAME [--runs N] [--json]`; `all` runs every bench.
 *
 * A bench is a program in this folder that asks one question and prints one JSON line
 * `{bench, value, unit, baseline, …}`, value and baseline measured alternately in the same process.
 * It runs N times in fresh processes; the line printed here has the medians, and for the ratio its
 * least and greatest.
 */
import { execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** What a bench program prints. For times the lesser is better, and `ratio` is baseline / value. */
interface Measurement {
  readonly bench: string
  readonly value: number
  readonly unit: string
  readonly baseline: number
  readonly ratio: number
  readonly [more: string]: unknown
}

const NOT_BENCHES = [
  'main.ts',
  'baseline.ts',
  'local-system.ts',
  'remote-pair.ts',
  'sim-execution.ts',
  'gate-cost-pair.ts',
  'link.ts',
  'lane-ends.ts',
]
/**
 * Thousands of short executions in one process: V8 takes some objects of the first for long-lived and
 * puts those of all others into its old generation at once, where they keep the rest alive.
 */
const SIMULATED = ['--no-allocation-site-pretenuring']
const here = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(here)
  .filter((file) => file.endsWith('.ts') && !NOT_BENCHES.includes(file))
  .map((file) => file.slice(0, -3))

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
})
const wanted = positionals.includes('all') ? names : positionals
const unknown = wanted.filter((name) => !names.includes(name))
const runs = Number(flags.runs)
if (wanted.length === 0 || unknown.length > 0 || !(Number.isInteger(runs) && runs >= 1)) {
  if (unknown.length > 0) console.error(`no bench is called ${unknown.join(', ')}`)
  console.error(
    `usage: npm run bench -- NAME... [--runs N] [--json], NAME one of: all ${names.join(' ')}`,
  )
  process.exit(3)
}

const compiled = fileURLToPath(new URL('../../node_modules/.bench', import.meta.url))
if (wanted.some((name) => name.startsWith('sim-'))) compile(compiled)

for (const name of wanted) {
  const measured: Measurement[] = []
  for (let run = 0; run < runs; run++) {
    if (process.stderr.isTTY) process.stderr.write(`\r${name} ${run + 1}/${runs} `)
    measured.push(await once(name))
  }
  if (process.stderr.isTTY) process.stderr.write('\r')
  print(summary(measured))
}

/**
 * To plain JavaScript, as it is published: tsx names every closure when it is made, which costs
 * code that makes many of them, such as the start of a node, some 15 %.
 */
function compile(outDir: string): void {
  const options = ['--noEmit', 'false', '--noCheck', '--rootDir', '.', '--outDir', outDir]
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  execFileSync('npx', ['tsc', '-p', '.', ...options], { cwd, stdio: ['ignore', 2, 2] })
}

function once(name: string): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const args = name.startsWith('sim-')
      ? [...SIMULATED, '--expose-gc', `${compiled}/test/bench/${name}.js`]
      : ['--expose-gc', '--import', 'tsx', `${here}${name}.ts`]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.on('close', (code) => {
      const last = out.trim().split('\n').at(-1) ?? ''
      if (code !== 0) return reject(new Error(`bench ${name} ended with code ${code}`))
      resolve(JSON.parse(last) as Measurement)
    })
  })
}

function summary(measured: readonly Measurement[]): Measurement & Record<string, unknown> {
  const first = measured[0] as Measurement
  const ratios = measured.map((m) => m.ratio)
  const merged: Record<string, unknown> = { ...first }
  for (const [key, value] of Object.entries(first)) {
    if (typeof value === 'number') merged[key] = median(measured.map((m) => m[key] as number))
  }
  if (Array.isArray(first['cells'])) merged['cells'] = cellsOf(measured)
  const min = Math.min(...ratios)
  const max = Math.max(...ratios)
  return { ...(merged as Measurement), min, max, runs, node: process.version, cpus: cpus().length }
}

/** Cells have the same places in every run: medians of their figures. */
function cellsOf(measured: readonly Measurement[]): Record<string, unknown>[] {
  const tables = measured.map((m) => m['cells'] as Record<string, unknown>[])
  return (tables[0] ?? []).map((cell, at) => {
    const merged = { ...cell }
    for (const [key, value] of Object.entries(cell)) {
      if (typeof value === 'number') merged[key] = median(tables.map((t) => t[at]?.[key] as number))
    }
    return merged
  })
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] as number
}

function print(line: Measurement & Record<string, unknown>): void {
  if (flags.json) {
    console.log(JSON.stringify(line))
    return
  }
  const { bench, value, unit, baseline, ratio, min, max, node: _node, cpus: _cpus, ...rest } = line
  const spread = `${Number(min).toFixed(2)}..${Number(max).toFixed(2)}`
  console.log(
    `${bench.padEnd(14)} ${round(value)} ${unit}, baseline ${round(baseline)}: ratio ${ratio.toFixed(2)} (${spread})`,
    JSON.stringify(rest),
  )
}

function round(n: number): string {
  return n >= 1000 ? Math.round(n).toLocaleString('en') : n.toFixed(3)
}
