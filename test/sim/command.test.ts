import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { compiled, type Ended, runCompiled } from '../compiled.js'

const ROOT = new URL('../..', import.meta.url)
const TREE = fileURLToPath(compiled('.'))

/** What `npm run sim -- …` runs, without a loader in each of its processes and threads. */
const sim = (...words: string[]): Promise<Ended> =>
  runCompiled('test/sim/main.js', words, {
    cwd: TREE,
    flags: ['--import', './src/simulation/guards/index.js'],
  })

/** What `npm run sim -- …` runs. */
function simOfSources(...words: string[]): Promise<Ended> {
  const flags = ['--import', 'tsx', '--import', './src/simulation/guards/index.ts']
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...flags, 'test/sim/main.ts', ...words],
      { cwd: ROOT },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
  })
}

const hashOf = ({ out }: Ended): string => (JSON.parse(out) as { hash: string }).hash

const SPINNING = 'test/sim/fixtures/spinning.js'

describe('npm run sim', function () {
  this.timeout(120_000)

  it('prints the same hash for the same seed, and another for another', async () => {
    const seeds = ['7', '7', '8']
    const runs = await Promise.all(seeds.map((seed) => sim('chat', '--seed', seed, '--json')))
    assert.deepEqual(
      runs.map(({ code }) => code),
      [0, 0, 0],
    )
    const [once, again, other] = runs.map(hashOf)
    assert.match(String(once), /^[0-9a-f]{16}$/)
    assert.equal(again, once)
    assert.notEqual(other, once)
  })

  it('runs a seed twice and in another process, and says so', async () => {
    const { code, out, err } = await simOfSources('chat', '--seed', '7', '--verify')
    assert.equal(code, 0, err)
    assert.include(out, 'chat: seed 7 gives the same run, here and in another process')
  })

  it('kills a run that never ends from outside, and names its seed', async () => {
    const { code, err } = await sim(SPINNING, '--seed', '2', '--stall-ms', '2000')
    assert.equal(code, 1)
    assert.match(err, /spinning: no step within 2000 ms after step \d+ \[SEED=2\]/)
  })

  it('kills what it replays or verifies, too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'troupe-sim-'))
    try {
      const file = join(dir, 'never.cx')
      writeFileSync(file, '#! v1 scenario=spinning seed=2 code=0 hash=0\n')
      const stall = ['--stall-ms', '2000']
      const runs = await Promise.all([
        sim(SPINNING, '--replay', file, ...stall),
        sim(SPINNING, '--verify', '--seed', '2', ...stall),
      ])
      for (const { code, err } of runs) {
        assert.equal(code, 1, err)
        assert.match(err, /spinning: no step within 2000 ms after step \d+ \[SEED=2\]/)
      }
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  })

  it('goes on after it has killed one', async () => {
    const words = ['--seconds', '8', '--seed-base', 'b', '--stall-ms', '1000', '--json']
    const { code, out, err } = await sim(SPINNING, ...words)
    const { executions, failed, stuck } = JSON.parse(out) as Record<string, number>
    assert.equal(code, 1)
    assert.isAbove(Number(executions), 2)
    assert.isAtLeast(Number(stuck), 1)
    assert.equal(failed, stuck)
    assert.include(err, `again: npm run sim -- ${SPINNING} --seed b/2`)
  })

  it('says what is wrong with how it was called', async () => {
    const { code, err } = await simOfSources('nowhere')
    assert.equal(code, 3)
    assert.match(err, /cannot load scenario nowhere[\s\S]*usage: npm run sim/)
  })
})
