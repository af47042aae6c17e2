import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { assert } from 'chai'
import impatient from '../../examples/scenarios/impatient.js'
import { messageOf } from '../../src/base/errors.js'
import { showCommand } from '../../src/cli/show.js'
import { printTrace, simulate } from '../../src/simulation/index.js'
import { realTerminal } from '../../src/world/real/real-terminal.js'

interface Ended {
  /** The exit code, or what the command threw. */
  readonly end: number | string
  readonly out: string
  readonly err: string
}

/** `npx troupe show …`, in this process. */
async function show(...words: readonly string[]): Promise<Ended> {
  let out = ''
  let err = ''
  const terminal = {
    ...realTerminal,
    words,
    out: (line: string) => {
      out += `${line}\n`
    },
    err: (line: string) => {
      err += `${line}\n`
    },
  }
  try {
    const end = await showCommand.run(terminal.parse(words, showCommand.options), terminal)
    return { end, out, err }
  } catch (error) {
    return { end: messageOf(error), out, err }
  }
}

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const TWICE = `${EXAMPLES}counterexamples/twice.cx`
const IMPATIENT = `${EXAMPLES}scenarios/impatient.ts`

describe('npx troupe show', function () {
  this.timeout(60_000)
  let dir = ''
  let trace = ''

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'troupe-show-'))
    const result = await simulate(impatient, { seed: 2, trace: 'memory' })
    assert(result.trace !== undefined)
    trace = join(dir, 'run.trace.jsonl')
    writeFileSync(trace, printTrace(result.trace))
    writeFileSync(`${trace}.gz`, gzipSync(printTrace(result.trace)))
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  it('makes a page of a trace, beside it', async () => {
    const { end, out } = await show(trace)
    assert.equal(end, 0)
    assert.match(out, /run\.html: \d+ lines of impatient\n$/)
    assert.match(readFileSync(join(dir, 'run.html'), 'utf8'), /^<!doctype html>/)
  })

  it('makes the same page of one that is compressed, where it is told to', async () => {
    const [plain, zipped] = [join(dir, 'a.html'), join(dir, 'b.html')]
    await show(trace, '-o', plain)
    await show(`${trace}.gz`, '--out', zipped)
    assert.equal(readFileSync(zipped, 'utf8'), readFileSync(plain, 'utf8'))
  })

  it('makes a picture, with a lane for each actor too, and a log for ShiViz', async () => {
    const nodes = await show(trace, '--svg', '-o', '-')
    const actors = await show(trace, '--svg', '--lanes', 'actors', '-o', '-')
    assert.match(nodes.out, /^<svg .*\n<title>impatient, seed 2: /)
    assert.notInclude(nodes.out, 'impatient/counter')
    assert.include(actors.out, 'impatient/counter')
    const log = await show(trace, '--shiviz', '-o', '-')
    assert.match(log.out, /^start .*\nn\d \{"n\d":1\}\n/)
  })

  it('runs a counterexample for its trace', async () => {
    const out = join(dir, 'twice.html')
    const { end, err } = await show(TWICE, '--module', IMPATIENT, '-o', out)
    assert.equal(end, 0, err)
    const page = readFileSync(out, 'utf8')
    assert.include(page, 'n1>n2:reply#1')
    assert.include(page, 'n3 value : 1, but the result was 2')
  })

  const REFUSED: readonly (readonly [string, () => string[], RegExp])[] = [
    ['no file', () => [], /^which file\?$/],
    ['two files', () => [trace, trace], /^one file at a time/],
    ['a file that is not there', () => [`${dir}/no`], /no cannot be read: ENOENT/],
    ['a file that is no trace', () => [IMPATIENT], /impatient\.ts:1: expected a JSON object/],
    [
      'a counterexample alone',
      () => [TWICE],
      /^.*twice\.cx is a counterexample, whose scenario is needed: --module MODULE$/,
    ],
    [
      'a trace with a scenario',
      () => [trace, '--module', IMPATIENT],
      /^--module is for counterexamples/,
    ],
    [
      'a scenario that is not there',
      () => [TWICE, '--module', `${dir}/no.ts`],
      /no\.ts: there is no such file/,
    ],
    ['two kinds at once', () => [trace, '--svg', '--shiviz'], /^--svg or --shiviz, not both$/],
    [
      'lanes of something else',
      () => [trace, '--lanes', 'clients'],
      /^--lanes must be nodes or actors, got clients$/,
    ],
    [
      'a place that cannot be written',
      () => [trace, '-o', `${dir}/no/x.html`],
      /x\.html cannot be written: ENOENT/,
    ],
  ]
  for (const [what, words, expected] of REFUSED) {
    it(`refuses ${what}`, async () => {
      const { end, out } = await show(...words())
      assert.match(String(end), expected)
      assert.equal(out, '')
    })
  }

  it('says why a counterexample has no run', async () => {
    const { end } = await show(TWICE, '--module', IMPATIENT, '--scenario', 'other')
    assert.match(String(end), /twice\.cx has no trace: .*exports no scenario by the name 'other'/)
  })
})
