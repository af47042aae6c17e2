import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Campaign } from '../sim/campaign.js'
import { type Failure, type Part, ROOT } from './soak-plan.js'

const MOCHA = 'npx mocha --no-config --extension ts --node-option import=./test/loader/index.mjs'
/** A whole part may be one test. */
const TIMEOUT_MS = 600_000

/** What mocha writes for machines, as far as it is read here. */
interface Report {
  readonly stats: { readonly tests: number }
  readonly failures: readonly {
    readonly title: string
    readonly fullTitle: string
    readonly err: { readonly message?: string }
  }[]
}

/** The programs that a soak starts. */
export const SoakProcess = {
  /** Runs a part of a suite, without the tests on real sockets, which draw nothing. */
  async suite({ file, first, count }: Part, seconds: number): Promise<Failure[] | 'cut off'> {
    const dir = mkdtempSync(join(tmpdir(), 'troupe-soak-'))
    const output = join(dir, 'report.json')
    const args = [
      // Not by mocha's option: it would start one more process, which outlives an end by a signal.
      ...['--import', './test/loader/index.mjs', 'node_modules/mocha/bin/mocha.js'],
      ...[
        '--no-config',
        '--extension',
        'ts',
        '--timeout',
        `${TIMEOUT_MS}`,
        '--fgrep',
        '[TCP]',
        '--invert',
      ],
      ...['--reporter', 'json', '--reporter-option', `output=${output}`, file],
    ]
    const env = { SEEDS: `${count}`, FIRST_SEED: `${first}` }
    try {
      const ended = await run(args, env, seconds)
      if (ended === 'cut off') return ended
      return failuresOf(file, first, count, readReport(output), ended.tail)
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  },

  /** Runs the soak scenario for some time; what fails is written to `out`. */
  async scenario(base: string, seconds: number, out: string): Promise<Campaign> {
    const args = [
      '--import',
      'tsx',
      'test/sim/main.ts',
      'soak',
      '--json',
      '--seconds',
      `${seconds}`,
    ]
    const ended = await run([...args, '--seed-base', base, '--out', out], {}, seconds + 120, true)
    const line = ended === 'cut off' ? '' : (ended.stdout.trim().split('\n').at(-1) ?? '')
    if (line.startsWith('{')) return JSON.parse(line) as Campaign
    throw new Error(`the soak scenario gave no result\n${ended === 'cut off' ? ended : ended.tail}`)
  },
}

function readReport(output: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(output, 'utf8')) as Report
  } catch {
    return undefined
  }
}

function failuresOf(
  file: string,
  first: number,
  count: number,
  report: Report | undefined,
  tail: string,
): Failure[] {
  const mocha = `${MOCHA} ${file}`
  const whole = `SEEDS=${count} FIRST_SEED=${first} ${mocha}`
  if (report === undefined) return [{ title: file, message: tail, again: whole }]
  return report.failures.map(({ title, fullTitle, err }) => {
    const seed = /\[SEED=(\d+)\]/.exec(title)?.[1]
    const again = seed === undefined ? whole : `SEED=${seed} ${mocha}`
    const words = fullTitle.replace(/\s*\[SEED=\d+\]/, '').replaceAll("'", "'\\''")
    const message = (err.message ?? '').split('\n').slice(0, 4).join('\n  ')
    return { title: `${file}: ${fullTitle}`, message, again: `${again} --fgrep '${words}'` }
  })
}

/** Runs Node.js from the top of the repository; it is ended after so many seconds. */
function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  seconds: number,
  showsErrors = false,
): Promise<{ readonly stdout: string; readonly tail: string } | 'cut off'> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let tail = ''
    let late = false
    child.stdout.on('data', (text) => {
      stdout = (stdout + text).slice(-TEXT_MAX)
    })
    child.stderr.on('data', (text) => {
      tail = (tail + text).slice(-2_000)
      if (showsErrors) process.stderr.write(text)
    })
    const end = (): void => {
      late = true
      child.kill('SIGTERM')
    }
    const timer = Number.isFinite(seconds) ? setTimeout(end, seconds * 1000) : undefined
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      resolve(late ? 'cut off' : { stdout, tail })
    })
  })
}

const TEXT_MAX = 1_000_000
