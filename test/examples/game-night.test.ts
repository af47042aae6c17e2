import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'

const run = promisify(execFile)
const main = fileURLToPath(new URL('../../examples/game-night/main.ts', import.meta.url))

const night = (...args: string[]) =>
  run(process.execPath, ['--import', 'tsx', main, '--matches', '6', ...args])

describe('the game night', () => {
  it('runs over the overlay that is named, in all its processes', async () => {
    const { stdout } = await night('--overlay', 'client-server')
    assert.match(stdout, /SIGKILL for process/)
    assert.match(stdout, /all 6 matches are over/)
  }).timeout(30_000)

  it('says which overlays there are when that one is none', async () => {
    const error = (await night('--overlay', 'nonsense').catch((e: unknown) => e)) as {
      code: number
      stderr: string
    }
    assert.equal(error.code, 1)
    assert.match(error.stderr, /no overlay "nonsense"; there are: .*client-server/)
  }).timeout(30_000)
})
