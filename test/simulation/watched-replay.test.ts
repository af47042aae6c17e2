import { assert } from 'chai'
import type { Scenario, Watched } from '../../src/simulation/index.js'
import { compiled, compiledImport } from '../compiled.js'
import { rejection } from '../promises/environment.js'

// What threads run is compiled, and a recording knows the text of its scenario: so it is made of the same here.
const {
  printCounterexample,
  printTrace,
  replay,
  replayInWorker,
  runCounterexampleInWorker,
  simulate,
  verifyInWorker,
} = await compiledImport<typeof import('../../src/simulation/index.js')>('src/simulation/index.js')
const PATH = 'test/simulation/scenarios.js'
const { counting, spinning, troubled } = await compiledImport<typeof import('./scenarios.js')>(PATH)

const SCENARIOS = compiled(PATH)
const STALL_MS = 1_500

const on = (name: string) => ({ export: name, stallMs: STALL_MS })
/** Patient: threads load on a busy machine. */
const patient = (name: string) => ({ export: name, stallMs: 20_000 })

/** As `spinning` was before it came to no end. */
const before: Scenario = { ...counting, name: 'spinning' }

function assertStuck({ verdict, seed, reason }: Watched<unknown>): void {
  assert.equal(verdict, 'stuck')
  assert.equal(String(seed), '2')
  assert.match(
    String(reason),
    new RegExp(`^no step within ${STALL_MS} ms after step \\d+ \\[SEED=2\\]$`),
  )
}

describe('in a watched thread', function () {
  this.timeout(60_000)

  it('a trace, a counterexample and a seed of a scenario that never ends are killed, and their seed is named', async () => {
    assert.equal(spinning.name, before.name)
    const recorded = await simulate(before, { seed: '2', trace: 'memory' })
    assert.exists(recorded.trace)
    const verifying = async (): Promise<Watched<unknown>[]> => {
      const seen: Watched<unknown>[] = []
      for await (const one of verifyInWorker(SCENARIOS, ['2'], on('spinning'))) seen.push(one)
      return seen
    }
    const [trace, cx, verified] = await Promise.all([
      replayInWorker(SCENARIOS, printTrace(recorded.trace), {
        ...on('spinning'),
        mode: 'lenient',
      }),
      runCounterexampleInWorker(SCENARIOS, printCounterexample(recorded), on('spinning')),
      verifying(),
    ])
    assertStuck(trace)
    assertStuck(cx)
    assert.lengthOf(verified, 1)
    assertStuck(verified[0] as Watched<unknown>)
  })

  it('they give what they give here', async () => {
    const recorded = await simulate(troubled, { seed: 3, trace: 'memory' })
    assert.exists(recorded.trace)
    const text = printTrace(recorded.trace)
    const options = { ...patient('troubled'), trace: 'memory' as const }
    const [there, cx] = await Promise.all([
      replayInWorker(SCENARIOS, text, options),
      runCounterexampleInWorker(SCENARIOS, printCounterexample(recorded), patient('troubled')),
    ])
    const here = await replay(text, troubled, { trace: 'memory' })
    assert.equal(there.verdict, 'done', there.reason)
    assert.equal(there.value?.result.hash, here.result.hash)
    assert.deepEqual(there.value?.result.trace, here.result.trace)
    assert.deepEqual(there.value?.changed, [])
    assert.equal(cx.value?.outcome, 'asRecorded', cx.reason)
  })

  it('what differs is told with its code, and what is damaged refused before a thread begins', async () => {
    const recorded = await simulate(before, { seed: '3', trace: 'memory' })
    assert.exists(recorded.trace)
    const text = printTrace(recorded.trace)
    const { verdict, code, reason } = await replayInWorker(SCENARIOS, text, patient('spinning'))
    assert.deepEqual([verdict, code], ['failed', 'ERR_REPLAY'])
    assert.match(String(reason), /; changed since it was recorded: workload: mode 'lenient'/)
    const damaged = await rejection(replayInWorker(SCENARIOS, text.slice(0, -40), on('spinning')))
    assert.match(damaged.message, /ERR_BAD_TRACE/)
    const unread = await rejection(runCounterexampleInWorker(SCENARIOS, 'n1', on('spinning')))
    assert.match(unread.message, /ERR_BAD_COUNTEREXAMPLE/)
  })

  it('another process that never ends is killed at its deadline, and the seed is named', async () => {
    const options = { ...patient('elsewhereSpinning'), otherProcess: { timeoutMs: 2_000 } }
    for await (const { verdict, reason } of verifyInWorker(SCENARIOS, ['5'], options)) {
      assert.equal(verdict, 'failed')
      assert.match(String(reason), /the other process gave no answer in 2000 ms \[SEED=5\]/)
    }
  })
})
