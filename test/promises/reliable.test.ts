import { assert } from 'chai'
import { encodeAck, encodeData, flowTag } from '../../src/delivery/stamp.js'
import { fullMesh, type NodeOptions, type OverlayFactory } from '../../src/index.js'
import { ENVELOPE } from '../../src/wire/envelope.js'
import { FRAME } from '../../src/wire/frame.js'
import { StampSlice } from '../../src/wire/stamp-slice.js'
import { Ledger } from './actors.js'
import { SureLedger } from './delivery-actors.js'
import type { Environment } from './environment.js'
import { outcomeOf } from './environment.js'
import { gatedCluster } from './gated.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'
import { writeInTrouble } from './trouble.js'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at)

const figures = ({ node }: Subject) => {
  const { delivery } = node.stats()
  assert.isDefined(delivery)
  return delivery as NonNullable<typeof delivery>
}

/** A mesh in which a and c reach each other through b. */
const aroundB: OverlayFactory = {
  name: 'full-mesh',
  create: (self, random) => {
    const mesh = fullMesh().create(self, random)
    const beyond: Readonly<Record<string, string>> = { a: 'c', c: 'a' }
    return {
      name: mesh.name,
      capabilities: { ...mesh.capabilities, direct: false },
      step: (event) => mesh.step(event),
      members: () => mesh.members(),
      neighbours: () => mesh.neighbours(),
      nextHop: (to) => (to === beyond[self.name] ? 'b' : mesh.nextHop(to)),
      snapshot: () => mesh.snapshot(),
    }
  },
}

const quiet = (env: Environment, subject: Subject): Promise<void> =>
  env.until(
    `all that ${subject.name} sent is acknowledged`,
    () => figures(subject).pending === 0,
    120_000,
  )

/** Options under which waiting does not take long on real sockets. */
const SOON: Partial<NodeOptions> = { delivery: { acknowledged: { retryMs: 100 } } }

promise('Reliable delivery', 'a reliable message arrives once, while both nodes live', () => {
  inSimulation(
    'every tell arrives once, in order of its key, whatever breaks',
    async (env) => {
      const [a, b] = await env.pair({ channels: { bulk: { connections: 3 } } })
      const made = b.node.spawn(SureLedger)
      const ledger = a.node.ref(SureLedger, String(made))
      const sent = await writeInTrouble(env, ['a', 'b'], ledger)
      await quiet(env, a)
      const entries = (await env.complete(made.ask.entries())) as number[]
      assert.sameMembers(entries, upTo(sent))
      assert.lengthOf(entries, sent)
      for (const key of upTo(10)) {
        const ofKey = entries.filter((at) => at % 10 === key)
        assert.deepEqual(
          ofKey,
          ofKey.toSorted((x, y) => x - y),
        )
      }
      assert.lengthOf(a.letters, 0)
      assert.strictEqual(figures(a).acknowledged, sent)
    },
    10,
  )

  inSimulation(
    'frames that are dropped, doubled and delayed at the gates of both nodes change nothing',
    async (env) => {
      const { subjects, gates } = await gatedCluster(env, ['a', 'b'])
      const [a, b] = subjects as [Subject, Subject]
      const made = b.node.spawn(SureLedger)
      const ledger = a.node.ref(SureLedger, String(made))
      await env.complete(ledger.ask.record(-1))
      const heal = gates.map((gate) =>
        gate.add(({ kind, direction }) => {
          if (kind !== FRAME.ENVELOPE || direction !== 'out') return undefined
          const lot = env.sim.random.int(10)
          if (lot < 3) return { type: 'drop' }
          if (lot < 5) return { type: 'twice' }
          return lot < 7 ? { type: 'aside', ms: env.sim.random.int(50) } : undefined
        }),
      )
      for (const at of upTo(300)) {
        ledger.with({ partitionKey: at % 3 }).tell.write(at)
        if (at % 10 === 0) await env.run(20)
      }
      await env.run(20_000)
      for (const undo of heal) undo()
      await quiet(env, a)
      const entries = (await env.complete(made.ask.entries())).slice(1) as number[]
      assert.lengthOf(entries, 300)
      for (const key of upTo(3)) {
        assert.deepEqual(
          entries.filter((at) => at % 3 === key),
          upTo(300).filter((at) => at % 3 === key),
        )
      }
      assert.isAbove(figures(a).retransmitted, 0)
      assert.isAbove(figures(b).duplicates, 0)
    },
    10,
  )

  everywhere('connections that break lose none', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 100; n++) ledger.tell.write(round * 100 + n)
      await env.run(1)
      env.reset('a', 'b')
      await env.connected(['a', 'b'])
    }
    await quiet(env, a)
    assert.deepEqual(await env.complete(made.ask.entries()), upTo(500))
  })

  everywhere('a cut that outlasts nodeDown loses none, and nothing comes twice', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record(0))
    const heal = env.partition('a', 'b')
    for (const at of upTo(20)) ledger.tell.write(at + 1)
    await env.until('a gives b up', () => a.heard('nodeDown', 'b').length > 0)
    await env.until('b gives a up', () => b.heard('nodeDown', 'a').length > 0)
    for (const at of upTo(20)) assert.isTrue(ledger.tell.write(at + 21))
    assert.lengthOf(a.letters, 0)
    heal()
    await env.connected(['a', 'b'])
    await quiet(env, a)
    assert.deepEqual(await env.complete(made.ask.entries()), upTo(41))
  })

  inSimulation('over relays it is end to end', async (env) => {
    const [a, b, c] = (await env.cluster(['a', 'b', 'c'], { overlay: aroundB })) as [
      Subject,
      Subject,
      Subject,
    ]
    const made = c.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    for (let round = 0; round < 10; round++) {
      for (let n = 0; n < 10; n++) ledger.tell.write(round * 10 + n)
      await env.run(3)
      const [one, other] = round % 2 === 0 ? ['a', 'b'] : ['b', 'c']
      env.reset(one as string, other as string)
      await env.run(200)
    }
    await quiet(env, a)
    assert.deepEqual(await env.complete(made.ask.entries()), upTo(100))
    assert.isAbove(b.node.stats().relay?.forwarded ?? 0, 0)
    assert.lengthOf(a.letters, 0)
  })

  everywhere('a channel, one send and forward ask for it alike', async (env) => {
    const [a, b] = await env.pair({ ...SOON, channels: { sure: { reliable: true } } })
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    const forwarded: unknown[] = []
    b.node.onForward('sink', (message) => forwarded.push(message))
    await env.complete(ledger.ask.record('first'))
    const heal = env.partition('a', 'b')
    ledger.with({ channel: 'sure' }).tell.write('by its channel')
    ledger.with({ reliable: true }).tell.write('by its send')
    ledger.tell.write('not at all')
    ledger.with({ channel: 'sure', reliable: false }).tell.write('taken back')
    a.node.forward({ node: 'b', name: 'sink' }, 'forwarded', { reliable: true })
    await env.run(10)
    env.reset('a', 'b')
    heal()
    await env.connected(['a', 'b'])
    await quiet(env, a)
    const entries = await env.complete(made.ask.entries())
    assert.includeMembers(entries, ['by its channel', 'by its send'])
    assert.deepEqual(forwarded, ['forwarded'])
    assert.strictEqual(figures(a).acknowledged, 3)
  })
})

promise('Reliable delivery', 'are handled in the order they were sent', () => {
  inSimulation('what is lost on the way holds back what belongs behind it', async (env) => {
    const { subjects, gates } = await gatedCluster(env, ['a', 'b'])
    const [a, b] = subjects as [Subject, Subject]
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    const free = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    await env.complete(Promise.all([ledger.ask.record('first'), free.ask.record('first')]))
    const undo = gates[0]?.add(({ direction, envelope }) =>
      direction === 'out' && envelope?.stamp !== undefined ? { type: 'drop' } : undefined,
    )
    ledger.tell.write('lost')
    free.with({ reliable: true, inOrder: false }).tell.write('lost')
    await env.run(5)
    undo?.()
    ledger.tell.write('behind it')
    ledger.with({ partitionKey: 7 }).tell.write('of another key')
    free.with({ reliable: true, inOrder: false }).tell.write('behind it')
    await env.run(100)
    assert.deepEqual(await env.complete(made.ask.entries()), ['first', 'of another key'])
    await quiet(env, a)
    const whole = ['first', 'of another key', 'lost', 'behind it']
    assert.deepEqual(await env.complete(made.ask.entries()), whole)
    assert.deepEqual(await env.complete(free.ask.entries()), ['first', 'behind it', 'lost'])
  })
})

promise('Reliable delivery', 'An answer is as reliable as its question', () => {
  inSimulation(
    'an ask whose question or answer is lost is answered all the same, and runs once',
    async (env) => {
      const { subjects, gates } = await gatedCluster(env, ['a', 'b'], {
        // With the usual wait a message that is lost five times comes in a minute.
        delivery: { acknowledged: { retryMs: 100, maxRetryMs: 1_000 } },
      })
      const [a, b] = subjects as [Subject, Subject]
      const made = b.node.spawn(SureLedger)
      const ledger = a.node.ref(SureLedger, String(made))
      await env.complete(ledger.ask.record(-1))
      for (const gate of gates) {
        gate.add(({ kind, direction }) =>
          kind === FRAME.ENVELOPE && direction === 'out' && env.sim.random.int(3) === 0
            ? { type: 'drop' }
            : undefined,
        )
      }
      const patient = ledger.with({ timeoutMs: 120_000 })
      const answers = await env.complete(
        Promise.all([
          ...upTo(10).map((at) => patient.ask.record(at)),
          ...upTo(5).map((at) => outcomeOf(patient.ask.fail(10 + at))),
        ]),
      )
      assert.deepEqual(
        answers.slice(0, 10),
        upTo(10).map((at) => at + 2),
      )
      assert.deepEqual(new Set(answers.slice(10)), new Set(['NO']))
    },
    5,
  )

  everywhere('a question is not sent after its deadline', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record('first'))
    const heal = env.partition('a', 'b')
    const late = await env.failure(ledger.with({ timeoutMs: 50 }).ask.record('late'))
    assert.strictEqual(late.code, 'ERR_ASK_TIMEOUT')
    const controller = new AbortController()
    const aborted = outcomeOf(ledger.with({ signal: controller.signal }).ask.record('aborted'))
    await env.run(5)
    controller.abort()
    assert.strictEqual(await env.complete(aborted), 'ERR_ABORTED')
    await env.until('they lose each other', () => !a.node.isUp('b') && !b.node.isUp('a'))
    heal()
    await env.connected(['a', 'b'])
    ledger.tell.write('last')
    await quiet(env, a)
    const entries = await env.complete(made.ask.entries())
    assert.strictEqual(entries.at(-1), 'last')
    assert.notInclude(entries.slice(0, -1), 'late and again')
    assert.isAtMost(entries.filter((entry) => entry === 'late').length, 1)
  })
})

promise('Reliable delivery', 'What is given up is a dead letter', () => {
  everywhere('ERR_NODE_DOWN when a newer incarnation takes the name', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger, undefined, { name: 'ledger' })
    const ledger = a.node.ref(SureLedger, String(made))
    const named = a.node.lookup(SureLedger, 'ledger', { on: 'b' })
    await env.complete(ledger.ask.record('first'))
    await env.crash('b')
    ledger.tell.write(1)
    named.tell.write(2)
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
    named.tell.write(3)
    assert.lengthOf(a.letters, 0)
    const again = await env.start('b')
    const next = again.node.spawn(SureLedger, undefined, { name: 'ledger' })
    await env.connected(['a', 'b'])
    assert.deepEqual(
      a.letters.map(({ to, method, args, reason }) => [String(to), method, args[0], reason]),
      [
        [String(made), 'write', 1, 'ERR_NODE_DOWN'],
        [String(named), 'write', 2, 'ERR_NODE_DOWN'],
        [String(named), 'write', 3, 'ERR_NODE_DOWN'],
      ],
    )
    assert.strictEqual(figures(a).abandoned, 3)
    named.tell.write(4)
    await quiet(env, a)
    assert.deepEqual(await env.complete(next.ask.entries()), [4])
  })

  everywhere('ERR_NODE_DOWN when the node is let go, ERR_EXPIRED at its time', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record('first'))
    await quiet(env, a)
    const heal = env.partition('a', 'b')
    ledger.with({ expireAfterMs: 60 }).tell.write('short')
    ledger.tell.write('long')
    await env.until('one is given up', () => a.letters.length === 1)
    assert.deepEqual(a.reasons(), ['ERR_EXPIRED'])
    a.node.leave('b')
    assert.deepEqual(
      a.letters.map(({ args, reason }) => [args[0], reason]),
      [
        ['short', 'ERR_EXPIRED'],
        ['long', 'ERR_NODE_DOWN'],
      ],
    )
    assert.strictEqual(figures(a).expired, 1)
    assert.strictEqual(figures(a).abandoned, 1)
    heal()
  })

  inSimulation('what expired does not hold up what is behind it', async (env) => {
    const { subjects, gates } = await gatedCluster(env, ['a', 'b'])
    const [a, b] = subjects as [Subject, Subject]
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record('first'))
    const undo = gates[0]?.add(({ envelope }) =>
      envelope?.stamp === undefined ? undefined : { type: 'drop' },
    )
    ledger.with({ expireAfterMs: 100 }).tell.write('short')
    ledger.tell.write('behind it')
    await env.until('it is given up', () => a.reasons().includes('ERR_EXPIRED'))
    undo?.()
    await quiet(env, a)
    assert.deepEqual(await env.complete(made.ask.entries()), ['first', 'behind it'])
    assert.lengthOf(a.letters, 1)
  })

  everywhere('ERR_NODE_STOPPED when the own node stops', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record('first'))
    const heal = env.partition('a', 'b')
    ledger.tell.write('never')
    await env.run(5)
    await env.complete(a.node.stop({ drainMs: 20 }))
    assert.deepEqual(
      a.letters.map(({ args, reason }) => [args[0], reason]),
      [['never', 'ERR_NODE_STOPPED']],
    )
    heal()
  })

  everywhere('a stop waits for acknowledgements as long as it may', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    for (const at of upTo(200)) ledger.tell.write(at)
    await env.complete(a.node.stop({ drainMs: 2_000 }))
    assert.lengthOf(a.letters, 0)
    assert.deepEqual(await env.complete(made.ask.entries()), upTo(200))
  })
})

promise('Reliable delivery', 'A full mailbox takes no reliable tell', () => {
  everywhere('tells come again until there is room; an ask is told', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(Ledger, undefined, { mailboxLimit: 4 })
    const ledger = a.node.ref(Ledger, String(made)).with({ reliable: true, timeoutMs: 20_000 })
    const busy = ledger.ask.slowly(200, 'busy')
    await env.run(50)
    for (const at of upTo(10)) ledger.tell.write(at)
    const refused = await env.failure(ledger.with({ partitionKey: 'x' }).ask.record('asked'))
    assert.strictEqual(refused.code, 'ERR_MAILBOX_FULL')
    await env.complete(busy)
    await quiet(env, a)
    assert.deepEqual(await env.complete(made.ask.entries()), ['busy', ...upTo(10)])
    assert.isAbove(figures(b).returned, 0)
    assert.lengthOf(b.letters, 0)
  })

  everywhere('a receiver that has ended is a dead letter of its node', async (env) => {
    const [a, b] = await env.pair(SOON)
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record('first'))
    await env.complete(b.node.stopActor(made))
    ledger.tell.write('too late')
    await quiet(env, a)
    assert.deepEqual(b.reasons(), ['ERR_STOPPED'])
    assert.lengthOf(a.letters, 0)
  })
})

promise('Reliable delivery', 'So much may be unacknowledged', () => {
  everywhere('half of the window is the mark, its end the bound', async (env) => {
    const delivery = { acknowledged: { retryMs: 100, windowMessages: 10 } }
    const [a, b] = await env.pair({ delivery })
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record('first'))
    await quiet(env, a)
    const heal = env.partition('a', 'b')
    const told = upTo(14).map((at) => ledger.tell.write(at))
    assert.deepEqual(told, [...Array(5).fill(true), ...Array(9).fill(false)])
    assert.deepEqual(
      a.letters.map(({ args, reason }) => [args[0], reason]),
      [10, 11, 12, 13].map((at) => [at, 'ERR_LANE_FULL']),
    )
    assert.strictEqual(await env.complete(outcomeOf(ledger.ask.record('asked'))), 'ERR_LANE_FULL')
    let ready = false
    const waiting = ledger.ready().then(() => {
      ready = true
    })
    await env.run(20)
    assert.isFalse(ready)
    heal()
    await env.complete(waiting)
    assert.isTrue(ledger.tell.write(14))
    await quiet(env, a)
    assert.deepEqual(await env.complete(made.ask.entries()), ['first', ...upTo(10), 14])
  })

  inSimulation('a full lane drops none, whatever its policy', async (env) => {
    const weight = new Uint8Array(8_000)
    for (const policy of ['fail', 'dropOldest', 'dropNewest', 'wait'] as const) {
      const names = [`a-${policy}`, `b-${policy}`]
      const [a, b] = (await env.cluster(names, {
        channels: { bulk: { policy } },
        connections: {
          laneLowWaterBytes: 16_384,
          laneHighWaterBytes: 65_536,
          laneMaxBytes: 262_144,
        },
      })) as [Subject, Subject]
      env.sim.link(a.name, b.name, { bytesPerMs: 200 })
      const made = b.node.spawn(SureLedger)
      const ledger = a.node.ref(SureLedger, String(made)).with({ channel: 'bulk' })
      for (const at of upTo(100)) ledger.tell.write(at, weight)
      await quiet(env, a)
      assert.deepEqual(await env.complete(made.ask.entries()), upTo(100))
      assert.lengthOf(a.letters, 0)
    }
  })
})

promise('Reliable delivery', 'What a peer makes up about acknowledgements', () => {
  inSimulation(
    'stamps against the rules are refused and counted, and the node lives',
    async (env) => {
      env.allow(/a stamp of delivery is malformed/)
      const { subjects, gates } = await gatedCluster(env, ['a', 'b'])
      const [a, b] = subjects as [Subject, Subject]
      const made = b.node.spawn(Ledger)
      const ledger = a.node.ref(Ledger, String(made)).with({ reliable: true })
      await env.complete(ledger.ask.record('first'))
      const tag = flowTag(a.node.incarnation, b.node.incarnation, 'default')
      const back = flowTag(b.node.incarnation, a.node.incarnation, 'default')
      const ack = (floor: number) =>
        encodeAck({ kind: 'ack', tag: back, session: 1, floor, ranges: [] })
      const made_up: [string, Uint8Array][] = [
        ['malformed', Uint8Array.from([1, 2, 3])],
        ['malformed', new Uint8Array(0)],
        ['malformed', Uint8Array.from({ length: 300 }, () => env.sim.random.int(15))],
        ['otherIncarnation', encodeData(tag + 1, 1, 100, 0, true, false, undefined)],
        ['farAhead', encodeData(tag, 1, 1_000_000, 0, true, false, undefined)],
        ['unknownSession', encodeData(tag, 9, 1, 0, false, false, undefined)],
        ['unknownSession', Uint8Array.from([0x15, 9, 2])],
        ['farAhead', Uint8Array.from([0x15, 1, 0xc0, 0x84, 0x3d])],
        ['malformed', Uint8Array.from([0x15, 1, 1])],
        ['malformed', Uint8Array.from([0x15, 1, 0xc0, 0])],
        ['neverSent', ack(1_000_000)],
      ]
      for (const [reason, stamp] of made_up) {
        const before = figures(b).refused as Record<string, number>
        const undo = gates[0]?.add(({ direction, envelope }) => {
          if (direction === 'out' && envelope?.kind === ENVELOPE.TELL)
            envelope.stamp = StampSlice.of(stamp)
          return undefined
        })
        ledger.with({ reliable: false }).tell.write('made up')
        undo?.()
        await env.run(50)
        const after = figures(b).refused as Record<string, number>
        assert.strictEqual(after[reason], (before[reason] ?? 0) + 1, reason)
      }
      ledger.tell.write('last')
      await quiet(env, a)
      assert.deepEqual(await env.complete(made.ask.entries()), ['first', 'last'])
      assert.isAbove(b.heard('badMessage').length, 0)
    },
  )
})

promise('Reliable delivery', 'order between reliable messages and others', () => {
  inSimulation('what is not reliable passes what is sent again', async (env) => {
    const { subjects, gates } = await gatedCluster(env, ['a', 'b'])
    const [a, b] = subjects as [Subject, Subject]
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    const undo = gates[0]?.add(({ envelope }) =>
      envelope?.stamp === undefined ? undefined : { type: 'drop' },
    )
    ledger.with({ reliable: true }).tell.write('reliable')
    await env.run(5)
    undo?.()
    ledger.tell.write('plain')
    await quiet(env, a)
    assert.deepEqual(await env.complete(made.ask.entries()), ['plain', 'reliable'])
  })
})

promise('Reliable delivery', 'that a message outlives its sender', () => {
  inSimulation('what a node that dies has not got through is lost', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    await env.complete(ledger.ask.record('first'))
    const heal = env.partition('a', 'b')
    await env.until('they lose each other', () => !a.node.isUp('b'))
    ledger.tell.write('lost')
    await env.run(10)
    await env.crash('a')
    heal()
    await env.start('a')
    await env.connected(['a', 'b'])
    await env.run(10_000)
    assert.deepEqual(await env.complete(made.ask.entries()), ['first'])
  })
})
