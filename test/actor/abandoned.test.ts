import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { accepts, reentrant } from '../../src/actor/decorators.js'
import { KILLED } from '../../src/actor/exit-reason.js'
import type { StandardSchema } from '../../src/actor/standard-schema.js'
import { gate } from './diary.js'
import { settle } from './manual-world.js'
import { codeOfRejection, OneNode } from './one-node.js'

const never = new Promise<void>(() => {})

describe('an actor that stops itself and then awaits for ever', () => {
  type Where = 'onStart' | 'method' | 'reentrant' | 'onDown' | 'timer'

  class Stuck extends Actor<Where> {
    #quit(): Promise<void> {
      this.stop()
      return never
    }
    override onStart(): void | Promise<void> {
      if (this.args === 'timer') this.after(0, () => this.#quit())
      if (this.args === 'onStart') return this.#quit()
    }
    override onDown(): Promise<void> {
      return this.#quit()
    }
    method(): Promise<void> {
      return this.#quit()
    }
    @reentrant
    reentrant(): Promise<void> {
      return this.#quit()
    }
  }

  for (const where of ['onStart', 'method', 'reentrant', 'onDown', 'timer'] as const) {
    it(`in ${where} is abandoned after stopTimeoutMs`, async () => {
      const node = new OneNode({ stopTimeoutMs: 700 })
      const ref = node.node.spawn(Stuck, where)
      await settle()
      if (where === 'method' || where === 'reentrant') ref.tell[where]()
      if (where === 'onDown') {
        node.cellOf(ref).down({ ref, incarnation: 1, reason: KILLED, willRestart: false })
      }
      await node.world.advance(699)
      assert.equal(node.system.size, 1)
      await node.world.advance(1)
      assert.equal(node.system.size, 0)
      assert.equal(node.ended[0]?.reason, KILLED)
      assert.equal(node.world.timers, 0)
    })
  }
})

describe('a signal that is read after the asker gave up', () => {
  class Late extends Actor<(aborted: boolean) => void> {
    async work(until: Promise<void>): Promise<void> {
      await until
      this.args(this.signal.aborted)
    }
  }

  async function readAfter(giveUp: 'abort' | 'deadline' | 'neither'): Promise<boolean[]> {
    const seen: boolean[] = []
    const node = new OneNode()
    const ref = node.node.spawn(Late, (aborted) => seen.push(aborted))
    const work = gate()
    const asker = new AbortController()
    const asked = ref.with({ timeoutMs: 100, signal: asker.signal }).ask.work(work.passed)
    const code = giveUp === 'neither' ? undefined : codeOfRejection(asked)
    await settle()
    if (giveUp === 'abort') asker.abort()
    if (giveUp === 'deadline') await node.world.advance(100)
    if (giveUp !== 'neither') {
      assert.equal(await code, giveUp === 'abort' ? 'ERR_ABORTED' : 'ERR_ASK_TIMEOUT')
    }
    work.open()
    await settle()
    return seen
  }

  it('is aborted, by abort and by deadline', async () => {
    assert.deepEqual(await readAfter('abort'), [true])
    assert.deepEqual(await readAfter('deadline'), [true])
  })

  it('is not while the asker waits', async () => {
    assert.deepEqual(await readAfter('neither'), [false])
  })
})

describe('a tell whose schema is still at work when the actor is killed', () => {
  it('is a dead letter', async () => {
    const work = gate()
    const slowly: StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => work.passed.then(() => ({ value })),
      },
    }
    class Desk extends Actor {
      @accepts(slowly)
      put(_word: string): void {}
    }
    const node = new OneNode()
    const ref = node.node.spawn(Desk)
    ref.tell.put('hello')
    await settle()
    node.cellOf(ref).kill()
    work.open()
    await settle()
    const [letter] = node.deadLetters
    assert.deepInclude(letter, { method: 'put', args: ['hello'], reason: 'ERR_STOPPED' })
  })
})
