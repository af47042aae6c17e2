import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'
import { runCompiled } from '../compiled.js'

const folder = fileURLToPath(new URL('../../examples/', import.meta.url))
const run = promisify(execFile)

/** It starts threads with a module in TypeScript, so it runs as `npm run example` runs it. */
const NAMES_SOURCES = /^15-workers/

/** The lines behind `// Output:` at the end of an example. */
function expectedOutput(source: string): string[] {
  const [, block] = source.split(/^\/\/ Output:\n/m)
  return (block ?? '')
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\/\/ ?/, ''))
}

/** What it prints; rejects when it fails. */
async function outputOf(file: string): Promise<string> {
  if (NAMES_SOURCES.test(file)) {
    return (await run(process.execPath, ['--import', 'tsx', folder + file])).stdout
  }
  const { code, out, err } = await runCompiled(`examples/${file.replace(/\.ts$/, '.js')}`)
  assert.equal(code, 0, err)
  return out
}

const files = readdirSync(folder).filter((name) => /^\d\d-.+\.ts$/.test(name))

describe('examples', () => {
  const printed = new Map<string, Promise<string>>()

  /** Each is a process of its own, so the next one starts while this one is looked at. */
  const start = (file: string | undefined): void => {
    if (file === undefined || printed.has(file)) return
    const running = outputOf(file)
    running.catch(() => {})
    printed.set(file, running)
  }

  for (const [at, file] of files.entries()) {
    const source = readFileSync(folder + file, 'utf8')

    it(`${file} prints what it says at its end`, async () => {
      start(file)
      start(files[at + 1])
      const printing = await (printed.get(file) as Promise<string>)
      assert.deepEqual(printing.trimEnd().split('\n'), expectedOutput(source))
    }).timeout(source.includes('startWorkers') ? 120_000 : 20_000) // each thread loads its modules

    const most = source.includes('troupe/simulation') ? 30 : 59
    it(`${file} has at most ${most} lines`, () => {
      assert.isAtMost(source.trimEnd().split('\n').length, most)
    })
  }
})
