/**
 * `npm run bench -- NAME [--runs N] [--json] [--md PAGE]`; `all` runs every bench, `overlay` all whose names begin with `overlay-`.
 * `--md` keeps the lines beside the page (`.jsonl`), writes its tables anew from them, and draws the pictures in `pictures/`.
 *
 * A bench is a program in this folder that asks one question and prints one JSON line
 * `{bench, value, unit, baseline, …}`, value and baseline measured alternately in the same process.
 * It runs N times in fresh processes; the line printed here has the medians, and for the ratio its
 * least and greatest.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type BenchLine, performancePage, performancePictures } from './performance-page.js'

/** What a bench program prints. For times the lesser is better, and `ratio` is baseline / value. */
interface Measurement {
  readonly bench: string
  readonly value: number
  readonly unit: string
  readonly baseline: number
  readonly ratio: number
  readonly rivals?: Readonly<Record<string, number>>
  readonly cells?: readonly Readonly<Record<string, unknown>>[]
  readonly [more: string]: unknown
}

const NOT_BENCHES = [
  'main.ts',
  'baseline.ts',
  'local-system.ts',
  'remote-pair.ts',
  'sim-execution.ts',
  'gate-cost-pair.ts',
  'overlay-cells.ts',
  'workers-bare.ts',
  'workers-module.ts',
  'rival.ts',
  'shapes.ts',
  'delivery-nodes.ts',
  'echoes.ts',
  'paper-node.ts',
  'performance-page.ts',
  'link.ts',
  'lane-ends.ts',
]
const here = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(here)
  .filter((file) => /^[^.]+\.ts$/.test(file) && !NOT_BENCHES.includes(file))
  .map((file) => file.slice(0, -3))

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
    md: { type: 'string' },
  },
})
const family = (name: string): string[] => names.filter((one) => one.startsWith(`${name}-`))
const wanted = positionals.includes('all')
  ? names
  : positionals.flatMap((name) =>
      names.includes(name) || family(name).length === 0 ? [name] : family(name),
    )
const unknown = wanted.filter((name) => !names.includes(name))
const runs = Number(flags.runs)
if (wanted.length === 0 || unknown.length > 0 || !(Number.isInteger(runs) && runs >= 1)) {
  if (unknown.length > 0) console.error(`no bench is called ${unknown.join(', ')}`)
  console.error(
    `usage: npm run bench -- NAME... [--runs N] [--json] [--md PAGE], NAME one of: all ${names.join(' ')}`,
  )
  process.exit(3)
}

const compiled = fileURLToPath(new URL('../../node_modules/.bench', import.meta.url))
if (wanted.some(isCompiled)) compile(compiled)

for (const name of wanted) {
  const measured: Measurement[] = []
  for (let run = 0; run < runs; run++) {
    if (process.stderr.isTTY) process.stderr.write(`\r${name} ${run + 1}/${runs} `)
    measured.push(await once(name))
  }
  if (process.stderr.isTTY) process.stderr.write('\r')
  const line = summary(measured)
  print(line)
  if (flags.md !== undefined) publish(flags.md, line)
}

/** After each bench, so that nothing is lost when a long run is cut short. */
function publish(page: string, line: BenchLine): void {
  const file = page.replace(/\.md$/, '.jsonl')
  const before = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const lines = new Map<string, BenchLine>()
  for (const text of before) {
    if (text === '') continue
    const kept = JSON.parse(text) as BenchLine
    lines.set(kept.bench, kept)
  }
  lines.set(line.bench, line)
  const texts = [...lines.values()].map((one) => `${JSON.stringify(one)}\n`)
  writeFileSync(file, texts.join(''))
  writeFileSync(page, performancePage(readFileSync(page, 'utf8'), lines))
  for (const [name, svg] of performancePictures(lines)) {
    writeFileSync(join(dirname(page), 'pictures', name), svg)
  }
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

/** One works on the source. */
function isCompiled(name: string): boolean {
  return name !== 'gate-cost'
}

function once(name: string): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const file = `${compiled}/test/bench/${name}.js`
    const args = isCompiled(name) ? [file] : ['--import', 'tsx', `${here}${name}.ts`]
    args.unshift('--expose-gc')
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

function summary(measured: readonly Measurement[]): BenchLine {
  const ratios = measured.map((m) => m.ratio)
  const min = Math.min(...ratios)
  const max = Math.max(...ratios)
  const merged = middle(measured) as Measurement
  const [load = 0] = loadavg()
  return { ...merged, min, max, runs, node: process.version, cpus: cpus().length, load }
}

/** Medians of the numbers, in lists and objects too: those of the runs that have one. */
function middle(values: readonly unknown[]): unknown {
  const there = values.filter((value) => value !== undefined && value !== null)
  const [first] = there
  if (typeof first === 'number') return median(there as number[])
  if (typeof first !== 'object' || first === null) return first ?? values[0]
  if (Array.isArray(first)) {
    return first.map((_, i) => middle(there.map((list) => (list as unknown[])[i])))
  }
  const records = there as Record<string, unknown>[]
  const keys = new Set(records.flatMap((record) => Object.keys(record)))
  return Object.fromEntries([...keys].map((key) => [key, middle(records.map((r) => r[key]))]))
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[(sorted.length - 1) >> 1] as number
}

function print(line: BenchLine): void {
  if (flags.json) {
    console.log(JSON.stringify(line))
    return
  }
  const {
    bench,
    value,
    unit,
    baseline,
    ratio,
    min,
    max,
    node: _node,
    cpus: _cpus,
    load: _load,
    ...more
  } = line
  const { cells, ...rest } = more as unknown as { cells?: readonly Cell[] }
  const figures = cells?.every(({ figure }) => figure !== undefined) ? cells : []
  const spread = `${Number(min).toFixed(2)}..${Number(max).toFixed(2)}`
  console.log(
    `${bench.padEnd(14)} ${round(value)} ${unit}, baseline ${round(baseline)}: ratio ${ratio.toFixed(2)} (${spread})`,
    JSON.stringify(figures.length > 0 ? rest : more),
  )
  for (const { figure, value, least, most, kept, published } of figures) {
    const mark = kept === undefined ? ' ' : kept ? '✔' : '✘'
    const bar = [least !== undefined && `>= ${least}`, most !== undefined && `<= ${most}`]
    const beside = [...bar.filter(Boolean), published !== undefined && `published ${published}`]
    const text = beside.filter(Boolean).join(', ')
    console.log(`  ${mark} ${figure}: ${Number(value.toPrecision(4))}${text && ` (${text})`}`)
  }
}

/** A figure of an overlay beside its bar and what a paper says. */
interface Cell {
  readonly figure?: string
  readonly value: number
  readonly least?: number
  readonly most?: number
  readonly kept?: boolean
  readonly published?: string
}

function round(n: number): string {
  return n >= 1000 ? Math.round(n).toLocaleString('en') : n.toFixed(3)
}
