import { assert } from 'chai'
import fc from 'fast-check'
import { KILLED, NO_ACTOR, NORMAL, SHUTDOWN } from '../../src/actor/exit-reason.js'
import { RestartWindow, restartsAfter } from '../../src/supervision/restart-policy.js'
import { dynamic, oneForOne } from '../../src/supervision/strategies.js'

describe('restart policy', () => {
  const table: [
    name: string,
    history: number[],
    max: number,
    within: number,
    now: number,
    restart: boolean,
    left: number[],
  ][] = [
    ['grants the first restart', [], 1, 5_000, 0, true, [0]],
    ['gives up at the second within the window', [0], 1, 5_000, 4_999, false, [0, 4_999]],
    [
      'still counts a restart exactly as old as the window, as OTP does',
      [0],
      1,
      5_000,
      5_000,
      false,
      [0, 5_000],
    ],
    ['forgets a restart older than the window', [0], 1, 5_000, 5_001, true, [5_001]],
    ['grants none with maxRestarts 0', [], 0, 5_000, 7, false, [7]],
    ['counts restarts at the same time', [3, 3], 3, 10, 3, true, [3, 3, 3]],
    ['keeps no history without a limit', [], Number.POSITIVE_INFINITY, 1, 3, true, []],
  ]
  for (const [name, history, maxRestarts, withinMs, now, restart, left] of table) {
    it(name, () => {
      const window = new RestartWindow({ maxRestarts, withinMs })
      for (const then of history) window.grants(then)
      assert.equal(window.grants(now), restart)
      assert.deepEqual(window.times, left)
    })
  }

  it('never grants more than maxRestarts within any window, and keeps at most one time more', () => {
    const times = fc.array(fc.nat(400), { maxLength: 60 })
    fc.assert(
      fc.property(
        times,
        fc.nat(5),
        fc.integer({ min: 1, max: 1_000 }),
        (gaps, maxRestarts, withinMs) => {
          const granted: number[] = []
          const window = new RestartWindow({ maxRestarts, withinMs })
          let now = 0
          for (const gap of gaps) {
            now += gap
            const restart = window.grants(now)
            assert.isAtMost(window.times.length, maxRestarts + 1)
            const recent = granted.filter((then) => now <= then + withinMs).length
            assert.equal(restart, recent + 1 <= maxRestarts)
            if (!restart) break
            granted.push(now)
          }
        },
      ),
    )
  })

  it('counts a hundred thousand failures within one window without going through them at each', () => {
    const window = new RestartWindow({ maxRestarts: 1_000_000, withinMs: 5_000 })
    const began = process.cpuUsage()
    let granted = 0
    for (let i = 0; i < 100_000; i++) if (window.grants(i / 100)) granted++
    const { user } = process.cpuUsage(began)
    assert.isBelow(user, 2_000_000, 'microseconds of processor time')
    assert.equal(granted, 100_000)
    assert.equal(window.times.length, 100_000)
  })

  it('restarts by type and reason as OTP does', () => {
    const crash = { type: 'error', error: new Error('x') } as const
    const down = { type: 'nodeDown', node: 'b' } as const
    const reasons = [NORMAL, SHUTDOWN, crash, KILLED, NO_ACTOR, down]
    const by = (type: 'permanent' | 'transient' | 'temporary') =>
      reasons.map((reason) => restartsAfter(type, reason))
    assert.deepEqual(by('permanent'), [true, true, true, true, true, true])
    assert.deepEqual(by('transient'), [false, false, true, true, true, true])
    assert.deepEqual(by('temporary'), [false, false, false, false, false, false])
  })
})

describe('strategies', () => {
  it('default to one restart in five seconds and no automatic shutdown', () => {
    assert.deepInclude(oneForOne(), {
      type: 'oneForOne',
      maxRestarts: 1,
      withinMs: 5_000,
      autoShutdown: 'never',
    })
  })

  const bad: [options: object, message: string][] = [
    [{ maxRestarts: -1 }, 'oneForOne.maxRestarts must be an integer >= 0 or Infinity, got -1'],
    [{ maxRestarts: 1.5 }, 'oneForOne.maxRestarts must be an integer >= 0 or Infinity, got 1.5'],
    [
      { withinMs: 0 },
      'oneForOne.withinMs must be a number of milliseconds from 1 to 2147483647, got 0',
    ],
    [
      { intensity: 3 },
      'oneForOne.intensity is not an option; there are: maxRestarts, withinMs, autoShutdown, maxChildren',
    ],
    [
      { autoShutdown: 'any' },
      "oneForOne.autoShutdown must be 'never' or 'anySignificant' or 'allSignificant', got \"any\"",
    ],
  ]
  for (const [options, message] of bad) {
    it(`refuse ${JSON.stringify(options)}`, () => {
      assert.throws(() => oneForOne(options), message)
    })
  }

  it('are frozen', () => assert.isFrozen(dynamic()))
})
