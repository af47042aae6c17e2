import { assert } from 'chai'
import { NORMAL, SHUTDOWN } from '../../src/actor/exit-reason.js'
import type { TroupeError } from '../../src/base/errors.js'
import { gate, guarded } from './diary.js'
import { settle } from './manual-world.js'
import { codeOfRejection, codeOfThrow, rejection } from './one-node.js'

describe('a guardian', () => {
  it('is asked after a crash, and restarts behind the same ref with the queue kept', async () => {
    const { node, guardian, log, cell, ref } = guarded(true)
    ref.tell.crash()
    ref.tell.write('kept')
    const asked = ref.ask.write('kept too')
    await settle()
    assert.equal(cell.state, 'waiting')
    assert.deepEqual(guardian.log, ['started 1', 'ended error'])
    ref.tell.write('while waiting')
    cell.restart()
    await asked
    await settle()
    assert.equal(cell.incarnation, 2)
    assert.deepEqual(log, [
      'constructor',
      'onStart',
      'onStop error: boom',
      'constructor',
      'onStart',
      'kept',
      'kept too',
      'while waiting',
    ])
    assert.deepEqual(
      node.ended.map(({ incarnation, willRestart }) => [incarnation, willRestart]),
      [[1, true]],
    )
    assert.equal(node.system.counters.restarts, 1)
  })

  it('is asked when the actor stops by itself', async () => {
    const { guardian, cell, ref } = guarded(true)
    ref.tell.end()
    await settle()
    assert.deepEqual(guardian.log, ['started 1', 'ended normal'])
    assert.equal(cell.state, 'waiting')
  })

  it('is not asked when it terminates the actor', async () => {
    const { guardian, cell, log } = guarded(true)
    await settle()
    await cell.terminate(SHUTDOWN, 100)
    assert.deepEqual(guardian.log, ['started 1'])
    assert.equal(cell.state, 'finished')
    assert.equal(log.at(-1), 'onStop shutdown')
  })

  it('empties the queue with ERR_RESTARTED when it terminates to restart', async () => {
    const { node, cell, ref, log } = guarded(true)
    const work = gate()
    ref.tell.hold(work.passed)
    await settle()
    const asked = codeOfRejection(ref.ask.write('never'))
    ref.tell.write('never')
    const ended = cell.terminate(SHUTDOWN, 1_000, true)
    work.open()
    await ended
    assert.equal(await asked, 'ERR_RESTARTED')
    assert.equal(node.deadLetters[0]?.reason, 'ERR_RESTARTED')
    assert.equal(cell.state, 'waiting')
    assert.equal(node.ended[0]?.willRestart, true)
    cell.restart()
    await ref.ask.write('again')
    assert.equal(log.at(-1), 'again')
  })

  it('may change its mind while the actor waits', async () => {
    const { node, cell, ref } = guarded(true)
    ref.tell.crash()
    await settle()
    const asked = codeOfRejection(ref.ask.write('x'))
    cell.finish()
    assert.equal(await asked, 'ERR_STOPPED')
    assert.equal(cell.state, 'finished')
    assert.deepEqual(
      node.ended.map(({ willRestart }) => willRestart),
      [true, false],
    )
    cell.finish()
    assert.equal(node.ended.length, 2)
    assert.equal(
      codeOfThrow(() => cell.restart()),
      'ERR_STOPPED',
    )
  })

  it('terminates one that waits without running anything', async () => {
    const { cell, ref, log } = guarded(true)
    ref.tell.crash()
    await settle()
    const length = log.length
    await cell.terminate(SHUTDOWN, 100, true)
    assert.equal(cell.state, 'waiting')
    await cell.terminate(SHUTDOWN, 100)
    assert.equal(cell.state, 'finished')
    assert.equal(log.length, length)
  })

  it('hears of a crash while the actor is being stopped', async () => {
    const { guardian, cell, ref } = guarded(false)
    const work = gate()
    ref.tell.hold(work.passed.then(() => Promise.reject(new Error('late'))))
    await settle()
    const stopped = cell.stop(SHUTDOWN, 1_000)
    work.open()
    await stopped
    assert.deepEqual(guardian.log, ['started 1', 'ended error'])
  })

  it('keeps a stop asked for between two incarnations', async () => {
    const { guardian, cell, ref } = guarded(true)
    ref.tell.crash()
    await settle()
    const stopped = cell.stop(NORMAL, 100)
    cell.restart()
    await stopped
    assert.deepEqual(guardian.log, ['started 1', 'ended error', 'ended normal'])
  })

  it('that says no lets the actor end for good', async () => {
    const { node, cell, ref } = guarded(false)
    const asked = codeOfRejection(ref.ask.crash())
    const queued = (await rejection(ref.ask.write('x'))) as TroupeError
    assert.equal(queued.code, 'ERR_STOPPED')
    assert.equal((queued.cause as Error).message, 'boom')
    assert.isUndefined(await asked)
    assert.equal(cell.state, 'finished')
    assert.equal(node.ended[0]?.willRestart, false)
  })
})
