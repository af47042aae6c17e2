import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { compiled, compiledImport } from '../compiled.js'
import type { Campaign } from './campaign.js'
import { HeapTrend } from './heap-trend.js'

const load = async <T>(name: string): Promise<T> => compiledImport<T>(`test/sim/${name}.js`)
const { campaign } = await load<typeof import('./campaign.js')>('campaign')
const { default: leaking } = await load<typeof import('./fixtures/leaking.js')>('fixtures/leaking')
const { default: sound } = await load<typeof import('./fixtures/sound.js')>('fixtures/sound')

const MB = 1024 * 1024

/** Every fourth of so many executions, as `bytes` says. */
function trend(executions: number, bytes: (execution: number) => number): HeapTrend {
  const made = new HeapTrend()
  for (let at = 4; at <= executions; at += 4) made.take(at, bytes(at))
  return made
}

/** Comes and goes by up to a MiB. */
const noise = (at: number): number => ((at * 7_919) % 11) * 0.1 * MB

describe('memory over many executions', function () {
  this.timeout(60_000)

  it('returns to its base where it comes and goes, whatever the first ones add', () => {
    for (const executions of [24, 100, 10_000]) {
      const { verdict } = trend(executions, (at) => 20 * MB + Math.min(at, 8) * MB + noise(at))
      assert.isFalse(verdict?.leaks, `${executions}: ${JSON.stringify(verdict)}`)
    }
  })

  it('does not where a node of every execution stays, nor where a little does for long', () => {
    for (const executions of [24, 100, 1_000]) {
      const { verdict } = trend(executions, (at) => 20 * MB + at * 0.6 * MB + noise(at))
      assert.isTrue(verdict?.leaks, `${executions}: ${JSON.stringify(verdict)}`)
    }
    assert.isTrue(trend(10_000, (at) => 20 * MB + at * 6_000 + noise(at)).verdict?.leaks)
  })

  it('is not judged by a few executions, nor across threads', () => {
    assert.isUndefined(trend(20, (at) => at * MB).verdict)
    const made = trend(100, () => 20 * MB)
    made.restart(100)
    assert.isUndefined(made.verdict)
    const later = trend(100, () => 20 * MB)
    later.restart(100)
    for (let at = 104; at <= 200; at += 4) later.take(at, 90 * MB)
    assert.deepInclude(later.verdict, { fromMb: 90, toMb: 90, leaks: false })
  })

  it('fails a campaign that leaks a node an execution, and no other', async () => {
    const out = mkdtempSync(join(tmpdir(), 'troupe-heap-'))
    const said: string[] = []
    const run = (scenario: typeof sound, name: string): Promise<Campaign> => {
      const module = compiled(`test/sim/fixtures/${name}.js`).href
      const from = { module, stallMs: 20_000 }
      const say = (line: string): void => void said.push(`${name}: ${line}`)
      const how = {
        seconds: 40,
        executions: 40,
        base: 'h',
        out,
        stopAtFirst: true,
        name,
        from,
        say,
      }
      return campaign(scenario, how)
    }
    try {
      const [bad, good] = await Promise.all([run(leaking, 'leaking'), run(sound, 'sound')])
      assert.isTrue(bad.heap?.leaks, JSON.stringify(bad))
      assert.equal(bad.verdict, 'fail')
      assert.match(
        said.join(),
        /^leaking: memory does not return to its base: .* more an execution$/,
      )
      assert.isFalse(good.heap?.leaks, JSON.stringify(good))
      assert.equal(good.verdict, 'ok')
    } finally {
      rmSync(out, { recursive: true, force: true })
    }
  })
})
