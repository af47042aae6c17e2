import { assert } from 'chai'
import { type AnyRef, child, leastLoaded, oneForOne, Supervisor } from '../../src/index.js'
import { outcomeOf } from './environment.js'
import { events, hostOf, Keeper, lives, living, Placed, placed } from './placed.js'
import { everywhere, inSimulation, promise } from './promise.js'

promise('Nodes fail', 'supervisors restart children placed there on a node that is left', () => {
  everywhere('after nodeDown, behind the same name and a new ref', async (env) => {
    const { a, keeper } = await placed(env, 'afterDown')
    const before = (await env.complete(keeper.ask.current())) as AnyRef
    await env.crash('b')
    await env.until('it runs again', () => lives.length === 2)
    assert.isAtLeast(env.now(), a.when('nodeDown', 'b'))
    await hostOf(env, keeper)
    const after = (await env.complete(keeper.ask.current())) as AnyRef
    assert.isFalse(after.equals(before))
    assert.notStrictEqual(after.node, 'b')
    assert.strictEqual(await env.complete(a.node.ref(Placed, String(after)).ask.count()), 1)
    const named = a.node.lookup(Placed, 'placed', { on: after.node })
    assert.strictEqual(await env.complete(named.ask.count()), 2)
  })

  everywhere(
    'a node that stops in order hands its children over at once',
    async (env) => {
      const { keeper } = await placed(env, 'afterDown')
      await env.complete(env.subject('b').node.stop())
      await env.until('it runs again', () => lives.length === 3)
      assert.strictEqual(events()[1], 'b stops: shutdown')
      assert.notStrictEqual(await hostOf(env, keeper), 'b')
    },
    3,
    [230, 260],
  )
})

promise('Two copies', 'A placed child may run twice while the network is split', () => {
  everywhere(
    'two copies, then the older one is stopped on contact, and one is left',
    async (env) => {
      const { a, b, keeper } = await placed(env, 'afterDown', ['a', 'b'])
      const older = (await env.complete(keeper.ask.current())) as AnyRef
      const heal = env.partition('a', 'b')
      await env.until('it runs twice', () => lives.length === 2)
      assert.deepEqual(events(), ['b starts', 'a starts'])
      const there = b.node.ref(Placed, String(older))
      assert.strictEqual(await env.complete(there.ask.count()), 1, 'the older one still works')
      assert.strictEqual(await hostOf(env, keeper), 'a')
      heal()
      await env.until('one is stopped', () => lives.length === 3)
      await env.run(2 * env.timing.silenceMs)
      assert.deepEqual(events(), ['b starts', 'a starts', 'b stops: shutdown'])
      assert.strictEqual(lives[2]?.id, String(older))
      assert.strictEqual(b.node.stats().remote.hosted, 0)
      assert.strictEqual(await hostOf(env, keeper), 'a')
      assert.deepEqual(a.members(), ['a', 'b'])
    },
  )

  inSimulation(
    'over and over: at most one copy a side, and one in the end, the newest',
    async (env) => {
      const { a, keeper } = await placed(env, 'afterDown')
      const { random } = env.sim
      for (let round = 0; round < 6; round++) {
        const [one = 'b'] = random.sample(['b', 'c'], 1)
        const heal = env.partition(
          one,
          ['a', 'b', 'c'].filter((name) => name !== one),
        )
        await env.run(random.int(9_000))
        heal()
        await env.run(random.int(3_000))
        if (random.int(3) === 0) await env.complete(outcomeOf(keeper.ask.host()))
      }
      await env.connected(['a', 'b', 'c'])
      await env.run(20_000)
      const current = (await env.complete(keeper.ask.current())) as AnyRef
      assert.deepEqual(
        living().map(({ id }) => id),
        [String(current)],
      )
      assert.strictEqual(
        String(current),
        lives.filter(({ event }) => event === 'starts').at(-1)?.id,
      )
      assert.isAtLeast(lives.length, 1)
      assert.deepEqual(a.members(), ['a', 'b', 'c'])
    },
    12,
  )
})

promise('Two copies', "`relocate: 'majority'`", () => {
  inSimulation(
    'the side that sees less than half waits, and one is left in the end',
    async (env) => {
      const { a, keeper } = await placed(env, 'majority')
      const heal = env.partition('a', ['b', 'c'])
      await env.until('a has lost both', () => a.heard('nodeDown').length === 2)
      await env.run(20_000)
      assert.deepEqual(events(), ['b starts'], 'a is alone: it starts nothing')
      assert.strictEqual(await env.complete(keeper.ask.status()), 'waiting')
      heal()
      await env.connected(['a', 'b', 'c'])
      await env.run(10_000)
      // whom it meets first decides: b, or c and with it a majority without b
      assert.deepEqual(
        living().map(({ on }) => on),
        [await hostOf(env, keeper)],
      )
    },
  )

  inSimulation('the side that sees a majority goes on', async (env) => {
    const { keeper } = await placed(env, 'majority')
    const heal = env.partition('b', ['a', 'c'])
    await env.until('it runs twice', () => lives.length === 2)
    assert.notStrictEqual(lives[1]?.on, 'b')
    heal()
    await env.until('one is stopped', () => lives.length === 3)
    assert.strictEqual(events()[2], 'b stops: shutdown')
    assert.notStrictEqual(await hostOf(env, keeper), 'b')
  })

  everywhere("'never' waits for the node: the same child when it was only cut off", async (env) => {
    const { a, keeper } = await placed(env, 'never')
    const before = (await env.complete(keeper.ask.current())) as AnyRef
    const heal = env.partition('b', ['a', 'c'])
    await env.until('it is given up', () => a.heard('nodeDown', 'b').length > 0)
    await env.run(2 * env.timing.silenceMs)
    assert.strictEqual(await env.complete(keeper.ask.status()), 'waiting')
    heal()
    await env.connected(['a', 'b', 'c'])
    assert.strictEqual(await hostOf(env, keeper), 'b')
    assert.isTrue(((await env.complete(keeper.ask.current())) as AnyRef).equals(before))
    assert.deepEqual(events(), ['b starts'])
  })

  everywhere("'never' starts it anew on the next incarnation of its node", async (env) => {
    const { a, keeper } = await placed(env, 'never')
    await env.crash('b')
    await env.until('it is given up', () => a.heard('nodeDown', 'b').length > 0)
    await env.start('b')
    await env.until('it runs again', () => lives.length === 2)
    assert.deepEqual(events(), ['b starts', 'b starts'])
    assert.strictEqual(await hostOf(env, keeper), 'b')
  })
})

promise('Two copies', "keeps it while the supervisor's node is out of contact", () => {
  inSimulation(
    'for `orphanAfterMs`: then it ends in order, and starts anew on contact',
    async (env) => {
      const { b, keeper } = await placed(env, 'never', ['a', 'b'])
      const heal = env.partition('a', 'b')
      await env.until('b has lost a', () => b.heard('nodeDown', 'a').length === 1)
      await env.run(59_900)
      assert.deepEqual(events(), ['b starts'])
      await env.run(200)
      assert.deepEqual(events(), ['b starts', 'b stops: shutdown'])
      heal()
      await env.until('it runs again', () => lives.length === 3)
      assert.strictEqual(await hostOf(env, keeper), 'b')
      assert.deepEqual(
        living().map(({ on }) => on),
        ['b'],
      )
    },
  )

  everywhere('no longer when the supervisor is started anew, or leaves', async (env) => {
    const { b } = await placed(env, 'afterDown', ['a', 'b'])
    await env.crash('a')
    await env.start('a')
    await env.until('it ends', () => lives.length === 2)
    assert.deepEqual(events(), ['b starts', 'b stops: shutdown'])
    const again = env.subject('a').node.spawn(Keeper, { on: 'b', relocate: 'afterDown' })
    await env.until('they are connected', () => env.subject('a').node.isUp('b'))
    await env.complete(outcomeOf(again.ready()))
    await env.until('another is placed', () => living().length === 1)
    env.subject('a').node.leave()
    await env.until('it ends too', () => lives.filter(({ on }) => on === 'b').length === 4)
    assert.strictEqual(b.node.stats().remote.hosted, 0)
  })
})

promise('Two copies', 'is a handle that follows it', () => {
  everywhere('over restarts where it is, and over relocation', async (env) => {
    const { a, keeper } = await placed(env, 'afterDown')
    const first = a.node.ref(Placed, String(await env.complete(keeper.ask.current())))
    await env.failure(first.ask.crash())
    assert.strictEqual(await env.complete(first.ask.count()), 1, 'restarted behind its ref')
    assert.strictEqual(await hostOf(env, keeper), 'b')
    await env.crash('b')
    await env.until('it runs elsewhere', () => events().at(-1) !== 'b starts')
    assert.notStrictEqual(await hostOf(env, keeper), 'b')
  })
})

promise('Two copies', 'the least loaded', () => {
  inSimulation(
    'a child whose node is named goes to the least loaded one that is left',
    async (env) => {
      lives.length = 0
      await env.cluster(['a', 'b', 'c', 'd'], { remoteSpawn: [Placed] })
      class Spread extends Supervisor {
        override readonly strategy = oneForOne({ maxRestarts: 50, withinMs: 5_000 })
        override children() {
          return Array.from({ length: 12 }, (_, at) => child(`${at}`, Placed, { on: leastLoaded }))
        }
      }
      const root = env.subject('a').node.spawn(Spread)
      await env.complete(root.ready())
      const byNode = async (): Promise<Record<string, number>> => {
        const count: Record<string, number> = {}
        for (const { ref } of await env.complete(root.ask.whichChildren())) {
          const on = (ref as AnyRef).node
          count[on] = (count[on] ?? 0) + 1
        }
        return count
      }
      assert.deepEqual(await byNode(), { a: 3, b: 3, c: 3, d: 3 })
      await env.crash('d')
      await env.until('all run again', () => lives.length === 15)
      await env.run(100)
      assert.deepEqual(await byNode(), { a: 4, b: 4, c: 4 })
    },
    2,
  )
})
