import { assert } from 'chai'
import { TroupeError } from '../../src/base/errors.js'
import type { Fault } from '../../src/fault/fault.js'
import type { Driver } from '../../src/simulation/driver.js'
import { replay } from '../../src/simulation/replay.js'
import { report } from '../../src/simulation/result.js'
import type { Scenario } from '../../src/simulation/scenario.js'
import { simulate } from '../../src/simulation/simulate.js'
import { parseTrace, printTrace } from '../../src/simulation/trace-file.js'
import { counting } from './scenarios.js'

const HERE = /bad-input\.test\.ts$/

async function refusal(run: Promise<unknown>): Promise<TroupeError> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.instanceOf(error, TroupeError)
  return error as TroupeError
}

/** File and line stand in the message and in the data. */
function assertPlaced({ message, data }: TroupeError): void {
  assert.match(message, /bad-input\.test\.ts:\d+:\d+/)
  const { file, line } = data as { file: string; line: number }
  assert.match(file, HERE)
  assert.include(message, `${file}:${line}:`)
}

const working = (workload: (w: Driver) => Promise<void>): Scenario => ({ ...counting, workload })

describe('a mistake in a scenario is told with file and line:', () => {
  const thrown: Record<string, Scenario['start']> = {
    'what start throws': () => {
      throw new Error('no database')
    },
    'what start rejects with': async () => {
      await null
      throw new Error('no database')
    },
  }
  for (const [what, start] of Object.entries(thrown)) {
    it(what, async () => {
      const error = await refusal(simulate({ ...counting, start: start as never }))
      assert.equal(error.code, 'ERR_BAD_SCENARIO')
      assert.match(error.message, /start threw on node n1 at .*: no database/)
      assert.deepInclude(error.data as object, { node: 'n1' })
      assertPlaced(error)
    })
  }

  it('what start throws that is no error, with the node alone', async () => {
    const start = (): void => {
      throw 'a text'
    }
    const { message } = await refusal(simulate({ ...counting, start }))
    assert.match(message, /start threw on node n1: a text/)
  })

  const partition = (...groups: string[][]): Fault => ({
    verb: 'partition',
    groups,
    oneway: false,
  })
  const refused: Record<string, [() => Promise<unknown>, RegExp]> = {
    'a node name used twice': [
      () => simulate({ ...counting, nodes: ['a', 'b', 'a'] }),
      /the node name a is used twice/,
    ],
    'a fault of the options that names an unknown node': [
      () => simulate(counting, { faults: [lineOf({ verb: 'pause', node: 'n9' })] }),
      /fault pause n9: there is no node n9; there are: n1, n2, n3/,
    ],
    'a partition of the options whose groups overlap': [
      () => simulate(counting, { faults: [lineOf(partition(['n1', 'n2'], ['n2']))] }),
      /partition\.groups must be .* no node in two of them/,
    ],
  }
  for (const [what, [run, says]] of Object.entries(refused)) {
    it(what, async () => {
      const error = await refusal(run())
      assert.match(error.message, says)
      assertPlaced(error)
    })
  }

  const workloads: Record<string, [(w: Driver) => void, RegExp]> = {
    'a fault of the workload that names an unknown node': [
      (w) => w.fault('crash n9'),
      /there is no node n9; there are: n1, n2, n3/,
    ],
    'a partition of the workload whose groups overlap': [
      (w) => w.fault('partition { n1 n2 } { n2 n3 }'),
      /line 1, column 23: expected a node that is in no group yet, got "n2"/,
    ],
    'the end of a fault that is not at work': [
      (w) => w.endFault('omit_send n1 n2'),
      /is not at work; at work: none/,
    ],
  }
  for (const [what, [run, says]] of Object.entries(workloads)) {
    it(what, async () => {
      const { verdict, check, error } = await simulate(working(async (w) => run(w)))
      assert.deepEqual([verdict, check], ['fail', 'workload'])
      assert.match(String(error?.message), says)
      assertPlaced(error as TroupeError)
    })
  }

  it('what a workload throws, in the report', async () => {
    const result = await simulate(
      working(async () => {
        throw new Error('mine')
      }),
    )
    assert.match(report(result), /\n {2}mine \(at .*bad-input\.test\.ts:\d+:\d+\)\n/)
  })
})

describe('a trace is refused', () => {
  it('when it ends within a line', async () => {
    const result = await simulate(counting, { trace: 'memory' })
    assert.exists(result.trace)
    const text = printTrace(result.trace).slice(0, 2_000)
    const lines = text.split('\n').length
    assert.throws(
      () => parseTrace(text, 't'),
      new RegExp(`^t:${lines}: the trace is cut short in this line`),
    )
  })

  it('as an object that lacks a line, by its number', async () => {
    const { trace } = await simulate(counting, { trace: 'memory' })
    assert.exists(trace)
    const lines = trace.lines.toSpliced(10, 1)
    const { message } = await refusal(replay({ ...trace, lines }, counting))
    assert.match(message, /^trace:12: expected line 10, got 11/)
  })
})

describe('a limit says what had not ended:', () => {
  const told: Record<string, [Scenario, string, RegExp]> = {
    'the joins': [
      { ...counting, limits: { steps: 20 } },
      'stepLimit',
      /^more than 20 events; the nodes have not joined: no way yet for n1, n2, n3/,
    ],
    'an operation': [
      {
        ...working(async (w) => {
          w.fault('omit_all n1')
          await w.callOn('n2', 'add', 1)
        }),
        limits: { virtualMs: 1_000 },
      },
      'timeLimit',
      /^not over after 1000 virtual ms; add on n2 is open since [\d.]+ ms/,
    ],
    'the event that sent too often': [
      { ...counting, limits: { sends: 2 } },
      'sendLimit',
      /^more than 2 sends in one event \(data /,
    ],
  }
  for (const [what, [scenario, verdict, says]] of Object.entries(told)) {
    it(what, async () => {
      const result = await simulate(scenario)
      assert.equal(result.verdict, verdict)
      assert.match(String(result.error?.message), says)
    })
  }
})

const lineOf = (fault: Fault) => ({ atUs: 0, fault, ends: false, by: 'schedule' }) as const
