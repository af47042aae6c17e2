import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { twoPhaseCommit } from '../../../examples/protocols/two-phase-commit.js'
import impatient from '../../../examples/scenarios/impatient.js'
import {
  parseTrace,
  printTrace,
  runCounterexample,
  simulate,
} from '../../../src/simulation/index.js'
import { diagramPage, diagramPicture, shivizLog } from '../../../src/verification/index.js'
import { pageScript, writtenScript } from './page-bundle.js'
import { picturesOf } from './pictures.js'
import { builtTrace, longTrace, passed, starts } from './trace-builder.js'

const KB = 1_000

describe('the page of a diagram', () => {
  it('has the script that page/ makes (npm run diagram)', async () => {
    assert.isTrue(writtenScript() === (await pageScript()), 'page-script.ts is of other sources')
  })

  it('has the same bytes for the same trace, also when that was a text between', async () => {
    const run = () => simulate(twoPhaseCommit(3), { seed: 5, trace: 'memory' })
    const [first, second] = [(await run()).trace, (await run()).trace]
    assert(first !== undefined && second !== undefined)
    assert.equal(diagramPage(first), diagramPage(second))
    assert.equal(diagramPage(first), diagramPage(parseTrace(printTrace(first))))
    assert.equal(diagramPicture(first), diagramPicture(parseTrace(printTrace(first))))
  })

  for (const [what, body] of [
    ['short texts', 'x'],
    ['texts of a thousand characters', 'x'.repeat(1_000)],
    ['texts like markup', '<'.repeat(1_000)],
    ['texts that have to be escaped', '</'.repeat(500)],
    ['texts in another script', '字'.repeat(1_000)],
  ] as const) {
    it(`is smaller than 300 kB for a thousand lines with ${what}`, () => {
      const size = Buffer.byteLength(diagramPage(longTrace(1_000, body)))
      assert.isBelow(size, 300 * KB)
      assert.isAbove(size, 60 * KB)
    })
  }

  it('names nothing outside of itself', () => {
    const page = diagramPage(longTrace(100, 'x'))
    const outside = [...page.matchAll(/\b(?:https?:)?\/\/[\w.-]+/g)].map(([found]) => found)
    assert.deepEqual([...new Set(outside)], ['http://www.w3.org'])
    assert.notMatch(page, /\b(src|href)=|@import|url\(/)
  })
})

describe('the picture of a diagram', () => {
  it('escapes what it shows', () => {
    const hostile = '<script>alert(1)</script>'
    const picture = diagramPicture(
      builtTrace([...starts('n1', hostile), ...passed(`n1>n2:${hostile}#1`, 2, { d: [hostile] })], {
        nodes: ['n1', 'n2', hostile],
        header: { name: hostile, seed: hostile },
        end: { verdict: 'fail', error: hostile },
      }),
    )
    assert.notInclude(picture, '<script')
    assert.include(picture, '&lt;script&gt;')
  })

  for (const [file, made] of Object.entries(picturesOf)) {
    it(`is in docs/pictures/${file} as it is drawn now (npm run diagram)`, async () => {
      const written = readFileSync(
        new URL(`../../../docs/pictures/${file}`, import.meta.url),
        'utf8',
      )
      assert.isTrue(written === (await made()), `docs/pictures/${file} is another picture`)
    })
  }

  it('is what README says its counterexample is', async () => {
    const text = readFileSync(
      new URL('../../../examples/counterexamples/twice.cx', import.meta.url),
      'utf8',
    )
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')
    for (const line of text.split('\n').slice(1)) assert.include(readme, line)
    const { result } = await runCounterexample(text, impatient, { file: 'twice.cx' })
    const said = 'result: twice.cx:4: n3 value : 1, but the result was 2'
    assert.equal(result.error?.message, said)
    assert.include(readme, said)
  })
})

describe('a log for ShiViz', () => {
  it('has an event, its host and its vector clock in two lines', () => {
    const log = shivizLog(
      builtTrace([
        { k: 'op.call', n: 'n1', id: 'c#0', d: ['put', 'a\nb'] },
        ...passed('n1>n2:put#1', 1, { d: ['a\nb'] }),
        { k: 'op.ret', id: 'c#0', d: { status: 'ok', value: 1 } },
        { k: 'fault', id: 'fault crash n2' },
        { k: 'crash', n: 'n2' },
      ]),
    )
    assert.deepEqual(log.split('\n'), [
      'call put "a\\nb"',
      'c {"c":1}',
      'c calls put "a\\nb"',
      'n1 {"c":1,"n1":1}',
      'send n1>n2:put#1 "a\\nb"',
      'n1 {"c":1,"n1":2}',
      'deliver n1>n2:put#1',
      'n2 {"c":1,"n1":2,"n2":1}',
      'return 1',
      'c {"c":2,"n1":2}',
      'fault fault crash n2',
      'faults {"faults":1}',
      'crash',
      'n2 {"c":1,"n1":2,"n2":2}',
      '',
    ])
  })

  it('fits the expression that ShiViz begins with, and counts each host by ones', async () => {
    const { trace } = await simulate(impatient, { seed: 3, trace: 'memory' })
    assert(trace !== undefined)
    const log = shivizLog(trace)
    const events = [...log.matchAll(/(?<event>.*)\n(?<host>\S*) (?<clock>{.*})\n/g)]
    assert.equal(events.map(([text]) => text).join(''), log)
    const counts = new Map<string, number>()
    for (const { groups } of events) {
      const { host = '', clock = '{}' } = groups ?? {}
      const own = (JSON.parse(clock) as Record<string, number>)[host]
      assert.equal(own, (counts.get(host) ?? 0) + 1, `${host} ${clock}`)
      counts.set(host, own ?? 0)
    }
    assert.includeMembers([...counts.keys()], ['n1', 'n2', 'n3', 'c.1'])
  })
})
