import { assert } from 'chai'
import fc from 'fast-check'
import { Actor } from '../../src/actor/actor.js'
import { reentrant } from '../../src/actor/decorators.js'
import { SHUTDOWN } from '../../src/actor/exit-reason.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { settle } from './manual-world.js'
import { codeOfRejection, codeOfThrow, OneNode, TestGuardian } from './one-node.js'

function gate() {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}

class Recorder extends Actor<{ log: number[] }> {
  now(n: number): void {
    this.args.log.push(n)
  }
  async later(n: number, hops: number): Promise<void> {
    for (let i = 0; i < hops; i++) await Promise.resolve()
    this.args.log.push(n)
  }
}

/** Writes down when its methods begin and end. */
class Busy extends Actor<{ log: string[] }> {
  async work(name: string, passed: Promise<void>): Promise<void> {
    this.args.log.push(`${name} begins`)
    await passed
    this.args.log.push(`${name} ends`)
  }
  quick(name: string): void {
    this.args.log.push(name)
  }
  end(): void {
    this.stop()
  }
  @reentrant
  async peek(name: string, passed?: Promise<void>): Promise<string> {
    this.args.log.push(`${name} begins`)
    await passed
    this.args.log.push(`${name} ends`)
    return name
  }
  @reentrant
  look(name: string): string {
    this.args.log.push(name)
    return name
  }
  /** Asks back in a circle. */
  async circle(other: ActorRef<Busy>): Promise<string> {
    return other.ask.through(this.selfAs(Busy))
  }
  through(back: ActorRef<Busy>): Promise<string> {
    return back.ask.look('came round')
  }
  crash(): never {
    throw new Error('boom')
  }
  @reentrant
  async crashLater(passed: Promise<void>): Promise<never> {
    await passed
    throw new Error('boom later')
  }
}

function busy(options?: ConstructorParameters<typeof OneNode>[0]) {
  const one = new OneNode(options)
  const log: string[] = []
  return { one, log, ref: one.node.spawn(Busy, { log }) }
}

describe('promise: order', () => {
  it('messages of one sender to one actor are handled in the order they were sent', async () => {
    const step = fc.record({ hops: fc.nat(3), ask: fc.boolean(), pause: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (script) => {
        const { node } = new OneNode()
        const log: number[] = []
        const ref = node.spawn(Recorder, { log })
        const asked: Promise<void>[] = []
        for (const [n, { hops, ask, pause }] of script.entries()) {
          if (ask) asked.push(hops === 0 ? ref.ask.now(n) : ref.ask.later(n, hops))
          else if (hops === 0) ref.tell.now(n)
          else ref.tell.later(n, hops)
          if (pause) await Promise.resolve()
        }
        await Promise.all(asked)
        await settle()
        assert.deepEqual(
          log,
          script.map((_, n) => n),
        )
      }),
      { numRuns: 40 },
    )
  })
})

describe('promise: one at a time', () => {
  it('an asynchronous method keeps the next message out until it ends', async () => {
    const { log, ref } = busy()
    const work = gate()
    ref.tell.work('a', work.passed)
    ref.tell.quick('b')
    await settle()
    assert.deepEqual(log, ['a begins'])
    work.open()
    await settle()
    assert.deepEqual(log, ['a begins', 'a ends', 'b'])
  })

  it('a reentrant method lets others in while it awaits, and interleaves with itself', async () => {
    const { log, ref } = busy()
    const first = gate()
    const second = gate()
    const asked = [ref.ask.peek('p', first.passed), ref.ask.peek('q', second.passed)]
    ref.tell.quick('b')
    await settle()
    assert.deepEqual(log, ['p begins', 'q begins', 'b'])
    second.open()
    first.open()
    assert.deepEqual(await Promise.all(asked), ['p', 'q'])
    assert.deepEqual(log.slice(3), ['q ends', 'p ends'])
  })

  it('a reentrant method gets in while another awaits; the others keep waiting, in order', async () => {
    const { log, ref } = busy()
    const work = gate()
    ref.tell.work('a', work.passed)
    ref.tell.quick('b')
    ref.tell.look('r')
    ref.tell.quick('c')
    await settle()
    assert.deepEqual(log, ['a begins', 'r'])
    work.open()
    await settle()
    assert.deepEqual(log, ['a begins', 'r', 'a ends', 'b', 'c'])
  })

  it('two actors that ask each other do not block when the way back is reentrant', async () => {
    const { one, ref } = busy()
    const other = one.node.spawn(Busy, { log: [] })
    assert.equal(await ref.ask.circle(other), 'came round')
  })

  it('nothing begins any more while a stop waits for what has begun', async () => {
    const one = new OneNode()
    const log: string[] = []
    const cell = one.system.spawn(Busy, { log }, undefined, new TestGuardian(true))
    const ref = one.node.ref(Busy, String(cell.ref))
    const work = gate()
    ref.tell.peek('p', work.passed)
    await settle()
    ref.tell.end()
    ref.tell.quick('waits for the next incarnation')
    ref.tell.look('as well')
    await settle()
    assert.deepEqual(log, ['p begins'])
    work.open()
    await settle()
    assert.equal(cell.state, 'waiting')
    assert.equal(cell.queued, 2)
    assert.deepEqual(log, ['p begins', 'p ends'])
  })

  it('while nothing awaits, reentrant messages do not pass others', async () => {
    const { log, ref } = busy()
    ref.tell.quick('a')
    ref.tell.look('r')
    ref.tell.quick('b')
    await settle()
    assert.deepEqual(log, ['a', 'r', 'b'])
  })
})

describe('promise: let it crash', () => {
  it('an exception ends the incarnation and the asker gets it', async () => {
    const { one, ref } = busy()
    const error = await ref.ask.crash().catch((reason: unknown) => reason)
    assert.equal((error as Error).message, 'boom')
    assert.equal(one.system.size, 0)
    const line = one.log.find(({ message }) => message === 'actor crashed')
    assert.equal(line?.level, 'error')
    assert.deepInclude(line?.fields, { actor: String(ref), method: 'crash', reason: 'boom' })
  })

  it('onStop runs once, whatever else crashes meanwhile', async () => {
    const one = new OneNode()
    const stops: string[] = []
    const stopping = gate()
    class Twice extends Actor {
      @reentrant
      async crash(passed: Promise<void>): Promise<never> {
        await passed
        throw new Error('boom')
      }
      override async onStop(): Promise<void> {
        stops.push('onStop')
        await stopping.passed
      }
    }
    const ref = one.node.spawn(Twice)
    const boom = gate()
    const asked = [ref.ask.crash(boom.passed), ref.ask.crash(boom.passed)]
    const failed = Promise.allSettled(asked)
    await settle()
    boom.open()
    await failed
    assert.deepEqual(stops, ['onStop'])
    assert.equal(one.ended.length, 0)
    stopping.open()
    await settle()
    assert.equal(one.ended.length, 1)
  })

  it('other calls that had begun fail with ERR_CRASHED', async () => {
    const { ref } = busy()
    const boom = gate()
    const first = codeOfRejection(ref.ask.peek('p', gate().passed))
    ref.tell.crashLater(boom.passed)
    await settle()
    boom.open()
    assert.equal(await first, 'ERR_CRASHED')
  })
})

describe('promise: restart', () => {
  class Fragile extends Actor<{ log: string[] }> {
    #state = 0
    add(n: number): number {
      this.#state += n
      return this.#state
    }
    crash(): never {
      throw new Error('boom')
    }
    async ghost(passed: Promise<void>): Promise<void> {
      const before = this.node
      await passed
      const use: Record<string, () => unknown> = {
        node: () => this.node,
        spawn: () => this.spawn(Recorder, { log: [] }),
        watch: () => this.watch(this.self),
        link: () => this.link(this.self),
        after: () => this.after(1, () => {}),
        every: () => this.every(1, () => {}),
        stash: () => this.stash(),
        unstashAll: () => this.unstashAll(),
        signal: () => this.signal,
        deferReply: () => this.deferReply(),
        stop: () => this.stop(),
      }
      for (const [name, run] of Object.entries(use)) {
        this.args.log.push(`${name} ${codeOfThrow(run)}`)
      }
      assert.isDefined(before)
      throw new Error('nobody is hurt by this')
    }
  }

  function fragile() {
    const one = new OneNode()
    const log: string[] = []
    const cell = one.system.spawn(Fragile, { log }, undefined, new TestGuardian(true))
    return { one, log, cell, ref: one.node.ref(Fragile, String(cell.ref)) }
  }

  it('gives a new instance behind the same ref, with the mailbox less the message that crashed', async () => {
    const { cell, ref } = fragile()
    assert.equal(await ref.ask.add(5), 5)
    ref.tell.crash()
    const queued = ref.ask.add(1)
    await settle()
    cell.restart()
    assert.equal(await queued, 1, 'fresh state, queued message')
    assert.equal(cell.incarnation, 2)
  })

  it('fences the old incarnation: all it tries through its context throws ERR_STOPPED', async () => {
    const { one, log, cell, ref } = fragile()
    const passed = gate()
    ref.tell.ghost(passed.passed)
    await settle()
    const terminated = cell.terminate(SHUTDOWN, 10, true)
    await one.world.advance(10)
    await terminated
    cell.restart()
    await settle()
    assert.equal(cell.incarnation, 2)
    passed.open()
    await settle()
    assert.lengthOf(log, 11)
    for (const line of log) assert.match(line, / ERR_STOPPED$/)
    assert.equal(cell.state, 'running', 'what the old one throws does not touch the new one')
    assert.equal(one.log.at(-1)?.message, 'an abandoned handler failed')
    assert.equal(await ref.ask.add(2), 2)
  })
})

describe('promise: tell', () => {
  it('returns true below the high-water mark, false above it, and ready tells when to go on', async () => {
    const { one, log, ref } = busy({ mailboxLimit: 8 })
    const work = gate()
    await ref.ready()
    ref.tell.work('a', work.passed)
    await settle()
    const accepted = Array.from({ length: 8 }, (_, i) => ref.tell.quick(String(i)))
    assert.deepEqual(accepted, [true, true, true, true, false, false, false, false])
    assert.deepEqual(one.deadLetters, [], 'all of them were accepted')
    let ready = false
    const waiting = ref.ready().then(() => {
      ready = true
    })
    await settle()
    assert.isFalse(ready)
    work.open()
    await waiting
    await settle()
    assert.equal(log.length, 10)
    await ref.ready()
  })

  it('at the hard bound returns false and emits deadLetter; asks are rejected', async () => {
    const { one, log, ref } = busy({ mailboxLimit: 2 })
    const work = gate()
    ref.tell.work('a', work.passed)
    await settle()
    ref.tell.quick('b')
    ref.tell.quick('c')
    assert.isFalse(ref.tell.quick('d'))
    assert.equal(await codeOfRejection(ref.ask.look('e')), 'ERR_MAILBOX_FULL')
    assert.deepEqual(
      one.deadLetters.map(({ method, args, reason }) => [method, args, reason]),
      [['quick', ['d'], 'ERR_MAILBOX_FULL']],
    )
    work.open()
    await settle()
    assert.deepEqual(log, ['a begins', 'a ends', 'b', 'c'])
  })
})

describe('promise: ask', () => {
  it('always ends: by answer, by deadline, by abort, by the end of the actor', async () => {
    const end = fc.constantFrom('answer', 'deadline', 'abort', 'kill', 'crash')
    await fc.assert(
      fc.asyncProperty(fc.array(end, { minLength: 1, maxLength: 6 }), async (ends) => {
        const { one, ref } = busy()
        for (const how of ends) {
          const target =
            one.system.cellOf(ref) === undefined ? one.node.spawn(Busy, { log: [] }) : ref
          const work = gate()
          const controller = new AbortController()
          const options = { timeoutMs: 50, signal: controller.signal }
          const asked = target.with(options).ask.peek('x', work.passed).catch(codeOf)
          await settle()
          if (how === 'answer') work.open()
          else if (how === 'deadline') await one.world.advance(50)
          else if (how === 'abort') controller.abort()
          else if (how === 'kill') one.cellOf(target).kill()
          else target.tell.crash()
          const outcome = {
            answer: 'x',
            deadline: 'ERR_ASK_TIMEOUT',
            abort: 'ERR_ABORTED',
            kill: 'ERR_KILLED',
            crash: 'ERR_CRASHED',
          }
          assert.equal(await asked, outcome[how as keyof typeof outcome])
        }
        await settle()
        assert.equal(one.world.timers, 0)
      }),
      { numRuns: 20 },
    )
  })
})
