import { readFile } from 'node:fs/promises'
import { assert } from 'chai'
import {
  Actor,
  type ActorRef,
  actor,
  child,
  oneForOne,
  type Reply,
  reentrant,
  Supervisor,
} from '../../src/index.js'
import { EscapedWaitError, Simulation, SimulationFailure } from '../../src/simulation/index.js'
import { Runner, WaitingNodes } from './waiting-node.js'

const HERE = new URL(import.meta.url)
const { WebAssembly: wasm } = globalThis as unknown as {
  WebAssembly: { instantiate(bytes: Uint8Array): Promise<unknown> }
}

@actor('waits/other')
class Other extends Actor {
  #owed: Reply<number> | undefined
  async one(): Promise<number> {
    return 1
  }
  later(): Reply<number> {
    this.#owed = this.deferReply<number>()
    this.after(50, () => this.#owed?.resolve(2))
    return this.#owed
  }
  never(): Reply<number> {
    return this.deferReply<number>()
  }
}

/** Many: a thread that loads modules may answer so quickly that nothing is left to wait for. */
async function importMany(): Promise<void> {
  for (let i = 0; i < 10; i++) await import(`./waiting-node.js?${Math.random()}`)
}

async function failureOf(run: Promise<unknown>): Promise<SimulationFailure> {
  try {
    await run
  } catch (error) {
    if (error instanceof SimulationFailure) return error
    throw error
  }
  throw new Error('it did not fail')
}

async function escapeOf(run: Promise<unknown>): Promise<EscapedWaitError> {
  const failure = await failureOf(run)
  assert.instanceOf(failure.cause, EscapedWaitError, failure.stack)
  return failure.cause as EscapedWaitError
}

/** Runs of an actor on node `a`; node `b` has an `Other` by the name `other`. */
async function runOnTwo(
  actorClass: new () => Runner,
  escapedWaits: 'handler' | 'node' = 'handler',
) {
  const nodes = new WaitingNodes({ escapedWaits })
  const a = await nodes.start('a')
  const b = await nodes.start('b')
  for (const node of [a, b]) node.spawn(Other, undefined, { name: 'other' })
  return nodes.ask(actorClass)
}

describe('a handler that waits for something outside of the simulated world', () => {
  it('is an error with the names of node, actor and method', async () => {
    class Reader extends Runner {
      async run() {
        return (await readFile(HERE)).length
      }
    }
    const escaped = await escapeOf(new WaitingNodes().ask(Reader))
    assert.equal(escaped.code, 'ERR_ESCAPED_WAIT')
    assert.equal(escaped.node, 'a')
    assert.equal(escaped.method, 'run')
    assert.match(escaped.actor, /^troupe:\/\/a\/Reader\//)
    assert.include(escaped.message, `run of ${escaped.actor} on node a`)
  })

  const OUTSIDE: Record<string, () => unknown> = {
    'a file': () => readFile(HERE),
    // so far away that no slow machine reaches it before the wait is found
    'a timer of the machine': () =>
      new Promise((resolve) => setTimeout(resolve, 3_600_000).unref()),
    'a digest of the thread pool': () => crypto.subtle.digest('SHA-256', new Uint8Array(1)),
    'a module that is not loaded': importMany,
    'a WebAssembly module': () => wasm.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
    'nothing at all': () => new Promise(() => {}),
  }
  for (const [what, wait] of Object.entries(OUTSIDE)) {
    for (const drain of ['fast', 'portable'] as const) {
      // too quick: it is there before the next turn of the event loop
      if (drain === 'portable' && /digest/.test(what)) continue
      it(`is found when it waits for ${what}, with the ${drain} drain`, async () => {
        class Waiter extends Runner {
          async run() {
            await wait()
          }
        }
        await escapeOf(new WaitingNodes({ drain }).ask(Waiter))
      })
    }
  }

  it('is found after waits that are in order, and beside other handlers that are', async () => {
    class Late extends Runner {
      async run() {
        const other = this.node.lookup(Other, 'other', { on: 'b' })
        await other.ask.one()
        await other.ask.one()
        await readFile(HERE)
      }
    }
    const nodes = new WaitingNodes()
    const a = await nodes.start('a')
    const b = await nodes.start('b')
    b.spawn(Other, undefined, { name: 'other' })
    const busy = a.lookup(Other, 'other', { on: 'b' }).ask.never()
    busy.catch(() => {})
    assert.equal((await escapeOf(nodes.ask(Late))).method, 'run')
  })

  it('is found once nothing else it waits for is left', async () => {
    class Both extends Runner {
      async run() {
        const other = this.node.lookup(Other, 'other', { on: 'b' })
        await Promise.all([other.ask.later(), new Promise(() => {})])
      }
    }
    const failure = await failureOf(runOnTwo(Both))
    assert.instanceOf(failure.cause, EscapedWaitError)
    assert.isAbove(failure.atMs, 50)
  })

  it('is found in onStart, onStop and onDown', async () => {
    class Start extends Runner {
      override async onStart() {
        await readFile(HERE)
      }
      run() {}
    }
    class Stop extends Runner {
      override async onStop() {
        await readFile(HERE)
      }
      run() {
        void this.stop(this.self)
      }
    }
    class Watcher extends Runner {
      override async onDown() {
        await readFile(HERE)
      }
      async run() {
        const other = this.spawn(Other)
        this.watch(other)
        await this.stop(other)
        await other.ready()
      }
    }
    const methods: string[] = []
    for (const each of [Start, Stop, Watcher] as (new () => Runner)[]) {
      const nodes = new WaitingNodes()
      const run = nodes.ask(each).then(() => nodes.sim.run(10))
      methods.push((await escapeOf(run)).method)
    }
    assert.deepEqual(methods, ['onStart', 'onStop', 'onDown or onExit'])
  })

  it('is found when it waits for a timer of its own that would be a message', async () => {
    class Sleeper extends Runner {
      async run() {
        await new Promise<void>((resolve) => {
          this.after(5, () => resolve())
        })
      }
    }
    await escapeOf(new WaitingNodes().ask(Sleeper))
  })

  it('is shown with its stack where debugging is on', async () => {
    class Deep extends Runner {
      async run() {
        await this.#inner()
      }
      async #inner() {
        await readFile(HERE)
      }
    }
    const escaped = await escapeOf(new WaitingNodes({ debug: true }).ask(Deep))
    assert.match(
      escaped.asyncStack ?? '',
      /inner.*escaped-waits\.test[\s\S]*run.*escaped-waits\.test/,
    )
    assert.include(escaped.message, 'last seen')
  })

  it('does not begin before time is told to move', async () => {
    let begun = false
    class Beginner extends Runner {
      run() {
        begun = true
      }
    }
    const nodes = new WaitingNodes()
    const a = await nodes.start('a')
    const asked = (a.spawn(Beginner) as ActorRef<Runner>).ask.run()
    await new Promise((resolve) => setTimeout(resolve, 5))
    assert.isFalse(begun)
    await nodes.sim.run(0)
    assert.isTrue(begun)
    await asked
  })

  it('is not looked for unless that is asked for', async () => {
    class Reader extends Runner {
      async run() {
        return (await readFile(HERE)).length
      }
    }
    const nodes = new WaitingNodes({ escapedWaits: 'off' })
    const a = await nodes.start('a')
    const asked = (a.spawn(Reader) as ActorRef<Runner>).ask.run()
    asked.catch(() => {})
    await nodes.sim.run(1)
    assert.isNotNaN(nodes.sim.events)
  })
})

class Boss extends Supervisor {
  override readonly strategy = oneForOne({})
  override children() {
    return [child('other', Other)]
  }
}

describe('a handler that waits for its own world is left alone', () => {
  const WAITS: Record<string, (self: Runner, nodes: { other: ActorRef<Other> }) => unknown> = {
    'an answer from another node': (_self, { other }) => other.ask.one(),
    'a deferred answer': (_self, { other }) => other.ask.later(),
    'answers at once': (_self, { other }) =>
      Promise.all([other.ask.one(), other.ask.later(), other.ask.one()]),
    'a race': (_self, { other }) => Promise.race([other.ask.later(), new Promise(() => {})]),
    'an answer that never comes': (_self, { other }) =>
      other
        .with({ timeoutMs: 20 })
        .ask.never()
        .catch(() => 0),
    readiness: (_self, { other }) => other.ready(),
    'a remote end': (self, { other }) =>
      (self as unknown as { stop(ref: unknown): Promise<void> }).stop(other),
    'a class of another node': (self) => self.here.resolve('other', { on: 'b' }),
    'an actor that is spawned': (self) =>
      self.here.spawnOn('b', Other).catch((error: { code: string }) => error.code),
    'a group': (self) => self.here.group(Other, 'g').join(self.here.lookup(Other, 'other')),
  }
  for (const [what, wait] of Object.entries(WAITS)) {
    it(`for ${what}`, async () => {
      class Waiter extends Runner {
        async run() {
          await wait(this, { other: this.node.lookup(Other, 'other', { on: 'b' }) })
          return 'done'
        }
      }
      assert.equal(await runOnTwo(Waiter), 'done')
    })
  }

  it('for its store', async () => {
    const nodes = new WaitingNodes()
    const { store } = nodes.sim.world('a')
    class Writer extends Runner {
      async run() {
        await store?.put('k', new Uint8Array(1))
        await store?.sync()
        return (await store?.get('k'))?.length
      }
    }
    assert.equal(await nodes.ask(Writer), 1)
  })

  it('for children of a supervisor, whose own handlers wait for them', async () => {
    class Lead extends Runner {
      async run() {
        const boss = this.spawn(Boss)
        await boss.ask.terminateChild('other')
        await boss.ask.restartChild('other')
        await this.stop(boss)
        return 'done'
      }
    }
    assert.equal(await runOnTwo(Lead), 'done')
  })

  it('for the abort of its asker', async () => {
    let aborted = false
    class Patient extends Actor {
      async wait() {
        const { signal } = this
        await new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve())
        })
        aborted = true
      }
    }
    class Asker extends Runner {
      async run() {
        const patient = this.spawn(Patient).with({ timeoutMs: 20 })
        return patient.ask.wait().catch((error: { code: string }) => error.code)
      }
    }
    assert.equal(await new WaitingNodes().ask(Asker), 'ERR_ASK_TIMEOUT')
    assert.isTrue(aborted)
  })

  it('for a promise that another handler of the same actor made', async () => {
    class Cache extends Actor {
      #value: Promise<number> | undefined
      @reentrant
      async get(): Promise<number> {
        this.#value ??= this.node.lookup(Other, 'other', { on: 'b' }).ask.later()
        return this.#value
      }
    }
    class Asker extends Runner {
      async run() {
        const cache = this.spawn(Cache)
        return Promise.all([cache.ask.get(), cache.ask.get(), cache.ask.get()])
      }
    }
    assert.deepEqual(await runOnTwo(Asker), [2, 2, 2])
  })

  it('for a timer of its own where its method lets messages in', async () => {
    class Sleeper extends Actor {
      @reentrant
      async nap(): Promise<string> {
        await new Promise<void>((resolve) => {
          this.after(5, () => resolve())
        })
        return 'awake'
      }
    }
    class Asker extends Runner {
      async run() {
        return this.spawn(Sleeper).ask.nap()
      }
    }
    assert.equal(await new WaitingNodes().ask(Asker), 'awake')
  })

  it('for a lock that actors of its node share, at the level `node` only', async () => {
    const make = () => {
      let lock: Promise<unknown> = Promise.resolve()
      class User extends Actor {
        async use(): Promise<number> {
          const before = lock
          let release: () => void = () => {}
          lock = new Promise<void>((resolve) => {
            release = resolve
          })
          await before
          const result = await this.node.lookup(Other, 'other', { on: 'b' }).ask.later()
          release()
          return result
        }
      }
      return class Asker extends Runner {
        async run() {
          const users = [this.spawn(User), this.spawn(User)]
          return Promise.all(users.map((user) => user.ask.use()))
        }
      }
    }
    assert.deepEqual(await runOnTwo(make(), 'node'), [2, 2])
    assert.equal((await escapeOf(runOnTwo(make(), 'handler'))).method, 'use')
  })

  it('when it has ended: its promise matters to nobody', async () => {
    class Stuck extends Actor {
      async hang() {
        await this.node.lookup(Other, 'other', { on: 'b' }).ask.later()
        await new Promise(() => {})
      }
    }
    class Asker extends Runner {
      async run() {
        const stuck = this.spawn(Stuck)
        const asked = stuck.ask.hang().catch((error: { code: string }) => error.code)
        await this.node.lookup(Other, 'other', { on: 'b' }).ask.one()
        await this.stop(stuck, undefined, 10)
        return asked
      }
    }
    assert.equal(await runOnTwo(Asker), 'ERR_KILLED')
  })

  it('in a run that is the same, event by event', async () => {
    const hashes: string[] = []
    for (const escapedWaits of ['off', 'handler', 'node'] as const) {
      const nodes = new WaitingNodes({ escapedWaits })
      const a = await nodes.start('a')
      const b = await nodes.start('b')
      b.spawn(Other, undefined, { name: 'other' })
      const ref = a.lookup(Other, 'other', { on: 'b' })
      for (let i = 0; i < 5; i++) await nodes.sim.complete(ref.ask.later())
      hashes.push(nodes.sim.hash)
    }
    assert.equal(new Set(hashes).size, 1, hashes.join(' '))
  })

  it('and a handler that goes on in a later run of the simulation is still known', async () => {
    const nodes = new WaitingNodes()
    const a = await nodes.start('a')
    const b = await nodes.start('b')
    b.spawn(Other, undefined, { name: 'other' })
    class Slow extends Runner {
      async run() {
        const other = this.node.lookup(Other, 'other', { on: 'b' })
        let sum = 0
        for (let i = 0; i < 4; i++) sum += await other.ask.later()
        return sum
      }
    }
    const asked = (a.spawn(Slow) as ActorRef<Runner>).ask.run()
    for (let i = 0; i < 30; i++) await nodes.sim.run(10)
    assert.equal(await asked, 8)
    assert.instanceOf(nodes.sim, Simulation)
  })
})
