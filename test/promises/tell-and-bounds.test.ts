import { assert } from 'chai'
import type { NodeOptions } from '../../src/index.js'
import { Ledger, Observer } from './actors.js'
import { outcomeOf } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'

const KIB = 1024
const SMALL_LANES = {
  laneLowWaterBytes: 16 * KIB,
  laneHighWaterBytes: 64 * KIB,
  laneMaxBytes: 256 * KIB,
}
const weight = new Uint8Array(8 * KIB)

/** Tells as much as is accepted while nothing can be written; gives what each call returned. */
function fill(ledger: { tell: { write(n: number, weight: Uint8Array): boolean } }, count: number) {
  return Array.from({ length: count }, (_, at) => ledger.tell.write(at, weight))
}

async function cutOff(
  env: Parameters<Parameters<typeof everywhere>[1]>[0],
  channels: NonNullable<NodeOptions['channels']> = {},
): Promise<{ a: Subject; b: Subject; heal: () => void }> {
  const [a, b] = await env.pair({ channels, connections: SMALL_LANES })
  const heal = env.partition('a', 'b')
  await env.until('they have lost each other', () => !a.node.isUp('b') && !b.node.isUp('a'))
  return { a, b, heal }
}

promise('`tell`, `ready` and bounds', '`tell` returns true below the high-water mark', () => {
  everywhere('to another node: false above the mark, and ready says when to go on', async (env) => {
    const { a, b, heal } = await cutOff(env)
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    const told = fill(ledger, 20)
    assert.deepEqual(
      told,
      told.toSorted((x, y) => Number(y) - Number(x)),
      'true first, then false',
    )
    assert.include(told, true)
    assert.include(told, false)
    const ready = ledger.ready()
    let isReady = false
    void ready.then(() => {
      isReady = true
    })
    await env.run(50)
    assert.isFalse(isReady)
    heal()
    await env.complete(ready)
    await env.connected(['a', 'b'])
    assert.isTrue(ledger.tell.write(20, weight))
    const entries = await env.complete(ledger.ask.entries())
    assert.deepEqual(
      entries,
      Array.from({ length: 21 }, (_, at) => at),
      'what was answered with false was accepted',
    )
    assert.lengthOf(a.letters, 0)
  })

  everywhere('on its own node: half of the mailbox is the mark', async (env) => {
    const a = await env.start('a')
    const ledger = a.node.spawn(Ledger, undefined, { mailboxLimit: 10 })
    const told = Array.from({ length: 10 }, (_, at) => ledger.tell.write(at))
    assert.deepEqual(told, [...Array(5).fill(true), ...Array(5).fill(false)])
    await env.complete(ledger.ready())
    assert.isTrue(ledger.tell.write(10))
    assert.strictEqual(await env.complete(ledger.ask.size()), 11)
  })

  inSimulation('who waits for ready when the node is let go hears so', async (env) => {
    const { a, b } = await cutOff(env)
    const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    fill(ledger, 20)
    const ready = outcomeOf(ledger.ready())
    a.node.leave('b')
    assert.strictEqual(await env.complete(ready), 'ERR_NODE_DOWN')
  })
})

promise('`tell`, `ready` and bounds', 'it was refused at the hard bound', () => {
  everywhere(
    'a mailbox that is full refuses the newest: dead letter, or ERR_MAILBOX_FULL',
    async (env) => {
      const [a, b] = await env.pair()
      const made = b.node.spawn(Ledger, undefined, { mailboxLimit: 4 })
      const ledger = a.node.ref(Ledger, String(made))
      const busy = ledger.ask.slowly(200, 'busy')
      await env.run(50)
      for (let at = 0; at < 10; at++) ledger.tell.write(at)
      const refused = await env.failure(ledger.ask.record('asked'))
      assert.strictEqual(refused.code, 'ERR_MAILBOX_FULL')
      assert.isTrue(refused.retryable)
      await env.complete(busy)
      assert.deepEqual(await env.complete(ledger.ask.entries()), ['busy', 0, 1, 2, 3])
      assert.deepEqual(
        b.letters.map(({ args, reason }) => [args[0], reason]),
        [4, 5, 6, 7, 8, 9].map((at) => [at, 'ERR_MAILBOX_FULL']),
      )
    },
  )

  const policies = [
    { policy: 'fail', kept: 'the oldest', asked: 'ERR_LANE_FULL' },
    { policy: 'dropNewest', kept: 'the oldest', asked: 'ERR_LANE_FULL' },
    { policy: 'dropOldest', kept: 'the newest', asked: 'answered' },
  ] as const
  for (const { policy, kept, asked } of policies) {
    inSimulation(
      `a full lane with policy ${policy} keeps ${kept}; the rest are dead letters`,
      async (env) => {
        const { a, b, heal } = await cutOff(env, { bulk: { policy } })
        const made = b.node.spawn(Ledger)
        const ledger = a.node.ref(Ledger, String(made)).with({ channel: 'bulk', timeoutMs: 60_000 })
        const told = fill(ledger, 100)
        assert.isFalse(told[99])
        const answer = outcomeOf(ledger.ask.record(100))
        heal()
        await env.connected(['a', 'b'])
        assert.strictEqual(await env.complete(answer), asked)
        const entries = (await env.complete(ledger.ask.entries())) as number[]
        const dead = a.letters.map(({ args }) => args[0] as number)
        assert.sameMembers(
          [...entries, ...dead].filter((at) => at < 100),
          Array.from({ length: 100 }, (_, at) => at),
        )
        assert.isAbove(dead.length, 50)
        assert.deepEqual(new Set(a.reasons()), new Set(['ERR_LANE_FULL']))
        assert.include(entries, policy === 'dropOldest' ? 99 : 0)
        assert.deepEqual(
          entries,
          entries.toSorted((x, y) => x - y),
        )
      },
    )
  }
})

promise('`tell`, `ready` and bounds', 'waits for room, until its own deadline', () => {
  everywhere('asks get through in order when there is room; tells are refused', async (env) => {
    const { a, b, heal } = await cutOff(env, { bulk: { policy: 'wait' } })
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made)).with({ channel: 'bulk', timeoutMs: 15_000 })
    fill(ledger, 100)
    const refused = a.letters.length
    assert.isAbove(refused, 50)
    const asked = [200, 201, 202].map((at) => ledger.ask.record(at))
    assert.isFalse(ledger.tell.write(203))
    assert.strictEqual(a.letters.length, refused + 1)
    assert.deepEqual(new Set(a.reasons()), new Set(['ERR_LANE_FULL']))
    const impatient = await env.failure(ledger.with({ timeoutMs: 50 }).ask.record(204))
    assert.strictEqual(impatient.code, 'ERR_ASK_TIMEOUT')
    heal()
    await env.connected(['a', 'b'])
    const kept = 100 - refused
    assert.deepEqual(await env.complete(Promise.all(asked)), [kept + 1, kept + 2, kept + 3])
    assert.deepEqual((await env.complete(made.ask.entries())).slice(kept), [200, 201, 202])
  })

  everywhere('what is asked is what was handed in, and what cannot travel is told', async (env) => {
    const { a, b, heal } = await cutOff(env, { bulk: { policy: 'wait' } })
    const ledger = a.node
      .ref(Ledger, String(b.node.spawn(Ledger)))
      .with({ channel: 'bulk', timeoutMs: 15_000 })
    fill(ledger, 100)
    const entry = { list: [1], bytes: new Uint8Array(100_000) }
    const asked = ledger.ask.record(entry)
    entry.list.push(2)
    entry.bytes.fill(7)
    const fault = await env.failure(ledger.ask.record(() => {}))
    assert.strictEqual(fault.code, 'ERR_NOT_SERIALIZABLE')
    heal()
    await env.connected(['a', 'b'])
    await env.complete(asked)
    const entries = await env.complete(ledger.ask.entries())
    const last = entries.at(-1) as { list: number[]; bytes: Uint8Array }
    assert.deepEqual(last.list, [1])
    assert.strictEqual(last.bytes[99_999], 0)
  })

  inSimulation('when the node is let go they fail; on other policies none waits', async (env) => {
    const { a, b } = await cutOff(env, { bulk: { policy: 'wait' }, plain: {} })
    const made = b.node.spawn(Ledger)
    const far = a.node.ref(Ledger, String(made)).with({ timeoutMs: 60_000 })
    fill(far.with({ channel: 'bulk' }), 100)
    fill(far.with({ channel: 'plain' }), 100)
    const waiting = outcomeOf(far.with({ channel: 'bulk' }).ask.record(1))
    const plain = outcomeOf(far.with({ channel: 'plain' }).ask.record(2))
    assert.strictEqual(await env.complete(plain), 'ERR_LANE_FULL')
    a.node.leave('b')
    assert.strictEqual(await env.complete(waiting), 'ERR_NODE_DOWN')
  })
})

promise(
  '`tell`, `ready` and bounds',
  'Every queue and every map that a peer can grow has a bound',
  () => {
    inSimulation(
      'what waits for a node that is gone never exceeds the bound of its lane',
      async (env) => {
        const [a, b] = await env.pair({ connections: SMALL_LANES })
        const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
        await env.crash('b')
        await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
        fill(ledger, 1_000)
        const queued = a.node.stats().transport.lanes.map(({ queuedBytes }) => queuedBytes)
        const sum = queued.reduce((all, one) => all + one, 0)
        assert.isAtMost(sum, SMALL_LANES.laneMaxBytes + 2 * weight.length)
        assert.isAbove(a.letters.length, 900)
      },
    )

    inSimulation(
      'nodes that come and go, ask, watch and group leave nothing behind',
      async (env) => {
        const [a] = await env.pair()
        const kept = a.node.spawn(Ledger, undefined, { name: 'kept' })
        const sizes: string[] = []
        for (let round = 0; round < 12; round++) {
          const b = env.subject('b')
          const observer = b.node.spawn(Observer)
          observer.tell.follow(b.node.ref(Ledger, String(kept)))
          observer.tell.tie(b.node.ref(Ledger, String(kept)))
          const there = b.node.lookup(Ledger, 'kept', { on: 'a' })
          for (let n = 0; n < 5; n++) void there.ask.never().catch(() => {})
          await env.complete(b.node.group(Observer, `group ${round}`).join(observer))
          await env.run(100)
          await env.crash('b')
          await env.start('b')
          await env.connected(['a', 'b'])
          await env.run(10_000)
          const { bonds, remote, actors, transport } = a.node.stats()
          const lanes = transport.lanes.length
          sizes.push(
            JSON.stringify({
              bonds,
              hosted: remote.hosted,
              inbound: remote.inbound,
              lanes,
              living: actors.living,
            }),
          )
        }
        assert.deepEqual(new Set(sizes.slice(1)).size, 1, sizes.join('\n'))
        assert.deepInclude(a.node.stats().bonds, { watches: 0, links: 0 })
        assert.strictEqual(a.node.stats().remote.inbound, 0)
      },
      2,
    )
  },
)

promise('`tell`, `ready` and bounds', 'what is written at a time is compressed', () => {
  everywhere('small ones together and large ones arrive in order, in fewer bytes', async (env) => {
    const [a, b] = await env.pair({ channels: { logs: { compressFromBytes: 1024 } } })
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made)).with({ channel: 'logs' })
    const large = 'a line of a log\n'.repeat(20_000)
    for (let at = 0; at < 300; at++) ledger.tell.record(at)
    const before = await env.complete(ledger.ask.record(large))
    assert.strictEqual(before, 301)
    for (let at = 300; at < 600; at++) ledger.tell.record(at)
    await env.complete(ledger.ask.record('last'))
    const entries = await env.complete(made.ask.entries())
    const numbers = Array.from({ length: 600 }, (_, at) => at)
    assert.deepEqual(entries, [...numbers.slice(0, 300), large, ...numbers.slice(300), 'last'])
    const { channels } = a.node.stats().transport
    const logs = channels.find(({ channel }) => channel === 'logs')
    assert.isAbove(logs?.compressedBytes ?? 0, large.length)
    assert.isBelow(logs?.compressedToBytes ?? 0, (logs?.compressedBytes ?? 0) / 5)
  })
})
