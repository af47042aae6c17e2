import { assert } from 'chai'
import { ring } from '../cluster/linked-overlay.js'
import { Ledger } from '../promises/actors.js'
import { Simulated } from '../promises/simulated.js'
import type { Subject } from '../promises/subject.js'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

/** Nodes each of which is connected to two others, and to no more. */
async function onRing(body: (env: Simulated, subjects: Subject[]) => Promise<void>): Promise<void> {
  const env = new Simulated(1)
  const overlay = ring(NAMES)
  const subjects: Subject[] = []
  for (const name of NAMES) subjects.push(await env.start(name, { overlay }))
  await env.run(5_000)
  await body(env, subjects)
  await env.close()
}

const view = ({ node }: Subject): string[] => node.group(Ledger, 'g').members().map(String)

describe('nodes on a ring', () => {
  it('broadcast to all, and know who it was', async () => {
    await onRing(async (env, subjects) => {
      const got: string[] = []
      const handled = (): number => subjects[5]?.node.stats().broadcast?.handled ?? 0
      const before = handled()
      for (const { name, node } of subjects) {
        node.onBroadcast('news', (message, from) => got.push(`${name} ${message} ${from.name}`))
      }
      assert.isTrue(subjects[2]?.node.broadcast('news', 'hello'))
      await env.run(1_000)
      assert.sameMembers(
        got,
        NAMES.map((name) => `${name} hello c`),
      )
      assert.equal(handled() - before, 1)
    })
  })

  it('refuse names that are those of the nodes themselves', async () => {
    await onRing(async (_env, [a]) => {
      assert.throws(() => a?.node.broadcast('troupe/groups', [5]), /ERR_BAD_OPTION/)
      assert.throws(() => a?.node.onBroadcast('troupe/groups', () => {}), /ERR_BAD_OPTION/)
    })
  })

  it('see all members of a group, who come and go, and none of a node that crashed or stopped', async () => {
    await onRing(async (env, subjects) => {
      const refs = subjects.map(({ node }) => node.spawn(Ledger))
      for (const [at, { node }] of subjects.entries()) {
        await env.complete(node.group(Ledger, 'g').join(refs[at] as never))
      }
      const agree = (names: readonly string[], limitMs: number): Promise<void> => {
        const wanted = refs.filter(({ node }) => names.includes(node)).map(String)
        const living = subjects.filter(({ crashed }) => !crashed)
        return env.until(
          `all see ${names}`,
          () => living.every((one) => view(one).toSorted().join() === wanted.toSorted().join()),
          limitMs,
        )
      }
      await agree(NAMES, 2_000)
      await env.complete((subjects[3] as Subject).node.stopActor(refs[3] as never))
      await agree(['a', 'b', 'c', 'e', 'f', 'g'], 2_000)
      await env.crash('b')
      await agree(['a', 'c', 'e', 'f', 'g'], 45_000)
      const e = subjects[4] as Subject
      await env.complete(e.node.stop({ timeoutMs: 100, drainMs: 100 }))
      e.crashed = true
      await agree(['a', 'c', 'f', 'g'], 2_000)
    })
  })

  it('tell a node that starts anew all members at once, and drop those of its start before', async () => {
    await onRing(async (env, subjects) => {
      const [a, , , d] = subjects as [Subject, Subject, Subject, Subject]
      const ref = a.node.spawn(Ledger)
      const old = d.node.spawn(Ledger)
      await env.complete(a.node.group(Ledger, 'g').join(ref))
      await env.complete(d.node.group(Ledger, 'g').join(old))
      await env.run(1_000)
      assert.lengthOf(view(a), 2)
      await env.crash('d')
      const again = await env.start('d')
      await env.until('d is told', () => view(again).includes(String(ref)), 10_000)
      await env.complete(again.node.group(Ledger, 'g').join(again.node.spawn(Ledger)))
      await env.run(2_000)
      assert.lengthOf(view(a), 2)
      assert.notInclude(view(a), String(old))
    })
  })
})
