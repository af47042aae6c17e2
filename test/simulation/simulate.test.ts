import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { check } from '../../src/simulation/check.js'
import { report } from '../../src/simulation/result.js'
import type { Scenario } from '../../src/simulation/scenario.js'
import { simulate } from '../../src/simulation/simulate.js'
import { rejection } from '../promises/environment.js'
import { Counter, counting, troubled } from './scenarios.js'

describe('simulate', () => {
  it('runs a scenario and keeps its history', async () => {
    const result = await simulate(counting, { seed: 7 })
    assert.equal(result.verdict, 'ok', result.error?.stack)
    assert.equal(result.history.length, 33)
    const refused = result.history.filter(({ status }) => status === 'fail')
    assert.deepEqual(
      refused.map(({ code }) => code),
      ['NEGATIVE', 'NEGATIVE', 'NEGATIVE'],
    )
    assert.include(report(result), '30 of 33 operations done')
  })

  it('gives the same run for the same seed, in both drains, and another for another', async () => {
    const once = await simulate(counting, { seed: 7 })
    const again = await simulate(counting, { seed: 7, drain: 'portable' })
    assert.equal(again.hash, once.hash)
    assert.deepEqual(again.history, once.history)
    assert.notEqual((await simulate(counting, { seed: 8 })).hash, once.hash)
  })

  it('gives another run for a program that was changed by one constant', async () => {
    const adding = (constant: number): Scenario => ({
      ...counting,
      operations: {
        ...counting.operations,
        add: (node, by: number) =>
          node.lookup(Counter, 'counter', { on: 'n1' }).ask.add(by < 0 ? by : by + constant),
      },
    })
    const once = await simulate(adding(1), { seed: 7 })
    assert.equal((await simulate(adding(1), { seed: 7 })).hash, once.hash)
    assert.notEqual((await simulate(adding(2), { seed: 7 })).hash, once.hash)
  })

  it('breaks things as its model says, and the same way again from the list of what happened', async () => {
    const once = await simulate(troubled, { seed: 3 })
    assert.equal(once.verdict, 'ok', once.error?.stack)
    assert.isAbove(new Set(once.faults.map(({ fault }) => fault.verb)).size, 4)
    const again = await simulate(troubled, { seed: 3, faults: once.faults })
    assert.equal(again.hash, once.hash)
  })

  it('tells what failed: a check, what it said, and a signature', async () => {
    const broken: Scenario = {
      ...counting,
      checks: [
        check.always('never above ten', (view) => {
          const [counter] = view.actors(Counter)
          return counter === undefined || counter.actor.total <= 10
        }),
      ],
    }
    const result = await simulate(broken)
    assert.equal(result.verdict, 'fail')
    assert.equal(result.check, 'never above ten')
    assert.equal(result.signature, 'never above ten')
    const other = await simulate(broken, { seed: 2 })
    assert.equal(other.signature, result.signature)
  })

  it('asks what must come to hold until it does, or its time is over', async () => {
    const asked: number[] = []
    const late = (ms: number): Scenario => ({
      name: 'late',
      nodes: 1,
      workload: (w) => w.sleep(10),
      checks: [
        check.eventually(
          'it is late',
          (view) => {
            asked.push(view.nowMs)
            return view.nowMs > 1_000
          },
          { withinMs: ms },
        ),
      ],
    })
    assert.equal((await simulate(late(2_000))).verdict, 'ok')
    assert.isAbove(asked.length, 10)
    const result = await simulate(late(100))
    assert.equal(result.check, 'it is late')
    assert.isBelow(result.virtualMs, 1_000)
  })

  it('counts how often a run reached what some run should reach', async () => {
    const scenario: Scenario = {
      name: 'reaching',
      nodes: 1,
      checks: [check.sometimes('here'), check.sometimes('there')],
      workload: async (w) => {
        w.reached('here')
        w.reached('here')
      },
    }
    assert.deepEqual((await simulate(scenario)).sometimes, { here: 2, there: 0 })
  })

  it('ends what does not end by itself, with a verdict for each limit', async () => {
    const endless: Scenario = {
      name: 'endless',
      nodes: 1,
      workload: async (w) => {
        for (;;) await w.sleep(1)
      },
    }
    const limited = (limits: Scenario['limits']): Scenario => ({
      ...endless,
      ...(limits && { limits }),
    })
    assert.equal((await simulate(limited({ virtualMs: 500 }))).verdict, 'timeLimit')
    assert.equal((await simulate(limited({ steps: 300 }))).verdict, 'stepLimit')
    assert.equal((await simulate({ ...counting, limits: { sends: 1 } })).verdict, 'sendLimit')
  })

  it('knows what became of operations when a node crashes: nobody can tell', async () => {
    const result = await simulate({
      ...counting,
      async workload(w) {
        const call = w.callOn('n2', 'add', 1)
        w.fault('crash n2')
        assert.equal((await call).status, 'info')
        assert.equal((await w.callOn('n2', 'add', 1)).status, 'fail')
        w.fault('restart n2')
        await w.until('n2 is back', () => w.running('n2') !== undefined)
        let outcome = await w.callOn('n2', 'add', 1)
        while (outcome.status !== 'ok') outcome = await w.callOn('n2', 'add', 1)
      },
    })
    assert.equal(result.verdict, 'ok', result.error?.stack)
  })

  it('fails a run in which something throws that nobody awaits', async () => {
    const stray: Scenario = {
      name: 'stray',
      nodes: 1,
      workload: async (w) => {
        void Promise.reject(new Error('lost and alone'))
        await w.sleep(1)
      },
    }
    const result = await simulate(stray)
    assert.equal(result.verdict, 'fail')
    assert.match(String(result.error?.message), /lost and alone/)
  })

  const bad: readonly [string, unknown, RegExp][] = [
    ['a scenario without a name', { nodes: 1 }, /it has no name/],
    ['a node name that is used twice', { name: 's', nodes: ['a', 'a'] }, /a is used twice/],
    ['a node name that is none', { name: 's', nodes: ['a b'] }, /"a b" is not a node name/],
    ['no nodes', { name: 's', nodes: 0 }, /nodes must be from 1 to 10000, got 0/],
    ['half a node', { name: 's', nodes: 1.5 }, /got 1.5/],
    [
      'a workload that is none',
      { name: 's', nodes: 1, workload: 5 },
      /workload must be a function/,
    ],
    ['an operation called join', { name: 's', nodes: 1, operations: { join() {} } }, /join/],
    ['a field that nobody reads', { name: 's', nodes: 1, check: [] }, /check is no part of it/],
    ['a check that is none', { name: 's', nodes: 1, checks: [() => true] }, /is no check/],
    ['faults that are no model', { name: 's', nodes: 1, faults: 'loss' }, /must be a FaultModel/],
    [
      'a limit that is none',
      { name: 's', nodes: 1, limits: { steps: 0 } },
      /limits.steps must be an integer >= 1, got 0/,
    ],
    ['an unknown limit', { name: 's', nodes: 1, limits: { ms: 5 } }, /limits.ms is no part of it/],
    [
      'a group of nodes that are not there',
      { name: 's', nodes: 2, interchangeable: [['n2', 'n3']] },
      /interchangeable names "n3", which is no node of it/,
    ],
    [
      'a node in two groups',
      { name: 's', nodes: 2, interchangeable: [['n1'], ['n2', 'n1']] },
      /interchangeable names "n1" twice/,
    ],
    [
      'groups that are none',
      { name: 's', nodes: 2, interchangeable: ['n1'] },
      /interchangeable must be an array of arrays of node names/,
    ],
    [
      'patience that is none',
      { name: 's', nodes: 1, callTimeoutMs: -1 },
      /callTimeoutMs must be a number of milliseconds/,
    ],
    [
      'a scenario that throws in start',
      {
        name: 's',
        nodes: 2,
        start() {
          throw new Error('no disk')
        },
      },
      /scenario "s": start threw on node n\d at .*simulate\.test\.ts:\d+:\d+: no disk/,
    ],
  ]
  for (const [what, scenario, message] of bad) {
    it(`refuses ${what}`, async () => {
      const error = await rejection(simulate(scenario as Scenario))
      assert.equal(codeOf(error), 'ERR_BAD_SCENARIO')
      assert.match(error.message, message)
    })
  }

  const badOptions: readonly [object, RegExp][] = [
    [{ seeds: [1] }, /simulate.seeds is not an option; there are: seed, tape/],
    [{ trace: 'run.jsonl' }, /simulate.trace must be 'none' or 'memory', got "run.jsonl"/],
    [{ seed: {} }, /simulate.seed must be a number or a text/],
    [{ tape: { a: 'x' } }, /simulate.tape must be numbers by label/],
    [{ faults: ['pause n1'] }, /simulate.faults must be an array of faults/],
  ]
  for (const [options, message] of badOptions) {
    it(`refuses the options ${JSON.stringify(options)}`, async () => {
      const error = await rejection(simulate(counting, options as never))
      assert.equal(codeOf(error), 'ERR_BAD_OPTION')
      assert.match(error.message, message)
    })
  }

  it('refuses a fault that names an unknown node, before and while it runs', async () => {
    const fault = { verb: 'pause', node: 'n9' } as const
    const line = { atUs: 0, fault, ends: false, by: 'schedule' } as const
    const error = await rejection(simulate(counting, { faults: [line] }))
    assert.equal(codeOf(error), 'ERR_BAD_FAULT')
    assert.match(error.message, /there is no node n9; there are: n1, n2, n3/)
    const workload: Scenario['workload'] = async (w) => w.fault('pause n9')
    const result = await simulate({ ...counting, workload })
    assert.equal(codeOf(result.error), 'ERR_BAD_FAULT')
  })
})
