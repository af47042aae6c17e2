import { assert } from 'chai'
import { child, type Member, type Node, oneForOne, Supervisor } from '../../src/index.js'
import { Ledger } from './actors.js'
import { type Environment, outcomeOf } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import { Simulated } from './simulated.js'
import type { Subject } from './subject.js'

class Shop extends Supervisor {
  override readonly strategy = oneForOne({ maxRestarts: 5, withinMs: 5_000 })
  override children() {
    return [child('ledger', Ledger, { name: 'ledger' })]
  }
}

promise('Names', 'A node name belongs to one incarnation at a time', () => {
  everywhere(
    'a newcomer with a taken name is refused at once, and the holder stays',
    async (env) => {
      const [a, b] = await env.pair()
      const other = await env.start('c')
      const impostor = await env.startAs('b', 'elsewhere')
      const error = await env.failure(impostor.join(a.address))
      assert.strictEqual(error.code, 'ERR_NAME_TAKEN')
      assert.lengthOf([...a.heard('memberLeft'), ...a.heard('nodeDown')], 0)
      assert.strictEqual(a.node.members()[1]?.incarnation, b.node.incarnation)
      assert.deepEqual(
        impostor.members().map(({ name }) => name),
        ['b'],
      )
      assert.include(Object.keys(a.node.stats().transport.refused), 'ERR_NAME_TAKEN')
      assert.strictEqual(await env.complete(other.node.join(a.address)), 'a')
      await env.complete(impostor.stop())
    },
  )

  everywhere('a newcomer takes the name of a holder that was killed', async (env) => {
    const [a] = await env.pair()
    await env.crash('b')
    const heir = await env.startAs('b', 'elsewhere')
    assert.strictEqual(await env.complete(heir.join(a.address, { timeoutMs: 10_000 })), 'a')
    await env.until('a knows the heir', () =>
      a.node.members().some(({ incarnation }) => incarnation === heir.incarnation),
    )
    assert.isTrue(a.node.isUp('b'))
    await env.complete(heir.stop())
  })

  inSimulation('a newcomer takes the name of a holder that is silent', async (env) => {
    const [a, b] = await env.pair()
    await env.crash('b', true)
    const heir = await env.startAs('b', 'elsewhere')
    const since = env.now()
    assert.strictEqual(await env.complete(heir.join(a.address, { timeoutMs: 10_000 })), 'a')
    assert.isBelow(env.now() - since, 3_000, 'the probe ends before silence is noticed')
    await env.run(1_000)
    assert.lengthOf(a.heard('nodeDown', 'b'), 1)
    assert.notStrictEqual(a.node.members()[1]?.incarnation, b.node.incarnation)
    await env.complete(heir.stop())
  })
})

/** b is cut off from all others, given up by a, and replaced by a start of its name elsewhere. */
async function replaced(env: Environment, others: readonly string[] = ['a']) {
  const subjects = await env.cluster([...others, 'b'])
  const [a, b] = [subjects[0] as Subject, env.subject('b')]
  const heal = env.partition('b', others)
  await env.until('b is given up', () => a.heard('nodeDown', 'b').length === 1)
  const heir = await env.startAs('b', 'elsewhere')
  const healHeir = env instanceof Simulated ? env.partition('b', 'elsewhere') : () => {}
  await env.complete(heir.join(a.address, { timeoutMs: 10_000 }))
  await env.until('all know the heir', () =>
    others.every((name) => {
      const { node } = env.subject(name)
      return node.isUp('b') && incarnationOf(node, 'b') === heir.incarnation
    }),
  )
  return {
    a,
    b,
    heir,
    heal: () => {
      heal()
      healHeir()
    },
  }
}

const incarnationOf = (node: Node, name: string): string | undefined =>
  node.members().find((member) => member.name === name)?.incarnation

promise('Names', 'A holder that was only cut off', () => {
  everywhere('it is turned away and told, once, and is alone then', async (env) => {
    const { a, b, heir, heal } = await replaced(env)
    const told = a.told.length
    heal()
    await env.until('b is told', () => b.heard('left').length > 0)
    assert.deepEqual(b.last('left').payload, { wanted: false })
    assert.deepEqual(b.members(), ['b'])
    const refused = a.node.stats().transport.refused['ERR_NAME_TAKEN'] ?? 0
    assert.isAbove(refused, 0)
    await env.run(env instanceof Simulated ? 120_000 : 3_000)
    assert.lengthOf(b.heard('left'), 1)
    assert.strictEqual(
      a.node.stats().transport.refused['ERR_NAME_TAKEN'],
      refused,
      'it dials no more',
    )
    assert.isFalse(b.node.isUp('a'))
    assert.strictEqual(b.node.stats().transport.connections, 0)
    assert.strictEqual(incarnationOf(a.node, 'b'), heir.incarnation)
    assert.isTrue(heir.isUp('a'))
    assert.deepEqual(
      a.told.slice(told).filter(({ event }) => event !== 'refused'),
      [],
      'the others notice nothing',
    )
    await env.complete(heir.stop())
  })

  everywhere('its actors run on, and it cannot come back under that name', async (env) => {
    const { a, b, heir, heal } = await replaced(env)
    const made = b.node.spawn(Ledger)
    const far = b.node.lookup(Ledger, 'ledger', { on: 'a' })
    heal()
    await env.until('b is told', () => b.heard('left').length > 0)
    assert.strictEqual(await env.complete(made.ask.record(1)), 1)
    assert.isFalse(far.tell.write(1))
    assert.deepEqual(b.reasons(), ['ERR_UNKNOWN_NODE'])
    for (let n = 0; n < 2; n++) {
      const error = await env.failure(b.node.join(a.address))
      assert.strictEqual(error.code, 'ERR_NAME_TAKEN')
      assert.include(error.message, heir.incarnation)
    }
    assert.lengthOf(b.heard('left'), 1)
    const other = await env.startAs('d', 'd')
    assert.strictEqual(await env.complete(other.join(a.address)), 'a')
    await env.complete(Promise.all([heir.stop(), other.stop()]))
  })

  inSimulation(
    'in larger clusters the others notice nothing, also when the heir is gone again',
    async (env) => {
      const others = ['a', 'c', 'd', 'e']
      const { a, b, heir, heal } = await replaced(env, others)
      const fate = env.sim.random.int(3)
      if (fate === 1) {
        heir.leave()
        await env.run(1_000)
      } else if (fate === 2) {
        env.sim.crash('elsewhere', { silent: env.sim.random.int(2) === 0 })
        await env.run(env.sim.random.int(10_000))
      }
      const told = others.map((name) => env.subject(name).told.length)
      heal()
      await env.until('b is told', () => b.heard('left').length > 0)
      await env.run(60_000)
      assert.deepEqual(b.members(), ['b'])
      assert.deepEqual(
        b.heard('left').map(({ payload }) => payload),
        [{ wanted: false }],
      )
      for (const [at, name] of others.entries()) {
        const { node, told: all } = env.subject(name)
        const known = incarnationOf(node, 'b')
        assert.strictEqual(known, fate === 1 ? undefined : heir.incarnation, name)
        const flaps = all
          .slice(told[at])
          .filter(({ event }) => event === 'memberLeft' || event === 'memberJoined')
        assert.deepEqual(flaps, [], name)
      }
      assert.strictEqual(a.members().length, fate === 1 ? 4 : 5)
      if (fate !== 2) await env.complete(heir.stop())
    },
    12,
  )

  inSimulation(
    'one that was cut off from some only hears of it from the others',
    async (env) => {
      const [a, , c] = (await env.cluster(['a', 'b', 'c'])) as [Subject, Subject, Subject]
      const b = env.subject('b')
      env.sim.partition(['a', 'elsewhere'], ['b'])
      await env.until('b is given up', () => a.heard('nodeDown', 'b').length === 1)
      const heir = await env.startAs('b', 'elsewhere')
      await env.complete(heir.join(a.address, { timeoutMs: 10_000 }))
      await env.until('b is told', () => b.heard('left').length > 0, 5_000)
      await env.until('all are whole', () => c.node.isUp('b') && heir.isUp('c'), 5_000)
      await env.run(60_000)
      assert.lengthOf(b.heard('left'), 1)
      assert.deepEqual(b.members(), ['b'])
      assert.strictEqual(incarnationOf(c.node, 'b'), heir.incarnation)
      assert.deepEqual(
        c.heard('memberLeft').map(({ payload }) => (payload as { reason: string }).reason),
        ['replaced'],
      )
      assert.lengthOf(c.heard('nodeUp', 'b'), 2)
      await env.complete(heir.stop())
    },
    6,
  )

  inSimulation(
    'two that were cut off together part, and the other one is a member again',
    async (env) => {
      await env.cluster(['a', 'b', 'c'])
      const [a, b, c] = [env.subject('a'), env.subject('b'), env.subject('c')]
      const heal = env.partition(['b', 'c'], ['a', 'elsewhere'])
      await env.until('b is given up', () => a.heard('nodeDown', 'b').length === 1)
      const heir = await env.startAs('b', 'elsewhere')
      await env.complete(heir.join(a.address, { timeoutMs: 10_000 }))
      await env.run(env.sim.random.int(10_000))
      heal()
      await env.until('b is told', () => b.heard('left').length > 0)
      await env.until('the others are whole', () => c.node.isUp('a') && heir.isUp('c'))
      await env.run(60_000)
      assert.lengthOf(b.heard('left'), 1)
      assert.deepEqual(b.members(), ['b'])
      assert.strictEqual(incarnationOf(c.node, 'b'), heir.incarnation)
      assert.isTrue(c.node.isUp('b'))
      assert.lengthOf([...a.heard('left'), ...c.heard('left')], 0)
      await env.complete(heir.stop())
    },
    6,
  )
})

promise('Names', 'ordered by a generation that rises', () => {
  inSimulation(
    'of two starts of one name the later one counts, whoever speaks first',
    async (env) => {
      const [a] = await env.pair()
      const generations: number[] = []
      for (let start = 0; start < 4; start++) {
        await env.crash('b')
        const b = await env.start('b')
        const member = (): Member | undefined => a.node.members().find(({ name }) => name === 'b')
        await env.until('a knows', () => member()?.incarnation === b.node.incarnation)
        await env.connected(['a', 'b'])
        generations.push(member()?.generation ?? 0)
        await env.run(env.sim.random.int(5_000))
      }
      assert.deepEqual(
        generations,
        generations.toSorted((x, y) => x - y),
      )
      assert.strictEqual(new Set(generations).size, 4)
    },
  )
})

promise('Names', 'refs to its actors by id are dead', () => {
  everywhere('after a restart of the node: old refs are dead, names are alive', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger, undefined, { name: 'ledger' })
    const byId = a.node.ref(Ledger, String(made))
    const byName = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    await env.complete(Promise.all([byId.ask.record(1), byName.ask.record(2)]))
    await env.crash('b')
    const again = await env.start('b')
    again.node.spawn(Ledger, undefined, { name: 'ledger' })
    await env.until(
      'a knows the new one',
      () => a.heard('memberLeft').length === 1 && a.node.isUp('b'),
    )
    assert.strictEqual((await env.failure(byId.ask.size())).code, 'ERR_NO_ACTOR')
    assert.isFalse(byId.tell.write(3))
    assert.deepEqual(a.reasons(), ['ERR_NO_ACTOR'])
    assert.strictEqual(await env.complete(byName.ask.size()), 0)
    assert.strictEqual(await env.complete(byName.ask.record(4)), 1)
  })
})

promise('Names', 'Names of actors are registered per node', () => {
  everywhere('one holder a node, another on the next node, and free after its end', async (env) => {
    const [a, b] = await env.pair()
    const first = a.node.spawn(Ledger, undefined, { name: 'ledger' })
    assert.throws(() => a.node.spawn(Ledger, undefined, { name: 'ledger' }), /ERR_NAME_IN_USE/)
    const other = b.node.spawn(Ledger, undefined, { name: 'ledger' })
    await env.complete(Promise.all([first.ask.record('on a'), other.ask.record('on b')]))
    const named = (on: string) => b.node.lookup(Ledger, 'ledger', { on }).ask.entries()
    assert.deepEqual(await env.complete(named('a')), ['on a'])
    assert.deepEqual(await env.complete(named('b')), ['on b'])
    await env.complete(b.node.stopActor(b.node.lookup(Ledger, 'ledger', { on: 'a' })))
    assert.strictEqual(await env.complete(outcomeOf(named('a'))), 'ERR_NO_ACTOR')
    const next = a.node.spawn(Ledger, undefined, { name: 'ledger' })
    await env.complete(next.ready())
    assert.deepEqual(await env.complete(named('a')), [])
  })

  everywhere('a restart keeps the name', async (env) => {
    const [a, b] = await env.pair()
    await env.complete(b.node.spawn(Shop).ready())
    const ledger = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    await env.failure(ledger.ask.crash())
    assert.throws(() => b.node.spawn(Ledger, undefined, { name: 'ledger' }), /ERR_NAME_IN_USE/)
    assert.strictEqual(await env.complete(ledger.ask.incarnation()), 2)
  })
})
