import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

describe('npm run bench', function () {
  this.timeout(120_000)

  const bench = (...words: string[]): { code: number | null; out: string; err: string } => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', main, ...words],
      { encoding: 'utf8' },
    )
    return { code: status, out: stdout, err: stderr }
  }

  it('runs a bench in a process of its own and prints a line of JSON', () => {
    const { code, out, err } = bench('codec', '--runs', '1', '--json')
    assert.equal(code, 0, err)
    const line = JSON.parse(out) as Record<string, unknown>
    assert.deepInclude(line, { bench: 'codec', unit: 'ns/message', runs: 1 })
    assert.approximately(
      Number(line['ratio']),
      Number(line['baseline']) / Number(line['value']),
      0.001,
    )
  })

  it('says which benches there are when it does not know one', () => {
    const { code, err } = bench('no-such-bench')
    assert.equal(code, 3)
    assert.include(err, 'no bench is called no-such-bench')
    assert.include(err, 'sim-three')
  })
})
