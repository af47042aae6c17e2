import { assert } from 'chai'
import type { Random } from '../../src/base/random.js'
import { type ActorRef, clientServer, type NodeOptions } from '../../src/index.js'
import { GATED, type Rule } from '../../src/peer/gate.js'
import { FRAME } from '../../src/wire/frame.js'
import { Ledger, Oracle } from './actors.js'
import { SureLedger } from './delivery-actors.js'
import { type Environment, outcomeOf } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at)

/** Room for 16 up to the mark, and for two windows above it. */
const MAILBOX = { mailboxLimit: 32 }
const CREDIT = { creditMessages: 8 }
const CHANNELS = { channels: { slow: CREDIT, other: CREDIT } }

/** A ledger on a node, and refs to it on others, over the channel `slow`. */
async function ledgerOn(
  env: Environment,
  at: Subject,
  from: readonly Subject[],
): Promise<[made: ActorRef<Ledger>, ref: ActorRef<Ledger>, other: ActorRef<Ledger>]> {
  const made = at.node.spawn(Ledger, undefined, MAILBOX)
  const refs = from.map(({ node }) =>
    node.ref(Ledger, String(made)).with({ channel: 'slow', timeoutMs: 60_000 }),
  )
  for (const ref of refs) await env.complete(ref.ask.size())
  const [ref = assert.fail('from nobody'), other = ref] = refs
  return [made, ref, other]
}

/** It handles nothing more for so long, or for ever. */
async function occupy(env: Environment, made: ActorRef<Ledger>, ms?: number): Promise<void> {
  const calm = made.with({ timeoutMs: 600_000 })
  const busy = ms === undefined ? calm.ask.never() : calm.ask.slowly(ms, 'busy')
  busy.catch(() => {})
  await env.run(20)
}

const laneOf = ({ node }: Subject, peer: string, channel = 'slow') =>
  node.stats().transport.lanes.find((lane) => lane.peer === peer && lane.channel === channel) ??
  assert.fail(`no lane of ${channel}`)

const channelOf = ({ node }: Subject, name = 'slow') =>
  node.stats().transport.channels.find(({ channel }) => channel === name) ?? assert.fail(name)

const held = (of: Subject, peer: string) => laneOf(of, peer).heldMessages

/** What it wrote down, once nothing waits for it any more on the lanes of these nodes. */
async function entriesOf(
  env: Environment,
  made: ActorRef<Ledger>,
  ...from: readonly Subject[]
): Promise<unknown[]> {
  const waits = () => from.some((each) => channelOf(each).queuedMessages > 0)
  await env.until('all was sent', () => !waits(), 600_000)
  await env.run(100)
  const entries = await env.complete(made.with({ timeoutMs: 60_000 }).ask.entries())
  return entries.filter((each) => each !== 'busy')
}

promise('Slow receivers', 'An actor that is behind stops those who send to it', () => {
  everywhere('what they tell waits in their lane, in order, until it caught up', async (env) => {
    const [a, b] = await env.pair(CHANNELS)
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made, 500)
    const told = upTo(300).map((at) => ledger.tell.write(at))
    await env.run(200)
    assert.isAtLeast(held(a, 'b'), 300 - 32)
    assert.isTrue(laneOf(b, 'a').withheld)
    assert.isFalse(told.at(-1))
    let ready = false
    const waiting = ledger.ready().then(() => {
      ready = true
    })
    await env.run(20)
    assert.isFalse(ready)
    await env.complete(waiting)
    assert.deepEqual(await entriesOf(env, made, a), upTo(300))
    assert.deepEqual([...a.letters, ...b.letters], [])
    assert.deepInclude(channelOf(a), { heldMessages: 0, heldBytes: 0, queuedMessages: 0 })
    assert.isAtLeast(channelOf(a).held, 300 - 32)
    assert.isAbove(channelOf(b).granted, 10)
    assert.isAbove(channelOf(b).withheld, 0)
    assert.isTrue(ledger.tell.write('more'))
  })

  everywhere('asks wait as tells do, large ones as small ones', async (env) => {
    const [a, b] = await env.pair(CHANNELS)
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made, 300)
    const asked = upTo(100).map((at) => {
      if (at % 2 === 0) ledger.tell.write(at, new Uint8Array(at % 20 === 0 ? 100_000 : 0))
      return at % 2 === 0 ? undefined : ledger.ask.record(at)
    })
    await env.complete(Promise.all(asked))
    assert.deepEqual(await entriesOf(env, made, a), upTo(100))
    assert.deepEqual([...a.letters, ...b.letters], [])
  })

  inSimulation('memory stays bounded on both sides, and the policy decides', async (env) => {
    const options: Partial<NodeOptions> = { ...CHANNELS, connections: { laneMaxMessages: 50 } }
    const [a, b] = await env.pair(options)
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made)
    for (const at of upTo(1_000)) {
      ledger.tell.write(at)
      if (at % 10 === 9) await env.run(1)
      assert.isAtMost(laneOf(a, 'b').queuedMessages, 50)
    }
    await env.run(10_000)
    const dead = a.letters.map(({ args }) => args[0])
    assert.deepEqual(new Set(a.reasons()), new Set(['ERR_LANE_FULL']))
    assert.isAtLeast(dead.length, 1_000 - 50 - 32)
    assert.lengthOf(b.letters, 0)
    assert.deepEqual(
      dead,
      dead.toSorted((x, y) => Number(x) - Number(y)),
    )
  })

  inSimulation('with dropOldest the newest of what waits is kept', async (env) => {
    const channels = { slow: { ...CREDIT, policy: 'dropOldest' as const } }
    const [a, b] = await env.pair({ channels, connections: { laneMaxMessages: 50 } })
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made, 2_000)
    for (const at of upTo(1_000)) {
      ledger.tell.write(at)
      if (at % 10 === 9) await env.run(1)
    }
    const entries = await entriesOf(env, made, a)
    const dead = a.letters.map(({ args }) => args[0])
    assert.sameMembers([...entries, ...dead], upTo(1_000))
    assert.deepEqual(entries.slice(-50), upTo(1_000).slice(-50))
    assert.lengthOf(b.letters, 0)
  })

  inSimulation('they hear it where the connection was replaced meanwhile', async (env) => {
    const [a, b] = await env.pair(CHANNELS)
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made, 5_000)
    for (const at of upTo(100)) ledger.tell.write(at)
    await env.run(100)
    assert.isAbove(held(a, 'b'), 0)
    env.reset('a', 'b')
    await env.run(100)
    await env.connected(['a', 'b'])
    const entries = await entriesOf(env, made, a)
    const refused = b.letters.map(({ args }) => args[0])
    assert.sameMembers([...entries, ...refused], upTo(100))
    assert.isAtMost(a.lost, 32)
    assert.equal(held(a, 'b'), 0)
  })

  inSimulation('after a restart of either node all begins anew', async (env) => {
    const [a, b] = await env.pair(CHANNELS)
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made)
    for (const at of upTo(100)) ledger.tell.write(at)
    await env.run(100)
    const waiting = held(a, 'b')
    assert.isAbove(waiting, 0)
    await env.crash('b')
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
    assert.lengthOf(a.letters, waiting)
    assert.deepEqual(new Set(a.reasons()), new Set(['ERR_NODE_DOWN']))
    const again = await env.start('b')
    await env.complete(again.node.join(a.address))
    await env.connected(['a', 'b'])
    const [next, fresh] = await ledgerOn(env, again, [a])
    for (const at of upTo(100)) fresh.tell.write(at)
    assert.isAbove(held(a, 'b'), 0)
    await env.crash('a')
    const late = await env.start('a')
    await env.complete(late.node.join(again.address))
    await env.connected(['a', 'b'])
    const before = (await entriesOf(env, next)).length
    const latest = late.node.ref(Ledger, String(next)).with({ channel: 'slow' })
    for (const at of upTo(100)) latest.tell.write(`later ${at}`)
    await env.complete(latest.ready())
    await env.run(100)
    const entries = (await entriesOf(env, next)).slice(before)
    assert.deepEqual(
      entries,
      upTo(100).map((at) => `later ${at}`),
    )
  })
})

promise('Slow receivers', 'and nobody else', () => {
  everywhere('other channels, other nodes and signs of life go on', async (env) => {
    const [a, b, c] = (await env.cluster(['a', 'b', 'c'], CHANNELS)) as [Subject, Subject, Subject]
    const [made, ledger] = await ledgerOn(env, b, [a])
    const other = b.node.spawn(Ledger)
    await occupy(env, made)
    for (const at of upTo(100)) ledger.tell.write(at)
    await env.run(100)
    assert.isAbove(held(a, 'b'), 0)
    const overOther = a.node.ref(Ledger, String(other)).with({ channel: 'other' })
    for (const at of upTo(50)) overOther.tell.write(at)
    assert.equal(await env.complete(overOther.ask.size()), 50)
    const fromC = c.node.ref(Ledger, String(other)).with({ channel: 'slow' })
    for (const at of upTo(50)) fromC.tell.write(at)
    assert.equal(await env.complete(fromC.ask.size()), 100)
    assert.isAbove(held(a, 'b'), 0)
    await env.run(4_000)
    assert.deepEqual([...a.heard('peerDown'), ...b.heard('peerDown')], [])
  })

  inSimulation('another key of the channel goes on, on another connection', async (env) => {
    const channels = { slow: { ...CREDIT, connections: 8 } }
    const [a, b] = await env.pair({ channels })
    const made = b.node.spawn(Ledger, undefined, MAILBOX)
    const others = upTo(20).map(() => b.node.spawn(Ledger))
    await occupy(env, made)
    const to = (ref: unknown) =>
      a.node.ref(Ledger, String(ref)).with({ channel: 'slow', timeoutMs: 1_000 })
    for (const at of upTo(100)) to(made).tell.write(at)
    await env.run(100)
    const outcomes = await env.complete(
      Promise.all(others.map((other) => outcomeOf(to(other).ask.size()))),
    )
    // those that share its connection wait with it
    const answered = outcomes.filter((each) => each === 'answered').length
    assert.isAbove(answered, 12)
    assert.equal(answered + outcomes.filter((each) => each === 'ERR_ASK_TIMEOUT').length, 20)
  })
})

promise('Slow receivers', 'pass what waits', () => {
  everywhere('answers, ends and stops pass; so do reliable messages', async (env) => {
    const [a, b] = await env.pair(CHANNELS)
    const [made, ledger] = await ledgerOn(env, b, [a])
    const oracle = a.node.spawn(Oracle)
    const sure = b.node.spawn(SureLedger)
    await occupy(env, made)
    for (const at of upTo(100)) ledger.tell.write(at)
    await env.run(100)
    assert.isAbove(held(a, 'b'), 0)
    const asked = b.node.ref(Oracle, String(oracle)).with({ channel: 'slow' })
    for (const at of upTo(30)) assert.equal(await env.complete(asked.ask.same(at)), at)
    const surely = a.node.ref(SureLedger, String(sure)).with({ channel: 'slow' })
    for (const at of upTo(50)) surely.tell.write(at)
    assert.deepEqual(await env.complete(surely.ask.entries()), upTo(50))
    assert.isAbove(held(a, 'b'), 0)
    await env.complete(a.node.stopActor(ledger, undefined, 0))
  })

  inSimulation('an abort does not pass its question', async (env) => {
    const [a, b] = await env.pair(CHANNELS)
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made, 2_000)
    for (const at of upTo(100)) ledger.tell.write(at)
    const impatient = outcomeOf(ledger.with({ timeoutMs: 100 }).ask.record('late'))
    assert.equal(await env.complete(impatient), 'ERR_ASK_TIMEOUT')
    assert.isAbove(held(a, 'b'), 0)
    assert.deepEqual(await entriesOf(env, made, a), upTo(100))
    await env.run(100)
    assert.notInclude(await entriesOf(env, made, a), 'late')
  })

  inSimulation('reliable messages to the slow actor come once and in order', async (env) => {
    const delivery = { acknowledged: { retryMs: 50, windowMessages: 20 } }
    const [a, b] = await env.pair({ ...CHANNELS, delivery })
    const [made, ledger] = await ledgerOn(env, b, [a])
    const sure = ledger.with({ reliable: true })
    await occupy(env, made, 1_000)
    for (const at of upTo(100)) ledger.tell.write(`plain ${at}`)
    for (const at of upTo(200)) {
      if (!sure.tell.write(at)) await env.complete(sure.ready())
    }
    await env.until('all are acknowledged', () => a.node.stats().delivery?.pending === 0)
    const entries = await entriesOf(env, made, a)
    assert.deepEqual(
      entries.filter((each) => typeof each === 'number'),
      upTo(200),
    )
    assert.deepEqual(
      entries.filter((each) => typeof each === 'string'),
      upTo(100).map((at) => `plain ${at}`),
    )
    assert.deepEqual([...a.letters, ...b.letters], [])
  })

  inSimulation('of monotonic tells only the newest waits', async (env) => {
    const [a, b] = await env.pair(CHANNELS)
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made, 3_000)
    const gauge = ledger.with({ monotonic: true })
    for (const at of upTo(500)) {
      gauge.tell.write(at)
      if (at % 10 === 9) await env.run(1)
    }
    assert.isAtMost(laneOf(a, 'b').queuedMessages, 50)
    await env.run(5_000)
    const entries = await entriesOf(env, made, a)
    assert.equal(entries.at(-1), 499)
    assert.isBelow(entries.length, 100)
    assert.deepEqual(
      entries,
      entries.toSorted((x, y) => Number(x) - Number(y)),
    )
    assert.lengthOf(b.letters, 0)
  })
})

promise('Slow receivers', 'So much can still come', () => {
  inSimulation('two lanes with a quarter of the mailbox each never fill it', async (env) => {
    const [a, b, c] = (await env.cluster(['a', 'b', 'c'], CHANNELS)) as [Subject, Subject, Subject]
    const [made, fromA, fromC] = await ledgerOn(env, b, [a, c])
    for (let round = 0; round < 5; round++) {
      await occupy(env, made, 300)
      for (const at of upTo(100)) {
        fromA.tell.write(at)
        fromC.tell.write(at)
        if (at % 7 === 0) await env.run(1)
      }
      await env.run(500)
    }
    assert.lengthOf(await entriesOf(env, made, a, c), 1_000)
    assert.deepEqual([...a.letters, ...b.letters, ...c.letters], [])
  })

  inSimulation('the smaller wish of two nodes counts', async (env) => {
    const a = await env.start('a', { channels: { slow: { creditMessages: 1_000 } } })
    const b = await env.start('b', CHANNELS)
    await env.complete(b.node.join(a.address))
    await env.connected(['a', 'b'])
    const [made, ledger] = await ledgerOn(env, b, [a])
    await occupy(env, made, 500)
    for (const at of upTo(300)) ledger.tell.write(at)
    assert.deepEqual(await entriesOf(env, made, a), upTo(300))
    assert.deepEqual([...a.letters, ...b.letters], [])
  })
})

promise('Slow receivers', 'is known by the next heartbeat', () => {
  /** Frames of credit are lost, come twice and late. */
  const lossy =
    (random: Random): Rule =>
    ({ kind }) => {
      if (kind !== FRAME.CREDIT) return undefined
      const drawn = random.float()
      if (drawn < 0.5) return { type: 'drop' }
      if (drawn < 0.7) return { type: 'twice' }
      return drawn < 0.9 ? { type: 'aside', ms: 300 } : undefined
    }

  inSimulation(
    'grants that are lost, repeated and late stop nobody for good',
    async (env) => {
      const [a, b] = await env.pair(CHANNELS)
      const [made, ledger] = await ledgerOn(env, b, [a])
      const { random } = env.sim
      for (const { node } of [a, b]) node[GATED].gate.add(lossy(random))
      await occupy(env, made, 200)
      for (const at of upTo(200)) {
        ledger.tell.write(at)
        if (at % 20 === 0) await env.run(random.int(200))
      }
      await env.until('nothing is held', () => held(a, 'b') === 0, 600_000)
      await env.run(500)
      assert.deepEqual(await entriesOf(env, made, a), upTo(200))
      assert.deepEqual([...a.letters, ...b.letters], [])
      assert.deepEqual([...a.heard('peerDown'), ...b.heard('peerDown')], [])
    },
    20,
  )

  inSimulation(
    'nor do messages that are lost, repeated and late at either gate',
    async (env) => {
      const [a, b] = await env.pair(CHANNELS)
      const [made, ledger] = await ledgerOn(env, b, [a])
      const { random } = env.sim
      const rule: Rule = ({ kind, channel }) => {
        if (kind !== FRAME.ENVELOPE || channel !== 'slow') return undefined
        const drawn = random.float()
        if (drawn < 0.2) return { type: 'drop' }
        if (drawn < 0.4) return { type: 'twice' }
        return drawn < 0.5 ? { type: 'aside', ms: 30 } : undefined
      }
      const undo = [a, b].flatMap(({ node }) => [
        node[GATED].gate.add(rule),
        node[GATED].gate.add(lossy(random)),
      ])
      await occupy(env, made, 300)
      for (const at of upTo(400)) {
        ledger.tell.write(at)
        if (at % 20 === 0) await env.run(random.int(100))
      }
      await env.run(1_000)
      for (const each of undo) each()
      await env.until('nothing is held', () => held(a, 'b') === 0, 600_000)
      await env.run(1_000)
      const before = (await entriesOf(env, made, a)).length
      for (const at of upTo(100)) ledger.tell.write(`well ${at}`)
      await env.complete(ledger.ready())
      await env.run(1_000)
      assert.deepEqual(
        (await entriesOf(env, made, a)).slice(before),
        upTo(100).map((at) => `well ${at}`),
      )
      assert.deepEqual([...a.heard('peerDown'), ...b.heard('peerDown')], [])
    },
    20,
  )
})

promise('Slow receivers', 'When it ends', () => {
  everywhere(
    'what waited is told as dead letters of its node, and the way is free',
    async (env) => {
      const [a, b] = await env.pair(CHANNELS)
      const [made, ledger] = await ledgerOn(env, b, [a])
      await occupy(env, made)
      for (const at of upTo(200)) ledger.tell.write(at)
      await env.run(100)
      assert.isAbove(held(a, 'b'), 0)
      await env.complete(b.node.stopActor(made, undefined, 0))
      await env.until('all went on', () => b.letters.length === 200)
      assert.deepEqual(
        b.letters.map(({ args }) => args[0]),
        upTo(200),
      )
      const next = b.node.spawn(Ledger)
      assert.equal(await env.complete(a.node.ref(Ledger, String(next)).ask.record(1)), 1)
      assert.equal(held(a, 'b'), 0)
      assert.isFalse(laneOf(b, 'a').withheld)
    },
  )
})

promise('Slow receivers', 'where messages are relayed', () => {
  inSimulation('a mailbox that is full refuses what comes by another node', async (env) => {
    const server = { overlay: clientServer({ role: 'server' }), ...CHANNELS }
    const s = await env.start('s', server)
    const clients: Subject[] = []
    for (const name of ['a', 'b']) {
      const overlay = clientServer({ role: 'client' })
      const client = await env.start(name, { overlay, ...CHANNELS })
      await env.complete(client.node.join(s.address))
      clients.push(client)
    }
    const [a, b] = clients as [Subject, Subject]
    await env.until('a knows b', () => a.members().includes('b'))
    const made = b.node.spawn(Ledger, undefined, MAILBOX)
    const ledger = a.node.ref(Ledger, String(made)).with({ channel: 'slow' })
    await env.complete(ledger.ask.size())
    await occupy(env, made)
    for (const at of upTo(100)) ledger.tell.write(at)
    await env.run(1_000)
    assert.lengthOf(b.letters, 100 - 32)
    assert.deepEqual(new Set(b.reasons()), new Set(['ERR_MAILBOX_FULL']))
  })
})
