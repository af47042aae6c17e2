import { assert } from 'chai'
import { codeOf } from '../../src/index.js'
import { Ledger } from './actors.js'
import { rejection } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'
import { trouble, writeInTrouble } from './trouble.js'

/** What was told and neither handled nor a dead letter; none may be both. */
function missing(sent: number, entries: unknown[], ...told: Subject[]): number[] {
  const handled = new Set(entries as number[])
  assert.strictEqual(handled.size, entries.length, 'something was delivered twice')
  const dead = new Set(told.flatMap(({ letters }) => letters.map(({ args }) => args[0] as number)))
  const all = Array.from({ length: sent }, (_, at) => at)
  assert.deepEqual(
    all.filter((at) => handled.has(at) && dead.has(at)),
    [],
    'delivered, and a dead letter too',
  )
  return all.filter((at) => !handled.has(at) && !dead.has(at))
}

promise('Delivery', 'Nothing is ever delivered twice', () => {
  inSimulation(
    'every tell is handled, a dead letter, or counted by connectionLost',
    async (env) => {
      const [a, b] = await env.pair({ channels: { bulk: { connections: 3 } } })
      const made = b.node.spawn(Ledger)
      const ledger = a.node.ref(Ledger, String(made))
      const sent = await writeInTrouble(env, ['a', 'b'], ledger)
      await env.run(10_000)
      const entries = await env.complete(made.ask.entries())
      assert.isAtMost(missing(sent, entries, a, b).length, a.lost)
    },
    20,
  )

  everywhere('nothing is lost without a fault, and nothing reported', async (env) => {
    const [a, b] = await env.pair()
    const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    for (let at = 0; at < 1_000; at++) ledger.tell.write(at)
    const entries = await env.complete(ledger.ask.entries())
    assert.deepEqual(missing(1_000, entries, a, b), [])
    assert.strictEqual(a.lost, 0)
  })
})

promise('Delivery', 'the event `deadLetter` with the reason', () => {
  everywhere('a tell that cannot be written is a dead letter with its reason', async (env) => {
    const [a, b] = await env.pair()
    const old = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const nowhere = a.node.lookup(Ledger, 'ledger', { on: 'nowhere' })
    const nobody = a.node.lookup(Ledger, 'nobody', { on: 'b' })
    assert.isFalse(nowhere.tell.write(1))
    assert.isTrue(nobody.tell.write(2))
    await env.until('the other node has a dead letter', () => b.letters.length === 1)
    await env.crash('b')
    await env.start('b')
    await env.connected(['a', 'b'])
    assert.isFalse(old.tell.write(3))
    assert.deepEqual(
      [...a.letters, ...b.letters].map(({ args, reason }) => [args[0], reason]),
      [
        [1, 'ERR_UNKNOWN_NODE'],
        [3, 'ERR_NO_ACTOR'],
        [2, 'ERR_NO_ACTOR'],
      ],
    )
    const [letter] = a.letters
    assert.strictEqual(String(letter?.to), String(nowhere))
    assert.strictEqual(letter?.method, 'write')
  })

  everywhere(
    'what waits for a connection is a dead letter when the node is replaced',
    async (env) => {
      const [a, b] = await env.pair()
      const made = b.node.spawn(Ledger)
      const ledger = a.node.ref(Ledger, String(made))
      for (let n = 0; n < 3; n++) await env.complete(ledger.ask.size())
      await env.crash('b')
      await env.until('a notices', () => a.heard('peerDown', 'b').length > 0)
      for (let at = 0; at < 50; at++) ledger.tell.write(at)
      const again = await env.start('b')
      await env.until('a knows the new one', () => a.node.isUp('b'))
      assert.lengthOf(a.letters, 50)
      assert.deepEqual(
        a.letters.map(({ to, method, args, reason }) => [String(to), method, args[0], reason]),
        Array.from({ length: 50 }, (_, at) => [String(made), 'write', at, 'ERR_NODE_DOWN']),
      )
      assert.lengthOf(again.letters, 0)
    },
  )

  everywhere('a node that leaves for good lets go of what waits: dead letters', async (env) => {
    const [a, b] = await env.pair()
    const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const heal = env.partition('a', 'b')
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
    ledger.tell.write(1)
    a.node.leave('b')
    ledger.tell.write(2)
    assert.sameMembers(
      a.letters.map(({ args }) => args[0]),
      [1, 2],
    )
    heal()
  })
})

promise('Delivery', 'is given up at `nodeDown`', () => {
  everywhere('what was sent between peerDown and nodeDown ends there, for good', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    await env.complete(ledger.ask.record('before'))
    const heal = env.partition('a', 'b')
    await env.until('a has lost b', () => a.heard('peerDown', 'b').length > 0)
    assert.isTrue(ledger.tell.write(1))
    assert.isTrue(ledger.tell.write(2, new Uint8Array(100_000)))
    const asked = rejection(ledger.with({ timeoutMs: 60_000 }).ask.record('asked'))
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
    const error = await env.complete(asked)
    assert.strictEqual(error.code, 'ERR_NODE_DOWN')
    assert.match(error.message, /before this was sent/)
    assert.deepEqual(error.data, { node: 'b' })
    assert.sameDeepMembers(
      a.letters.map(({ to, method, args, reason }) => [String(to), method, args[0], reason]),
      [
        [String(made), 'write', 1, 'ERR_NODE_DOWN'],
        [String(made), 'write', 2, 'ERR_NODE_DOWN'],
      ],
    )
    heal()
    await env.connected(['a', 'b'])
    assert.isTrue(ledger.tell.write('after'))
    assert.deepEqual(await env.complete(ledger.ask.entries()), ['before', 'after'])
  })

  everywhere('who waits for `ready` is told, and waits no more while it is down', async (env) => {
    const [a, b] = await env.pair({
      connections: { laneHighWaterBytes: 1_000, laneLowWaterBytes: 100 },
    })
    const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    await env.complete(ledger.ask.size())
    const heal = env.partition('a', 'b')
    await env.until('a has lost b', () => a.heard('peerDown', 'b').length > 0)
    assert.isFalse(ledger.tell.write(1, new Uint8Array(10_000)), 'accepted above the mark')
    const waited = rejection(ledger.ready())
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
    assert.strictEqual((await env.complete(waited)).code, 'ERR_NODE_DOWN')
    assert.strictEqual((await env.failure(ledger.ready())).code, 'ERR_NODE_DOWN')
    heal()
    await env.connected(['a', 'b'])
    await env.complete(ledger.ready())
  })

  inSimulation(
    'whatever breaks, no ask that failed unsent ever runs, and what was told is accounted for',
    async (env) => {
      const [a, b] = await env.pair({ channels: { bulk: { connections: 2 } } })
      const made = b.node.spawn(Ledger)
      const ledger = a.node.ref(Ledger, String(made))
      const unsent: number[] = []
      let sent = 0
      await trouble(env, ['a', 'b'], {
        steps: 60,
        longestMs: 12_000,
        during: (step) => {
          const channel = step % 2 === 0 ? 'bulk' : 'default'
          const weight = new Uint8Array(step % 7 === 0 ? 200_000 : 1)
          ledger.with({ channel }).tell.write(sent++, weight)
          const at = -1 - step
          ledger
            .with({ channel, timeoutMs: 600_000 })
            .ask.record(at)
            .catch((error: Error) => {
              if (/before this was sent|is down/.test(error.message)) unsent.push(at)
            })
        },
      })
      await env.run(10_000)
      const entries = (await env.complete(made.ask.entries())) as number[]
      assert.deepEqual(
        unsent.filter((at) => entries.includes(at)),
        [],
        'it ran all the same',
      )
      assert.isAtMost(
        missing(
          sent,
          entries.filter((at) => at >= 0),
          a,
        ).length,
        a.lost,
      )
    },
    10,
  )
})

promise('Delivery', 'refused at once', () => {
  everywhere('a node that is down takes nothing until it is up again', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    const heal = env.partition('a', 'b')
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
    for (let at = 0; at < 50; at++) assert.isFalse(ledger.tell.write(at))
    assert.deepEqual(
      a.letters.map(({ args, reason }) => [args[0], reason]),
      Array.from({ length: 50 }, (_, at) => [at, 'ERR_NODE_DOWN']),
    )
    const since = env.now()
    const error = await env.failure(ledger.with({ timeoutMs: 60_000 }).ask.record('asked'))
    assert.strictEqual(error.code, 'ERR_NODE_DOWN')
    assert.isBelow(env.now() - since, 1_000)
    assert.throws(() => a.node.forward({ node: 'b', name: 'news' }, 1), /ERR_NODE_DOWN/)
    heal()
    await env.until('b is back', () => a.heard('nodeUp', 'b').length === 2)
    assert.isTrue(ledger.tell.write('after'))
    assert.deepEqual(await env.complete(ledger.ask.entries()), ['after'])
    assert.lengthOf(a.letters, 50)
  })

  everywhere('a dead letter tells it in the middle of a giving up, too', async (env) => {
    const [a, b] = await env.pair()
    const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    await env.complete(ledger.ask.size())
    const again: boolean[] = []
    a.node.events.on('deadLetter', ({ args }) => {
      if (args[0] === 1) again.push(ledger.tell.write(2))
    })
    const heal = env.partition('a', 'b')
    await env.until('a has lost b', () => a.heard('peerDown', 'b').length > 0)
    ledger.tell.write(1)
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
    assert.deepEqual(again, [false])
    heal()
    await env.connected(['a', 'b'])
    assert.deepEqual(await env.complete(ledger.ask.entries()), [])
  })
})

promise('Delivery', 'wait on their lane, within its bound', () => {
  everywhere('a connection that comes back in time takes what waited, in order', async (env) => {
    const [a, b] = await env.pair()
    const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    await env.complete(ledger.ask.size())
    env.reset('a', 'b')
    await env.until('a has lost b', () => a.heard('peerDown', 'b').length > 0)
    for (let at = 0; at < 50; at++) assert.isTrue(ledger.tell.write(at))
    const entries = await env.complete(ledger.ask.entries())
    assert.deepEqual(
      entries,
      Array.from({ length: 50 }, (_, at) => at),
    )
    assert.lengthOf([...a.letters, ...a.heard('nodeDown')], 0)
  })

  inSimulation('a member that was never reached is waited for', async (env) => {
    const [a] = await env.pair()
    const c = await env.start('c')
    const made = c.node.spawn(Ledger, undefined, { name: 'ledger' })
    const heal = env.partition('a', 'c')
    await env.complete(c.node.join('b:9000'))
    await env.until('a has heard of c', () => a.members().includes('c'))
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'c' })
    for (let at = 0; at < 50; at++) assert.isTrue(ledger.tell.write(at))
    await env.run(30_000)
    assert.lengthOf([...a.letters, ...a.heard('nodeUp', 'c')], 0)
    heal()
    await env.connected(['a', 'b', 'c'])
    await env.run(1_000)
    assert.deepEqual(
      await env.complete(made.ask.entries()),
      Array.from({ length: 50 }, (_, at) => at),
    )
    assert.lengthOf([...a.letters, ...a.heard('nodeDown')], 0)
  })
})

promise('Delivery', 'is reported as `connectionLost` with a count', () => {
  everywhere('messages that were under way when a connection broke are counted', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    await env.complete(ledger.ask.record(-1))
    const heal = env.partition('a', 'b')
    for (let at = 0; at < 50; at++) ledger.tell.write(at)
    await env.run(10)
    await env.crash('b')
    await env.until('a notices', () => a.heard('peerDown', 'b').length > 0)
    heal()
    const news = a.last('connectionLost', 'b').payload as { channel: string; count: number }
    assert.isAtLeast(news.count, 50)
    assert.strictEqual(news.channel, 'default')
    assert.lengthOf(a.letters, 0)
  })
})

promise('Delivery', 'that a `tell` arrives', () => {
  inSimulation('a tell under way when the connection breaks may be lost', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    const heal = env.partition('a', 'b')
    assert.isTrue(ledger.tell.write('lost'))
    await env.run(10)
    env.reset('a', 'b')
    heal()
    await env.connected(['a', 'b'])
    assert.deepEqual(await env.complete(made.ask.entries()), [])
  })
})

promise('Delivery', 'An ask is never repeated by itself', () => {
  inSimulation(
    'whatever breaks, no ask runs twice',
    async (env) => {
      const [a, b] = await env.pair({ channels: { bulk: { connections: 2 } } })
      const made = b.node.spawn(Ledger)
      const ledger = a.node.ref(Ledger, String(made))
      const outcomes: Promise<[number, string]>[] = []
      await trouble(env, ['a', 'b'], {
        steps: 40,
        during: () => {
          for (let n = 0; n < 5; n++) {
            const channel = n % 2 === 0 ? 'bulk' : 'default'
            const at = outcomes.length
            const asked = ledger.with({ channel }).ask.record(at)
            outcomes.push(
              asked.then(
                () => [at, 'answered'],
                (error: unknown) => [at, codeOf(error) ?? ''],
              ),
            )
          }
        },
      })
      const settled = await env.complete(Promise.all(outcomes))
      await env.run(10_000)
      const entries = await env.complete(made.ask.entries())
      assert.strictEqual(new Set(entries).size, entries.length, 'an ask ran twice')
      for (const [at, outcome] of settled) {
        if (outcome === 'answered') assert.include(entries, at)
        else assert.include(['ERR_ASK_TIMEOUT', 'ERR_NODE_DOWN', 'ERR_NO_ROUTE'], outcome)
      }
    },
    10,
  )
})
