import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { Actor } from '../../src/index.js'
import { faultModels } from '../../src/simulation/fault-model.js'
import { replay } from '../../src/simulation/replay.js'
import type { Scenario } from '../../src/simulation/scenario.js'
import { simulate } from '../../src/simulation/simulate.js'
import { parseTrace, printTrace } from '../../src/simulation/trace-file.js'
import type { Trace } from '../../src/simulation/trace-line.js'
import { rejection } from '../promises/environment.js'
import { counting, troubled } from './scenarios.js'

async function traceOf(scenario: Scenario, seed = 3): Promise<Trace> {
  const { trace } = await simulate(scenario, { seed, trace: 'memory' })
  return trace as Trace
}

describe('traces', () => {
  it('survive as text', async () => {
    const trace = await traceOf(troubled)
    assert.isAbove(trace.lines.length, 100)
    const text = printTrace(trace)
    assert.deepEqual(parseTrace(text), JSON.parse(JSON.stringify(trace)))
    for (const row of text.trimEnd().split('\n')) assert.isObject(JSON.parse(row))
  })

  it('are the same whether they are written or not: tracing changes no run', async () => {
    const traced = await simulate(troubled, { seed: 4, trace: 'memory' })
    const silent = await simulate(troubled, { seed: 4 })
    assert.equal(traced.hash, silent.hash)
  })

  it('tell causes: every line but the first ones follows from one before it', async () => {
    const { lines } = await traceOf(counting)
    for (const { i, c } of lines) if (c !== undefined) assert.isBelow(c, i)
  })

  describe('are refused at the line where they are wrong:', () => {
    const cases: readonly [string, (rows: string[]) => string[], RegExp][] = [
      ['a line removed', (rows) => rows.toSpliced(5, 1), /^t:6: .*changed or removed/],
      [
        'a line changed',
        (rows) => rows.with(7, (rows[7] as string).replace(/"t":\d+/, '"t":1')),
        /^t:8: .*changed or removed/,
      ],
      ['a line that is no JSON', (rows) => rows.with(4, '{"i":3,'), /^t:5: expected a JSON object/],
      ['a trace cut short', (rows) => rows.slice(0, 20), /cut short/],
      [
        'the middle of a line',
        (rows) => [...rows.slice(0, 9), (rows[9] as string).slice(0, 30)],
        /^t:10: /,
      ],
      [
        'another version',
        (rows) => rows.with(0, (rows[0] as string).replace('"v":1', '"v":2')),
        /^t:1: expected version 1, got 2/,
      ],
      ['no header', (rows) => rows.slice(1), /^t:1: expected the header/],
      ['an empty file', () => [], /^t:1: the trace is empty/],
      [
        'more after the end',
        (rows) => [...rows.slice(0, -1), rows[3] as string],
        /more after the end/,
      ],
    ]
    for (const [what, change, message] of cases) {
      it(what, async () => {
        const rows = printTrace(await traceOf(counting)).split('\n')
        const error = await rejection(
          Promise.resolve().then(() => parseTrace(change(rows).join('\n'), 't')),
        )
        assert.equal(codeOf(error), 'ERR_BAD_TRACE')
        assert.match(error.message, message)
      })
    }
  })
})

describe('replay', () => {
  it('runs what a trace says, with the same hash', async () => {
    const trace = await traceOf(troubled)
    const { result, unused } = await replay(printTrace(trace), troubled)
    assert.equal(result.hash, trace.end.hash)
    assert.deepEqual(unused, [])
  })

  it('stops at the first line that differs, with both', async () => {
    const trace = await traceOf(counting)
    const changed: Scenario = {
      ...counting,
      async workload(w) {
        await w.call('add', 3)
        await w.call('add', 4)
      },
    }
    const error = await rejection(replay(trace, changed))
    assert.equal(codeOf(error), 'ERR_REPLAY')
    assert.match(
      error.message,
      /went another way at line \d+: expected ".*add.*", got ".*add 3|\["add",3\]/,
    )
    const { expected, got } = (error as unknown as { data: { expected: object; got: object } }).data
    assert.notDeepEqual(expected, got)
  })

  it('stops when the run ends before its trace', async () => {
    const trace = await traceOf(counting)
    const lines = [
      ...trace.lines,
      { ...(trace.lines.at(-1) as Trace['lines'][number]), i: trace.lines.length },
    ]
    const error = await rejection(replay({ ...trace, lines }, counting))
    assert.match(error.message, /got the end/)
  })

  it('takes what still fits from a trace of other code, and lists the rest', async () => {
    const trace = await traceOf(troubled)
    const header = { ...trace.header, tape: { 'no such choice': 1 } }
    const faults = [...header.faults, { atUs: 1, fault: 'fault pause n7', ends: false }]
    const { result, unused } = await replay({ ...trace, header: { ...header, faults } }, troubled, {
      mode: 'lenient',
    })
    assert.deepEqual(unused, ['no such choice', 'fault pause n7'])
    assert.isAbove(result.faults.length, 0)
  })

  it('takes a trace of renamed methods, messages and nodes, leniently', async () => {
    const lossy: Scenario = {
      ...counting,
      name: 'lossy',
      checks: [],
      faults: faultModels.loss(0.2),
    }
    const { header, ...rest } = await traceOf(lossy)
    assert.isNotEmpty(header.tape)
    const old = Object.fromEntries(
      Object.entries(header.tape).map(([label, pick]) => [label.replace(':add#', ':plus#'), pick]),
    )
    const trace = { ...rest, header: { ...header, tape: old } }
    const { result, unused } = await replay(trace, lossy, { mode: 'lenient' })
    assert.isNotEmpty(unused)
    for (const label of unused) assert.match(label, /:plus#\d+$/)
    for (const label of Object.keys(result.tape)) assert.property(old, label)
  })

  it('says that the scenario has changed, and what to do', async () => {
    const trace = await traceOf(counting)
    const { add: plus, ...operations } = counting.operations ?? {}
    const renamed: Scenario = {
      ...counting,
      operations: { ...operations, ...(plus && { plus }) },
      workload: async (w) => void (await w.call('plus', 1)),
    }
    const error = await rejection(replay(trace, renamed, { file: 'old.jsonl' }))
    assert.match(error.message, /^old.jsonl:\d+: the run went another way at line \d+/)
    assert.match(
      error.message,
      /; changed since it was recorded: workload, operation add \(not there\), operation plus \(new\): mode 'lenient' takes what still fits/,
    )
  })

  describe('of actors that have changed since', () => {
    const first = class Tally extends Actor {
      total = 0
      add(by: number): number {
        this.total += by
        return this.total
      }
    }
    const doubling = class Tally extends Actor {
      total = 0
      add(by: number): number {
        this.total += 2 * by
        return this.total
      }
    }
    const asBefore = class Tally extends Actor {
      total = 0
      add(by: number): number {
        this.total = this.total + by
        return this.total
      }
    }
    const tallying = (Tally: typeof first): Scenario => ({
      name: 'tallying',
      nodes: 2,
      start: (node) => void node.spawn(Tally, undefined, { name: 'tally' }),
      operations: { add: (node, by: number) => node.lookup(Tally, 'tally').ask.add(by) },
      workload: async (w) => void (await w.call('add', 3)),
    })

    it('says which one when the run goes another way', async () => {
      const trace = await traceOf(tallying(first))
      const error = await rejection(replay(trace, tallying(doubling)))
      assert.equal(codeOf(error), 'ERR_REPLAY')
      assert.match(error.message, /expected "op\.ret .*:3\}".*, got "op\.ret .*:6\}"/)
      assert.match(error.message, /; changed since it was recorded: actor Tally: mode 'lenient'/)
      const { changed } = (error as unknown as { data: { changed: string[] } }).data
      assert.deepEqual(changed, ['actor Tally'])
    })

    it('goes on leniently, and says which one', async () => {
      const trace = await traceOf(tallying(first))
      const { result, changed } = await replay(trace, tallying(doubling), { mode: 'lenient' })
      assert.equal(result.history[0]?.value, 6)
      assert.deepEqual(changed, ['actor Tally'])
    })

    it('says so too where the change has no effect', async () => {
      const trace = parseTrace(printTrace(await traceOf(tallying(first))))
      const { result, changed } = await replay(trace, tallying(asBefore))
      assert.equal(result.hash, trace.end.hash)
      assert.deepEqual(changed, ['actor Tally'])
      assert.notEqual(result.code, trace.header.code)
      assert.deepEqual((await replay(trace, tallying(first))).changed, [])
    })

    it('finds an actor that is no more, and one that is new', async () => {
      const trace = await traceOf(tallying(first))
      const start = (): void => {}
      const none = await replay(trace, { ...tallying(first), start }, { mode: 'lenient' })
      assert.deepEqual(none.changed, ['start', 'actor Tally (not there)'])
      const empty = await traceOf({ ...tallying(first), start })
      const { changed } = await replay(empty, tallying(first), { mode: 'lenient' })
      assert.deepEqual(changed, ['start', 'actor Tally (new)'])
    })

    it('says where nothing has changed that the cause lies elsewhere', async () => {
      let calls = 0
      const unstable: Scenario = {
        ...tallying(first),
        operations: { add: (node) => node.lookup(first, 'tally').ask.add(++calls) },
      }
      const trace = await traceOf(unstable)
      const error = await rejection(replay(trace, unstable))
      assert.match(error.message, /scenario and actors are as they were recorded/)
    })
  })

  it('finds a line more in the log, which changes no event', async () => {
    const trace = await traceOf(counting)
    const chatty: Scenario = {
      ...counting,
      start(node, context) {
        if (node.name === 'n2') node.log.warn({}, 'a line more')
        return counting.start?.(node, context)
      },
    }
    const error = await rejection(replay(trace, chatty))
    assert.match(error.message, /got "log n2 warn \["a line more"/)
    const { result } = await replay(trace, chatty, { mode: 'lenient' })
    assert.equal(result.hash, trace.end.hash)
  })

  it('ignores fields that a later version may add', async () => {
    const trace = await traceOf(counting)
    const lines = trace.lines.map((line) => ({ ...line, later: { x: 1 } }))
    const text = printTrace({ ...trace, header: { ...trace.header, later: 2 } as never, lines })
    const { result } = await replay(text, counting)
    assert.equal(result.hash, trace.end.hash)
  })

  it('runs until a line and no further', async () => {
    const trace = await traceOf(counting)
    const { result } = await replay(trace, counting, { until: 20, trace: 'memory' })
    assert.equal(result.verdict, 'stopped')
    assert.equal(result.trace?.lines.at(-1)?.i, 20)
  })

  it('runs until any line: in the middle of an event, too', async () => {
    const trace = await traceOf(counting)
    for (let until = 3; until < 60; until++) {
      const { result } = await replay(trace, counting, { until, trace: 'memory' })
      assert.equal(result.verdict, 'stopped')
      assert.deepEqual(result.trace?.lines, trace.lines.slice(0, until + 1))
    }
  })

  it('refuses a trace of another scenario, and one of real nodes', async () => {
    const trace = await traceOf(counting)
    const error = await rejection(replay(trace, troubled, { file: 'x.trace.jsonl' }))
    assert.match(error.message, /x.trace.jsonl:1: it is of scenario counting, not of troubled/)
    const real = { ...trace, header: { ...trace.header, world: 'real' as const } }
    assert.match((await rejection(replay(real, counting))).message, /real nodes/)
  })
})
