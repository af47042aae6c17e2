import { connect, createServer } from 'node:net'
import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { ActorSystem } from '../../src/actor/actor-system.js'
import { noOutbound } from '../../src/actor/outbound.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import {
  MESSAGES_PER_ACTOR,
  MESSAGES_PER_LOOK,
  MESSAGES_PER_TURN,
  type Runnable,
  Scheduler,
  TURN_MS,
} from '../../src/actor/scheduler.js'
import { newIncarnation } from '../../src/base/identity.js'
import type { Clock } from '../../src/world/clock.js'
import { realWorld } from '../../src/world/real/real-world.js'

/** Work that counts what it does and how. */
class Work implements Runnable {
  left: number
  readonly #log: [string, number][]
  readonly #name: string
  readonly #each: () => void

  constructor(log: [string, number][], name: string, left: number, each = (): void => {}) {
    this.#log = log
    this.#name = name
    this.left = left
    this.#each = each
  }

  get runnable(): boolean {
    return this.left > 0
  }

  run(budget: number): number {
    const handled = Math.min(budget, this.left)
    this.left -= handled
    for (let i = 0; i < handled; i++) this.#each()
    this.#log.push([this.#name, handled])
    return handled
  }
}

function setup() {
  let nowMs = 0
  const micros: (() => void)[] = []
  const immediates: (() => void)[] = []
  const clock = { now: () => nowMs } as Clock
  const turn = {
    micro: (run: () => void) => void micros.push(run),
    immediate: (run: () => void) => void immediates.push(run),
    workedMs: () => 0,
  }
  const runAll = (queue: (() => void)[]): void => {
    for (const run of queue.splice(0)) run()
  }
  return {
    scheduler: new Scheduler(clock, turn),
    log: [] as [string, number][],
    micros,
    immediates,
    runMicros: () => runAll(micros),
    runImmediates: () => runAll(immediates),
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

describe('the scheduler', () => {
  it('runs in one microtask, and asks for none while nothing is to do', () => {
    const { scheduler, log, micros, immediates, runMicros } = setup()
    scheduler.enqueue(new Work(log, 'a', 3))
    scheduler.enqueue(new Work(log, 'b', 2))
    assert.equal(micros.length, 1)
    runMicros()
    assert.deepEqual(log, [
      ['a', 3],
      ['b', 2],
    ])
    assert.equal(micros.length + immediates.length, 0)
    assert.equal(scheduler.handled, 5)
  })

  it('gives every actor its turn after so many messages', () => {
    const { scheduler, log, runMicros } = setup()
    scheduler.enqueue(new Work(log, 'a', MESSAGES_PER_ACTOR + 20))
    scheduler.enqueue(new Work(log, 'b', 1))
    runMicros()
    assert.deepEqual(log, [
      ['a', MESSAGES_PER_ACTOR],
      ['b', 1],
      ['a', 20],
    ])
  })

  it('ends the turn after its budget of messages, and goes on after I/O', () => {
    const { scheduler, log, micros, immediates, runMicros, runImmediates } = setup()
    const work = new Work(log, 'a', 3 * MESSAGES_PER_TURN - 1)
    scheduler.enqueue(work)
    runMicros()
    assert.equal(scheduler.handled, MESSAGES_PER_TURN)
    assert.equal(immediates.length, 1)
    scheduler.enqueue(new Work(log, 'b', 1))
    assert.equal(micros.length, 0, 'the microtask queue is left alone')
    let turns = 0
    while (work.left > 0) {
      runImmediates()
      runMicros()
      turns++
    }
    assert.equal(turns, 2)
  })

  it('ends the turn after its time when messages are slow', () => {
    const { scheduler, log, immediates, runMicros, pass } = setup()
    scheduler.enqueue(new Work(log, 'a', MESSAGES_PER_TURN, () => pass(TURN_MS / 10)))
    runMicros()
    assert.isAtMost(scheduler.handled, 2 * MESSAGES_PER_LOOK)
    assert.equal(immediates.length, 1)
  })

  it('spends the same budget when every message comes in a pass of its own', () => {
    const { scheduler, log, immediates, micros, runMicros } = setup()
    let passes = 0
    while (passes < 10 * MESSAGES_PER_TURN) {
      scheduler.enqueue(new Work(log, 'a', 1))
      if (micros.length === 0) break
      runMicros()
      passes++
    }
    assert.isAtMost(passes, MESSAGES_PER_TURN + MESSAGES_PER_LOOK + 1)
    assert.equal(immediates.length, 1)
  })

  it('goes on with the others when one throws', () => {
    const { scheduler, log, runMicros } = setup()
    const bad = new Work(log, 'bad', 1, () => {
      throw new Error('a bug')
    })
    scheduler.enqueue(bad)
    scheduler.enqueue(new Work(log, 'good', 1))
    assert.throws(runMicros, 'a bug')
    runMicros()
    assert.deepEqual(log, [['good', 1]])
  })
})

describe('actors in the real world', () => {
  class Counter extends Actor {
    #n = 0
    next(): number {
      this.#n++
      return this.#n
    }
    async nextLater(): Promise<number> {
      await Promise.resolve()
      return this.next()
    }
    async loop(other: ActorRef<Counter>, until: () => boolean): Promise<void> {
      while (!until()) await other.ask.next()
    }
    flood(): void {
      const me = this.selfAs(Counter)
      me.tell.flood()
      me.tell.flood2()
    }
    flood2(): void {}
    hang(): Promise<void> {
      return new Promise(() => {})
    }
  }

  function system(): ActorSystem {
    const world = realWorld({ seed: 1 })
    return new ActorSystem({
      world,
      nodeName: 'real',
      incarnation: newIncarnation(world.clock.wallMs(), world.entropy.bytes(5)),
      outbound: noOutbound,
      bonds: { watch() {}, unwatch() {}, link() {}, unlink() {}, ended() {} },
      options: { mailboxLimit: 1_000 },
    })
  }

  /** Runs `spin` until timers and a socket echo have had 20 turns each; without fairness they never do. */
  async function beside(spin: (done: () => boolean) => Promise<unknown>): Promise<void> {
    const server = createServer((peer) => peer.on('error', () => {}).pipe(peer)).listen(
      0,
      '127.0.0.1',
    )
    await new Promise((resolve) => server.once('listening', resolve))
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    let echoes = 0
    let ticks = 0
    socket.on('data', () => {
      echoes++
      socket.write('x')
    })
    socket.write('x')
    const timer = setInterval(() => ticks++, 1)
    // the way out should fairness fail: counted, not timed, because then no timer fires
    let spins = 0
    const done = (): boolean => (echoes >= 20 && ticks >= 20) || ++spins > 5_000_000
    await spin(done)
    clearInterval(timer)
    socket.destroy()
    server.close()
    assert.isAtLeast(echoes, 20)
    assert.isAtLeast(ticks, 20)
  }

  it('do not starve timers and sockets by a loop of asks', async () => {
    const ref = system().node.spawn(Counter)
    await beside(async (done) => {
      while (!done()) await ref.ask.next()
    })
  }).timeout(30_000)

  it('do not starve them by a loop of asks to an asynchronous method', async () => {
    const ref = system().node.spawn(Counter)
    await beside(async (done) => {
      while (!done()) await ref.ask.nextLater()
    })
  }).timeout(30_000)

  it('do not starve them by a loop of asks that are refused at once', async () => {
    const all = system()
    const { node } = all
    const gone = node.spawn(Counter)
    await all.stop(gone as unknown as AnyRef)
    const full = node.spawn(Counter, undefined, { mailboxLimit: 1 })
    full.tell.hang()
    await full.ready()
    full.tell.hang()
    const aborted = node.spawn(Counter).with({ signal: AbortSignal.abort() })
    const targets = [gone, full, aborted, node.lookup(Counter, 'nobody')]
    for (const ref of targets) {
      await beside(async (done) => {
        while (!done()) await ref.ask.next().catch(() => {})
      })
    }
  }).timeout(30_000)

  it('do not starve them by asks from actor to actor', async () => {
    const { node } = system()
    const [a, b] = [node.spawn(Counter), node.spawn(Counter)]
    await beside((done) => a.with({ timeoutMs: 60_000 }).ask.loop(b, done))
  }).timeout(30_000)

  it('do not starve them by an actor that floods itself', async () => {
    const all = system()
    const ref = all.node.spawn(Counter)
    ref.tell.flood()
    await beside(async (done) => {
      while (!done()) await new Promise((resolve) => setImmediate(resolve))
      all.cellOf(ref)?.kill()
    })
  }).timeout(30_000)
})
