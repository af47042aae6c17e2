import { assert } from 'chai'
import {
  Actor,
  type ActorRef,
  actor,
  child,
  oneForOne,
  Supervisor,
  showReason,
} from '../../src/index.js'
import { Ledger, Observer } from '../promises/actors.js'
import { outcomeOf, rejection } from '../promises/environment.js'
import { everywhere, inSimulation } from '../promises/promise.js'

/** Says to a ledger of another node when it ends. */
@actor('node/leaver')
class Leaver extends Actor<{ readonly name: string; readonly ledger: ActorRef<Ledger> }> {
  override async onStop(reason: Parameters<typeof showReason>[0]): Promise<void> {
    await Promise.resolve()
    this.args.ledger.tell.write(`${this.args.name} ${showReason(reason)}`)
  }

  hello(): string {
    return 'hello'
  }
}

class Leavers extends Supervisor<{ readonly ledger: ActorRef<Ledger> }> {
  override readonly strategy = oneForOne()
  override children() {
    const { ledger } = this.args
    return ['first', 'second', 'third'].map((name) =>
      child(name, Leaver, { name, args: { name, ledger } }),
    )
  }
}

@actor('node/stillborn')
class Stillborn extends Actor {
  override onStart(): void {
    throw new Error('no luck')
  }
}

class BadRoot extends Supervisor {
  override readonly strategy = oneForOne()
  override children() {
    return [child('stillborn', Stillborn)]
  }
}

describe('node.stop', () => {
  everywhere('ends supervisors in reverse, flushes lanes, then says goodbye', async (env) => {
    const [a, b] = await env.pair()
    const made = a.node.spawn(Ledger)
    const ledger = b.node.ref(Ledger, String(made))
    await env.complete(b.node.spawn(Leavers, { ledger }).ready())
    await env.complete(b.node.spawn(Leaver, { name: 'root', ledger }).ready())
    const observer = a.node.spawn(Observer)
    observer.tell.follow(a.node.lookup(Leaver, 'second', { on: 'b' }))
    await env.until('it is watched', () => b.node.stats().bonds.watches === 1)
    await env.complete(b.node.stop())
    await env.until('a knows', () => a.heard('nodeDown', 'b').length === 1)
    assert.deepEqual(await env.complete(made.ask.entries()), [
      'root shutdown',
      'third shutdown',
      'second shutdown',
      'first shutdown',
    ])
    assert.deepEqual(await env.complete(observer.ask.heard()), ['1 shutdown'])
    assert.deepEqual(b.told.at(-1)?.event, 'stopped')
  })

  everywhere('delivers all that was told before, within drainMs', async (env) => {
    const [a, b] = await env.pair()
    const made = a.node.spawn(Ledger)
    const ledger = b.node.ref(Ledger, String(made))
    for (let at = 0; at < 200; at++) ledger.tell.write(at, new Uint8Array(20_000))
    await env.complete(b.node.stop({ drainMs: 10_000 }))
    await env.until('all has come', () => a.node.stats().actors.handled >= 200)
    const entries = await env.complete(made.ask.entries())
    assert.deepEqual(
      entries,
      Array.from({ length: 200 }, (_, at) => at),
    )
    assert.lengthOf(b.letters, 0)
  })

  everywhere('ends by timeoutMs and drainMs, whatever actors and peers do', async (env) => {
    const [a, b] = await env.pair()
    const ledger = b.node.spawn(Ledger)
    const asked = outcomeOf(ledger.ask.never())
    const far = b.node.ref(Ledger, String(a.node.spawn(Ledger)))
    const heal = env.partition('a', 'b')
    for (let at = 0; at < 100; at++) far.tell.write(at, new Uint8Array(60_000))
    await env.run(20)
    const since = env.now()
    await env.complete(b.node.stop({ timeoutMs: 100, drainMs: 200 }))
    assert.isBelow(env.now() - since, 100 + 200 + 200 + 1_500)
    assert.strictEqual(await env.complete(asked), 'ERR_KILLED')
    assert.lengthOf(b.heard('stopped'), 1)
    heal()
  })

  everywhere('is idempotent: every call ends with the first', async (env) => {
    const [, b] = await env.pair()
    const first = b.node.stop()
    const second = b.node.stop({ drainMs: 60_000, timeoutMs: 60_000 })
    assert.strictEqual(second, first)
    await env.complete(Promise.all([first, second]))
    await env.complete(b.node.stop())
    assert.lengthOf(b.heard('stopped'), 1)
    assert.strictEqual(b.node.events.eventNames().length, 0)
  })

  everywhere('takes no new work', async (env) => {
    const [a, b] = await env.pair({ remoteSpawn: [Ledger] })
    const made = b.node.spawn(Ledger)
    const far = a.node.ref(Ledger, String(made))
    const busy = outcomeOf(made.ask.slowly(60, 'busy'))
    const pending = rejection(b.node.ref(Ledger, String(a.node.spawn(Ledger))).ask.never())
    await env.run(20)
    const stopped = b.node.stop()
    assert.throws(() => b.node.spawn(Ledger), /ERR_NODE_STOPPED/)
    const asked = outcomeOf(far.ask.size())
    assert.strictEqual(await env.complete(busy), 'answered', 'what had begun is done')
    assert.include(['ERR_STOPPED', 'ERR_NODE_DOWN'], await env.complete(asked))
    await env.complete(stopped)
    assert.strictEqual((await env.complete(pending)).code, 'ERR_NODE_STOPPED')
    assert.strictEqual((await env.failure(b.node.join(a.address))).code, 'ERR_NODE_STOPPED')
    assert.throws(() => b.node.leave(), /ERR_NODE_STOPPED/)
    assert.throws(() => b.node.forward({ node: 'a', name: 'x' }, 1), /ERR_NODE_STOPPED/)
    assert.isFalse(b.node.isUp('a'))
  })

  inSimulation('is not kept from it by listeners that throw', async (env) => {
    const logged: string[] = []
    const note = (_fields: object, message: string) => void logged.push(message)
    const logger = { debug: note, info: note, warn: note, error: note }
    const a = await env.start('a', { onRootFailed: 'stop', logger })
    for (const event of ['rootFailed', 'stopped'] as const) {
      a.node.events.on(event, () => {
        throw new Error(event)
      })
    }
    a.node.spawn(BadRoot)
    await env.until('it has stopped', () => a.heard('stopped').length === 1)
    await env.complete(a.node.stop())
    assert.includeMembers(logged, ['a listener of rootFailed threw', 'a listener of stopped threw'])
    assert.strictEqual(a.node.stats().actors.living, 0)
  })

  inSimulation('leaves no timer behind', async (env) => {
    const [a, b] = await env.pair()
    const far = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const outcomes = [far.ask.never(), far.ask.slowly(3_000, 1)].map(outcomeOf)
    a.node.spawn(Observer).tell.follow(far)
    await env.run(100)
    await env.complete(Promise.all([a.node.stop(), b.node.stop()]))
    await env.complete(Promise.all(outcomes))
    const before = env.sim.events
    await env.run(3_600_000)
    assert.isAtMost(env.sim.events - before, 2, 'timers of a node that has stopped go on')
  })

  inSimulation('a join under way ends with ERR_NODE_STOPPED', async (env) => {
    const a = await env.start('a')
    const joining = rejection(a.node.join({ host: 'nowhere', port: 1 }))
    await env.run(100)
    await env.complete(a.node.stop())
    assert.strictEqual((await env.complete(joining)).code, 'ERR_NODE_STOPPED')
  })
})
