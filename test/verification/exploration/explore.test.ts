import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import {
  check,
  faultModels,
  replay,
  runCounterexample,
  type Scenario,
} from '../../../src/simulation/index.js'
import { loadScenario } from '../../../src/verification/exploration/scenario-source.js'
import {
  dpor,
  type ExploreOptions,
  explore,
  omissions,
  pos,
  random,
} from '../../../src/verification/index.js'
import { readText } from '../../../src/world/real/result-folder.js'
import { auction } from './auction.js'

/** Whether the two bids are taken in turns; nothing can go wrong then. */
const inTurns: Scenario = {
  ...auction,
  async workload(w) {
    await w.callOn('n2', 'bid', 5)
    await w.callOn('n3', 'bid', 15)
  },
}

async function rejected(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => assert.fail('it was not refused'),
    (error: Error) => error,
  )
}

const seedsOf = async (options: ExploreOptions): Promise<unknown> =>
  (await explore(inTurns, options)).explorers.map(({ seeds }) => seeds)

describe('explore', () => {
  let dir = ''
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'troupe-explore-'))
  })
  after(() => rmSync(dir, { recursive: true, force: true }))

  it('finds the smallest run of a failure, writes it down, and it replays to the last bit', async () => {
    const out = join(dir, 'found/deep')
    const using = [random(), pos()]
    const campaign = await explore(auction, { using, executions: 40, out })
    assert.deepEqual([campaign.ok, campaign.verdict], [false, 'fail'])
    assert.equal(campaign.executions, 40)
    assert.isAbove(campaign.distinct, 10)
    assert.deepEqual(campaign.coverage.operations, { bid: { ok: 80 } })
    const [found, ...others] = campaign.counterexamples
    assert.isEmpty(others)
    assert.equal(found?.check, 'the highest bid stands')
    assert.equal(found?.runs, campaign.failed)
    assert.equal(found?.repeats, 'exact')
    assert.match(
      String(found?.shrunk),
      /^ops 2 → 2, faults 0 → 0, nodes 3 → 3, deviations \d+ → 1 in/,
    )
    const text = readFileSync(join(out, String(found?.file)), 'utf8')
    assert.equal(text, found?.text)
    const again = await runCounterexample(text, auction)
    assert.deepEqual([again.outcome, again.changed], ['asRecorded', false])
    const trace = readText(join(out, String(found?.trace)))
    assert.equal((await replay(trace, auction)).result.hash, found?.hash)
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as object
    assert.deepInclude(summary, { verdict: 'fail', executions: 40, scenario: 'auction' })
    assert.match(
      campaign.report(),
      /auction: 1 counterexample[\s\S]*n3 bid \d+ : true[\s\S]*except:\n[\s\S]* before .*\n {4}again: runCounterexample\(text of auction-the-highest/,
    )
  })

  it('makes the runs of its seeds and no others: the same campaign twice finds the same', async () => {
    const options = { using: 'random,pos', executions: 12, seedBase: 30, shrink: false }
    const [a, b] = [await explore(auction, options), await explore(auction, options)]
    const plain = ({ seconds: _, perSecond: __, ...rest }: object & Record<string, unknown>) =>
      JSON.parse(JSON.stringify(rest)) as unknown
    assert.deepEqual(plain({ ...a }), plain({ ...b }))
    assert.deepEqual(
      a.explorers.map(({ seeds }) => seeds),
      [[[30, 35]], [[30, 35]]],
    )
  })

  it('goes through a search to its end, and says so', async () => {
    const all = await explore(auction, { using: dpor(), shrink: false })
    assert.deepEqual([all.executions, all.failed, all.verdict], [6, 2, 'fail'])
    assert.isTrue(all.explorers[0]?.exhausted)
    const fine = await explore(inTurns, { using: 'dpor' })
    assert.deepEqual([fine.ok, fine.verdict, fine.undecided], [true, 'ok', []])
  })

  it('takes the options of explorers from their names', async () => {
    const names = 'omissions(max=1,prune=same-run+lineage),omissions(1),dpor(maxDepth=50)'
    const { explorers, ok } = await explore({ ...inTurns, checks: [] }, { using: names })
    assert.isTrue(ok)
    const [pruned, whole, orders] = explorers
    assert.deepEqual(
      [pruned, whole, orders].map((one) => one?.exhausted),
      [true, true, true],
    )
    assert.equal(Number(pruned?.executions) + Number(pruned?.skipped), whole?.executions)
  })

  it('is undecided when a search is not at its end, a limit ends runs, or nothing was run', async () => {
    const short = await explore(inTurns, { using: 'omissions(max=2)', executions: 2 })
    assert.equal(short.verdict, 'undecided')
    assert.match(short.report(), /undecided[\s\S]*omissions\(max=2\) had more to try/)
    const idle: Scenario = { name: 'idle', level: 'messages', nodes: 1, limits: { virtualMs: 5 } }
    const limited = await explore(idle, { executions: 3 })
    assert.deepEqual([limited.verdict, limited.ok], ['ok', true])
    const endless: Scenario = {
      ...idle,
      async workload(w) {
        for (;;) await w.sleep(1)
      },
    }
    const late = await explore(endless, { executions: 3 })
    assert.equal(late.verdict, 'undecided')
    assert.match(
      late.report(),
      /3 runs were ended by a limit: not over after 5 virtual ms \[SEED=0\]/,
    )
    const none = await explore(inTurns, { seconds: 1e-9, verifyDeterminism: 0 })
    assert.deepEqual([none.verdict, none.undecided], ['undecided', ['nothing was run']])
  })

  it('keeps a failure that needs losses the scenario does not have by itself so that it replays', async () => {
    const stubborn: Scenario = {
      ...inTurns,
      checks: [
        check.history('both bids return', (ops) => ops.every(({ status }) => status === 'ok')),
      ],
    }
    const campaign = await explore(stubborn, {
      using: omissions({ max: 1 }),
      stopAtFirst: true,
      shrink: false,
    })
    const [found] = campaign.counterexamples
    assert.deepEqual([campaign.failed, found?.repeats], [1, 'exact'])
    const again = await runCounterexample(String(found?.text), stubborn)
    assert.deepEqual([again.outcome, again.changed], ['asRecorded', false])
  })

  it('tells failures apart by their signature, a check that throws among them', async () => {
    const torn: Scenario = {
      ...inTurns,
      workload: async (w) => void (await w.callOn('n2', 'bid', w.int(2))),
      checks: [
        check.history('sound', ([op]) => {
          if (op?.args[0] === 0) throw new TypeError('no such thing')
          return false
        }),
      ],
    }
    const campaign = await explore(torn, { executions: 8, using: 'random', shrink: false })
    assert.deepEqual(campaign.counterexamples.map(({ message }) => message).sort(), [
      'sound does not hold',
      'sound: no such thing',
    ])
    assert.equal(campaign.verdict, 'fail')
  })

  it('says so when a failure does not come again from its counterexample', async () => {
    let asked = 0
    const once: Scenario = {
      ...inTurns,
      checks: [check.history('sound', () => ++asked !== 2)],
    }
    const campaign = await explore(once, { executions: 4, using: 'random', verifyDeterminism: 0 })
    assert.deepEqual([campaign.failed, campaign.verdict], [1, 'nondeterministic'])
    assert.match(campaign.report(), /the run of seed 1 that failed \(sound\) .* is another/)
  })

  it('runs the first runs twice, and names the first event that differs', async () => {
    let bid = 0
    const drifting: Scenario = {
      ...auction,
      workload: async (w) => void (await w.callOn('n2', 'bid', ++bid > 1 ? 'x'.repeat(bid) : bid)),
    }
    const out = join(dir, 'drifting')
    const campaign = await explore(drifting, { executions: 5, out })
    assert.deepEqual(
      [campaign.verdict, campaign.ok, campaign.executions],
      ['nondeterministic', false, 0],
    )
    assert.match(
      campaign.report(),
      /came out in two ways[\s\S]*two runs of seed 0 differ at event \d+/,
    )
    assert.isTrue(existsSync(join(out, 'summary.json')))
  })

  it('warns of a check.sometimes that no run has reached', async () => {
    const checks = [check.sometimes('a draw'), check.sometimes('a bid')]
    const campaign = await explore(
      {
        ...inTurns,
        checks,
        workload: async (w) => {
          await w.callOn('n2', 'bid', 1)
          w.reached('a bid')
        },
      },
      { executions: 3, using: 'random' },
    )
    assert.deepEqual(campaign.sometimes, { 'a draw': 0, 'a bid': 3 })
    assert.equal(campaign.verdict, 'ok')
    assert.match(campaign.report(), /warning: no run reached "a draw" \(check\.sometimes\)$/)
  })

  it('ends when it is told to, with what it has found by then', async () => {
    const end = new AbortController()
    const out = join(dir, 'ended')
    const campaign = await explore(auction, {
      out,
      signal: end.signal,
      progress: ({ found }) => found > 0 && end.abort(),
    })
    assert.isBelow(campaign.executions, 1_000)
    assert.deepEqual([campaign.verdict, campaign.interrupted], ['fail', true])
    assert.equal(campaign.counterexamples[0]?.repeats, 'untried')
    assert.lengthOf(
      readdirSync(out).filter((name) => name.endsWith('.cx')),
      1,
    )
  })

  it('gives each of several processes seeds of its own', async () => {
    const options = { using: 'random', executions: 3, seedBase: 10 }
    assert.deepEqual(await seedsOf({ ...options, shard: { index: 0, of: 2 } }), [[[10, 12]]])
    assert.deepEqual(await seedsOf({ ...options, shard: { index: 1, of: 2 } }), [[[13, 15]]])
  })

  it('counts faults, and the runs in which an operation was done', async () => {
    const lossy: Scenario = { ...inTurns, checks: [], faults: faultModels.loss(1) }
    const campaign = await explore(lossy, { executions: 2, using: 'random' })
    assert.isAbove(campaign.faults['drop'] ?? 0, 2)
    assert.equal(campaign.completed, 0)
    assert.match(campaign.report(), /warning: an operation was done in 0 % of the executions only/)
  })

  const REFUSED: readonly (readonly [string, Scenario, ExploreOptions, RegExp])[] = [
    [
      'an explorer that nobody knows',
      auction,
      { using: 'randon' },
      /made of random, pos.*"randon"/,
    ],
    ['an option of an explorer that it has not', auction, { using: 'pct(deep=2)' }, /pct\.deep/],
    ['options where there are none', auction, { using: 'pos(3)' }, /pos, without options/],
    ['a text that is no list', auction, { using: 'random,,pos' }, /names of explorers with commas/],
    ['no explorer at all', auction, { using: [] }, /at least one explorer/],
    [
      'a search of messages where there are none',
      { ...auction, level: 'nodes' },
      { using: dpor() },
      /level 'messages'/,
    ],
    ['threads without a module', auction, { workers: 2 }, /explore\.module must be/],
    ['a part that is none', auction, { shard: { index: 2, of: 2 } }, /explore\.shard must be/],
    [
      'seeds shared out without an end',
      auction,
      { shard: { index: 0, of: 2 }, seconds: 1 },
      /explore\.executions must be given/,
    ],
    [
      'too many subsets',
      {
        ...auction,
        workload: async (w) => {
          for (let i = 0; i < 9; i++) await w.callOn('n2', 'bid', i)
        },
      },
      { using: 'omissions(mode=static)' },
      /too many subsets/,
    ],
    [
      'a scenario whose start throws',
      {
        ...auction,
        start: () => {
          throw new Error('no disk')
        },
      },
      {},
      /start threw on node n1.*no disk.*ERR_BAD_SCENARIO/,
    ],
  ]
  for (const [what, scenario, options, message] of REFUSED) {
    it(`refuses ${what}`, async () => {
      assert.match((await rejected(explore(scenario, options))).message, message)
    })
  }

  const MODULES: readonly (readonly [string, string, string | undefined, RegExp])[] = [
    ['exports nothing', 'export const n = 1', undefined, /it exports no scenario: an object/],
    [
      'exports several',
      'export const a = s, b = s',
      undefined,
      /which scenario\? it exports: a, b/,
    ],
    ['lacks the one', 'export default s', 'a', /no scenario "a"; it exports: default/],
    ['throws', 'throw new TypeError("no")', undefined, /cannot be loaded: TypeError: no/],
    ['is no JavaScript', 'export default {', undefined, /cannot be loaded: SyntaxError/],
  ]
  for (const [what, code, name, message] of MODULES) {
    it(`refuses a module that ${what}`, async () => {
      const module = `data:text/javascript,const s={name:'s',nodes:1};${encodeURIComponent(code)}`
      const source = { module, ...(name !== undefined && { export: name }) }
      assert.match((await rejected(loadScenario(source))).message, message)
    })
  }

  it('takes of a module its default export, or its only scenario, and what a compiler wrapped', async () => {
    const one = "({name:'one',nodes:1})"
    for (const code of [
      `export default ${one}`,
      `export const a = ${one}`,
      `export default { __esModule: true, default: ${one} }`,
    ]) {
      const module = `data:text/javascript,${encodeURIComponent(code)}`
      const found = await loadScenario({ module, nodes: 2, level: 'messages' })
      assert.deepEqual(found, { name: 'one', nodes: 2, level: 'messages' })
    }
  })

  it('finds out before the first run that nothing can be written', async () => {
    const file = join(dir, 'a-file')
    writeFileSync(file, '')
    const started: string[] = []
    const scenario: Scenario = { ...auction, start: ({ name }) => void started.push(name) }
    const error = await rejected(explore(scenario, { out: join(file, 'out') }))
    assert.match(error.message, /explore\.out: nothing can be written to .*a-file\/out/)
    assert.isEmpty(started)
  })
})
