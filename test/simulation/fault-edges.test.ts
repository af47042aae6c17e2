import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import type { Fault } from '../../src/fault/fault.js'
import { check } from '../../src/simulation/check.js'
import { printCounterexample } from '../../src/simulation/cx-file.js'
import { runCounterexample } from '../../src/simulation/cx-run.js'
import { FaultModel, kindOf } from '../../src/simulation/fault-model.js'
import { type Result, report } from '../../src/simulation/result.js'
import type { Scenario } from '../../src/simulation/scenario.js'
import { simulate } from '../../src/simulation/simulate.js'
import { counting } from './scenarios.js'

/** The counting scenario with a workload of its own. */
const working = (workload: NonNullable<Scenario['workload']>): Scenario => ({
  ...counting,
  checks: [],
  workload,
})

describe('faults at the edge', () => {
  const malformed: readonly [string, unknown, RegExp][] = [
    ['no verb', {}, /fault.verb must be one of partition/],
    ['an unknown verb', { verb: 'explode' }, /fault.verb must be one of .*, got "explode"/],
    ['a part that is missing', { verb: 'partition', oneway: false }, /partition.groups must be/],
    [
      'groups that share a node',
      { verb: 'partition', groups: [['n1'], ['n1', 'n2']], oneway: false },
      /partition.groups must be .* no node in two of them/,
    ],
    ['a wrong type', { verb: 'pause', node: 7 }, /pause.node must be a node name, got 7/],
    ['a part too many', { verb: 'heal', node: 'n1' }, /heal.node is no part of that fault/],
    ['nothing', null, /a fault must be an object or a text/],
  ]
  for (const [what, fault, message] of malformed) {
    it(`are refused as objects with ${what}, by the driver and in a list`, async () => {
      const workload = async (w: { fault(f: Fault): void }) => w.fault(fault as Fault)
      const { verdict, error } = await simulate(working(workload))
      assert.equal(verdict, 'fail')
      assert.equal(codeOf(error), 'ERR_BAD_FAULT')
      assert.match(String(error?.message), message)
      const line = { atUs: 0, fault: fault as Fault, ends: false, by: 'schedule' } as const
      const refused = await simulate(counting, { faults: [line] }).catch((e: unknown) => e)
      assert.equal(codeOf(refused), 'ERR_BAD_FAULT')
    })
  }

  it('do nothing to the program of a node that is down: it comes back', async () => {
    const result = await simulate(
      working(async (w) => {
        w.fault('crash n2')
        for (const fault of [
          'pause n2',
          'crash n2 lose-unsynced',
          'clock n2 offset +500ms',
          'store n2 slow',
          'connection n1 n2 reset',
          'omit_send n2 n3',
          'egress_delay n2 n1',
          'byzantine n2 bitflip',
        ])
          w.fault(fault)
        w.fault('restart n2')
        await w.until('n2 is back', () => w.running('n2')?.isUp('n3') === true)
        w.endFault('byzantine n2 bitflip')
        assert.equal((await w.callOn('n2', 'add', 1)).status, 'ok')
      }),
    )
    assert.equal(result.verdict, 'ok', result.error?.stack)
  })

  it('start a node anew once more while it is being started', async () => {
    const result = await simulate(
      working(async (w) => {
        for (let i = 0; i < 3; i++) w.fault('restart n1')
        await w.sleep(0.1)
        w.fault('restart n1')
        await w.until('n1 is back', () => w.running('n1')?.isUp('n3') === true)
        assert.equal((await w.callOn('n3', 'add', 1)).value, 1)
      }),
    )
    assert.equal(result.verdict, 'ok', result.error?.stack)
  })

  it('crash a node once after a message, not again when it has been started anew', async () => {
    const result = await simulate(
      working(async (w) => {
        w.fault('crash n1 after n3>n1:add#2')
        for (let i = 0; i < 2; i++) await w.callOn('n3', 'add', 1)
        assert.isUndefined(w.running('n1'))
        w.fault('restart n1')
        await w.until('n1 is back', () => w.running('n1')?.isUp('n3') === true)
        for (let i = 1; i <= 4; i++) assert.equal((await w.callOn('n3', 'add', 1)).value, i)
        assert.isDefined(w.running('n1'))
      }),
    )
    assert.equal(result.verdict, 'ok', result.error?.stack)
    assert.isEmpty(result.unmet)
  })

  it('say when the message never came that they are about', async () => {
    const result = await simulate(
      working(async (w) => {
        w.fault('crash n1 after n3>n1:sub#1')
        w.fault('omit n3>n1:add#7')
        w.fault('omit n3>n1:add#1')
        w.fault('omit_send n2 n3')
        await w.callOn('n3', 'add', 1)
        w.endFault('omit n3>n1:add#1')
      }),
    )
    assert.equal(result.verdict, 'ok', result.error?.stack)
    assert.deepEqual(result.unmet, ['fault crash n1 after n3>n1:sub#1', 'fault omit n3>n1:add#7'])
    assert.include(report(result), 'never met: fault omit n3>n1:add#7')
  })

  it('cannot be ended when they are not at work', async () => {
    const ends = (text: string) =>
      simulate(
        working(async (w) => {
          w.fault('omit_send n1 n3')
          w.endFault(text)
        }),
      )
    assert.equal((await ends('omit_send n1 n3')).verdict, 'ok')
    for (const text of ['omit_send n3 n1', 'heal', 'pause n1']) {
      const { error } = await ends(text)
      assert.equal(codeOf(error), 'ERR_BAD_FAULT')
      assert.match(String(error?.message), /is not at work; at work: fault omit_send n1 n3/)
    }
  })

  it('let a stale node answer what it answered before, as a model may choose and a person may write', async () => {
    const lines = `
n2 value : 0
n1 add 5 : 5
fault byzantine n1 stale
n2 value : 5
n1 add 1 : 6
n2 value : 5
n3 value : 6
end byzantine n1 stale
n2 value : 6
`
    const byHand = await runCounterexample(lines, counting, { file: 'stale.cx' })
    assert.equal(byHand.result.verdict, 'ok', byHand.result.error?.message)
    const reads = check.history('what was added is read', (ops) => {
      let total = 0
      return ops.every(({ name, status, value }) => {
        if (name === 'add') total = Number(value)
        return name === 'add' || status !== 'ok' || Number(value) >= total
      })
    })
    const scenario: Scenario = {
      ...working(async (w) => {
        for (let i = 0; i < 40; i++) {
          await w.call('add', 1)
          await w.callOn('n2', 'value')
          await w.sleep(200)
        }
      }),
      faults: new FaultModel({ weights: { stale: 1 }, faulty: 3 }),
      checks: [reads],
    }
    const kinds = new Set<string | undefined>()
    const failed = await firstFailure(scenario, kinds)
    assert.equal(failed.check, 'what was added is read')
    assert.deepEqual([...kinds], ['stale'])
    const again = await runCounterexample(printCounterexample(failed), scenario)
    assert.equal(again.outcome, 'asRecorded')
  })

  async function firstFailure(scenario: Scenario, kinds: Set<string | undefined>): Promise<Result> {
    for (let seed = 1; seed <= 20; seed++) {
      const result = await simulate(scenario, { seed, trace: 'memory' })
      for (const { fault } of result.faults) kinds.add(kindOf(fault))
      if (result.verdict === 'ok') continue
      assert.isTrue(result.trace?.lines.some(({ k }) => k === 'replace'))
      return result
    }
    throw new Error('no seed of 20 shows a stale read')
  }

  /** What `read` gets of 1,000 zero bytes, each time anew. */
  async function reading(faults: readonly string[], ends: readonly string[]): Promise<number[]> {
    const wrongBits: number[] = []
    const scenario: Scenario = {
      ...working(async (w) => {
        w.fault('user touch')
        await w.sleep(100)
        for (const fault of faults) w.fault(fault)
        for (const fault of ends) w.endFault(fault)
        for (let i = 0; i < 50; i++) {
          w.fault('user read')
          await w.sleep(100)
        }
      }),
      userFaults: {
        touch({ sim }) {
          void sim.world('n2').store?.put('k', new Uint8Array(1000))
          return undefined
        },
        read({ sim }) {
          void sim
            .world('n2')
            .store?.get('k')
            .then(
              (value) => {
                const bits = [...(value ?? [])].map((byte) => byte.toString(2).replaceAll('0', ''))
                wrongBits.push(bits.join('').length)
              },
              () => wrongBits.push(-1),
            )
          return undefined
        },
      },
    }
    const result = await simulate(scenario)
    assert.equal(result.verdict, 'ok', result.error?.stack)
    return wrongBits
  }

  it('flip a bit of what a node reads from its store, all the time or at times', async () => {
    const all = await reading(['byzantine n2 bitflip store'], [])
    assert.deepEqual(all, Array(50).fill(1))
    const some = await reading(['byzantine n2 corrupt store 30%'], [])
    const hit = some.filter((bits) => bits === 1).length
    assert.isAbove(hit, 5)
    assert.isBelow(hit, 30)
    const text = 'byzantine n2 bitflip store'
    assert.deepEqual(await reading([text], [text]), Array(50).fill(0))
    assert.deepEqual(await reading([text, 'resolve_all'], []), Array(50).fill(0))
    assert.deepEqual(await reading(['byzantine n1 bitflip store'], []), Array(50).fill(0))
  })

  it('leave a disk as the one that is still at work wants it', async () => {
    const failing = await reading(['store n2 slow', 'store n2 fail'], ['store n2 slow'])
    assert.deepEqual(failing, Array(50).fill(-1))
    const sound = ['store n2 slow', 'store n2 fail']
    assert.deepEqual(await reading(sound, sound), Array(50).fill(0))
  })
})
