import { assert } from 'chai'
import { type ActorRef, isRefusal } from '../../src/index.js'
import { Ledger, Observer } from './actors.js'
import { type Environment, outcomeOf } from './environment.js'
import { everywhere, promise } from './promise.js'
import type { Subject } from './subject.js'

/** One ledger, with an asker next door and one on another node. */
async function ledgers(
  env: Environment,
): Promise<{ a: Subject; b: Subject; made: ActorRef<Ledger>; far: ActorRef<Ledger> }> {
  const [a, b] = await env.pair()
  const made = b.node.spawn(Ledger, undefined, { mailboxLimit: 3 })
  return { a, b, made, far: a.node.ref(Ledger, String(made)) }
}

promise(
  'Let it crash',
  'An exception that leaves a method ends this incarnation of the actor',
  () => {
    for (const way of ['crash', 'crashLater'] as const) {
      everywhere(
        `the asker gets the error of ${way}, watchers the reason, and the actor has ended`,
        async (env) => {
          const { a, b, made, far } = await ledgers(env)
          const observer = a.node.spawn(Observer)
          observer.tell.follow(far)
          await env.complete(far.ask.size())
          await env.run(50)
          const error = await env.failure(
            way === 'crash' ? far.ask.crash() : far.ask.crashLater(10),
          )
          assert.instanceOf(error, Error)
          assert.match(error.message, /^boom/)
          for (const ref of [made, far]) {
            assert.strictEqual((await env.failure(ref.ask.size())).code, 'ERR_STOPPED')
          }
          await env.run(50)
          const expected = way === 'crash' ? '1 error: boom' : '1 error: boom, later'
          assert.deepEqual(await env.complete(observer.ask.heard()), [expected])
          assert.strictEqual(b.node.stats().actors.crashes, 1)
        },
      )
    }

    everywhere('a tell that crashes ends it too, and the node lives on', async (env) => {
      const { b, made, far } = await ledgers(env)
      far.tell.crash()
      await env.until('it has crashed', () => b.node.stats().actors.crashes === 1)
      assert.strictEqual((await env.failure(made.ask.size())).code, 'ERR_STOPPED')
      assert.strictEqual(await env.complete(b.node.spawn(Ledger).ask.size()), 0)
    })

    everywhere(
      'other asks that wait then fail, those that had begun with ERR_CRASHED',
      async (env) => {
        const { far } = await ledgers(env)
        const begun = outcomeOf(far.ask.aside(1_000, 'aside'))
        await env.run(20)
        const crashing = far.ask.crashLater(20)
        const waiting = far.ask.size()
        const outcomes = Promise.all([begun, outcomeOf(crashing), outcomeOf(waiting)])
        assert.deepEqual(await env.complete(outcomes), ['ERR_CRASHED', 'ERR_REMOTE', 'ERR_STOPPED'])
      },
    )
  },
)

promise('Let it crash', 'are answers, not crashes', () => {
  everywhere('a refusal, bad arguments, an unknown method, a full mailbox', async (env) => {
    const { a, b, made, far } = await ledgers(env)
    const here = made
    for (const ref of [here, far]) {
      await env.complete(ref.ask.record('alive'))
      const refusal = await env.failure(ref.ask.refuse(0))
      assert.isTrue(isRefusal(refusal))
      assert.deepInclude(refusal, { code: 'ROOM_FULL', message: 'no seat left' })
      assert.deepEqual(refusal.data, { seats: 0 })
      assert.strictEqual((await env.failure(ref.ask.pay(-1))).code, 'ERR_BAD_ARGUMENTS')
      const busy = ref.ask.slowly(50, 'busy')
      await env.run(20)
      const asks = Array.from({ length: 5 }, () => outcomeOf(ref.ask.size()))
      assert.deepEqual(await env.complete(Promise.all(asks)), [
        'answered',
        'answered',
        'answered',
        'ERR_MAILBOX_FULL',
        'ERR_MAILBOX_FULL',
      ])
      await env.complete(busy)
    }
    const wrong = a.node.lookup(Observer, 'ledger', { on: 'b' })
    b.node.spawn(Ledger, undefined, { name: 'ledger' })
    assert.strictEqual((await env.failure(wrong.ask.heard())).code, 'ERR_UNKNOWN_METHOD')
    assert.strictEqual(await env.complete(far.ask.incarnation()), 1)
    assert.strictEqual(b.node.stats().actors.crashes, 0)
  })
})
