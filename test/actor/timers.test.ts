import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { Timer } from '../../src/world/clock.js'
import { settle } from './manual-world.js'
import { codeOfRejection, OneNode, TestGuardian } from './one-node.js'

class Clockwork extends Actor<{ log: string[] }> {
  #timer: Timer | undefined
  in(ms: number, what: string): void {
    this.#timer = this.after(ms, () => this.args.log.push(`${what} at ${this.node.now()}`))
  }
  each(ms: number, work?: () => Promise<void>): void {
    this.#timer = this.every(ms, () => {
      this.args.log.push(`tick ${this.node.now()}`)
      return work?.()
    })
  }
  cancel(): void {
    this.#timer?.cancel()
  }
  cancelAfterFiring(gate: Promise<void>): Promise<void> {
    return gate.then(() => this.cancel())
  }
  say(what: string): void {
    this.args.log.push(what)
  }
  hold(gate: Promise<void>): Promise<void> {
    return gate
  }
  crashIn(ms: number): void {
    this.after(ms, () => {
      throw new Error('in a timer')
    })
  }
  crash(): never {
    throw new Error('boom')
  }
}

function clockwork() {
  const one = new OneNode()
  const log: string[] = []
  return { one, log, ref: one.node.spawn(Clockwork, { log }) }
}

function gate() {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}

describe("an actor's timer", () => {
  it('fires once after its delay', async () => {
    const { one, log, ref } = clockwork()
    ref.tell.in(30, 'one')
    await one.world.advance(29)
    assert.deepEqual(log, [])
    await one.world.advance(100)
    assert.deepEqual(log, ['one at 30'])
    assert.equal(one.world.timers, 0)
  })

  it('repeats until cancelled', async () => {
    const { one, log, ref } = clockwork()
    ref.tell.each(10)
    await one.world.advance(35)
    assert.deepEqual(log, ['tick 10', 'tick 20', 'tick 30'])
    ref.tell.cancel()
    await one.world.advance(50)
    assert.equal(log.length, 3)
    assert.equal(one.world.timers, 0)
  })

  it('repeats on its times though the clock is late, and leaves out times that have passed', async () => {
    const { one, log, ref } = clockwork()
    const { clock } = one.world
    const { after } = clock
    let lateMs = 3
    clock.after = (delayMs, run) => after(delayMs + lateMs, run)
    ref.tell.each(10)
    await one.world.advance(35)
    assert.deepEqual(log, ['tick 13', 'tick 23', 'tick 33'])
    lateMs = 35
    await one.world.advance(55)
    assert.deepEqual(log.slice(3), ['tick 43', 'tick 85'])
    lateMs = 0
    await one.world.advance(60)
    assert.deepEqual(log.slice(5), ['tick 125', 'tick 130', 'tick 140', 'tick 150'])
  })

  it('takes its turn among the messages', async () => {
    const { one, log, ref } = clockwork()
    const work = gate()
    ref.tell.in(10, 'timer')
    ref.tell.hold(work.passed)
    ref.tell.say('sent before it fired')
    await one.world.advance(10)
    ref.tell.say('sent after it fired')
    assert.deepEqual(log, [])
    work.open()
    await settle()
    assert.deepEqual(log, ['sent before it fired', 'timer at 10', 'sent after it fired'])
  })

  it('leaves ticks out while one waits, so that a busy actor is not flooded', async () => {
    const { one, log, ref } = clockwork()
    const work = gate()
    ref.tell.each(10)
    ref.tell.hold(work.passed)
    await one.world.advance(100)
    work.open()
    await settle()
    assert.equal(log.length, 1)
    await one.world.advance(10)
    assert.equal(log.length, 2)
  })

  it('leaves ticks out while one awaits', async () => {
    const { one, log, ref } = clockwork()
    const work = gate()
    ref.tell.each(10, () => work.passed)
    await one.world.advance(100)
    assert.equal(log.length, 1)
    work.open()
    await one.world.advance(10)
    assert.equal(log.length, 2)
  })

  it('fires into a full mailbox', async () => {
    const one = new OneNode({ mailboxLimit: 1 })
    const log: string[] = []
    const ref = one.node.spawn(Clockwork, { log })
    const work = gate()
    ref.tell.in(10, 'timer')
    await settle()
    ref.tell.hold(work.passed)
    await settle()
    ref.tell.say('x')
    await one.world.advance(10)
    work.open()
    await settle()
    assert.deepEqual(log, ['x', 'timer at 10'])
  })

  it('cancelled while it waits in the mailbox does not run', async () => {
    const { one, log, ref } = clockwork()
    const work = gate()
    ref.tell.in(10, 'timer')
    ref.tell.cancelAfterFiring(work.passed)
    await one.world.advance(10)
    work.open()
    await settle()
    assert.deepEqual(log, [])
  })

  it('that throws crashes the actor', async () => {
    const { one, ref } = clockwork()
    ref.tell.crashIn(5)
    await one.world.advance(5)
    assert.equal(one.system.size, 0)
    assert.equal(one.system.counters.crashes, 1)
  })

  it('ends with its incarnation, also when a restart follows', async () => {
    const one = new OneNode()
    const log: string[] = []
    const cell = one.system.spawn(Clockwork, { log }, undefined, new TestGuardian(true))
    const ref = one.node.ref(Clockwork, String(cell.ref))
    ref.tell.each(10)
    ref.tell.in(10, 'after')
    ref.tell.crash()
    await settle()
    cell.restart()
    await one.world.advance(100)
    assert.deepEqual(log, [])
    assert.equal(one.world.timers, 0)
  })

  for (const delay of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
    it(`refuses a delay of ${delay}`, async () => {
      const { ref } = clockwork()
      assert.equal(await codeOfRejection(ref.ask.in(delay, 'x')), 'ERR_BAD_OPTION')
    })
  }
})
