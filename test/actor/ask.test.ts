import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { reentrant } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import type { Reply } from '../../src/actor/reply.js'
import { codeOf, type TroupeError } from '../../src/base/errors.js'
import { Refusal } from '../../src/base/refusal.js'
import { settle } from './manual-world.js'
import { codeOfRejection, OneNode, rejection } from './one-node.js'

const never = new Promise<never>(() => {})

class Server extends Actor<{ log: string[] } | undefined> {
  #reply: Reply<string> | undefined
  value(): number {
    return 42
  }
  async later(value: number): Promise<number> {
    await Promise.resolve()
    return value
  }
  hang(): Promise<never> {
    const { signal } = this
    signal.addEventListener('abort', () => this.args?.log.push(`aborted ${codeOf(signal.reason)}`))
    return never
  }
  note(line: string): void {
    this.args?.log.push(line)
  }
  refuse(): never {
    throw new Refusal('ROOM_FULL', 'no seat left', { seats: 0 })
  }
  async refuseLater(): Promise<never> {
    await Promise.resolve()
    throw new Refusal('ROOM_FULL')
  }
  crash(): never {
    throw new TypeError('boom')
  }
  owe(): Reply<string> {
    this.#reply = this.deferReply<string>()
    return this.#reply
  }
  pay(what: string): boolean {
    return this.#reply?.resolve(what) ?? false
  }
  deny(): boolean {
    return this.#reply?.reject(new Error('denied')) ?? false
  }
  delegate(to: ActorRef<Worker>): Reply<string> {
    const reply = this.deferReply<string>()
    to.tell.work(reply)
    return reply
  }
  oweAndCrash(): Reply<string> {
    this.deferReply<string>()
    throw new Error('after deferring')
  }
  oweTwice(): Reply<string> {
    this.deferReply<string>()
    return this.deferReply<string>()
  }
  odd(): unknown {
    // biome-ignore lint/suspicious/noThenProperty: not a promise, whatever its name
    return { then: 'not a function' }
  }
  fromTimer(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.after(5, () => {
        try {
          this.deferReply()
        } catch (error) {
          resolve(codeOf(error))
        }
      })
    })
  }
}

class Worker extends Actor {
  work(reply: Reply<string>): void {
    reply.resolve('done by another')
  }
}

function server(options?: ConstructorParameters<typeof OneNode>[0]) {
  const one = new OneNode(options)
  const log: string[] = []
  return { one, log, ref: one.node.spawn(Server, { log }) }
}

describe('an ask', () => {
  it('resolves to the result of a synchronous or asynchronous method', async () => {
    const { ref } = server()
    assert.equal(await ref.ask.value(), 42)
    assert.equal(await ref.ask.later(7), 7)
    assert.equal(JSON.stringify(await ref.ask.odd()), '{"then":"not a function"}')
  })

  it('rejects with the error that crashed the method', async () => {
    const { ref } = server()
    const error = (await rejection(ref.ask.crash())) as Error
    assert.equal(error.name, 'TypeError')
    assert.equal(error.message, 'boom')
  })

  it('rejects at its deadline, the default or its own', async () => {
    const { one, ref } = server({ askTimeoutMs: 1_000 })
    const first = rejection(ref.ask.hang())
    const second = codeOfRejection(ref.with({ timeoutMs: 40 }).ask.value())
    let settled = 0
    void first.then(() => settled++)
    await one.world.advance(40)
    assert.equal(await second, 'ERR_ASK_TIMEOUT')
    await one.world.advance(959)
    assert.equal(settled, 0)
    await one.world.advance(1)
    const error = (await first) as TroupeError
    assert.equal(error.code, 'ERR_ASK_TIMEOUT')
    assert.include(error.message, 'hang')
    assert.include(error.message, String(ref))
    assert.include(error.message, '1000 ms')
    assert.equal(one.system.counters.askTimeouts, 2)
  })

  it('that timed out in the queue is not begun any more', async () => {
    const { one, log, ref } = server()
    ref.tell.hang()
    const asked = codeOfRejection(ref.with({ timeoutMs: 40 }).ask.note('never'))
    await one.world.advance(40)
    assert.equal(await asked, 'ERR_ASK_TIMEOUT')
    one.cellOf(ref).kill()
    assert.notInclude(log, 'never')
  })

  it('drops and counts answers that come late', async () => {
    const { one, ref } = server()
    const asked = codeOfRejection(ref.with({ timeoutMs: 10 }).ask.owe())
    await one.world.advance(10)
    assert.equal(await asked, 'ERR_ASK_TIMEOUT')
    assert.isFalse(await ref.ask.pay('late'))
    const work = ref.with({ timeoutMs: 10 }).ask.later(1)
    assert.equal(await work, 1)
    class Slow extends Actor {
      async wait(gate: Promise<void>): Promise<void> {
        await gate
      }
    }
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const slow = codeOfRejection(one.node.spawn(Slow).with({ timeoutMs: 10 }).ask.wait(gate))
    await one.world.advance(10)
    assert.equal(await slow, 'ERR_ASK_TIMEOUT')
    open()
    await settle()
    assert.equal(one.system.counters.lateAnswers, 1)
  })

  it('rejects when its signal aborts, and the method sees it', async () => {
    const { one, log, ref } = server()
    const controller = new AbortController()
    const asked = rejection(ref.with({ signal: controller.signal }).ask.hang())
    await settle()
    controller.abort(new Error('changed my mind'))
    const error = (await asked) as TroupeError
    assert.equal(error.code, 'ERR_ABORTED')
    assert.equal((error.cause as Error).message, 'changed my mind')
    assert.deepEqual(log, ['aborted ERR_ABORTED'])
    await settle()
    assert.equal(one.world.timers, 0, 'its deadline is gone')
  })

  it('sends nothing when its signal was aborted before', async () => {
    const { log, ref } = server()
    const asked = ref.with({ signal: AbortSignal.abort() }).ask.note('never')
    assert.equal(await codeOfRejection(asked), 'ERR_ABORTED')
    await settle()
    assert.deepEqual(log, [])
  })

  it('that was aborted in the queue is not begun any more', async () => {
    const { one, log, ref } = server()
    const controller = new AbortController()
    const asked = ref.with({ signal: controller.signal }).ask.note('never')
    controller.abort()
    assert.equal(await codeOfRejection(asked), 'ERR_ABORTED')
    await settle()
    assert.deepEqual(log, [])
    assert.equal(one.cellOf(ref).state, 'running')
  })

  it('shows its deadline to the method as a signal', async () => {
    const { one, log, ref } = server()
    const asked = codeOfRejection(ref.with({ timeoutMs: 30 }).ask.hang())
    await one.world.advance(30)
    assert.equal(await asked, 'ERR_ASK_TIMEOUT')
    assert.deepEqual(log, ['aborted ERR_ASK_TIMEOUT'])
  })

  it('shows the end of the incarnation to the method as a signal', async () => {
    const { one, log, ref } = server()
    ref.tell.hang()
    await settle()
    one.cellOf(ref).kill()
    assert.deepEqual(log, ['aborted ERR_KILLED'])
  })

  it('leaves no listener behind on a signal that many asks share', async () => {
    const { ref } = server()
    const controller = new AbortController()
    let listeners = 0
    const add = controller.signal.addEventListener.bind(controller.signal)
    const remove = controller.signal.removeEventListener.bind(controller.signal)
    controller.signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    controller.signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    for (let i = 0; i < 20; i++) await ref.with({ signal: controller.signal }).ask.value()
    assert.equal(listeners, 0)
  })
})

describe('a refusal', () => {
  it('reaches the asker as it is, and the actor lives on', async () => {
    const { one, ref } = server()
    for (const asked of [ref.ask.refuse(), ref.ask.refuseLater()]) {
      const error = (await rejection(asked)) as Refusal
      assert.equal(error.name, 'Refusal')
      assert.equal(error.code, 'ROOM_FULL')
    }
    const error = (await rejection(ref.ask.refuse())) as Refusal
    assert.deepEqual(error.data, { seats: 0 })
    assert.equal(await ref.ask.value(), 42)
    assert.equal(one.system.counters.refusals, 3)
    assert.equal(one.system.counters.crashes, 0)
    const line = one.log.at(-1)
    assert.equal(line?.level, 'info')
    assert.deepEqual(line?.fields, {
      actor: String(ref),
      method: 'refuse',
      code: 'ROOM_FULL',
      reason: 'no seat left',
    })
  })

  it('of a tell is logged', async () => {
    const { one, ref } = server()
    ref.tell.refuse()
    await settle()
    assert.equal(one.log.at(-1)?.message, 'message refused')
    assert.equal(one.cellOf(ref).state, 'running')
  })
})

describe('a deferred reply', () => {
  it('answers later, once', async () => {
    const { ref } = server()
    const asked: Promise<string> = ref.ask.owe()
    await settle()
    assert.isTrue(await ref.ask.pay('paid'))
    assert.equal(await asked, 'paid')
    assert.isFalse(await ref.ask.pay('again'))
    assert.isFalse(await ref.ask.deny())
  })

  it('may be an error, which crashes nobody', async () => {
    const { one, ref } = server()
    const asked = rejection(ref.ask.owe())
    await settle()
    assert.isTrue(await ref.ask.deny())
    assert.equal(((await asked) as Error).message, 'denied')
    assert.equal(one.system.counters.crashes, 0)
  })

  it('may be given by another actor', async () => {
    const { one, ref } = server()
    assert.equal(await ref.ask.delegate(one.node.spawn(Worker)), 'done by another')
  })

  it('of a tell goes nowhere', async () => {
    const { ref } = server()
    ref.tell.owe()
    assert.isFalse(await ref.ask.pay('nobody'))
  })

  it('is failed by a crash of the method that deferred it', async () => {
    const { ref } = server()
    const error = (await rejection(ref.ask.oweAndCrash())) as Error
    assert.equal(error.message, 'after deferring')
  })

  it('outlives the actor that deferred it', async () => {
    const one = new OneNode()
    const kept: Reply<string>[] = []
    class Keeper extends Actor {
      keep(): Reply<string> {
        const reply = this.deferReply<string>()
        kept.push(reply)
        return reply
      }
    }
    const ref = one.node.spawn(Keeper)
    const asked = ref.ask.keep()
    await settle()
    await one.system.stop(ref)
    assert.isTrue(kept[0]?.pending)
    kept[0]?.resolve('still')
    assert.equal(await asked, 'still')
    assert.isFalse(kept[0]?.pending)
  })

  it('can be taken once per message', async () => {
    const { ref } = server()
    assert.equal(await codeOfRejection(ref.ask.oweTwice()), 'ERR_NOT_IN_MESSAGE')
  })

  it('tells both the method and the reply when the asker gives up', async () => {
    const one = new OneNode()
    const seen: string[] = []
    class Both extends Actor {
      owe(): Reply<string> {
        this.signal.addEventListener('abort', () => seen.push('signal'))
        const reply = this.deferReply<string>()
        reply.onSettled(() => seen.push('reply'))
        return reply
      }
    }
    const asked = codeOfRejection(one.node.spawn(Both).with({ timeoutMs: 10 }).ask.owe())
    await one.world.advance(10)
    assert.equal(await asked, 'ERR_ASK_TIMEOUT')
    assert.deepEqual(seen, ['signal', 'reply'])
  })

  it('belongs to a message: a timer has none', async () => {
    const { one, ref } = server()
    const asked = ref.ask.fromTimer()
    await settle()
    await one.world.advance(5)
    // fromTimer awaits, so the timer's turn comes only when it has been let go
    one.cellOf(ref).kill()
    assert.equal(await codeOfRejection(asked), 'ERR_KILLED')
  })

  it('is bound to its own message where reentrant methods interleave', async () => {
    class Desk extends Actor {
      readonly #owed = new Map<number, Reply<number>>()
      @reentrant
      async owe(n: number): Promise<Reply<number>> {
        const reply = this.deferReply<number>()
        this.#owed.set(n, reply)
        await Promise.resolve()
        return reply
      }
      pay(n: number): void {
        this.#owed.get(n)?.resolve(n * 10)
      }
    }
    const one = new OneNode()
    const ref = one.node.spawn(Desk)
    const asked = [1, 2, 3].map((n) => ref.ask.owe(n))
    for (const n of [3, 1, 2]) ref.tell.pay(n)
    assert.deepEqual(await Promise.all(asked), [10, 20, 30])
  })
})
