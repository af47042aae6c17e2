import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import {
  type ExitReason,
  KILLED,
  NORMAL,
  SHUTDOWN,
  showReason,
} from '../../src/actor/exit-reason.js'
import { diary, gate } from './diary.js'
import { settle } from './manual-world.js'
import { codeOfRejection, codeOfThrow, OneNode } from './one-node.js'

describe('the stop of an actor', () => {
  it('waits for the running handler, runs onStop, and ends', async () => {
    const { node, log, ref, cell } = diary()
    const work = gate()
    ref.tell.hold(work.passed)
    await settle()
    const stopped = cell.stop(SHUTDOWN, 1_000)
    await settle()
    assert.deepEqual(log.slice(2), ['holds'])
    work.open()
    await stopped
    assert.deepEqual(log.slice(2), ['holds', 'held', 'onStop shutdown'])
    assert.equal(cell.state, 'finished')
    assert.equal(node.world.timers, 0)
    assert.deepEqual(
      node.ended.map(({ incarnation, reason, willRestart }) => [incarnation, reason, willRestart]),
      [[1, SHUTDOWN, false]],
    )
  })

  it('answers the handler that it waits for', async () => {
    const { ref, cell } = diary()
    const work = gate()
    const answer = ref.ask.hold(work.passed)
    await settle()
    void cell.stop(SHUTDOWN, 1_000)
    work.open()
    assert.isUndefined(await answer)
  })

  it('abandons a handler that is still running at the deadline, without onStop', async () => {
    const { node, log, ref, cell } = diary()
    const answer = codeOfRejection(ref.with({ timeoutMs: 9_000 }).ask.hold(gate().passed))
    await settle()
    const stopped = cell.stop(SHUTDOWN, 300)
    await node.world.advance(299)
    assert.equal(cell.state, 'running')
    await node.world.advance(1)
    await stopped
    assert.equal(cell.state, 'finished')
    assert.deepEqual(log.slice(2), ['holds'])
    assert.equal(node.ended[0]?.reason, KILLED)
    assert.equal(await answer, 'ERR_KILLED')
    assert.equal(node.log.at(-1)?.message, 'actor did not stop in time: abandoned')
  })

  it('abandons an onStop that is still running at the deadline', async () => {
    const { node, log, cell } = diary(undefined, { stop: gate().passed })
    await settle()
    const stopped = cell.stop(SHUTDOWN, 300)
    await node.world.advance(300)
    await stopped
    assert.deepEqual(log.slice(2), ['onStop shutdown'])
    assert.equal(node.ended[0]?.reason, KILLED)
  })

  it('takes the sooner of two deadlines', async () => {
    const { node, ref, cell } = diary()
    ref.tell.hold(gate().passed)
    await settle()
    const first = cell.stop(SHUTDOWN, Number.POSITIVE_INFINITY)
    const second = cell.stop(NORMAL, 50)
    await node.world.advance(50)
    await Promise.all([first, second])
  })

  it('waits for ever when told so', async () => {
    const { node, ref, cell } = diary()
    const work = gate()
    ref.tell.hold(work.passed)
    await settle()
    const stopped = cell.stop(SHUTDOWN, Number.POSITIVE_INFINITY)
    await node.world.advance(10_000_000)
    assert.equal(cell.state, 'running')
    work.open()
    await stopped
  })

  it('is at once with timeoutMs 0, and without onStop', async () => {
    const { node, log, ref, cell } = diary()
    const answer = codeOfRejection(ref.ask.hold(gate().passed))
    await settle()
    void cell.stop(SHUTDOWN, 0)
    assert.equal(cell.state, 'finished')
    assert.equal(await answer, 'ERR_KILLED')
    assert.equal(node.ended[0]?.reason, KILLED)
    assert.notInclude(log.join(), 'onStop')
  })

  it('turns queued messages into dead letters and rejects queued asks', async () => {
    const { node, ref, cell } = diary()
    const work = gate()
    ref.tell.hold(work.passed)
    await settle()
    ref.tell.write('never')
    const asked = codeOfRejection(ref.ask.write('never'))
    void cell.stop(SHUTDOWN, 1_000)
    assert.equal(await asked, 'ERR_STOPPED')
    assert.isFalse(ref.tell.write('too late'))
    assert.equal(await codeOfRejection(ref.ask.write('too late')), 'ERR_STOPPED')
    assert.deepEqual(
      node.deadLetters.map(({ args, reason }) => [args[0], reason]),
      [
        ['never', 'ERR_STOPPED'],
        ['too late', 'ERR_STOPPED'],
      ],
    )
    work.open()
  })

  it('by itself comes after the present message', async () => {
    const { node, log, ref } = diary()
    await ref.ask.end()
    await settle()
    assert.deepEqual(log.slice(2), ['asked to stop', 'onStop normal'])
    assert.equal(node.ended[0]?.reason, NORMAL)
  })

  it('before the start has begun leaves constructor and onStop out', async () => {
    const { node, log, cell } = diary()
    await cell.stop(SHUTDOWN, 1_000)
    assert.deepEqual(log, [])
    assert.equal(node.ended[0]?.incarnation, 1)
  })

  it('while onStart awaits waits for it', async () => {
    const start = gate()
    const { log, cell } = diary(undefined, { start: start.passed })
    await settle()
    const stopped = cell.stop(SHUTDOWN, 1_000)
    start.open()
    await stopped
    assert.deepEqual(log, ['constructor', 'onStart', 'onStop shutdown'])
  })

  it('while onStart never settles ends at the deadline', async () => {
    const { node, log, cell } = diary(undefined, { start: gate().passed })
    await settle()
    const stopped = cell.stop(SHUTDOWN, 40)
    await node.world.advance(40)
    await stopped
    assert.deepEqual(log, ['constructor', 'onStart'])
  })

  it('has the error that onStop throws as its reason, as in OTP', async () => {
    class Bad extends Actor {
      override onStop(): void {
        throw new Error('in onStop')
      }
    }
    const one = new OneNode()
    await one.system.stop(one.node.spawn(Bad))
    class Slow extends Actor {
      override async onStop(): Promise<void> {
        await Promise.resolve()
        throw new Error('in onStop')
      }
    }
    const slow = one.node.spawn(Slow)
    await settle()
    await one.system.stop(slow)
    assert.equal(one.ended.length, 2)
    assert.equal(one.ended[0]?.reason.type, 'normal', 'it never started')
    assert.equal(showReason(one.ended[1]?.reason as ExitReason), 'error: in onStop')
  })

  it('of one that has ended resolves at once', async () => {
    const { node, ref } = diary()
    await node.system.stop(ref)
    await node.system.stop(ref, SHUTDOWN, 10)
  })

  it('of another actor can be awaited, of itself does not block', async () => {
    class Boss extends Actor {
      async both(other: ReturnType<typeof diary>['ref']): Promise<string> {
        await this.stop(other, SHUTDOWN)
        await this.stop(this.self)
        return 'both'
      }
    }
    const { node, log, ref } = diary()
    await ref.ask.write('x')
    const boss = node.node.spawn(Boss)
    assert.equal(await boss.ask.both(ref), 'both')
    assert.equal(log.at(-1), 'onStop shutdown')
    await settle()
    assert.equal(node.system.size, 0)
  })
})

describe('a kill', () => {
  it('ends at once without onStop, and fails the running ask', async () => {
    const { node, log, ref, cell } = diary()
    const asked = codeOfRejection(ref.ask.hold(gate().passed))
    await settle()
    cell.kill()
    assert.equal(cell.state, 'finished')
    assert.equal(await asked, 'ERR_KILLED')
    assert.deepEqual(log.slice(2), ['holds'])
    assert.deepEqual(node.ended[0]?.reason, KILLED)
  })

  it('of itself, inside a handler, lets the handler run on without effect', async () => {
    const one = new OneNode()
    class Suicide extends Actor {
      go(): string {
        one.cellOf(this.self).kill()
        assert.equal(
          codeOfThrow(() => this.after(1, () => {})),
          'ERR_STOPPED',
        )
        return 'nobody hears this'
      }
    }
    const ref = one.node.spawn(Suicide)
    ref.tell.go()
    assert.equal(await codeOfRejection(ref.ask.go()), 'ERR_STOPPED')
  })

  it('refuses what is no reason, no ref and no time, and says so', () => {
    const { node, ref } = diary()
    const stop = (...args: unknown[]) => {
      const given = args as Parameters<typeof node.system.stop>
      return () => void node.system.stop(...given)
    }
    assert.throws(
      stop(ref, { type: 'tired' }),
      /stop\.reason must be .*got {"type":"tired"}.*BAD_OPTION/,
    )
    assert.throws(stop(ref, null), /stop\.reason must be .*got null.*ERR_BAD_OPTION/)
    assert.throws(stop('somebody'), /stop takes a ref to an actor, got "somebody".*ERR_BAD_REF/)
    assert.throws(stop(ref, NORMAL, -1), /stop\.timeoutMs must be .*got -1.*ERR_BAD_OPTION/)
  })

  for (const use of ['watch', 'unwatch', 'link', 'unlink'] as const) {
    it(`${use} refuses what is no ref`, async () => {
      class Careless extends Actor {
        use(ref: unknown): void {
          this[use](ref as never)
        }
      }
      const { ask } = new OneNode().node.spawn(Careless)
      assert.equal(await codeOfRejection(ask.use('somebody')), 'ERR_BAD_REF')
    })
  }
})
