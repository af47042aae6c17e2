import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** `npm run bench` starts in the repository's root; the programs there are not compiled. */
export const RIVALS = join(process.cwd(), 'test/bench/rivals')

/** Operations a second of each rival that could run, and those that could not. */
export interface Rivals {
  readonly rivals: Record<string, number>
  readonly skipped: readonly string[]
}

const RIVAL_MS = 90_000

/**
 * Measures a row of programs in `rivals/`, each in a process of its own, and of Erlang if `erlang` says
 * how. `per`: operations of the unit that is printed, such as 1e6 for millions. What cannot run here is
 * left out, and named on stderr.
 */
export async function rivals(
  row: string,
  programs: readonly string[],
  per: number,
  erlang?: () => Promise<number>,
): Promise<Rivals> {
  const values: Record<string, number> = {}
  const skipped: string[] = []
  const measure = async (name: string, run: () => Promise<number>): Promise<void> => {
    try {
      values[name] = (await run()) / per
    } catch (error) {
      skipped.push(name)
      console.error(`SKIPPED ${name} (${row}): ${(error as Error).message}`)
    }
  }
  for (const name of programs) await measure(name, () => program(name, row))
  if (erlang !== undefined) await measure('erlang', erlang)
  return { rivals: values, skipped }
}

async function program(name: string, row: string): Promise<number> {
  if (!existsSync(join(RIVALS, 'node_modules'))) {
    throw new Error('run `npm run setup` in test/bench/rivals first')
  }
  const file = join(RIVALS, `${name}.mjs`)
  const [line] = await lines(process.execPath, ['--expose-gc', file, row], {})
  return line?.['value'] as number
}

/** What `rivals/erlang/run.sh` prints. Its settings are environment variables. */
export function erlang(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Record<string, unknown>[]> {
  return lines('bash', [join(RIVALS, 'erlang/run.sh'), ...args], { RUNS: '1', ...settings })
}

/** Messages, or spawns, a second of one pair of Erlang processes. */
export async function erlangLocal(row: string, key: string): Promise<number> {
  const [line] = await erlang(['local'], { BENCH_ROWS: row, BENCH_N: '1' })
  return line?.[key] as number
}

/** The lines of JSON that a program prints, in order. Fails when there is none, or with what it says. */
export function lines(
  command: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  limitMs = RIVAL_MS,
): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ...settings }
    const child = spawn(command, args, { cwd: RIVALS, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let complaints = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-2_000)
    })
    const limit = setTimeout(() => child.kill('SIGTERM'), limitMs)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(limit)
      const found = out.split('\n').filter((line) => line.startsWith('{'))
      if (code === 0 && found.length > 0) {
        resolve(found.map((line) => JSON.parse(line) as Record<string, unknown>))
      } else reject(new Error(`ended with ${code}: ${reasonIn(complaints)}`))
    })
  })
}

const reasonIn = (complaints: string): string =>
  /^.*(Error|not found|TROUPE_LINK).*$/m.exec(complaints)?.[0] ?? complaints.trim().slice(-200)
