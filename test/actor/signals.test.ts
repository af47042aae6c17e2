import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { Down } from '../../src/actor/bonds.js'
import type { Cell } from '../../src/actor/cell.js'
import {
  type ExitReason,
  KILLED,
  NORMAL,
  SHUTDOWN,
  showReason,
} from '../../src/actor/exit-reason.js'
import { diary, gate } from './diary.js'
import { settle } from './manual-world.js'
import { OneNode } from './one-node.js'

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
