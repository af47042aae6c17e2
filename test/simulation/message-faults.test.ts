import { assert } from 'chai'
import { faultModels } from '../../src/simulation/fault-model.js'
import { replay } from '../../src/simulation/replay.js'
import type { Scenario } from '../../src/simulation/scenario.js'
import { simulate } from '../../src/simulation/simulate.js'
import { printTrace } from '../../src/simulation/trace-file.js'
import type { Trace, TraceLine } from '../../src/simulation/trace-line.js'
import { counting } from './scenarios.js'

/** The counting scenario with a workload of its own. */
const working = (workload: Scenario['workload']): Scenario => ({
  ...counting,
  checks: [],
  ...(workload && { workload }),
})

const of = (trace: Trace | undefined, kind: TraceLine['k'], id: RegExp): TraceLine[] =>
  (trace?.lines ?? []).filter((line) => line.k === kind && id.test(line.id ?? ''))

describe('faults about messages', () => {
  it('lose one message by its label, and no other', async () => {
    const scenario = working(async (w) => {
      w.fault('omit n2>n1:add#2')
      const outcomes: string[] = []
      for (let i = 1; i <= 3; i++) outcomes.push((await w.callOn('n2', 'add', i)).status)
      assert.deepEqual(outcomes, ['ok', 'info', 'ok'])
      assert.equal((await w.callOn('n1', 'value')).value, 4)
    })
    const result = await simulate(scenario, { trace: 'memory' })
    assert.equal(result.verdict, 'ok', result.error?.stack)
    assert.lengthOf(of(result.trace, 'drop', /^n2>n1:add#2$/), 1)
    assert.lengthOf(of(result.trace, 'deliver', /^n2>n1:add#/), 2)
    assert.lengthOf(of(result.trace, 'send', /^n2>n1:add#/), 3)
  })

  it('crash a node when a message has been handled', async () => {
    const scenario = working(async (w) => {
      w.fault('crash n1 after n3>n1:add#2')
      assert.equal((await w.callOn('n3', 'add', 1)).value, 1)
      // As after SIGKILL: what was handed to the kernel still leaves.
      assert.equal((await w.callOn('n3', 'add', 1)).value, 2)
      assert.isUndefined(w.running('n1'))
    })
    const result = await simulate(scenario, { trace: 'memory' })
    assert.equal(result.verdict, 'ok', result.error?.stack)
    assert.lengthOf(of(result.trace, 'deliver', /^n3>n1:add#2$/), 1)
  })

  it('go on at a node that was started anew', async () => {
    const scenario = working(async (w) => {
      w.fault('omit_receive n1 n2')
      w.fault('restart n1')
      await w.until('n1 is back', () => w.running('n1')?.isUp('n3') === true)
      assert.equal((await w.callOn('n2', 'add', 1)).status, 'info')
      assert.equal((await w.callOn('n3', 'add', 1)).status, 'ok')
    })
    const result = await simulate(scenario)
    assert.equal(result.verdict, 'ok', result.error?.stack)
  })

  const lossy: Scenario = {
    ...counting,
    name: 'lossy',
    checks: [],
    faults: faultModels.loss(0.1).plus(faultModels.duplication(0.1)),
  }

  it('are choices of their own where a model says so: the tape has what was lost, and repeats it', async () => {
    const once = await simulate(lossy, { seed: 5, trace: 'memory' })
    const labels = Object.keys(once.tape)
    assert.isAbove(labels.length, 3)
    for (const label of labels) assert.match(label, /^(drop|duplicate) n\d>n\d:\w+#\d+(~\d+)?$/)
    const again = await simulate(lossy, { seed: 5, tape: once.tape })
    assert.equal(again.hash, once.hash)
    const { result } = await replay(printTrace(once.trace as Trace), lossy)
    assert.equal(result.hash, once.hash)
    const none = await simulate(lossy, { seed: 5, tape: {} })
    assert.isEmpty(none.tape)
    assert.isTrue(none.history.every(({ status }) => status !== 'info'))
  })

  it('do not answer twice, nor count twice, what comes twice', async () => {
    const twice: Scenario = {
      ...counting,
      faults: faultModels.duplication(1),
      async workload(w) {
        for (let i = 0; i < 20; i++) await w.callOn('n2', 'add', 1)
        assert.equal((await w.callOn('n1', 'value')).value, 20)
      },
    }
    const result = await simulate(twice, { trace: 'memory' })
    assert.equal(result.verdict, 'ok', result.error?.stack)
    assert.isAbove(of(result.trace, 'duplicate', /add/).length, 10)
  })

  it('show in a trace with their causes: a delivery has its sending', async () => {
    const { trace } = await simulate(counting, { trace: 'memory' })
    const lines = trace?.lines ?? []
    const deliveries = lines.filter(({ k, id }) => k === 'deliver' && /:add#/.test(id ?? ''))
    assert.isAbove(deliveries.length, 15)
    for (const { c, id } of deliveries) {
      assert.equal(lines[c as number]?.k, 'send')
      assert.equal(lines[c as number]?.id, id)
    }
  })
})
