import { assert } from 'chai'
import {
  Actor,
  type AnyRef,
  actor,
  child,
  codeOf,
  oneForAll,
  oneForOne,
  type RootFailed,
  restForOne,
  type Strategy,
  Supervisor,
} from '../../src/index.js'
import { Ledger, Observer } from './actors.js'
import { outcomeOf } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'

const strategies = { oneForOne, oneForAll, restForOne }

/** Three ledgers: first, second, third. */
class Shelf extends Supervisor<{
  readonly type: keyof typeof strategies
  readonly maxRestarts?: number
}> {
  override readonly strategy: Strategy = strategies[this.args.type]({
    maxRestarts: this.args.maxRestarts ?? 10,
    withinMs: 5_000,
  })
  override children() {
    return ['first', 'second', 'third'].map((name) => child(name, Ledger, { name }))
  }
}

/** Holds all that an incarnation can hold, and keeps for its successor what became of it. */
@actor('promises/holder')
class Holder extends Actor<{ readonly watched: AnyRef }> {
  static ticks: number[] = []
  static fenced: unknown[] = []
  static downs = 0
  #stashing = true

  override onStart(): void {
    if (Holder.ticks.length > 0) return
    Holder.ticks.push(0)
    this.every(10, () => Holder.ticks.push(1))
    this.watch(this.args.watched)
    this.trapExits = true
    this.link(this.args.watched)
  }

  keep(): string {
    if (this.#stashing) this.stash()
    return 'kept'
  }

  /** Crashes while it is in the middle of something that goes on. */
  async awaitLong(ms: number): Promise<void> {
    await new Promise<void>((resolve) => void this.after(ms, resolve))
  }

  crash(): never {
    const attempts: (() => unknown)[] = [
      () => this.self,
      () => this.spawn(Ledger),
      () => this.watch(this.args.watched),
      () => this.after(1, () => {}),
      () => this.node,
    ]
    void Promise.resolve().then(async () => {
      await Promise.resolve()
      for (const attempt of attempts) {
        try {
          attempt()
          Holder.fenced.push('nothing thrown')
        } catch (error) {
          Holder.fenced.push(codeOf(error))
        }
      }
    })
    throw new Error('boom')
  }

  protected override trapExits = true

  override onDown(): void {
    Holder.downs++
  }

  override onExit(): void {
    Holder.downs++
  }
}

class HolderRoot extends Supervisor<{ readonly watched: AnyRef }> {
  override readonly strategy = oneForOne({ maxRestarts: 5, withinMs: 5_000 })
  override children() {
    return [child('holder', Holder, { name: 'holder', args: this.args })]
  }
}

promise('Restart', 'the supervisor starts a new incarnation behind it', () => {
  everywhere('a ref outlives restarts, also one on another node', async (env) => {
    const [a, b] = await env.pair()
    const shelf = b.node.spawn(Shelf, { type: 'oneForOne' })
    await env.complete(shelf.ready())
    const here = (await env.complete(b.node.whereis('first'))) as AnyRef
    const far = a.node.ref(Ledger, String(here))
    for (let life = 1; life <= 3; life++) {
      assert.strictEqual(await env.complete(far.ask.incarnation()), life)
      await env.complete(far.ask.record('state'))
      assert.strictEqual((await env.failure(far.ask.crash())).message, 'boom')
      assert.strictEqual(await env.complete(far.ask.size()), 0, 'state ends with its incarnation')
    }
    assert.strictEqual(String(await env.complete(b.node.whereis('first'))), String(here))
    assert.strictEqual(b.node.stats().actors.restarts, 3)
  })
})

promise('Restart', 'The crashed child keeps its mailbox, less the message that crashed it', () => {
  everywhere(
    'what one on another node had sent before and after the crash is handled',
    async (env) => {
      const [a, b] = await env.pair()
      await env.complete(b.node.spawn(Shelf, { type: 'oneForOne' }).ready())
      const far = a.node.lookup(Ledger, 'first', { on: 'b' })
      for (let at = 0; at < 10; at++) {
        if (at === 3) far.tell.crash()
        far.tell.write(at)
      }
      assert.deepEqual(await env.complete(far.ask.entries()), [3, 4, 5, 6, 7, 8, 9])
      assert.strictEqual(await env.complete(far.ask.incarnation()), 2)
      assert.lengthOf(b.letters, 0)
    },
  )

  const cases = [
    { type: 'oneForOne', ended: [] },
    { type: 'oneForAll', ended: ['first', 'third'] },
    { type: 'restForOne', ended: ['third'] },
  ] as const
  for (const { type, ended } of cases) {
    everywhere(
      `${type}: siblings that are ended lose their queue, asks in it fail with ERR_RESTARTED`,
      async (env) => {
        const [a, b] = await env.pair()
        await env.complete(b.node.spawn(Shelf, { type }).ready())
        const far = (name: string) => a.node.lookup(Ledger, name, { on: 'b' })
        const siblings = ['first', 'third']
        // they are stopped in reverse: the first goes on meanwhile
        const slow = [200, 100].map((ms, at) =>
          outcomeOf(far(siblings[at] as string).ask.slowly(ms, 'slow')),
        )
        await env.run(30)
        const asks = siblings.map((name) => outcomeOf(far(name).ask.record('asked')))
        for (const name of siblings) far(name).tell.write('told')
        await env.run(30)
        await env.failure(far('second').ask.crash())
        await env.complete(Promise.all(slow))
        const outcomes = siblings.map((name) =>
          (ended as readonly string[]).includes(name) ? 'ERR_RESTARTED' : 'answered',
        )
        assert.deepEqual(await env.complete(Promise.all(asks)), outcomes)
        for (const [at, name] of siblings.entries()) {
          const entries = await env.complete(far(name).ask.entries())
          assert.deepEqual(entries, outcomes[at] === 'answered' ? ['slow', 'asked', 'told'] : [])
        }
        assert.deepEqual(
          b.letters.map(({ args, reason }) => [args[0], reason]),
          ended.map(() => ['told', 'ERR_RESTARTED']),
        )
      },
    )
  }
})

promise('Restart', '*held by* the old incarnation end with it', () => {
  inSimulation('timers, stash, watches and links, here and on another node', async (env) => {
    const [a, b] = await env.pair()
    Holder.ticks = []
    Holder.fenced = []
    Holder.downs = 0
    const watched = b.node.ref(Ledger, String(a.node.spawn(Ledger)))
    await env.complete(b.node.spawn(HolderRoot, { watched }).ready())
    const holder = b.node.lookup(Holder, 'holder')
    await env.run(100)
    const stashed = outcomeOf(holder.ask.keep())
    await env.until('the bonds are made', () => a.node.stats().bonds.watches === 1)
    await env.failure(holder.ask.crash())
    assert.strictEqual(await env.complete(stashed), 'ERR_CRASHED')
    const { length } = Holder.ticks
    await env.run(1_000)
    assert.isAbove(length, 5)
    assert.strictEqual(Holder.ticks.length, length, 'its timer runs on')
    assert.deepInclude(a.node.stats().bonds, { watches: 0, links: 0 })
    await env.failure(a.node.ref(Ledger, String(watched)).ask.crash())
    await env.run(100)
    assert.strictEqual(Holder.downs, 0, 'the new incarnation hears what the old one watched')
  })

  everywhere(
    'watches *on* the ref stay; Down tells whether a restart follows, and once more when it is called off',
    async (env) => {
      const [a, b] = await env.pair()
      const root = b.node.spawn(Shelf, { type: 'oneForOne', maxRestarts: 2 })
      await env.complete(root.ready())
      const first = (await env.complete(a.node.whereis('first', { on: 'b' }))) as AnyRef
      const far = a.node.ref(Ledger, String(first))
      const observers = [a, b].map(({ node }) => node.spawn(Observer))
      for (const observer of observers) observer.tell.follow(far)
      await env.until('both watch', () => b.node.stats().bonds.watches === 2)
      for (let life = 1; life <= 3; life++) await env.failure(far.ask.crash(`${life}`))
      await env.until('the root has given up', () => b.heard('rootFailed').length === 1)
      await env.run(100)
      for (const observer of observers) {
        assert.deepEqual(await env.complete(observer.ask.heard()), [
          '1 error: 1, restarts',
          '2 error: 2, restarts',
          '3 error: 3, restarts',
          '3 shutdown',
        ])
      }
    },
  )
})

promise('Restart', 'An old incarnation that still awaits something is fenced', () => {
  inSimulation('whatever it tries through its context throws ERR_STOPPED', async (env) => {
    const [a, b] = await env.pair()
    Holder.ticks = [0]
    Holder.fenced = []
    const watched = b.node.ref(Ledger, String(a.node.spawn(Ledger)))
    await env.complete(b.node.spawn(HolderRoot, { watched }).ready())
    const holder = a.node.lookup(Holder, 'holder', { on: 'b' })
    await env.failure(holder.ask.crash())
    await env.run(100)
    assert.deepEqual(Holder.fenced.slice(1), Array(4).fill('ERR_STOPPED'))
  })
})

promise('Restart', 'A root supervisor that gives up', () => {
  everywhere('emits rootFailed, and the node stays by default', async (env) => {
    const a = await env.start('a')
    await env.complete(a.node.spawn(Shelf, { type: 'oneForAll', maxRestarts: 1 }).ready())
    const other = a.node.spawn(Ledger)
    for (let n = 0; n < 2; n++) await env.failure(a.node.lookup(Ledger, 'first').ask.crash())
    await env.until('the root has failed', () => a.heard('rootFailed').length === 1)
    const { reason } = a.last('rootFailed').payload as RootFailed
    if (reason.type !== 'shutdown') return assert.fail(reason.type)
    assert.strictEqual(codeOf(reason.detail), 'ERR_RESTART_INTENSITY')
    assert.strictEqual(await env.complete(other.ask.size()), 0)
    assert.strictEqual(
      (await env.failure(a.node.lookup(Ledger, 'second').ask.size())).code,
      'ERR_NO_ACTOR',
    )
  })

  everywhere("with onRootFailed: 'stop' the node says goodbye and stops", async (env) => {
    const [a, b] = await env.pair({ onRootFailed: 'stop' })
    await env.complete(b.node.spawn(Shelf, { type: 'oneForOne', maxRestarts: 0 }).ready())
    await env.failure(a.node.lookup(Ledger, 'first', { on: 'b' }).ask.crash())
    await env.until('b has stopped', () => b.heard('stopped').length === 1)
    await env.until('a knows', () => a.heard('nodeDown', 'b').length === 1)
    assert.lengthOf(b.heard('rootFailed'), 1)
    assert.lengthOf(a.heard('stopped'), 0)
  })
})
