import { assert } from 'chai'
import { type ActorRef, isRefusal } from '../../src/index.js'
import { Ledger, Oracle } from './actors.js'
import { type Environment, outcomeOf, rejection } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'
import { trouble } from './trouble.js'

async function oracle(
  env: Environment,
): Promise<{ a: Subject; b: Subject; made: ActorRef<Oracle>; far: ActorRef<Oracle> }> {
  const [a, b] = await env.pair()
  const made = b.node.spawn(Oracle)
  return { a, b, made, far: a.node.ref(Oracle, String(made)) }
}

const LATE = ['ERR_ASK_TIMEOUT', 'ERR_NODE_DOWN', 'ERR_NO_ROUTE', 'ERR_NO_ACTOR', 'ERR_STOPPED']

promise('Ask', 'An ask always settles', () => {
  inSimulation(
    'under any fault, and no later than its deadline',
    async (env) => {
      const names = ['a', 'b', 'c']
      await env.cluster(names, { askTimeoutMs: 2_000 })
      for (const name of names) env.subject(name).node.spawn(Ledger, undefined, { name: 'ledger' })
      const { random } = env.sim
      const outcomes: Promise<string>[] = []
      const late: string[] = []
      await trouble(env, names, {
        steps: 40,
        pauses: false, // a process that stands still settles nothing meanwhile
        during: (step) => {
          for (const from of names) {
            const on = random.pick(names)
            const ledger = env.subject(from).node.lookup(Ledger, 'ledger', { on })
            const begun = env.now()
            const asks = [
              ledger.ask.record(step),
              ledger.ask.slowly(random.int(3_000), step),
              ledger.with({ timeoutMs: 500 }).ask.never(),
              ledger.ask.refuse(1),
            ]
            const patience = [2_000, 2_000, 500, 2_000]
            asks.forEach((ask, at) => {
              const outcome = outcomeOf(ask).then((how) => {
                const tookMs = env.now() - begun
                const most = patience[at] as number
                if (tookMs > most + 50) late.push(`${how} after ${tookMs} of ${most} ms`)
                return how
              })
              outcomes.push(outcome)
            })
          }
        },
      })
      const all = await env.complete(Promise.all(outcomes))
      assert.deepEqual(late, [])
      for (const how of all) assert.include(['answered', 'ROOM_FULL', ...LATE], how)
      assert.include(all, 'answered')
      assert.include(all, 'ERR_ASK_TIMEOUT')
      for (const name of names) {
        assert.strictEqual(env.subject(name).node.stats().remote.outbound, 0)
      }
    },
    12,
  )

  inSimulation(
    'when nodes crash, restart, leave and stop while they are asked',
    async (env) => {
      const [a] = await env.pair({ askTimeoutMs: 3_000 })
      const { random } = env.sim
      const outcomes: Promise<string>[] = []
      for (let round = 0; round < 12; round++) {
        const b = env.subject('b')
        b.node.spawn(Ledger, undefined, { name: 'ledger' })
        const byName = a.node.lookup(Ledger, 'ledger', { on: 'b' })
        const byId = a.node.ref(Ledger, String(await env.complete(b.node.whereis('ledger'))))
        for (let n = 0; n < 5; n++) {
          for (const ref of [byName, byId]) {
            outcomes.push(
              outcomeOf(ref.ask.slowly(random.int(2_000), n)),
              outcomeOf(ref.ask.never()),
            )
          }
          await env.run(random.int(100))
        }
        const how = random.int(3)
        if (how === 0) await env.crash('b', random.int(2) === 0)
        else if (how === 1)
          await env.complete(b.node.stop({ timeoutMs: random.int(200), drainMs: 0 }))
        else a.node.leave('b')
        await env.run(random.int(6_000))
        if (how < 2) await env.start('b')
        await env.complete(env.subject('b').node.join(a.address, { timeoutMs: 30_000 }))
        await env.until(
          'they know each other',
          () => a.members().length === 2 && env.subject('b').members().length === 2,
        )
        await env.connected(['a', 'b'])
        if (how === 2) await env.complete(b.node.stopActor(b.node.lookup(Ledger, 'ledger')))
      }
      const all = await env.complete(Promise.all(outcomes))
      for (const how of all) {
        assert.include(['answered', 'ERR_UNKNOWN_NODE', 'ERR_KILLED', ...LATE], how)
      }
      assert.include(all, 'ERR_NODE_DOWN')
      assert.strictEqual(a.node.stats().remote.outbound, 0)
    },
    8,
  )

  inSimulation(
    '5 s is the deadline by default, `askTimeoutMs` and `timeoutMs` set others',
    async (env) => {
      const { b, made, far } = await oracle(env)
      const took = async (ask: Promise<unknown>): Promise<number> => {
        const since = env.now()
        const error = await env.failure(ask)
        assert.strictEqual(error.code, 'ERR_ASK_TIMEOUT')
        return Math.round((env.now() - since) / 10) * 10
      }
      assert.strictEqual(await took(made.ask.untilAborted()), 5_000)
      const other = await env.start('c', { askTimeoutMs: 700 })
      await env.complete(other.node.join(b.address))
      assert.strictEqual(await took(other.node.ref(Oracle, String(made)).ask.later()), 700)
      assert.strictEqual(await took(far.ask.later()), 5_000)
      assert.strictEqual(await took(far.with({ timeoutMs: 40 }).ask.later()), 40)
    },
  )
})

promise('Ask', 'Aborting the caller', () => {
  everywhere("rejects the ask at once, and aborts the method's signal", async (env) => {
    const { b, made, far } = await oracle(env)
    for (const ref of [made, far]) {
      const controller = new AbortController()
      const asked = rejection(ref.with({ signal: controller.signal }).ask.untilAborted())
      await env.run(50)
      const since = env.now()
      controller.abort(new Error('changed my mind'))
      const error = await env.complete(asked)
      assert.isBelow(env.now() - since, 20)
      assert.strictEqual(error.code, 'ERR_ABORTED')
      assert.strictEqual((error.cause as Error).message, 'changed my mind')
      await env.run(50)
    }
    assert.deepEqual(await env.complete(made.ask.aborted()), ['ERR_ABORTED', 'ERR_ABORTED'])
    assert.strictEqual(b.node.stats().remote.inbound, 0)
  })

  everywhere(
    'a deadline reaches the method too, and so does the end of the asking node',
    async (env) => {
      const { b, made, far } = await oracle(env)
      await env.failure(far.with({ timeoutMs: 50 }).ask.untilAborted())
      await env.run(50)
      void far
        .with({ timeoutMs: 100_000 })
        .ask.untilAborted()
        .catch(() => {})
      await env.run(50)
      assert.strictEqual(b.node.stats().remote.inbound, 1)
      await env.crash('a')
      await env.until('a is given up', () => b.heard('nodeDown', 'a').length === 1)
      await env.run(10)
      assert.deepEqual(await env.complete(made.ask.aborted()), ['ERR_ABORTED', 'ERR_NODE_DOWN'])
      assert.strictEqual(b.node.stats().remote.inbound, 0)
    },
  )

  everywhere('what had not begun by then does not begin any more', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger)
    const far = a.node.ref(Ledger, String(made))
    for (const ref of [made, far]) {
      const busy = made.ask.slowly(100, 'busy')
      await env.run(20)
      const controller = new AbortController()
      const asks = [
        rejection(ref.with({ signal: controller.signal }).ask.record('aborted')),
        rejection(ref.with({ timeoutMs: 30 }).ask.record('timed out')),
      ]
      await env.run(20)
      controller.abort()
      const errors = await env.complete(Promise.all(asks))
      assert.deepEqual(
        errors.map(({ code }) => code),
        ['ERR_ABORTED', 'ERR_ASK_TIMEOUT'],
      )
      await env.complete(busy)
    }
    await env.run(50)
    assert.deepEqual(await env.complete(made.ask.entries()), ['busy', 'busy'])
  })
})

promise('Ask', 'Late answers are dropped and counted', () => {
  everywhere('wherever it is known that they are late', async (env) => {
    const { a, b, made, far } = await oracle(env)
    for (const ref of [made, far]) {
      const error = await env.failure(ref.with({ timeoutMs: 30 }).ask.slowly(100, 'late'))
      assert.strictEqual(error.code, 'ERR_ASK_TIMEOUT')
      await env.run(150)
    }
    const counted = [a, b].map(({ node }) => node.stats().actors)
    assert.strictEqual(
      counted.reduce((sum, { lateAnswers }) => sum + lateAnswers, 0),
      2,
    )
    assert.strictEqual(
      counted.reduce((sum, { askTimeouts }) => sum + askTimeouts, 0),
      2,
    )
  })

  inSimulation('an answer that was on its way when the asker gave up', async (env) => {
    const { a, b, far } = await oracle(env)
    const heal = env.sim.partition(['b'], ['a'], { oneWay: true })
    const error = await env.failure(far.with({ timeoutMs: 500 }).ask.same(1))
    assert.strictEqual(error.code, 'ERR_ASK_TIMEOUT')
    assert.strictEqual(b.node.stats().remote.inbound, 0, 'it has answered')
    heal()
    await env.until('it has come', () => a.node.stats().actors.lateAnswers === 1)
    assert.strictEqual(await env.complete(far.ask.same(2)), 2)
  })
})

promise('Ask', 'An answer may come later, and from another actor', () => {
  everywhere('of another node too', async (env) => {
    const { a, b, far } = await oracle(env)
    const asked = Promise.all([far.ask.later(), far.ask.later()])
    await env.run(50)
    assert.strictEqual(await env.complete(far.ask.answerAll('later')), 2)
    assert.deepEqual(await env.complete(asked), ['later', 'later'])
    const c = await env.start('c')
    await env.complete(c.node.join(a.address))
    await env.connected(['a', 'b', 'c'])
    for (const name of ['a', 'b', 'c']) {
      const other = env.subject(name).node.spawn(Oracle, undefined, { name: 'other' })
      await env.complete(other.ready())
      const through = far.ask.through(a.node.lookup(Oracle, 'other', { on: name }))
      assert.strictEqual(await env.complete(through), `from ${name}`)
    }
    assert.strictEqual(b.node.stats().remote.inbound, 0)
  })

  everywhere('an error too; and none at all ends at the deadline', async (env) => {
    const { a, far } = await oracle(env)
    const crashed = far.with({ timeoutMs: 200 }).ask.through(a.node.lookup(Oracle, 'nobody'))
    assert.strictEqual((await env.failure(crashed)).code, 'ERR_ASK_TIMEOUT')
    const refused = await env.failure(far.ask.refused(a.node.spawn(Oracle)))
    assert.isTrue(isRefusal(refused))
    assert.deepInclude(refused, { code: 'NO', message: 'refused on a' })
  })
})
