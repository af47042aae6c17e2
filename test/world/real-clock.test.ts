import { spawnSync } from 'node:child_process'
import { assert } from 'chai'
import { RealClock } from '../../src/world/real/real-clock.js'
import { realTurn } from '../../src/world/real/real-turn.js'
import { clockContract } from '../contracts/clock.js'
import { realPass, realUntil } from './real-env.js'

clockContract('this machine', () => ({ clock: new RealClock(), until: realUntil, pass: realPass }))

describe('real clock', () => {
  it('lets the process end while only background timers are set', () => {
    const run = (background: boolean) => `
      import { RealClock } from './src/world/real/real-clock.ts'
      new RealClock().after(60_000, () => {}, ${background})
      new RealClock().after(30, () => process.stdout.write('fired'), ${!background})`
    const args = ['--import', 'tsx', '--input-type=module', '-e']
    const ended = spawnSync(process.execPath, [...args, run(true)], { timeout: 10_000 })
    assert.equal(ended.stdout.toString(), 'fired', ended.stderr.toString())
    assert.equal(ended.status, 0)
    const held = spawnSync(process.execPath, [...args, run(false)], { timeout: 1_500 })
    assert.equal(held.signal, 'SIGTERM')
  }).timeout(15_000)
})

describe('real turn', () => {
  it('runs microtasks before I/O and immediates after', async () => {
    const order: string[] = []
    await new Promise<void>((resolve) => {
      realTurn.immediate(() => {
        order.push('immediate')
        resolve()
      })
      realTurn.micro(() => order.push('micro'))
      order.push('now')
    })
    assert.deepEqual(order, ['now', 'micro', 'immediate'])
  })
})
