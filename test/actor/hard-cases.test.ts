import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { accepts, reentrant } from '../../src/actor/decorators.js'
import { KILLED, NORMAL } from '../../src/actor/exit-reason.js'
import type { StandardSchema } from '../../src/actor/standard-schema.js'
import { Refusal } from '../../src/base/refusal.js'
import { gate } from './diary.js'
import { settle } from './manual-world.js'
import { codeOfRejection, codeOfThrow, OneNode, rejection } from './one-node.js'

/** What reaches the process because nobody took it. */
async function strays(run: () => Promise<void>): Promise<unknown[]> {
  const heard: unknown[] = []
  const hear = (error: unknown): void => void heard.push(error)
  const names = ['unhandledRejection', 'uncaughtException'] as const
  const before = names.map((name) => process.rawListeners(name))
  for (const name of names) process.removeAllListeners(name).on(name, hear)
  try {
    await run()
    await settle()
  } finally {
    names.forEach((name, i) => {
      process.removeAllListeners(name)
      for (const listener of before[i] ?? []) process.on(name, listener as () => void)
    })
  }
  return heard
}

describe('an actor that kills itself and goes on', () => {
  type Where = 'onStart' | 'onDown' | 'onStop' | 'method' | 'after' | 'every'

  class Lemming extends Actor<Where> {
    async #jump(where: Where): Promise<void> {
      if (this.args !== where) return
      void this.stop(this.self, KILLED, 0)
      this.after(1, () => {})
    }
    override onStart(): Promise<void> {
      if (this.args === 'after') this.after(1, () => this.#jump('after'))
      if (this.args === 'every') this.every(1, () => this.#jump('every'))
      return this.#jump('onStart')
    }
    override onDown(): Promise<void> {
      return this.#jump('onDown')
    }
    override onStop(): Promise<void> {
      return this.#jump('onStop')
    }
    jump(): Promise<void> {
      return this.#jump('method')
    }
    quit(): void {
      this.stop()
    }
  }

  for (const where of ['onStart', 'onDown', 'onStop', 'method', 'after', 'every'] as const) {
    it(`leaves no rejection to the process from ${where}`, async () => {
      const heard = await strays(async () => {
        const node = new OneNode()
        const ref = node.node.spawn(Lemming, where)
        await settle()
        const cell = node.system.cellOf(ref)
        cell?.down({ ref, incarnation: 1, reason: NORMAL, willRestart: false })
        ref.tell.jump()
        await node.world.advance(2)
        ref.tell.quit()
        await node.world.advance(2)
        assert.equal(node.system.size, 0)
        assert.equal(node.ended[0]?.reason, KILLED)
      })
      assert.deepEqual(heard, [])
    })
  }
})

describe('a foreign thenable', () => {
  class Odd extends Actor {
    static #fail(): void {
      throw new Error('then throws')
    }
    static #repeat(done: (value: number) => void, failed: (error: Error) => void): void {
      done(1)
      done(2)
      failed(new Error('no'))
    }
    throws(): PromiseLike<number> {
      // biome-ignore lint/suspicious/noThenProperty: that is the case
      const odd: unknown = { then: Odd.#fail }
      return odd as PromiseLike<number>
    }
    twice(): PromiseLike<number> {
      // biome-ignore lint/suspicious/noThenProperty: that is the case
      const odd: unknown = { then: Odd.#repeat }
      return odd as PromiseLike<number>
    }
  }

  it('whose then throws is a crash, not an exception of the process', async () => {
    const heard = await strays(async () => {
      const node = new OneNode()
      const error = await rejection(Promise.resolve(node.node.spawn(Odd).ask.throws()))
      assert.equal((error as Error).message, 'then throws')
      assert.equal(node.system.size, 0)
    })
    assert.deepEqual(heard, [])
  })

  it('that settles more than once counts once', async () => {
    const node = new OneNode()
    const ref = node.node.spawn(Odd)
    assert.equal(await ref.ask.twice(), 1)
    await settle()
    assert.equal(node.cellOf(ref).state, 'running')
  })
})

describe('a refusal by a timer', () => {
  for (const later of [false, true]) {
    it(`${later ? 'after an await' : 'at once'} does not silence it`, async () => {
      let runs = 0
      class Clerk extends Actor {
        override onStart(): void {
          this.every(10, () => {
            runs++
            const refusal = new Refusal('CLOSED')
            if (later) return Promise.reject(refusal)
            throw refusal
          })
        }
      }
      const node = new OneNode()
      const ref = node.node.spawn(Clerk)
      await node.world.advance(55)
      assert.equal(runs, 5)
      assert.equal(node.cellOf(ref).state, 'running')
    })
  }
})

describe('a stop', () => {
  class Named extends Actor {
    async quit(): Promise<void> {
      await this.stop(this.node.lookup(Named, 'me'))
    }
    misuse(): void {
      void this.stop(this.self, NORMAL, Number.NaN)
    }
    tie(): void {
      const link = 'yes' as unknown as boolean
      this.spawn(Named, undefined, { link })
    }
  }

  it('of itself by its registered name does not wait for itself', async () => {
    const node = new OneNode()
    const ref = node.node.spawn(Named, undefined, { name: 'me' })
    await ref.ask.quit()
    await settle()
    assert.equal(node.system.size, 0)
    assert.equal(node.ended[0]?.reason, NORMAL)
  })

  it('with a deadline that is none is refused by name and value', async () => {
    const node = new OneNode()
    assert.equal(await codeOfRejection(node.node.spawn(Named).ask.misuse()), 'ERR_BAD_OPTION')
    const stop = () => node.system.stop(node.node.spawn(Named), NORMAL, -1)
    assert.equal(codeOfThrow(stop), 'ERR_BAD_OPTION')
  })

  it('does not come with a spawn option of the wrong type: link is checked by name and value', async () => {
    const node = new OneNode()
    const error = await rejection(node.node.spawn(Named).ask.tie())
    assert.match((error as Error).message, /^spawn\.link must be true or false, got "yes"/)
    assert.equal(node.system.counters.spawned, 1)
  })
})

describe('a reentrant method whose schema takes its time', () => {
  const slowly: StandardSchema = {
    '~standard': { version: 1, vendor: 'test', validate: async (value) => ({ value }) },
  }

  class Desk extends Actor {
    async hold(until: Promise<void>): Promise<string> {
      await until
      return this.signal.aborted ? 'aborted' : 'held'
    }
    @reentrant
    @accepts(slowly)
    pass(word: string): string {
      return word
    }
  }

  it('leaves the message of the one that awaits in its place', async () => {
    const node = new OneNode()
    const ref = node.node.spawn(Desk)
    const work = gate()
    const held = ref.ask.hold(work.passed)
    await settle()
    assert.equal(await ref.ask.pass('hello'), 'hello')
    const killed = codeOfRejection(held)
    node.cellOf(ref).kill()
    await settle()
    assert.equal(node.system.deadlines.size, 0, 'the asker hears at once')
    assert.equal(await killed, 'ERR_KILLED')
  })
})
