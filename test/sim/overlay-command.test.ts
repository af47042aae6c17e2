import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { overlayCommand } from './overlay-command.js'
import { overlayNames } from './overlays-by-name.js'
import { ticks } from './svg-chart.js'

interface Ended {
  readonly code: number
  readonly out: string[]
  readonly err: string[]
}

async function overlay(...words: string[]): Promise<Ended> {
  const out: string[] = []
  const err: string[] = []
  const output = { log: (line: string) => out.push(line), error: (line: string) => err.push(line) }
  return { code: await overlayCommand(words, output), out, err }
}

const small = ['--nodes', '30', '--cycles', '2', '--json', '--overlay']

const result = ({ out }: Ended): Record<string, unknown> =>
  JSON.parse(out.at(-1) ?? '') as Record<string, unknown>

const KEYS = [
  ...['overlay', 'nodes', 'cycles', 'seed', 'meanShortestPath', 'clustering', 'components'],
  ...['asymmetricLinks', 'degreeHistogram', 'inDegree', 'meanOutView', 'meanPassive'],
  ...['messagesPerNodeCycle', 'bytesPerNodeCycle', 'seconds', 'rssMb'],
]

const WRONG: readonly (readonly [string[], RegExp])[] = [
  [[], /--overlay is needed/],
  [['--overlay', 'nope'], /must be one of .*hyparview.* got nope/],
  [['--overlay', 'constructor'], /must be one of/],
  [['--overlay', './nowhere.ts'], /cannot load \.\/nowhere\.ts/],
  [['--overlay', './test/seeds.ts'], /a file that exports a factory by default/],
  [['--overlay', 'hyparview', '--nodes', '1'], /--nodes must be a whole number from 2 .* got 1/],
  [['--overlay', 'hyparview', '--nodes', '2.5'], /--nodes must be a whole number/],
  [['--overlay', 'hyparview', '--nodes', 'many'], /--nodes .* got many/],
  [['--overlay', 'hyparview', '--cycles=-1'], /--cycles must be a whole number from 0/],
  [['--overlay', 'hyparview', '--fail', '1.1'], /--fail must be a share from 0 to 1.* got 1\.1/],
  [['--overlay', 'hyparview', '--fail=-0.1'], /--fail must be a share/],
  [['--overlay', 'hyparview', '--fail', '0.1,'], /--fail must be a share/],
  [['--overlay', 'hyparview', '--latency', '5'], /--latency must be two numbers/],
  [['--overlay', 'hyparview', '--latency', '9-3'], /--latency must be two numbers/],
  [['--overlay', 'hyparview', '--senders', 'few'], /--senders must be one or many, .* got few/],
  [['--overlay', 'hyparview', '--senders', '0'], /--senders must be one or many, .* got 0/],
  [['--overlay', 'hyparview', '--after', '3'], /--after is for what comes after --fail/],
  [
    ['--overlay', 'hyparview', '--fail', '0.5', '--after', '3', '--protocol', 'gossip'],
    /--after is for --protocol flood or plumtree/,
  ],
  [
    ['--overlay', 'hyparview', '--fail', '0.5', '--after', '3', '--burst', '5'],
    /--after takes the place of --burst/,
  ],
  [['--overlay', 'hyparview', '--graph', '/no/where/x.svg'], /--graph cannot be written/],
  [['--overlay', 'hyparview', '--graph', 'x.svg', '--nodes', '301'], /--graph is for up to 300/],
  [['--overlay', 'hyparview', '--protocol', 'x'], /--protocol must be flood or plumtree/],
  [['--overlay', 'hyparview', '--detect', 'x'], /--detect must be closed or send or none/],
  [['--overlay', 'hyparview', '--contact', 'x'], /--contact must be first or random/],
  [['--overlay', 'hyparview', '--churn', 'x'], /--churn must be a whole number/],
  [['--overlay', 'hyparview', '--option', 'x'], /--option must be KEY=VALUE, got x/],
  [['--overlay', 'hyparview', '--option', 'x=1'], /hyparview\.x is not an option/],
  [['--overlay', 'hyparview', '--option', 'activeSize=1'], /activeSize must be an integer/],
  [['--overlay', 'hyparview', '--plot', '/no/where/x.svg'], /--plot cannot be written/],
  [['--overlay', 'full-mesh', '--xbot'], /--xbot is for hyparview, got full-mesh/],
  [['--overlay', 'hyparview', '--unknown'], /unknown/],
  [['hyparview'], /hyparview/],
]

describe('npm run sim -- overlay', () => {
  for (const name of overlayNames()) {
    it(`measures ${name}`, async () => {
      const ended = await overlay(...small, name)
      assert.deepEqual([ended.code, ended.err, ended.out.length], [0, [], 1])
      const line = result(ended)
      assert.includeMembers(Object.keys(line), KEYS)
      assert.deepInclude(line, { overlay: name, nodes: 30, cycles: 2, seed: '1', components: 1 })
      assert.containsAllKeys(line['inDegree'], ['mean', 'sd', 'min', 'max'])
    })
  }

  it('prints the same for the same seed but for the time it took, and another for another', async () => {
    const run = async (seed: string) => {
      const { seconds, rssMb, ...rest } = result(
        await overlay(...small, 'hyparview', '--seed', seed, '--fail', '0.5', '--burst', '20'),
      )
      assert.isNumber(seconds)
      assert.isNumber(rssMb)
      return rest
    }
    const once = await run('7')
    assert.deepEqual(await run('7'), once)
    assert.notEqual((await run('8'))['events'], once['events'])
  })

  it('prints what broadcasts cost, and a line for each share of nodes that fail', async () => {
    const words = ['--broadcasts', '4', '--senders', 'many', '--protocol', 'plumtree']
    const ended = await overlay(
      ...small,
      'hyparview',
      ...words,
      '--fail',
      '0.2,0.5',
      '--burst',
      '5',
    )
    assert.equal(ended.out.length, 2)
    for (const [i, text] of ended.out.entries()) {
      const line = JSON.parse(text) as Record<string, unknown>
      assert.equal(line['fail'], [0.2, 0.5][i])
      for (const key of ['rmr', 'lastHop', 'payloads', 'control'])
        assert.lengthOf(line[key] as number[], 4)
      assert.containsAllKeys(line, ['reliability', 'survivorsInLargest', 'healCycles'])
    }
  })

  it('takes options of the overlay, and an overlay from a file', async () => {
    const line = result(await overlay(...small, 'hyparview', '--option', 'activeSize=3'))
    assert.isAtMost(Number(line['meanOutView']), 3)
    const mine = './test/sim/fixtures/lonely-overlay.ts'
    assert.deepInclude(result(await overlay(...small, mine)), { overlay: mine, components: 30 })
  })

  it('says what share goes between sites', async () => {
    const words = ['hiscamp', '--sites', '3', '--broadcasts', '1']
    const line = result(await overlay(...small, ...words))
    assert.hasAllKeys(line['longLinkShare'], ['messages', 'payloads'])
    assert.notProperty(result(await overlay(...small, 'hiscamp')), 'longLinkShare')
  })

  it('prints for people without --json', async () => {
    const { out } = await overlay('--overlay', 'full-mesh', '--nodes', '4', '--cycles', '1')
    assert.include(out, 'overlay: "fullmesh"')
    assert.include(out, 'meanShortestPath: 1')
  })

  it('draws its figures beside the published ones', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'overlay-plot-'))
    try {
      const file = join(directory, 'plot.svg')
      const words = ['--broadcasts', '5', '--protocol', 'plumtree', '--fail', '0.5', '--burst', '5']
      await overlay(...small, 'hyparview', ...words, '--plot', file)
      const svg = readFileSync(file, 'utf8')
      assert.match(svg, /^<svg xmlns[\s\S]*<\/svg>\n$/)
      for (const title of [
        'In-degrees',
        'Hops to the last delivery',
        'Relative message redundancy',
      ]) {
        assert.include(svg, title)
      }
      assert.include(svg, 'Reliability right after a failure')
      assert.include(svg, 'published for 10,000 nodes')
      assert.notMatch(svg, /NaN|undefined|Infinity/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('draws what comes after failures, a line for each share', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'overlay-plot-'))
    try {
      const file = join(directory, 'plot.svg')
      const words = ['--broadcasts', '3', '--protocol', 'plumtree', '--fail', '0.3,0.6']
      const ended = await overlay(
        ...[...small, 'hyparview', ...words, '--senders', '2', '--after', '3', '--plot', file],
      )
      assert.lengthOf(ended.out, 2)
      assert.lengthOf((result(ended)['afterFailure'] as { rmr: number[] }).rmr, 3)
      const svg = readFileSync(file, 'utf8')
      for (const text of ['30 % failed', '60 % failed', '2 nodes in turn', 'after a failure']) {
        assert.include(svg, text)
      }
      assert.notMatch(svg, /NaN|undefined|Infinity/)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('says in a picture which command drew it, whatever the file is called', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'overlay-graph-'))
    try {
      const [a, b] = [join(directory, 'a.svg'), join(directory, 'b.svg')]
      await overlay(...small, 'hyparview', '--graph', a)
      await overlay(...small, 'hyparview', `--graph=${b}`)
      const svg = readFileSync(a, 'utf8')
      assert.include(
        svg,
        'npm run sim -- overlay --nodes 30 --cycles 2 --overlay hyparview; figures',
      )
      assert.equal(readFileSync(b, 'utf8'), svg)
      assert.equal(svg.match(/<circle/g)?.length, 30)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  for (const [words, why] of WRONG) {
    it(`refuses ${words.join(' ') || 'no words'}`, async () => {
      const { code, out, err } = await overlay(...words)
      assert.equal(code, 3)
      assert.deepEqual(out, [])
      assert.match(err.join('\n'), why)
      assert.include(err.join('\n'), 'usage: npm run sim -- overlay')
    })
  }
})

describe('axes', () => {
  const TABLE: readonly (readonly [number, number, boolean, number[]])[] = [
    [0, 10, false, [0, 2, 4, 6, 8, 10]],
    [0, 9, false, [0, 2, 4, 6, 8, 10]],
    [0, 0.93, false, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [1, 100, true, [1, 20, 40, 60, 80, 100]],
    [3, 7, true, [3, 4, 5, 6, 7]],
    [0, 39_961, false, [0, 10_000, 20_000, 30_000, 40_000]],
  ]
  for (const [least, most, exact, expected] of TABLE) {
    it(`have round figures from ${least} to ${most}`, () => {
      assert.deepEqual(ticks(least, most, exact), expected)
    })
  }
})
