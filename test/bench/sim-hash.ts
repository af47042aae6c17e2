/**
 * Does a seed give the same run everywhere? Hashes of executions of three full nodes, for SEEDS seeds
 * (default 1,000), each in two processes, with both drains, on this Node and on Node 24 (installed from npm into a
 * temporary folder, or named by NODE24). `value` is the percentage of seeds whose hashes are all equal.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execute } from './sim-execution.js'

const run = promisify(execFile)
const [role, ...given] = process.argv.slice(2)
const DRAINS = ['fast', 'portable'] as const

/** One process's share: the hashes of the seeds, in order. */
async function hashes(drain: 'fast' | 'portable', count: number): Promise<string[]> {
  const all: string[] = []
  for (let seed = 1; seed <= count; seed++) {
    const { hash, events } = await execute({ seed, drain }, 3, 6, 4)
    all.push(`${hash} ${events}`)
  }
  return all
}

async function node24(folder: string): Promise<string> {
  const { NODE24 } = process.env
  if (NODE24 !== undefined) return NODE24
  await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', 'node@24'])
  return join(folder, 'node_modules/node/bin/node')
}

async function main(): Promise<void> {
  const count = Number(process.env['SEEDS'] ?? 1_000)
  const folder = mkdtempSync(join(tmpdir(), 'troupe-node-'))
  try {
    const nodes = [process.execPath, await node24(folder)]
    const versions = await Promise.all(nodes.map((node) => run(node, ['--version'])))
    const columns: string[][] = []
    for (const node of nodes) {
      for (const drain of DRAINS) {
        for (let copy = 0; copy < 2; copy++) {
          const script = fileURLToPath(import.meta.url)
          const args = ['--import', 'tsx', script, 'run', drain, String(count)]
          const { stdout } = await run(node, args, { maxBuffer: 2 ** 28 })
          columns.push(JSON.parse(stdout) as string[])
        }
      }
    }
    const [first = [], ...others] = columns
    const equal = first.filter((hash, i) => others.every((other) => other[i] === hash)).length
    const different = new Set(first).size
    const line = {
      bench: 'sim-hash',
      value: (100 * equal) / count,
      unit: '% of seeds',
      baseline: 100,
      ratio: equal / count,
      seeds: count,
      different,
      columns: columns.length,
      nodes: versions.map(({ stdout }) => stdout.trim()).join(' '),
    }
    console.log(JSON.stringify(line))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (role === 'run') {
  const [drain, count] = given
  console.log(JSON.stringify(await hashes(drain === 'fast' ? 'fast' : 'portable', Number(count))))
} else await main()
process.exit(0)
