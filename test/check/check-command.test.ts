import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { twoPhaseCommit } from '../../examples/protocols/two-phase-commit.js'
import type { Scenario } from '../../src/simulation/index.js'
import { dpor } from '../../src/verification/index.js'
import { checkCommand } from './check-command.js'
import { PROTOCOL_NAMES, PROTOCOLS } from './protocol-names.js'
import { protocolNamed } from './protocols.js'
import { search } from './search.js'
import { searched } from './shares.js'

interface Ended {
  readonly code: number
  readonly out: string[]
  readonly err: string[]
}

async function check(...words: string[]): Promise<Ended> {
  const out: string[] = []
  const err: string[] = []
  const output = { log: (line: string) => out.push(line), error: (line: string) => err.push(line) }
  return { code: await checkCommand(words, output), out, err }
}

const WRONG: readonly (readonly [string[], RegExp])[] = [
  [[], /which protocol/],
  [['paxos'], /there is no protocol paxos; there are: 2pc, .*3pc/],
  [['constructor'], /there is no protocol constructor/],
  [['2pc', '3pc'], /one protocol at a time, got 2pc 3pc/],
  [['2pc', '--mode', 'all'], /--mode must be one of static, dynamic, dpor, got all/],
  [['2pc', '--participants', '0'], /--participants must be a whole number from 1 to 20, got 0/],
  [['2pc', '--participants', '1e1'], /--participants must be a whole number/],
  [['2pc', '--max-omissions=-1'], /--max-omissions must be a whole number from 0/],
  [['2pc', '--max-omissions', 'some'], /--max-omissions .* got some/],
  [['2pc', '--mode', 'dpor', '--max-omissions', '1'], /dpor loses nothing/],
  [['2pc', '--mode', 'static', '--crashes', '1'], /--crashes is for --mode dynamic/],
  [['2pc', '--prune=luck'], /--prune must be of same-run, lineage, .*, got luck/],
  [['2pc', '--prune', 'luck'], /one protocol at a time, got 2pc luck/],
  [['2pc', '--mode', 'static', '--prune', 'equivalent'], /equivalent is not for --mode static/],
  [['2pc', '--mode', 'dpor', '--prune', 'lineage'], /lineage is not for --mode dpor/],
  [['2pc', '--bug', 'toString'], /--bug of 2pc must be one of hasty, .* got toString/],
  [['2pc', '--seconds', '0'], /--seconds must be a whole number from 1/],
  [['2pc', '--colour'], /--colour/],
]

function expectFewer(pruned: Record<string, unknown>, all: Record<string, unknown>): void {
  assert.isBelow(Number(pruned['executions']), Number(all['executions']))
  assert.equal(pruned['prune'], true)
  assert.equal((pruned['minimalWitnesses'] as unknown[]).length, 1)
  assert.includeDeepMembers(
    all['minimalWitnesses'] as unknown[],
    pruned['minimalWitnesses'] as unknown[],
  )
}

describe('npm run check', function () {
  this.timeout(120_000)

  for (const [words, complaint] of WRONG) {
    it(`refuses "${words.join(' ')}", with its usage`, async () => {
      const { code, out, err } = await check(...words)
      assert.deepEqual([code, out], [3, []])
      assert.match(String(err[0]), complaint)
      assert.match(String(err[1]), /^usage: npm run check/)
    })
  }

  it('prints one object with its keys, and ends with 1 where a protocol breaks', async () => {
    const { code, out } = await check('2pc', '--mode', 'dynamic', '--max-omissions', '1', '--json')
    assert.equal(code, 1)
    assert.lengthOf(out, 1)
    const { seconds, ...result } = JSON.parse(out[0] ?? '') as Record<string, unknown>
    assert.isAbove(Number(seconds), 0)
    assert.deepEqual(result, {
      protocol: '2pc',
      mode: 'dynamic',
      maxOmissions: 1,
      executions: 13,
      distinct: 13,
      violating: 3,
      undecided: 0,
      blocked: 3,
      minimalWitnesses: [['n1>n2:commit#1'], ['n1>n3:commit#1'], ['n1>n4:commit#1']],
      participants: 3,
      crashes: 0,
      prune: false,
      bug: null,
      skipped: 0,
      exhausted: true,
    })
  })

  it('finds with pruning what it finds without', async () => {
    const words = ['2pc', '--mode', 'static', '--participants', '2', '--json']
    const [all, pruned] = (await Promise.all([check(...words), check(...words, '--prune')])).map(
      ({ out }) => JSON.parse(out[0] ?? '') as Record<string, unknown>,
    )
    assert.equal(all?.['executions'], 256)
    assert.equal(Number(pruned?.['executions']) + Number(pruned?.['skipped']), 256)
    assert.equal(pruned?.['executions'], all?.['distinct'])
    for (const key of ['distinct', 'minimalWitnesses']) assert.deepEqual(pruned?.[key], all?.[key])
  })

  it('leaves out by the rules it is given, and says by which', async () => {
    const words = ['2pc', '--participants', '2', '--max-omissions', 'all']
    const all = JSON.parse((await check(...words, '--json')).out[0] ?? '')
    const rules = ['--prune', 'lineage,symmetry']
    const pruned = JSON.parse((await check(...words, ...rules, '--json')).out[0] ?? '')
    expectFewer(pruned, all)
    assert.deepEqual(pruned.rules, ['lineage', 'symmetry'])
    assert.deepEqual(Object.keys(pruned.skippedBy).sort(), ['lineage', 'symmetry'])
    const { out } = await check(...words, '--prune')
    assert.match(String(out[1]), /executions, .*\d+ more known to end alike \(lineage \d+\)/)
  })

  it('ends with 0 where nothing breaks, and says it in words', async () => {
    const { code, out } = await check('2pc', '--mode', 'dpor')
    assert.equal(code, 0)
    assert.equal(out[0], '2pc (dpor, 3 participants, every order): it holds')
    assert.match(String(out[1]), /^ {2}36 executions, 36 distinct, [\d.]+ s$/)
  })

  it('refuses a search of subsets that are too many', async () => {
    const { code, err } = await check('3pc', '--mode', 'static', '--participants', '9')
    assert.equal(code, 3)
    assert.match(String(err[0]), /54 messages have too many subsets/)
  })

  it('knows every protocol, and each with its mistakes', async () => {
    const { code, out } = await check('--help')
    assert.equal(code, 0)
    for (const name of PROTOCOL_NAMES) {
      assert.isTrue(
        out.some((line) => line.startsWith(`  ${name} `)),
        name,
      )
      for (const bug of [undefined, ...PROTOCOLS[name].bugs]) {
        const scenario = protocolNamed(name, PROTOCOLS[name].participants + 1, bug)
        assert.equal(scenario.nodes, PROTOCOLS[name].participants + 1)
      }
    }
  })

  it('ends with 4 where a limit ended runs, and does not say that it holds', async () => {
    const limited: Scenario = { ...twoPhaseCommit(), limits: { steps: 30 } }
    const found = await search(limited, dpor())
    assert.isAbove(found.undecided, 0)
    assert.deepEqual([found.violating, found.exhausted], [0, true])
    for (const json of [[], ['--json']]) {
      const out: string[] = []
      const output = { log: (line: string) => out.push(line), error: () => undefined }
      const words = ['2pc', '--mode', 'dpor', ...json]
      assert.equal(await checkCommand(words, output, async () => found), 4)
      const said = json.length > 0 ? `"undecided":${found.undecided}` : /every order\): undecided$/
      if (typeof said === 'string') assert.include(out[0], said)
      else assert.match(String(out[0]), said)
    }
  })

  it('ends with 70 where a process of the search fails, and stops the others', async () => {
    const entry = fileURLToPath(new URL('./exits-process.ts', import.meta.url))
    const err: string[] = []
    const output = {
      log: () => assert.fail('it has a result'),
      error: (line: string) => err.push(line),
    }
    const code = await checkCommand(['2pc'], output, (given, progress) =>
      searched(given, progress, entry),
    )
    assert.equal(code, 70)
    assert.match(String(err[0]), /an error of the search itself/)
    assert.match(String(err[1]), /a search ended with 7/)
  })

  it('ends with 4 where its time is over first', async () => {
    const { code, out } = await check('2pc-repeated', '--max-omissions', '9', '--seconds', '1')
    assert.equal(code, 4)
    assert.include(out, '  the time was over first')
  })
})
