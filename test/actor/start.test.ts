import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { TroupeError } from '../../src/base/errors.js'
import { Diary, diary, gate, guarded } from './diary.js'
import { settle } from './manual-world.js'
import { codeOfThrow, OneNode, rejection } from './one-node.js'

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
