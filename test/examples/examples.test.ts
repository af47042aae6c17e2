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

describe('examples', () => {
  for (const file of readdirSync(folder).filter((name) => /^\d\d-.+\.ts$/.test(name))) {
    const source = readFileSync(folder + file, 'utf8')

    it(`${file} prints what it says at its end`, async () => {
      const { stdout } = await run(process.execPath, ['--import', 'tsx', folder + file])
      assert.deepEqual(stdout.trimEnd().split('\n'), expectedOutput(source))
    }).timeout(20_000)

    it(`${file} is under 60 lines`, () => {
      assert.isBelow(source.split('\n').length, 60)
    })
  }
})
