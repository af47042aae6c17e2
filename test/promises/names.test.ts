import { assert } from 'chai'
import { child, type Member, oneForOne, Supervisor } from '../../src/index.js'
import { Ledger } from './actors.js'
import { outcomeOf } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'

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

  inSimulation('the holder that was only cut off is turned away when it is back', async (env) => {
    const [a, b] = await env.pair()
    const heal = env.partition('b', ['a', 'elsewhere'])
    await env.until('b is given up', () => a.heard('nodeDown', 'b').length === 1)
    const heir = await env.startAs('b', 'elsewhere')
    await env.complete(heir.join(a.address, { timeoutMs: 10_000 }))
    heal()
    await env.run(60_000)
    assert.isAbove(a.node.stats().transport.refused['ERR_NAME_TAKEN'] ?? 0, 0)
    assert.isFalse(b.node.isUp('a'))
    assert.isTrue(heir.isUp('a'))
    assert.strictEqual(a.node.members()[1]?.incarnation, heir.incarnation)
    assert.lengthOf(a.heard('memberLeft'), 1)
    await env.complete(heir.stop())
  })
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
