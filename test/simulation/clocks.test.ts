import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import { EPOCH_MS, HostClock } from '../../src/simulation/host-clock.js'
import type { Skew } from '../../src/simulation/simulation.js'
import { Simulation } from '../../src/simulation/simulation.js'

function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error('it did not throw')
}

describe('the clock of a simulated host', () => {
  it('shows the same time on all hosts until it is told otherwise', async () => {
    const sim = new Simulation()
    const [a, b] = [sim.world('a').clock, sim.world('b').clock]
    await sim.run(1_500)
    assert.equal(a.now(), 1_500)
    assert.equal(a.wallMs(), EPOCH_MS + 1_500)
    assert.equal(b.wallMs(), a.wallMs())
  })

  it('is off by its offset, in wall time only', async () => {
    const sim = new Simulation()
    const [a, b] = [sim.world('a').clock, sim.world('b').clock]
    sim.skew('a', { offsetMs: -2_500 })
    await sim.run(100)
    assert.equal(a.wallMs() - b.wallMs(), -2_500)
    assert.equal(a.now(), b.now())
    sim.skew('a', { offsetMs: 0 })
    assert.equal(a.wallMs(), b.wallMs())
  })

  it('jumps forward and back in wall time, and timers do not see it', async () => {
    const sim = new Simulation()
    const { clock } = sim.world('a')
    const fired: number[] = []
    clock.after(1_000, () => fired.push(sim.nowMs))
    await sim.run(500)
    sim.jump('a', 3_600_000)
    sim.jump('a', -7_200_000)
    assert.equal(clock.wallMs(), EPOCH_MS + 500 - 3_600_000)
    assert.equal(clock.now(), 500)
    await sim.run(600)
    assert.deepEqual(fired, [1_000])
  })

  it('gains what it drifts, in both times and in its timers', async () => {
    const sim = new Simulation()
    const { clock } = sim.world('a')
    sim.skew('a', { driftPpm: 100_000 })
    const fired: number[] = []
    clock.after(1_100, () => fired.push(sim.nowMs))
    await sim.run(2_000)
    assert.equal(clock.now(), 2_200)
    assert.equal(clock.wallMs(), EPOCH_MS + 2_200)
    assert.deepEqual(fired, [1_000])
    sim.skew('a', { driftPpm: -100_000 })
    await sim.run(1_000)
    assert.equal(clock.now(), 3_100)
  })

  it('moves the timers that run when its drift changes, and leaves other hosts alone', async () => {
    const sim = new Simulation()
    const fired: string[] = []
    for (const host of ['a', 'b']) {
      const { clock } = sim.world(host)
      clock.after(2_000, () => fired.push(`${host} ${sim.nowMs} ${clock.now()}`))
    }
    await sim.run(1_000)
    sim.skew('a', { driftPpm: 100_000 })
    await sim.run(500)
    sim.skew('a', { driftPpm: -100_000 })
    await sim.run(2_000)
    assert.deepEqual(fired, ['a 2000 2000', 'b 2000 2000'])
  })

  it('keeps its skew over a crash and a restart of the program', async () => {
    const sim = new Simulation()
    sim.skew('a', { offsetMs: 5_000, driftPpm: 50_000 })
    await sim.run(1_000)
    sim.crash('a')
    const { clock } = sim.restart('a')
    assert.equal(clock.now(), 1_050)
    assert.equal(clock.wallMs(), EPOCH_MS + 6_050)
  })

  it('never goes back, nor fires a timer early by its own time, whatever is done to it', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const sim = new Simulation({ seed })
      const { clock, random } = sim.world('a')
      let last = 0
      const look = (): void => {
        assert.isAtLeast(clock.now(), last, `SEED=${seed}`)
        last = clock.now()
      }
      const again = (): void => {
        const dueMs = Math.round(clock.now() * 1_000 + random.int(50_000)) / 1_000
        const delayMs = dueMs - clock.now()
        clock.after(delayMs, () => {
          look()
          assert.isAtLeast(clock.now() + 1e-6, dueMs, `SEED=${seed}`)
          assert.isBelow(clock.now() - dueMs, 0.003, `SEED=${seed}`)
          again()
        })
      }
      again()
      for (let i = 0; i < 50; i++) {
        await sim.run(sim.random.int(100))
        look()
        const skew: Skew = {
          offsetMs: sim.random.int(9_000),
          driftPpm: sim.random.int(200_001) - 100_000,
        }
        if (sim.random.int(2) === 0) sim.skew('a', skew)
        else sim.jump('a', sim.random.int(10_000) - 5_000)
        look()
      }
    }
  })

  it('says of every local time when it is first shown, to the microsecond', () => {
    const random = seededRandom('due')
    for (let i = 0; i < 2_000; i++) {
      const clock = new HostClock()
      clock.drift(random.int(200_001) - 100_000, random.int(5_000_000))
      const local = clock.localUs(6_000_000) + random.int(2 ** 31)
      const due = clock.dueUs(local)
      assert.isAtLeast(clock.localUs(due), local)
      assert.isBelow(clock.localUs(due - 1), local)
    }
  })

  it('refuses skews and jumps that are no such thing', () => {
    const sim = new Simulation()
    const bad: (() => unknown)[] = [
      () => sim.skew('a', { driftPpm: 100_001 }),
      () => sim.skew('a', { driftPpm: 0.5 }),
      () => sim.skew('a', { offsetMs: Number.NaN }),
      () => sim.skew('a', { offset: 5 } as Skew),
      () => sim.jump('a', Number.POSITIVE_INFINITY),
    ]
    for (const run of bad) assert.equal(codeOf(thrown(run)), 'ERR_BAD_OPTION')
  })
})
