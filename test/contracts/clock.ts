import { assert } from 'chai'
import type { Clock } from '../../src/world/clock.js'

export interface ClockEnv {
  readonly clock: Clock
  /** Lets this clock go on until the predicate holds. */
  until(predicate: () => boolean, what: string): Promise<void>
  pass(ms: number): Promise<void>
}

/** Differences of times with fractions are not exact. */
const ROUNDING = 1e-6

/** What every `Clock` promises. */
export function clockContract(name: string, makeEnv: () => ClockEnv): void {
  describe(`clock contract: ${name}`, () => {
    let env: ClockEnv
    beforeEach(() => {
      env = makeEnv()
    })

    it('never goes backwards', async () => {
      let last = env.clock.now()
      assert.isAtLeast(last, 0)
      for (let i = 0; i < 100; i++) {
        const now = env.clock.now()
        assert.isAtLeast(now, last)
        last = now
      }
      await env.pass(5)
      assert.isAtLeast(env.clock.now(), last + 5)
    })

    it('tells a wall time of this century', () => {
      assert.isAbove(env.clock.wallMs(), Date.UTC(2025, 0))
      assert.isBelow(env.clock.wallMs(), Date.UTC(2100, 0))
    })

    it('never fires early, nor twice', async () => {
      for (const delay of [0, 0.4, 1, 3.7, 10]) {
        const start = env.clock.now()
        let fired = 0
        let at = 0
        env.clock.after(delay, () => {
          fired++
          at = env.clock.now()
        })
        await env.until(() => fired > 0, `a timer of ${delay} ms`)
        assert.isAtLeast(at - start + ROUNDING, delay)
        await env.pass(3)
        assert.equal(fired, 1)
      }
    })

    it('does not fire a delay of 0 before the running code has ended', async () => {
      let fired = false
      env.clock.after(0, () => {
        fired = true
      })
      assert.isFalse(fired)
      await Promise.resolve()
      assert.isFalse(fired)
      await env.until(() => fired, 'the timer')
    })

    it('takes negative and NaN delays for 0', async () => {
      let fired = 0
      env.clock.after(-5, () => fired++)
      env.clock.after(Number.NaN, () => fired++)
      await env.until(() => fired === 2, 'both timers')
    })

    it('fires in the order of the deadlines', async () => {
      const order: number[] = []
      for (const delay of [30, 10, 20]) env.clock.after(delay, () => order.push(delay))
      await env.until(() => order.length === 3, 'three timers')
      assert.deepEqual(order, [10, 20, 30])
    })

    it('does not run what was cancelled, and cancelling late is harmless', async () => {
      let fired = 0
      const cancelled = env.clock.after(5, () => fired++)
      cancelled.cancel()
      cancelled.cancel()
      const kept = env.clock.after(6, () => fired++)
      await env.until(() => fired > 0, 'the kept timer')
      kept.cancel()
      await env.pass(10)
      assert.equal(fired, 1)
    })

    it('does not fire a delay beyond 2^31 - 1 at once', async () => {
      let fired = false
      const timers = [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY].map((delay) =>
        env.clock.after(delay, () => {
          fired = true
        }),
      )
      await env.pass(20)
      assert.isFalse(fired)
      for (const timer of timers) timer.cancel()
    })

    it('lets a timer set the next one and cancel another', async () => {
      const order: string[] = []
      env.clock.after(1, () => {
        order.push('first')
        victim.cancel()
        env.clock.after(1, () => order.push('second'))
      })
      const victim = env.clock.after(8, () => order.push('victim'))
      await env.until(() => order.length === 2, 'two timers')
      await env.pass(10)
      assert.deepEqual(order, ['first', 'second'])
    })
  })
}
