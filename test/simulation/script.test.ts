import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { printFault } from '../../src/fault/fault-text.js'
import {
  check,
  parseCounterexample,
  printCounterexample,
  type Result,
  runCounterexample,
  type Scenario,
  type Script,
  type ScriptAct,
  type ScriptStep,
  scriptOf,
  simulate,
  withoutSteps,
} from '../../src/simulation/index.js'
import { counting, troubled } from './scenarios.js'

const add = (node: string, by: number, more: Partial<ScriptStep> = {}): ScriptStep => ({
  act: { type: 'op', client: 'c', node, name: 'add', args: [by] },
  ...more,
})

const textOf = (act: ScriptAct): string =>
  act.type === 'fault' ? `${act.ends ? 'end ' : ''}${printFault(act.fault)}` : act.type

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it was not refused')
}

/** What clients saw, and when. */
const seen = ({ history, workloadUs }: Result) =>
  history.map(({ client, node, args, value, status, calledUs }) => {
    return [client, node, args, value, status, calledUs - workloadUs]
  })

describe('a script', () => {
  it('of a run is the same run, clients at once included', async () => {
    const run = await simulate(counting, { seed: 3 })
    const script = scriptOf(run)
    const again = await simulate(counting, { seed: 3, script })
    assert.equal(again.hash, run.hash)
    assert.deepEqual(seen(again), seen(run))
    assert.isTrue(script.steps.every(({ atUs }) => atUs === undefined))
  })

  it('has faults among operations, in the order in which they came', async () => {
    const run = await simulate(troubled, { seed: 5 })
    assert.isAbove(run.faults.length, 3)
    const script = scriptOf(run)
    const faults = script.steps.filter(({ act }) => act.type === 'fault')
    assert.deepEqual(
      faults.map(({ act }) => textOf(act)),
      run.faults.map(({ fault, ends }) => textOf({ type: 'fault', fault, ends })),
    )
    const again = await simulate(troubled, { seed: 5, script })
    assert.deepEqual(
      again.faults.map(({ atUs }) => atUs),
      run.faults.map(({ atUs }) => atUs),
    )
    assert.lengthOf(again.history, run.history.length)
  })

  it('does one step after the other, unless it says otherwise', async () => {
    const steps = [add('n1', 1), add('n2', 1), add('n3', 1)]
    const overlaps = ({ history: [a, b, c] }: Result): boolean[] =>
      [b, c].map((op, at) => Number(op?.callOrder) < Number([a, b][at]?.returnOrder))
    assert.deepEqual(overlaps(await simulate(counting, { script: { steps } })), [false, false])
    const atOnce = [add('n2', 1), add('n2', 1, { after: [] }), add('n3', 1, { after: [0] })]
    const { history } = await simulate(counting, { script: { steps: atOnce } })
    const [first, second, third] = history
    assert.isBelow(Number(second?.callOrder), Number(first?.returnOrder))
    assert.isAbove(Number(third?.callOrder), Number(first?.returnOrder))
  })

  it('waits, and begins no step before its time', async () => {
    const steps = [add('n1', 1), add('n1', 1, { waitUs: 5_000 }), add('n1', 1, { atUs: 90_000 })]
    const { history, workloadUs } = await simulate(counting, { script: { steps } })
    const [first, second, third] = history
    assert.equal(Number(second?.calledUs) - Number(first?.returnedUs), 5_000)
    assert.equal(Number(third?.calledUs) - workloadUs, 90_000)
  })

  it('starts only its nodes', async () => {
    const script: Script = { nodes: ['n1', 'n3'], steps: [add('n3', 2)] }
    const { nodes, history } = await simulate(counting, { script })
    assert.deepEqual(nodes, ['n1', 'n3'])
    assert.equal(history[0]?.value, 2)
  })

  it('takes joins and leaves with it', async () => {
    const apart: Scenario = {
      ...counting,
      name: 'apart',
      joined: false,
      async workload(w) {
        await w.join('n2', 'n1')
        await w.callOn('n2', 'add', 1)
        w.leave('n2')
      },
    }
    const run = await simulate(apart)
    const script = scriptOf(run)
    assert.deepEqual(
      script.steps.map(({ act }) => act.type),
      ['join', 'op', 'leave'],
    )
    const again = await simulate(apart, { script })
    assert.equal(again.history[0]?.value, 1)
    assert.deepEqual(
      again.membership.map(({ line }) => line.type),
      ['join', 'leave'],
    )
  })

  it('stands in a counterexample, which repeats its run', async () => {
    const script: Script = {
      nodes: ['n1', 'n2'],
      steps: [
        add('n2', 1),
        { act: { type: 'fault', fault: { verb: 'pause', node: 'n2' }, ends: false } },
        { act: { type: 'fault', fault: { verb: 'resume', node: 'n2' }, ends: false } },
        add('n2', 2, { waitUs: 1_500, after: [0] }),
        add('n1', 3, { after: [], atUs: 40_000 }),
      ],
    }
    const run = await simulate(counting, { script })
    const text = printCounterexample(run)
    assert.deepEqual(text.split('\n').slice(0, 9), [
      'nodes n1 n2',
      'join n2 n1 : OK',
      'n2 add 1 : 1',
      'fault pause n2',
      'fault resume n2',
      'wait 2',
      'n2 add 2 : 3',
      `wait ${text.match(/wait (\d+)\nn1/)?.[1]}`,
      'n1 add 3 : 6',
    ])
    assert.deepEqual(parseCounterexample(text).meta?.script, script)
    const { outcome, result } = await runCounterexample(text, counting)
    assert.equal(outcome, 'asRecorded')
    assert.deepEqual(seen(result), seen(run))
  })

  it('leaves out what a changed scenario has no more, and says so', async () => {
    const steps = [add('n1', 1), add('n3', 2), add('n2', 4, { after: [1] })]
    const text = printCounterexample(await simulate(counting, { script: { steps } }))
    const smaller: Scenario = { ...counting, nodes: 2 }
    const { result, unused, outcome } = await runCounterexample(text, smaller)
    assert.deepEqual(unused, ['n3 add 2'])
    assert.equal(outcome, 'other')
    assert.deepEqual(
      result.history.map(({ value }) => value),
      [1, 5],
    )
  })

  it('runs by hand with the nodes that it names', async () => {
    const { result } = await runCounterexample('nodes n1 n3\nn3 add 2 : 2', counting)
    assert.deepEqual(result.nodes, ['n1', 'n3'])
    assert.equal(result.verdict, 'ok')
  })

  const texts: readonly (readonly [string, RegExp])[] = [
    ['nodes', /^f.cx:1:6: expected a node, got the end/],
    ['nodes n1 n9', /^f.cx:1:10: expected a node of the scenario \(n1, n2, n3\), got "n9"/],
    ['nodes n1\nn2 add 1 : 1', /^f.cx:2:1: expected a node of the scenario \(n1\), got "n2"/],
    ['#! script []', /^f.cx:1:11: expected the script in JSON, \{ nodes, steps \}/],
    ['#! script {"steps":[{}]}', /^f.cx:1:11: expected the script in JSON/],
    ['#! script {"steps":[{"do":"n1 add 1","after":[0]}]}', /expected the script in JSON/],
    ['#! script {"steps":[{"do":"wait 5"}]}', /f.cx:1:.*expected the end of the line/],
    ['#! script {"steps":[{"do":"fault explode n1"}]}', /^f.cx:1.*expected one of partition/],
  ]
  for (const [text, said] of texts) {
    it(`refuses ${text.replace('\n', ' / ')}`, async () => {
      const error = await rejection(runCounterexample(text, counting, { file: 'f.cx' }))
      assert.equal(codeOf(error), 'ERR_BAD_COUNTEREXAMPLE')
      assert.match(error.message, said)
    })
  }

  const scripts: readonly (readonly [Script, RegExp])[] = [
    [{ nodes: ['n7'], steps: [] }, /its script names the node n7; there are: n1, n2, n3/],
    [{ steps: [add('n7', 1)] }, /its script names the node n7/],
    [
      { steps: [{ act: { type: 'op', client: 'c', node: 'n1', name: 'sub', args: [] } }] },
      /its script names the operation sub; there are: add, value/,
    ],
    [
      {
        steps: [
          { act: { type: 'fault', fault: { verb: 'user', name: 'fire', args: [] }, ends: false } },
        ],
      },
      /its script names the user fault fire; there are: none/,
    ],
  ]
  for (const [script, said] of scripts) {
    it(`is refused: ${said.source}`, async () => {
      const error = await rejection(simulate(counting, { script }))
      assert.equal(codeOf(error), 'ERR_BAD_SCENARIO')
      assert.match(error.message, said)
    })
  }

  it('without some steps waits for what these had waited for', () => {
    const steps = [
      add('n1', 0, { after: [] }),
      add('n1', 1, { after: [0] }),
      add('n1', 2, { after: [] }),
      add('n1', 3, { after: [1, 2] }),
      add('n1', 4),
    ]
    const left = withoutSteps({ steps }, new Set([1]))
    assert.deepEqual(
      left.steps.map(({ after }) => after),
      [[], [], [1, 0].sort(), undefined],
    )
  })
})

describe('a check that says which operation', () => {
  it('has what it expected in the counterexample', async () => {
    const off: Scenario = {
      ...counting,
      name: 'off',
      workload: async (w) => void (await w.call('add', 2)),
      checks: [
        check.history('model', ([op]) => op && { why: 'not 3', op, expected: { value: 3 } }),
      ],
    }
    const result = await simulate(off)
    assert.match(String(result.error?.message), /model: not 3/)
    assert.match(printCounterexample(result), /^n1 add 2 : FAIL, \{3, 2\}$/m)
  })
})
