import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { Down, Exit } from '../../src/actor/bonds.js'
import type { Cell } from '../../src/actor/cell.js'
import {
  type ExitReason,
  KILLED,
  NORMAL,
  SHUTDOWN,
  showReason,
} from '../../src/actor/exit-reason.js'
import type { TroupeError } from '../../src/base/errors.js'
import { settle } from './manual-world.js'
import { codeOfRejection, codeOfThrow, OneNode, rejection, TestGuardian } from './one-node.js'

type Gate = { open(): void; readonly passed: Promise<void> }

function gate(): Gate {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}

/** Writes down what happens to it. */
class Diary extends Actor<{ log: string[]; start?: Promise<void>; stop?: Promise<void> }> {
  constructor() {
    super()
    this.args.log.push('constructor')
  }
  override async onStart(): Promise<void> {
    this.args.log.push('onStart')
    if (this.args.start) await this.args.start
  }
  override onStop(reason: ExitReason): void | Promise<void> {
    this.args.log.push(`onStop ${showReason(reason)}`)
    return this.args.stop
  }
  override onDown(down: Down): void {
    this.args.log.push(`onDown ${down.reason.type}`)
  }
  override onExit(exit: Exit): void {
    this.args.log.push(`onExit ${exit.reason.type}`)
  }
  write(line: string): void {
    this.args.log.push(line)
  }
  async hold(passed: Promise<void>, then = 'held'): Promise<void> {
    this.args.log.push('holds')
    await passed
    this.write(then)
  }
  trap(on: boolean): void {
    this.trapExits = on
  }
  crash(): never {
    throw new Error('boom')
  }
  async crashLater(): Promise<never> {
    await Promise.resolve()
    throw new Error('boom later')
  }
  end(): void {
    this.stop()
    this.args.log.push('asked to stop')
  }
}

function diary(node = new OneNode(), more: { start?: Promise<void>; stop?: Promise<void> } = {}) {
  const log: string[] = []
  const ref = node.node.spawn(Diary, { log, ...more })
  return { node, log, ref, cell: node.cellOf(ref) }
}

function guarded(restarts: boolean, more: { stop?: Promise<void> } = {}) {
  const node = new OneNode()
  const guardian = new TestGuardian(restarts)
  const log: string[] = []
  const cell = node.system.spawn(Diary, { log, ...more }, undefined, guardian)
  const ref = node.node.ref(Diary, String(cell.ref))
  return { node, guardian, log, cell, ref }
}

describe('the start of an actor', () => {
  it('runs constructor and onStart before the first message, which waits', async () => {
    const start = gate()
    const { log, ref, cell } = diary(undefined, { start: start.passed })
    ref.tell.write('first')
    assert.deepEqual(log, [], 'nothing runs inside spawn')
    await settle()
    assert.deepEqual(log, ['constructor', 'onStart'])
    assert.equal(cell.state, 'starting')
    start.open()
    await settle()
    assert.deepEqual(log, ['constructor', 'onStart', 'first'])
    assert.equal(cell.state, 'running')
  })

  it('lets constructors and field initialisers use self, args, node and spawn', async () => {
    class Child extends Actor {}
    class Parent extends Actor<number> {
      readonly twice = this.args * 2
      readonly child = this.spawn(Child)
      readonly me = this.selfAs(Parent)
      constructor() {
        super()
        assert.equal(this.node.name, 'a')
      }
      all(): string[] {
        return [String(this.twice), this.child.type, String(this.me)]
      }
    }
    const { node } = new OneNode()
    const ref = node.spawn(Parent, 21)
    assert.deepEqual(await ref.ask.all(), ['42', 'Child', String(ref)])
  })

  it('refuses new outside of a spawn, also inside of a constructor', async () => {
    const args = { log: [] as string[] }
    assert.equal(
      codeOfThrow(() => new (Diary as unknown as new (a: object) => Diary)(args)),
      'ERR_NOT_SPAWNED',
    )
    class Nested extends Actor {
      constructor() {
        super()
        new Nested()
      }
      hello(): void {}
    }
    const one = new OneNode()
    const error = (await rejection(one.node.spawn(Nested).ask.hello())) as TroupeError
    assert.equal(error.code, 'ERR_START_FAILED')
    assert.equal((error.cause as TroupeError).code, 'ERR_NOT_SPAWNED')
  })

  const failures: [string, () => new () => Actor & { hello(): void }][] = [
    [
      'the constructor throws',
      () =>
        class Bad extends Actor {
          constructor() {
            super()
            throw new Error('no luck')
          }
          hello(): void {}
        },
    ],
    [
      'onStart throws',
      () =>
        class Bad extends Actor {
          override onStart(): void {
            throw new Error('no luck')
          }
          hello(): void {}
        },
    ],
    [
      'onStart rejects',
      () =>
        class Bad extends Actor {
          override async onStart(): Promise<void> {
            await Promise.resolve()
            throw new Error('no luck')
          }
          hello(): void {}
        },
    ],
  ]
  for (const [when, make] of failures) {
    it(`ends the actor with ERR_START_FAILED when ${when}`, async () => {
      const one = new OneNode()
      const ref = one.node.spawn(make())
      const error = (await rejection(ref.ask.hello())) as TroupeError
      assert.equal(error.code, 'ERR_START_FAILED')
      assert.equal((error.cause as Error).message, 'no luck')
      assert.equal(one.system.size, 0)
      const [end] = one.ended
      assert.equal(
        end?.reason.type === 'error' && (end.reason.error as TroupeError).code,
        error.code,
      )
      assert.equal(one.log.at(-1)?.message, 'actor did not start')
    })
  }

  it('tells the guardian of every start and of none that failed', async () => {
    const { guardian, ref, cell } = guarded(true)
    await ref.ask.write('x')
    ref.tell.crash()
    await settle()
    cell.restart()
    await settle()
    class Bad extends Actor {
      override onStart(): void {
        throw new Error('no')
      }
    }
    cell.system.spawn(Bad, undefined, undefined, guardian)
    await settle()
    assert.deepEqual(guardian.log, ['started 1', 'ended error', 'started 2', 'ended error'])
  })
})

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
})

describe('signals', () => {
  const down = (cell: Cell): Down => ({
    ref: cell.ref,
    incarnation: 1,
    reason: NORMAL,
    willRestart: false,
  })

  it('come before messages, also when the mailbox is full', async () => {
    const node = new OneNode({ mailboxLimit: 2 })
    const { log, ref, cell } = diary(node)
    const work = gate()
    ref.tell.hold(work.passed)
    await settle()
    ref.tell.write('one')
    ref.tell.write('two')
    assert.isFalse(ref.tell.write('three'))
    assert.equal(node.deadLetters[0]?.reason, 'ERR_MAILBOX_FULL')
    cell.down(down(cell))
    work.open()
    await settle()
    assert.deepEqual(log.slice(2), ['holds', 'held', 'onDown normal', 'one', 'two'])
  })

  it('wait for the start', async () => {
    const { log, cell } = diary()
    cell.down(down(cell))
    await settle()
    assert.deepEqual(log, ['constructor', 'onStart', 'onDown normal'])
  })

  it('crash the actor when their method throws', async () => {
    class Bad extends Actor {
      override onDown(): void {
        throw new Error('in onDown')
      }
      override async onExit(): Promise<void> {
        await Promise.resolve()
        throw new Error('in onExit')
      }
    }
    const one = new OneNode()
    const first = one.cellOf(one.node.spawn(Bad))
    first.down(down(first))
    await settle()
    assert.equal(showReason(one.ended[0]?.reason as ExitReason), 'error: in onDown')
    class Trapping extends Bad {
      protected override trapExits = true
    }
    const second = one.cellOf(one.node.spawn(Trapping))
    await settle()
    second.exit({ ref: second.ref, reason: KILLED })
    await settle()
    assert.equal(showReason(one.ended[1]?.reason as ExitReason), 'error: in onExit')
  })

  it('keep messages out while their method awaits', async () => {
    const order: string[] = []
    const work = gate()
    class Slow extends Actor {
      override async onDown(): Promise<void> {
        order.push('down')
        await work.passed
        order.push('down done')
      }
      hello(): void {
        order.push('hello')
      }
    }
    const one = new OneNode()
    const ref = one.node.spawn(Slow)
    const cell = one.cellOf(ref)
    cell.down(down(cell))
    ref.tell.hello()
    await settle()
    assert.deepEqual(order, ['down'])
    work.open()
    await settle()
    assert.deepEqual(order, ['down', 'down done', 'hello'])
  })

  const exits: [string, ExitReason, boolean, string[]][] = [
    [
      'ends with an abnormal reason',
      { type: 'error', error: new Error('x') },
      false,
      ['onStop error: x'],
    ],
    ['ends when the other was killed, without onStop', KILLED, false, []],
    ['ignores a normal end', NORMAL, false, []],
    ['ignores an orderly shutdown', SHUTDOWN, false, []],
    ['hears of it when it traps exits', KILLED, true, ['onExit killed']],
    ['hears of normal ends too when it traps exits', NORMAL, true, ['onExit normal']],
  ]
  for (const [what, reason, trap, expected] of exits) {
    it(`a linked actor ${what}`, async () => {
      const { log, ref, cell } = diary()
      await ref.ask.trap(trap)
      log.length = 0
      cell.exit({ ref: cell.ref, reason })
      await settle()
      assert.deepEqual(log, expected)
      const ends = !trap && reason !== NORMAL && reason !== SHUTDOWN
      assert.equal(cell.state, ends ? 'finished' : 'running')
    })
  }
})

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
