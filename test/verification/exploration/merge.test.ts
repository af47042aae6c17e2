import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { mergeCommand } from '../../../src/cli/merge.js'
import {
  printResults,
  type ResultFile,
  readResults,
} from '../../../src/verification/exploration/result-log.js'
import { type ExploreOptions, explore } from '../../../src/verification/index.js'
import { FakeTerminal } from '../../cli/fake-terminal.js'
import { auction } from './auction.js'

interface Merged {
  readonly verdict: string
  readonly executions: number
  readonly failed: number
  readonly distinct: number
  readonly merged: number
  readonly undecided: readonly string[]
  readonly explorers: readonly object[]
  readonly counterexamples: readonly {
    readonly file: string
    readonly trace: string
    readonly runs: number
  }[]
}

describe('npx troupe merge', () => {
  let dir = ''
  const of = (name: string): string => join(dir, name)
  const run = (name: string, options: ExploreOptions): Promise<unknown> =>
    explore(auction, { using: 'random', out: of(name), shrink: false, ...options })

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'troupe-merge-'))
    await run('a', { executions: 6 })
    await run('b', { executions: 6, seedBase: 6 })
    await run('overlap', { executions: 6, seedBase: 11 })
    for (const index of [0, 1]) {
      const shard = { index, of: 2 }
      await run(`slice${index}`, { using: 'delayBounded(1)', shard })
    }
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  async function merge(...words: string[]): Promise<{ code: number; merged: Merged }> {
    const terminal = new FakeTerminal()
    const code = await terminal.run(mergeCommand, ...words, '--json')
    return { code, merged: JSON.parse(terminal.lines.join('\n')) as Merged }
  }
  const refusal = (...words: string[]): Promise<unknown> =>
    new FakeTerminal().run(mergeCommand, ...words, '--out', of('no')).catch((error) => error)

  it('adds the counts, and keeps the smallest run of each failure with its trace', async () => {
    const { code, merged } = await merge(of('a'), of('b'), '--out', of('ab'))
    const whole = await explore(auction, { using: 'random', executions: 12, shrink: false })
    assert.equal(code, 1)
    for (const field of ['verdict', 'executions', 'failed', 'distinct', 'operations'] as const) {
      assert.deepEqual((merged as unknown as typeof whole)[field], whole[field], field)
    }
    assert.deepEqual(merged.explorers, [
      { using: 'random', executions: 12, skipped: 0, seeds: [[0, 11]] },
    ])
    const [found] = merged.counterexamples
    const [best] = whole.counterexamples
    assert.equal(found?.runs, best?.runs)
    assert.equal(readFileSync(of(`ab/${found?.file}`), 'utf8'), best?.text)
    assert.isTrue(existsSync(of(`ab/${found?.trace}`)))
    assert.equal(merged.merged, 2)
  })

  it('takes a folder of folders, and merges what was merged', async () => {
    await run('pods/0', { executions: 2, seedBase: 20 })
    await run('pods/1', { executions: 2, seedBase: 22 })
    const { merged } = await merge(of('ab'), of('pods'), '--out', of('all'))
    assert.deepEqual([merged.executions, merged.merged], [16, 4])
  })

  it('is at the end of a search when all its slices are', async () => {
    const { merged } = await merge(of('slice0'), of('slice1'), '--out', of('slices'))
    const whole = await explore(auction, { using: 'delayBounded(1)', shrink: false })
    assert.deepInclude(merged.explorers[0], { exhausted: true })
    assert.deepEqual([merged.distinct, merged.verdict], [whole.distinct, whole.verdict])
    const half = await merge(of('slice0'), '--out', of('half'))
    assert.deepInclude(half.merged.explorers[0], { exhausted: false })
    assert.include(half.merged.undecided, '1 of 2 shares are missing: 1')
  })

  it('refuses the same seeds twice, and says who ran which', async () => {
    assert.match(
      String(await refusal(of('a'), of('b'), of('overlap'))),
      /the same seeds of random twice: .*\/b ran 6 to 11, .*\/overlap ran 11 to 16/,
    )
    assert.match(
      String(await refusal(of('slice1'), of('slice1'))),
      /the same slice of .* twice, 1 of 2/,
    )
  })

  it('refuses campaigns of two scenarios, damaged ones, and what is none', async () => {
    const other = { ...auction, name: 'other' }
    await explore(other, { using: 'random', executions: 1, out: of('other'), seedBase: 90 })
    assert.match(
      String(await refusal(of('a'), of('other'))),
      /scenario is "auction" in one, "other"/,
    )
    assert.match(String(await refusal(of('nowhere'))), /nowhere: cannot be read/)
    writeFileSync(of('other/summary.json'), '{"kind":"campaign","v":1')
    assert.match(String(await refusal(of('other'))), /summary\.json is damaged/)
    writeFileSync(of('other/summary.json'), '{"kind":"campaign","v":2}')
    assert.match(String(await refusal(of('other'))), /version 2, expected 1/)
    writeFileSync(of('other/summary.json'), '{"kind":"campaign","v":1}')
    assert.match(String(await refusal(of('other'))), /has no scenario that can be read/)
    assert.match(String(await refusal()), /which folders/)
    const terminal = new FakeTerminal()
    const error = await terminal.run(mergeCommand, of('a'), '--out', of('a/')).catch((e) => e)
    assert.match(String(error), /is one of those that are merged/)
  })
})

describe('results in a log', () => {
  const FILES: readonly ResultFile[] = [
    { index: 0, name: 'summary.json', base64: 'QQ==' },
    { index: 1, name: 'a-b.trace.jsonl.gz', base64: 'QUJD'.repeat(6_000) },
    { index: 1, name: 'empty.cx', base64: '' },
  ]

  it('come back whole, whatever stands between them', () => {
    const lines = printResults(FILES)
    assert.isTrue(lines.every((line) => line.length < 16_000))
    const log = ['starting', ...lines.flatMap((line) => [`[pod/x] ${line}`, 'noise'])].join('\n')
    assert.deepEqual(readResults(log), FILES)
  })

  it('of a pod that was started again are the last', () => {
    const [first = '', second = ''] = printResults(FILES.slice(1, 2))
    const log = [first, ...printResults(FILES.slice(1, 2))].join('\n')
    assert.deepEqual(readResults(log), [FILES[1]])
    assert.throws(() => readResults(second), /the log has 1 of 3 lines of a-b/)
  })

  const DAMAGED = [
    'troupe-result {"index":0',
    'troupe-result {"index":0,"name":"../evil","part":0,"of":1,"data":""}',
    'troupe-result {"index":-1,"name":"a","part":0,"of":1,"data":""}',
    'troupe-result {"index":0,"name":"a","part":0,"of":1,"data":"<>"}',
    'troupe-result null',
  ]
  for (const line of DAMAGED) {
    it(`that are damaged are refused: ${line}`, () => {
      assert.throws(() => readResults(`fine\n${line}`), /line 2 of the log is damaged/)
    })
  }
})
