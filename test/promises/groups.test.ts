import { assert } from 'chai'
import { ring } from '../cluster/linked-overlay.js'
import { Ledger } from './actors.js'
import type { Environment } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'
import { trouble } from './trouble.js'

const NAMES = ['a', 'b', 'c']

const view = ({ node }: Subject, name = 'scribes'): string[] =>
  node
    .group(Ledger, name)
    .members()
    .map((ref) => String(ref))

/** Waits until all nodes see the same, and gives it. */
async function agreed(env: Environment, names: readonly string[] = NAMES): Promise<string[]> {
  const views = (): string[] => names.map((name) => view(env.subject(name)).toSorted().join(' '))
  await env.until('all see the same', () => new Set(views()).size === 1)
  return view(env.subject(names[0] as string))
}

promise('Groups', 'Process groups are eventually consistent', () => {
  everywhere('who joins, leaves or ends is seen so everywhere, soon', async (env) => {
    const subjects = await env.cluster(NAMES)
    const refs = subjects.map(({ node }) => node.spawn(Ledger))
    const joins = subjects.map(({ node }, at) =>
      node.group(Ledger, 'scribes').join(refs[at] as (typeof refs)[number]),
    )
    await env.complete(Promise.all(joins))
    await env.until('all three', () => subjects.every((one) => view(one).length === 3))
    assert.sameMembers(await agreed(env), refs.map(String))
    const [a, b, c] = subjects as [Subject, Subject, Subject]
    await env.complete(a.node.group(Ledger, 'scribes').leave(a.node.ref(Ledger, String(refs[1]))))
    await env.complete(c.node.stopActor(refs[2] as never))
    await env.until('one is left', () => subjects.every((one) => view(one).length === 1))
    assert.deepEqual(await agreed(env), [String(refs[0])])
    assert.isAbove(b.heard('groupChanged').length, 2)
  })

  inSimulation(
    'after any trouble, also with joins and leaves in the middle of it',
    async (env) => {
      const subjects = await env.cluster(NAMES)
      const { random } = env.sim
      const made = new Map<string, { on: Subject; stop: () => void }>()
      await trouble(env, NAMES, {
        steps: 40,
        during: () => {
          const on = random.pick(subjects)
          const ref = on.node.spawn(Ledger)
          const group = on.node.group(Ledger, 'scribes')
          void group.join(ref)
          made.set(String(ref), { on, stop: () => void on.node.stopActor(ref as never) })
          if (random.int(2) === 0) {
            const [id, one] = random.pick([...made])
            made.delete(id)
            if (random.int(2) === 0) one.stop()
            else void one.on.node.group(Ledger, 'scribes').leave(one.on.node.ref(Ledger, id))
          }
        },
      })
      await env.run(5_000)
      assert.sameMembers(await agreed(env), [...made.keys()])
    },
    10,
  )

  everywhere(
    'a node that is down takes its actors out of the view, and back when it is up',
    async (env) => {
      const subjects = await env.cluster(NAMES)
      const refs = subjects.map(({ node }) => node.spawn(Ledger))
      for (const [at, { node }] of subjects.entries()) {
        await env.complete(node.group(Ledger, 'scribes').join(refs[at] as (typeof refs)[number]))
      }
      await env.until('all three', () => subjects.every((one) => view(one).length === 3))
      const heal = env.partition('c', ['a', 'b'])
      const [a, b, c] = subjects as [Subject, Subject, Subject]
      await env.until(
        'they are apart',
        () => [view(a), view(b), view(c)].join().split(',').length === 5,
      )
      assert.deepEqual(view(c), [String(refs[2])])
      assert.sameMembers(view(a), [String(refs[0]), String(refs[1])])
      heal()
      await env.until('all three again', () => subjects.every((one) => view(one).length === 3))
      await env.crash('c')
      await env.until('two are left', () => [a, b].every((one) => view(one).length === 2))
    },
  )
})

promise('Groups', 'when nothing was heard of it for 40 seconds', () => {
  inSimulation('and those of nodes that are there stay in it', async (env) => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const subjects: Subject[] = []
    for (const name of names) subjects.push(await env.start(name, { overlay: ring(names) }))
    await env.run(5_000)
    for (const { node } of subjects) {
      await env.complete(node.group(Ledger, 'scribes').join(node.spawn(Ledger)))
    }
    await env.until('all five', () => subjects.every((one) => view(one).length === 5), 2_000)
    await env.crash('c')
    const rest = subjects.filter(({ name }) => name !== 'c')
    await env.run(20_000)
    for (const one of rest) assert.lengthOf(view(one), 5)
    await env.until('four', () => rest.every((one) => view(one).length === 4), 21_000)
    await env.run(60_000)
    for (const one of rest) assert.lengthOf(view(one), 4)
  })
})

promise('Groups', 'a broadcast reaches, at most once, the members known here', () => {
  inSimulation(
    'once each without trouble, at most once with it',
    async (env) => {
      const subjects = await env.cluster(NAMES)
      const refs = subjects.flatMap(({ node }) => [node.spawn(Ledger), node.spawn(Ledger)])
      for (const [at, ref] of refs.entries()) {
        await env.complete((subjects[at >> 1] as Subject).node.group(Ledger, 'scribes').join(ref))
      }
      await env.until('all six', () => subjects.every((one) => view(one).length === 6))
      for (let at = 0; at < 10; at++) {
        assert.isTrue(env.subject('a').node.group(Ledger, 'scribes').tell.write(at))
      }
      await env.run(200)
      for (const ref of refs) {
        assert.deepEqual(
          await env.complete(ref.ask.entries()),
          Array.from({ length: 10 }, (_, at) => at),
        )
      }
      let told = 10
      await trouble(env, NAMES, {
        steps: 20,
        during: () => env.subject('a').node.group(Ledger, 'scribes').tell.write(told++),
      })
      await env.run(10_000)
      for (const ref of refs) {
        const entries = await env.complete(ref.ask.entries())
        assert.strictEqual(new Set(entries).size, entries.length)
      }
    },
    6,
  )

  everywhere('a group without members is told nothing and nobody minds', async (env) => {
    const [a] = await env.pair()
    assert.isTrue(a.node.group(Ledger, 'empty').tell.write(1))
    assert.lengthOf(a.letters, 0)
  })
})
