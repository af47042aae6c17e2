import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))
const run = promisify(execFile)

/** The lines behind `// Output:` at the end of an example. */
function expectedOutput(source: string): string[] {
  const [, block] = source.split(/^\/\/ Output:\n/m)
  return (block ?? '')
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\/\/ ?/, ''))
}

const files = readdirSync(folder).filter((name) => /^\d\d-.+\.ts$/.test(name))

describe('examples', () => {
  const printed = new Map<string, Promise<{ stdout: string }>>()

  /** Each is a process of its own, so the next one starts while this one is looked at. */
  const start = (file: string | undefined): void => {
    if (file === undefined || printed.has(file)) return
    const running = run(process.execPath, ['--import', 'tsx', folder + file])
    running.catch(() => {})
    printed.set(file, running)
  }

  for (const [at, file] of files.entries()) {
    const source = readFileSync(folder + file, 'utf8')

    it(`${file} prints what it says at its end`, async () => {
      start(file)
      start(files[at + 1])
      const { stdout } = await (printed.get(file) as Promise<{ stdout: string }>)
      assert.deepEqual(stdout.trimEnd().split('\n'), expectedOutput(source))
    }).timeout(source.includes('startWorkers') ? 120_000 : 20_000) // each thread loads its modules

    const most = source.includes('troupe/simulation') ? 30 : 59
    it(`${file} has at most ${most} lines`, () => {
      assert.isAtMost(source.trimEnd().split('\n').length, most)
    })
  }
})
