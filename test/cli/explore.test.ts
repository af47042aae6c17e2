import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { load } from 'js-yaml'
import { exploreCommand } from '../../src/cli/explore.js'
import { manifestCommand } from '../../src/cli/k8s-manifest.js'
import { mergeCommand } from '../../src/cli/merge.js'
import type { CampaignCounterexample, CampaignRecord } from '../../src/verification/index.js'
import { BuiltCommand, type Ended } from './built-command.js'
import { FakeTerminal } from './fake-terminal.js'

/** Two bids at once, of which in some orders the lower one stands; `PATCH` may spoil it. */
const scenarioText = (built: BuiltCommand, patch: string): string => `
import { Actor, actor, reentrant } from '${built.url('index.js')}'
import { check } from '${built.url('simulation/index.js')}'
class Limits extends Actor { of(bidder) { return bidder === 'n2' ? 10 : 20 } }
actor('cli/limits')(Limits)
class Auctioneer extends Actor {
  highest = 0
  async bid(bidder, amount) {
    const before = this.highest
    const limit = await this.node.lookup(Limits, 'limits', { on: bidder }).ask.of(bidder)
    if (amount <= before || amount > limit) return false
    this.highest = amount
    return true
  }
}
reentrant(Auctioneer.prototype, 'bid', Object.getOwnPropertyDescriptor(Auctioneer.prototype, 'bid'))
actor('cli/auctioneer')(Auctioneer)
console.log('the module is loaded')
export const auction = {
  name: 'auction', level: 'messages', nodes: 3, limits: { settleMs: 0 },
  start(node) {
    node.spawn(Limits, undefined, { name: 'limits' })
    if (node.name === 'n1') node.spawn(Auctioneer, undefined, { name: 'auctioneer' })
  },
  operations: { bid: (node, amount) => node.lookup(Auctioneer, 'auctioneer', { on: 'n1' }).ask.bid(node.name, amount) },
  async workload(w) { await Promise.all([w.callOn('n2', 'bid', 5), w.callOn('n3', 'bid', 15)]) },
  checks: [check.eventually('the highest bid stands', ({ history, actors }) => {
    const taken = history.filter(({ value }) => value === true).map(({ args }) => args[0])
    return actors(Auctioneer).every(({ actor }) => actor.highest === Math.max(0, ...taken))
  }, { withinMs: 100 })],
}
${patch}
`

const SPINNING = `const { workload } = auction
auction.workload = async (w) => { if (w.int(4) === 0) for (;;) await undefined; await workload(w) }`

describe('npx troupe explore, replay, k8s collect', function () {
  this.timeout(120_000)
  let built: BuiltCommand
  let dir = ''
  const at = (name: string): string => join(dir, name)
  const write = (name: string, patch = ''): void => {
    writeFileSync(at(name), scenarioText(built, patch))
  }
  const troupe = (...words: string[]): Promise<Ended> => built.run(dir, words)
  const summary = (out: string): CampaignRecord =>
    JSON.parse(readFileSync(at(`${out}/summary.json`), 'utf8')) as CampaignRecord

  before(async () => {
    built = await BuiltCommand.make()
    dir = realpathSync(mkdtempSync(join(tmpdir(), 'troupe-cli-')))
    write('bids.mjs')
  })
  after(() => {
    built.remove()
    rmSync(dir, { recursive: true, force: true })
  })

  it('finds a bug over several threads, and the command that it prints sees it again', async () => {
    const words = ['explore', 'bids.mjs', '--executions', '24', '--workers', '2', '--no-shrink']
    const { code, out, err } = await troupe(...words, '--out', 'found')
    assert.equal(code, 1, err)
    assert.match(out, /^auction: 1 counterexample\n {2}24 executions/)
    const [, again = ''] = /again: npx troupe (.*)/.exec(out) ?? []
    const { counterexamples, explorers } = summary('found')
    assert.equal(counterexamples[0]?.repeats, 'exact')
    assert.deepEqual(
      explorers.map(({ executions, seeds }) => [executions, seeds]),
      [
        [12, [[0, 11]]],
        [12, [[0, 11]]],
      ],
    )
    const { text, trace } = counterexamples[0] as CampaignCounterexample
    writeFileSync(at('known.cx'), `${text}#! expect=fail\n`)
    const small = ['shrink', 'bids.mjs', 'known.cx', '--keep', 'values', '-o', 'small.cx']
    const smaller = await troupe(...small)
    assert.equal(smaller.code, 1, smaller.err)
    assert.match(smaller.out, /^small\.cx: the highest bid stands.*\n {2}ops 2 → 2, .* → 1 in/)
    const all = [...again.split(' '), 'known.cx', `found/${trace}`, 'small.cx', '--json']
    const replayed = await troupe(...all)
    assert.equal(replayed.code, 1, replayed.err)
    const reruns = replayed.out.trimEnd().split('\n')
    assert.deepEqual(
      reruns
        .map((line) => JSON.parse(line) as { outcome: string; expectsFailure: boolean })
        .map(({ outcome, expectsFailure }) => [outcome, expectsFailure]),
      [
        ['asRecorded', false],
        ['asRecorded', true],
        ['asRecorded', false],
        ['asRecorded', false],
      ],
    )
  })

  it('keeps what it has found when it is ended, and says how it stands', async () => {
    let pid = 0
    const words = ['explore', 'bids.mjs', '--seconds', '100', '--workers', '1', '--json']
    const ended = built.run(dir, [...words, '--out', 'ended'], { started: (id) => (pid = id) })
    const found = (): boolean =>
      existsSync(at('ended')) && readdirSync(at('ended')).some((name) => name.endsWith('.cx'))
    let over = false
    void ended.then(() => {
      over = true
    })
    while (!found() && !over) await new Promise((resolve) => setTimeout(resolve, 20))
    if (!over) process.kill(pid, 'SIGINT')
    const { code, out, err } = await ended
    assert.equal(code, 1)
    assert.match(err, /ending; what was found is in ended/)
    const { interrupted, verdict, executions } = JSON.parse(out) as CampaignRecord
    assert.deepEqual([interrupted, verdict], [true, 'fail'])
    assert.equal(summary('ended').executions, executions)
  })

  it('kills a run that never ends, goes on behind it, and says how to see it again', async () => {
    write('spinning.mjs', SPINNING)
    const words = ['--using', 'random', '--executions', '6', '--workers', '1', '--no-shrink']
    const { code, out } = await troupe(
      'explore',
      'spinning.mjs',
      ...words,
      '--stall-ms',
      '1000',
      '--out',
      'spun',
    )
    assert.equal(code, 1)
    const { stuck, executions, explorers } = summary('spun')
    assert.isNotEmpty(stuck)
    assert.equal(executions + stuck.length, 6)
    assert.deepEqual(explorers[0]?.seeds, [[0, 5]])
    assert.include(
      out,
      `again: npx troupe explore spinning.mjs --using random --seed-base ${stuck[0]?.seed} --executions 1`,
    )
  })

  it('runs as the pods of its own manifest do, and brings their results together', async () => {
    const terminal = new FakeTerminal()
    const words = ['bids.mjs', '--image', 'bids:1', '--executions', '24', '--each', '12']
    await terminal.run(manifestCommand, ...words, '--using', 'random', '--seed-base', '50')
    const job = load(terminal.lines.join('\n')) as never as {
      spec: { template: { spec: { containers: [{ args: string[] }] } } }
    }
    const { args } = job.spec.template.spec.containers[0]
    const local = args.map((word) => (word === '/tmp/results' ? 'pods' : word))
    const pods = await Promise.all(
      ['0', '1'].map((index) => built.run(dir, local, { env: { JOB_COMPLETION_INDEX: index } })),
    )
    assert.deepEqual(
      pods.map(({ code }) => code),
      [0, 0],
    )
    // kubectl gives the log of one pod behind that of the other
    writeFileSync(at('log'), pods.map(({ out }) => out).join(''))
    writeFileSync(at('kubectl'), '#!/bin/sh\necho "$@" > words\ncat log\n')
    chmodSync(at('kubectl'), 0o755)
    const options = ['--kubectl', './kubectl', '--namespace', 'tests']
    const collect = ['k8s', 'collect', 'bids.mjs', '--job', 'bids', ...options]
    const collected = await troupe(...collect, '--out', 'byLog')
    assert.equal(collected.code, 1, collected.err)
    // the same from a volume on which the pods have left their results
    const merged = await terminal.run(mergeCommand, at('pods'), '--out', at('byFolder'))
    assert.equal(merged, 1)
    assert.equal(
      readFileSync(at('words'), 'utf8'),
      'logs --selector=batch.kubernetes.io/job-name=bids --tail=-1 --namespace=tests\n',
    )
    assert.deepEqual(summary('byLog'), summary('byFolder'))
    const { executions, explorers, counterexamples } = summary('byLog')
    assert.equal(executions, 24)
    assert.deepEqual(explorers[0]?.seeds, [[50, 73]])
    assert.deepInclude(counterexamples[0], { repeats: 'exact' })
  })

  it('knows the words that the image of the example begins with: 100 executions', () => {
    const url = new URL('../../examples/container/Containerfile', import.meta.url)
    const [, json = ''] = /^CMD (.*)$/m.exec(readFileSync(url, 'utf8')) ?? []
    const [command, ...words] = JSON.parse(json) as string[]
    const { values } = new FakeTerminal().parse(words, exploreCommand.options)
    assert.deepEqual([command, values['executions']], [exploreCommand.name, '100'])
  })

  const typescript = 'export default { name: 1 as number }'
  const WRONG: readonly (readonly [string, string[], RegExp])[] = [
    ['no file', [], /which file/],
    ['two files', ['a.js', 'b.js'], /one file at a time/],
    ['a file that is not there', ['nowhere.mjs'], /nowhere\.mjs: there is no such file/],
    ['a file that is no module', ['log.txt'], /expected a module of TypeScript or JavaScript/],
    ['TypeScript where tsx is not installed', ['plain.mts'], /npm install --save-dev tsx/],
    ['TypeScript that counts as CommonJS', ['plain.ts'], /"type": "module", or name it \.mts/],
    ['a part that is none', ['bids.mjs', '--shard', '3/3'], /--shard must be I\/N/],
    ['a pod that is none', ['bids.mjs', '--shard', 'job/3'], /JOB_COMPLETION_INDEX is not set/],
    [
      'a time that is none',
      ['bids.mjs', '--seconds', 'soon'],
      /--seconds must be a number above 0/,
    ],
    ['a level that is none', ['bids.mjs', '--level', 'bits'], /--level must be one of/],
  ]
  for (const [what, words, complaint] of WRONG) {
    it(`refuses ${what}`, async () => {
      writeFileSync(at('plain.mts'), typescript)
      writeFileSync(at('plain.ts'), typescript)
      writeFileSync(at('log.txt'), '')
      const [file, ...more] = words.map((word) => (/\.\w+$/.test(word) ? at(word) : word))
      const given = file === undefined ? [] : [file, ...more, '--out', at('wrong')]
      const terminal = new FakeTerminal()
      const error = await terminal.run(exploreCommand, ...given).catch((thrown: Error) => thrown)
      assert.match(String(error), complaint)
    })
  }
})
