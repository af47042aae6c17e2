import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { picturesOf as diagrams } from '../verification/diagram/pictures.js'
import {
  draw,
  linesOf,
  PICTURES,
  PICTURES_DIRECTORY,
  picturesCommand,
  trafficCommand,
} from './pictures.js'
import { TRAFFIC_RUNS, trafficPlot } from './traffic-plot.js'

const committed = (name: string): string => readFileSync(join(PICTURES_DIRECTORY, name), 'utf8')

const AGAIN = 'npm run sim -- pictures draws it anew'

const trafficLines = (): Record<string, unknown>[] =>
  committed('traffic.jsonl')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

describe('the pictures of the documentation', () => {
  let directory: string
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'pictures-'))
  })
  after(() => rmSync(directory, { recursive: true }))

  it('are those that the command draws, and each is shown', () => {
    const names = PICTURES.map(({ name }) => `${name}.svg`)
    const others = Object.keys(diagrams) // of runs, by npm run diagram
    const files = readdirSync(PICTURES_DIRECTORY).filter(
      (file) =>
        file.endsWith('.svg') &&
        !others.includes(file) &&
        !committed(file).includes('<metadata>npm run bench'),
    )
    assert.sameMembers(files, names)
    const docs = readdirSync('docs').filter((file) => file.endsWith('.md'))
    const text = docs.map((file) => readFileSync(join('docs', file), 'utf8')).join('\n')
    for (const name of names) assert.include(text, `](pictures/${name})`)
  })

  for (const picture of PICTURES.filter(({ kind }) => kind === 'graph' || kind === 'drawing')) {
    it(`${picture.name} is what its command draws`, async () => {
      await draw(picture, directory)
      const file = `${picture.name}.svg`
      assert.isTrue(readFileSync(join(directory, file), 'utf8') === committed(file), AGAIN)
    }).timeout(20_000)
  }

  for (const { name, words } of PICTURES.filter(({ kind }) => kind === 'plot')) {
    it(`${name} says which command drew it, and a digest of the figures`, () => {
      const [, metadata] = /<metadata>(.*)<\/metadata>/.exec(committed(`${name}.svg`)) ?? []
      const [command, digest] = (metadata ?? '').split('; figures ')
      assert.equal(command, `npm run sim -- overlay ${words}`, AGAIN)
      assert.match(digest ?? '', /^[0-9a-f]{64}$/)
    })
  }

  it('of the traffic is drawn from the lines beside it, which are those of the runs', () => {
    const lines = trafficLines()
    assert.isTrue(trafficPlot(lines as never) === committed('traffic.svg'), AGAIN)
    const runs = lines.map(({ overlay, nodes }) => `${overlay} ${nodes}`)
    const wanted = TRAFFIC_RUNS.map((words) => {
      const [, overlay, nodes] = /--overlay (\S+) --nodes (\d+)/.exec(words) ?? []
      return `${overlay?.replace('-', '')} ${nodes}`
    })
    assert.deepEqual(runs, wanted)
    const file = join(directory, 'again.svg')
    assert.equal(trafficCommand([join(PICTURES_DIRECTORY, 'traffic.jsonl'), '--plot', file]), 0)
    assert.isTrue(readFileSync(file, 'utf8') === committed('traffic.svg'))
  })

  it('of the traffic has the figures that its smallest runs of each overlay give today', async () => {
    const lines = trafficLines()
    for (const [at, words] of TRAFFIC_RUNS.entries()) {
      if (!words.includes('--nodes 100 ')) continue
      const { seconds, rssMb, ...now } = JSON.parse((await linesOf(words))[0] ?? '')
      assert.isNumber(seconds)
      assert.isNumber(rssMb)
      assert.deepInclude(lines[at], now, AGAIN)
    }
  }).timeout(20_000)

  it('show what they are for: flat for HyParView, growing for a full mesh', () => {
    const sent = (overlay: string): number[] =>
      trafficLines()
        .filter((line) => line['overlay'] === overlay)
        .map(
          (line) => Number(line['bytesPerNodeCycle']) + Number(line['heartbeatBytesPerNodeCycle']),
        )
    const flat = sent('hyparview')
    assert.isAtMost(Math.max(...flat) / Math.min(...flat), 1.1)
    for (const list of [sent('fullmesh'), sent('static')]) {
      assert.isAbove((list.at(-1) ?? 0) / (list[0] ?? 1), 3)
    }
  })

  const WRONG: readonly string[][] = [['graph-nobody'], ['--unknown']]
  for (const words of WRONG) {
    it(`are not drawn for ${words.join(' ')}`, async () => {
      const { error } = console
      const said: string[] = []
      console.error = (text: string) => said.push(text)
      try {
        assert.equal(await picturesCommand(words), 3)
        assert.equal(trafficCommand(words), 3)
      } finally {
        console.error = error
      }
      assert.include(said.join('\n'), 'usage: npm run sim -- pictures')
      assert.include(said.join('\n'), 'usage: npm run sim -- traffic')
    })
  }
})
