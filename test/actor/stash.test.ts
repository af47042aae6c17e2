import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { hidden, reentrant } from '../../src/actor/decorators.js'
import { settle } from './manual-world.js'
import { codeOfRejection, OneNode, TestGuardian } from './one-node.js'

class Door extends Actor<{ log: string[] }> {
  #open = false
  enter(who: string): string {
    if (!this.#open) {
      this.stash()
      return 'not the answer'
    }
    this.args.log.push(who)
    return `hello ${who}`
  }
  open(): void {
    this.#open = true
    this.unstashAll()
  }
  stashTwice(who: string): void {
    if (!this.#open) this.stash()
    if (!this.#open) this.stash()
    if (this.#open) this.args.log.push(who)
  }
  async enterLater(who: string): Promise<string> {
    await Promise.resolve()
    return this.enter(who)
  }
  back(who: string): void {
    this.args.log.push(`${who} once more`)
    if (this.args.log.length > 1) return
    this.stash()
    this.unstashAll()
  }
  crash(): never {
    throw new Error('boom')
  }
  override onDown(): void {
    this.stash()
  }
}

function door(stashLimit?: number) {
  const one = new OneNode()
  const log: string[] = []
  const options = stashLimit === undefined ? undefined : { stashLimit }
  return { one, log, ref: one.node.spawn(Door, { log }, options) }
}

describe('a stash', () => {
  it('puts messages aside and back before all others, in the order in which they came', async () => {
    const { log, ref } = door()
    const asked = [ref.ask.enter('ann'), ref.ask.enterLater('bob'), ref.ask.enter('cid')]
    await settle()
    assert.deepEqual(log, [])
    ref.tell.open()
    const last = ref.ask.enter('dan')
    assert.deepEqual(await Promise.all(asked), ['hello ann', 'hello bob', 'hello cid'])
    assert.equal(await last, 'hello dan')
    assert.deepEqual(log, ['ann', 'bob', 'cid', 'dan'])
  })

  it('keeps that order between reentrant and other methods', async () => {
    const log: string[] = []
    class Gate extends Actor {
      #open = false
      plain(name: string): void {
        this.enter(name)
      }
      @reentrant
      passing(name: string): void {
        this.enter(name)
      }
      open(): void {
        this.#open = true
        this.unstashAll()
      }
      @hidden
      enter(name: string): void {
        if (this.#open) log.push(name)
        else this.stash()
      }
    }
    const ref = new OneNode().node.spawn(Gate)
    ref.tell.passing('a')
    ref.tell.plain('b')
    ref.tell.passing('c')
    ref.tell.plain('d')
    await ref.ask.open()
    await settle()
    assert.deepEqual(log, ['a', 'b', 'c', 'd'])
  })

  it('holds a message once, however often it is stashed', async () => {
    const { log, ref } = door()
    ref.tell.stashTwice('ann')
    ref.tell.open()
    await settle()
    assert.deepEqual(log, ['ann'])
  })

  it('may give a message back to its own handler', async () => {
    const { log, ref } = door()
    await ref.ask.back('ann')
    assert.deepEqual(log, ['ann once more', 'ann once more'])
  })

  it('is bounded', async () => {
    const { one, ref } = door(2)
    ref.tell.enter('ann')
    ref.tell.enter('bob')
    assert.equal(await codeOfRejection(ref.ask.enter('cid')), 'ERR_STASH_FULL')
    assert.equal(one.system.counters.crashes, 1)
  })

  it('ends with the incarnation: its messages go back, also when a restart follows', async () => {
    const one = new OneNode()
    const log: string[] = []
    const guardian = new TestGuardian(true)
    const cell = one.system.spawn(Door, { log }, undefined, guardian)
    const ref = one.node.ref(Door, String(cell.ref))
    const asked = codeOfRejection(ref.ask.enter('ann'))
    ref.tell.enter('bob')
    ref.tell.crash()
    assert.equal(await asked, 'ERR_CRASHED')
    assert.deepEqual(
      one.deadLetters.map(({ args, reason }) => [args[0], reason]),
      [['bob', 'ERR_CRASHED']],
    )
    cell.restart()
    await ref.ask.open()
    assert.deepEqual(log, [])
  })

  it('takes messages only', async () => {
    const { one, ref } = door()
    const cell = one.cellOf(ref)
    cell.down({ ref, incarnation: 1, reason: { type: 'normal' }, willRestart: false })
    assert.equal(await codeOfRejection(ref.ask.open()), 'ERR_STOPPED')
    const [end] = one.ended
    assert.equal(end?.reason.type, 'error')
  })
})
