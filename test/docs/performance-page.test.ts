import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { type BenchLine, performancePage, performancePictures } from '../bench/performance-page.js'

const read = (path: string): string =>
  readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')

const lineOf = (bench: string, more: object = {}): BenchLine => ({
  bench,
  value: 2_500,
  unit: 'messages/s',
  baseline: 5_000,
  ratio: 0.5,
  min: 0.45,
  max: 0.6,
  runs: 3,
  ...more,
})

const page = (marker: string): string =>
  `Above.\n<!-- bench ${marker} -->\nold\n<!-- /bench -->\nBelow.\n`

describe('the page of performance', () => {
  it('shows what stands in performance.jsonl, and its pictures are there', () => {
    const lines = new Map<string, BenchLine>()
    for (const text of read('performance.jsonl').trim().split('\n')) {
      const line = JSON.parse(text) as BenchLine
      lines.set(line.bench, line)
    }
    const text = read('performance.md')
    assert.strictEqual(performancePage(text, lines), text)
    for (const [file, svg] of performancePictures(lines)) {
      assert.strictEqual(read(`pictures/${file}`), svg)
    }
  })

  it('keeps what is written by hand', () => {
    const drawn = performancePage(
      page('figures a b'),
      new Map([['a', lineOf('a', { p99Ms: 1.5 })]]),
    )
    assert.match(drawn, /^Above\.\n/)
    assert.match(drawn, /\nBelow\.\n$/)
    assert.include(
      drawn,
      '| `a` | 2,500 messages/s | 5,000 | **0.50** (0.45..0.60) | p99Ms 1.5 | 3 runs |',
    )
    assert.notInclude(drawn, 'old')
  })

  it('says how many times a rival goes into ours, and leaves open what was not measured', () => {
    const lines = new Map([
      ['a', lineOf('a', { rivals: { nact: 1_000, erlang: 100 } })],
      ['b', lineOf('b', { rivals: { nact: 5_000 } })],
    ])
    const drawn = performancePage(page('rivals a b'), lines)
    assert.include(drawn, '| `a`, messages/s | **2,500** | 1,000 (2.5 ×) | 100 (25 ×) |')
    assert.include(drawn, '| `b`, messages/s | **2,500** | 5,000 (0.5 ×) |  |')
    assert.include(performancePage(page('paper paper'), lines), 'Not measured yet.')
  })

  it('puts each figure beside its bar, and says which bar was missed', () => {
    const cells = [
      { figure: 'path', value: 6.37, least: 6.31, most: 6.45, published: '6.39', kept: true },
      { figure: 'components', value: 2, least: 1, most: 1, kept: false },
      { figure: 'clustering', value: 0.0006, published: '0.0009' },
    ]
    const drawn = performancePage(page('bars a'), new Map([['a', lineOf('a', { cells })]]))
    assert.include(drawn, '| `a` | path | 6.37 | >= 6.31, <= 6.45 | 6.39 |')
    assert.include(drawn, '| `a` | components | 2 | 1 **missed** |  |')
    assert.include(drawn, '| `a` | clustering | 0.0006 |  | 0.0009 |')
  })

  it("puts the paper's cells beside bare sockets, Erlang and what was published", () => {
    const cell = { rttMs: 20, bytes: 524_288, actors: 128, ours1: 270, ours16: 1_800 }
    const rest = { affinity: 1_900, bare1: 275, bare16: 2_000, erlang: 250, factor: 7.6 }
    const lines = new Map([['paper', lineOf('paper', { cells: [{ ...cell, ...rest }] })]])
    assert.include(
      performancePage(page('paper paper'), lines),
      '| 20 ms, 512 KB, 128 | 270 | 1,800 | 1,900 | 275 | 2,000 | 250 | 0.95 | 7.6 × | 13 × |',
    )
    assert.include(performancePictures(lines).get('paper.svg'), 'troupe, 16 with affinity')
  })

  it('refuses a marker of a kind that it does not know', () => {
    assert.throws(() => performancePage(page('guesses a'), new Map()), RangeError, 'guesses')
  })
})
