import { assert } from 'chai'
import { Ledger } from './actors.js'
import { Gossip } from './delivery-actors.js'
import { gatedCluster } from './gated.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Simulated } from './simulated.js'
import type { Subject } from './subject.js'
import { trouble } from './trouble.js'

/** Three nodes with an actor each; the way from a to c is slow. */
async function triangle(env: Simulated) {
  const subjects = (await env.cluster(['a', 'b', 'c'])) as [Subject, Subject, Subject]
  const made = subjects.map(({ node }) => node.spawn(Gossip))
  const [a] = subjects
  const [first, second, third] = made.map((ref) => a.node.ref(Gossip, String(ref)))
  env.sim.link('a', 'c', { latencyMs: [200, 300] })
  await env.run(50) // what is under way by now is as fast as before, and takes along what is written meanwhile
  return {
    subjects,
    made,
    first: first as NonNullable<typeof first>,
    second: second as NonNullable<typeof second>,
    third: third as NonNullable<typeof third>,
  }
}

const settled = (env: Simulated, subjects: readonly Subject[]): Promise<void> =>
  env.until(
    'all is acknowledged',
    () => subjects.every(({ node }) => node.stats().delivery?.pending === 0),
    120_000,
  )

promise('Causal order', 'no node gets one before those to it that happened before', () => {
  inSimulation(
    'an effect does not overtake its cause on a faster way',
    async (env) => {
      const { subjects, made, first, second, third } = await triangle(env)
      for (let n = 0; n < 20; n++) {
        first.tell.start(second, third, String(n))
        await env.run(20)
      }
      await settled(env, subjects)
      const heard = (await env.complete(made[2]?.ask.heard() as Promise<string[]>)) as string[]
      assert.lengthOf(heard, 40)
      for (let n = 0; n < 20; n++) {
        const cause = heard.indexOf(`${n}: cause`)
        assert.isBelow(cause, heard.indexOf(`${n}: effect`))
        assert.isAtLeast(cause, 0)
      }
    },
    5,
  )

  inSimulation('without the label it does', async (env) => {
    const { made, first, second, third } = await triangle(env)
    first.tell.startPlain(second, third, 'word')
    await env.run(2_000)
    const heard = await env.complete(made[2]?.ask.heard() as Promise<string[]>)
    assert.deepEqual(heard, ['word: effect', 'word: cause'])
  })

  inSimulation(
    'whatever breaks, and through however many nodes',
    async (env) => {
      const names = ['a', 'b', 'c']
      const { subjects, gates } = await gatedCluster(env, names)
      const made = subjects.map(({ node }) => node.spawn(Gossip))
      for (const [at, { node }] of subjects.entries()) {
        const others = made.filter((_, other) => other !== at)
        await env.complete(
          (made[at] as (typeof made)[0]).ask.know(
            others.map((ref) => node.ref(Gossip, String(ref))),
          ),
        )
      }
      const undo = gates.map((gate) =>
        gate.add(({ envelope, direction }) =>
          direction === 'out' && envelope?.stamp !== undefined && env.sim.random.int(10) === 0
            ? { type: 'drop' }
            : undefined,
        ),
      )
      await trouble(env, names, {
        steps: 15,
        longestMs: 3_000,
        during: (step) => {
          const start = made[step % 3] as (typeof made)[0]
          start.tell.tell(`w${step}`, 3)
        },
      })
      for (const heal of undo) heal()
      await settled(env, subjects)
      for (const [at, ref] of made.entries()) {
        const self = names[at]
        const heard = await env.complete(ref.ask.heard())
        assert.isAbove(heard.length, 15)
        assert.strictEqual(new Set(heard).size, heard.length)
        // Who told a word told it to others in the order of their names. What came of a word by one
        // of them is heard behind that word wherever it was told before.
        for (const [place, word] of heard.entries()) {
          const chain = word.split('/')
          for (let length = chain.length - 1; length >= 2; length--) {
            const teller = chain[length - 1]
            const next = chain[length] as string
            if (teller === self || names.indexOf(next) < at) continue
            const cause = chain.slice(0, length).join('/')
            assert.include(heard.slice(0, place), cause, `at ${self}, before ${word}`)
          }
        }
      }
      for (const { letters } of subjects) assert.lengthOf(letters, 0)
    },
    5,
  )

  everywhere('a channel and one send ask for it alike', async (env) => {
    const [a, b] = await env.pair({ channels: { talk: { causal: 'talk' } } })
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    ledger.with({ channel: 'talk' }).tell.write(1)
    ledger.with({ causal: 'talk' }).tell.write(2)
    ledger.with({ channel: 'talk', causal: false }).tell.write(3)
    await env.until('all came', () => a.node.stats().delivery?.acknowledged === 2)
    await env.complete(ledger.ask.size())
    assert.sameMembers(await env.complete(made.ask.entries()), [1, 2, 3])
  })
})

promise('Causal order', 'The answer of a causal question is in that order as well', () => {
  inSimulation('what is told after an answer comes behind what was told before it', async (env) => {
    const { subjects, made, first, second, third } = await triangle(env)
    env.sim.link('a', 'c', { latencyMs: [1, 1] })
    env.sim.link('b', 'c', { latencyMs: [200, 300] })
    for (let n = 0; n < 5; n++) await env.complete(first.ask.relate(second, third, String(n)))
    await settled(env, subjects)
    const heard = await env.complete(made[2]?.ask.heard() as Promise<string[]>)
    assert.deepEqual(
      heard,
      Array.from({ length: 5 }, (_, n) => [
        `${n}: before the answer`,
        `${n}: after the answer`,
      ]).flat(),
    )
  })
})

promise('Causal order', 'When a node leaves for good', () => {
  inSimulation('what depends on what it told is handed over then', async (env) => {
    const { subjects, gates } = await gatedCluster(env, ['a', 'b', 'c'])
    const [a, b, c] = subjects as [Subject, Subject, Subject]
    const [first, second, third] = subjects.map(({ node }) => node.spawn(Gossip)) as [
      ReturnType<typeof a.node.spawn<Gossip>>,
      ReturnType<typeof a.node.spawn<Gossip>>,
      ReturnType<typeof a.node.spawn<Gossip>>,
    ]
    gates[0]?.add(({ envelope, peer }) =>
      peer === 'c' && envelope?.stamp !== undefined ? { type: 'drop' } : undefined,
    )
    first.tell.start(a.node.ref(Gossip, String(second)), a.node.ref(Gossip, String(third)), 'word')
    await env.run(3_000)
    assert.deepEqual(await env.complete(third.ask.heard()), [])
    await env.crash('a')
    await env.run(10_000)
    assert.deepEqual(await env.complete(third.ask.heard()), [])
    c.node.leave('a')
    await env.run(1_000)
    assert.deepEqual(await env.complete(third.ask.heard()), ['word: effect'])
    assert.strictEqual(b.node.stats().delivery?.pending, 0)
  })
})

promise('Causal order', 'any order between labels', () => {
  inSimulation('one label does not wait for another', async (env) => {
    const { subjects, gates } = await gatedCluster(env, ['a', 'b'])
    const [a, b] = subjects as [Subject, Subject]
    const made = b.node.spawn(Ledger)
    const ledger = a.node.ref(Ledger, String(made))
    const undo = gates[0]?.add(({ envelope }) =>
      envelope?.stamp === undefined ? undefined : { type: 'drop' },
    )
    ledger.with({ causal: 'red' }).tell.write('red')
    await env.run(5)
    undo?.()
    ledger.with({ causal: 'red' }).tell.write('red too')
    ledger.with({ causal: 'blue' }).tell.write('blue')
    ledger.tell.write('plain')
    await settled(env, [a])
    const entries = await env.complete(made.ask.entries())
    assert.deepEqual(entries, ['blue', 'plain', 'red', 'red too'])
  })
})

promise('Causal order', 'that a full mailbox holds causal messages back', () => {
  everywhere('they become dead letters of that node', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger, undefined, { mailboxLimit: 2 })
    const ledger = a.node.ref(Ledger, String(made))
    const busy = ledger.ask.slowly(100, 'busy')
    await env.run(30)
    for (let at = 0; at < 4; at++) ledger.with({ causal: 'talk' }).tell.write(at)
    await env.complete(busy)
    await env.until('all came', () => a.node.stats().delivery?.acknowledged === 4)
    assert.deepEqual(await env.complete(made.ask.entries()), ['busy', 0, 1])
    assert.deepEqual(b.reasons(), ['ERR_MAILBOX_FULL', 'ERR_MAILBOX_FULL'])
  })
})
