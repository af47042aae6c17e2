import { assert } from 'chai'
import type { Environment } from './environment.js'
import { everywhere, inSimulation, promise } from './promise.js'
import type { Subject } from './subject.js'
import { trouble } from './trouble.js'

const NAMES = ['a', 'b', 'c', 'd']

/** What comes to the handler `news`, by node. */
function listen(subjects: readonly Subject[]): Map<string, unknown[]> {
  const got = new Map<string, unknown[]>()
  for (const { name, node } of subjects) {
    const list: unknown[] = []
    got.set(name, list)
    node.onBroadcast('news', (message) => list.push(message))
  }
  return got
}

const all = (got: Map<string, unknown[]>, count: number) => (): boolean =>
  [...got.values()].every((list) => list.length === count)

async function heard(env: Environment): Promise<[Subject[], Map<string, unknown[]>]> {
  const subjects = await env.cluster(NAMES)
  return [subjects, listen(subjects)]
}

promise('Broadcasts', '`node.broadcast` reaches every node', () => {
  everywhere('the sender too, as a copy and not before the running code ends', async (env) => {
    const [[a], got] = await heard(env)
    const message = { list: [1, new Map([[2, 3n]])] }
    assert.isTrue(a?.node.broadcast('news', message))
    assert.deepEqual(got.get('a'), [])
    await env.until('all have it', all(got, 1))
    for (const [first] of got.values()) {
      assert.deepEqual(first, message)
      assert.notStrictEqual(first, message)
    }
  })
})

promise('Broadcasts', 'at most once each', () => {
  inSimulation(
    'and nothing is lost in the end, whatever connections do',
    async (env) => {
      const [subjects, got] = await heard(env)
      let sent = 0
      await trouble(env, NAMES, {
        steps: 30,
        during: () => void env.sim.random.pick(subjects).node.broadcast('news', sent++),
      })
      await env.until('all have all', all(got, sent), 60_000)
      await env.run(20_000)
      const numbers = Array.from({ length: sent }, (_, at) => at)
      for (const list of got.values()) assert.sameMembers(list, numbers)
    },
    6,
  )
})

promise('Broadcasts', 'A node that is cut off gets it when it is back', () => {
  everywhere(
    'within the time that messages are kept',
    async (env) => {
      const subjects = await env.cluster(NAMES, { broadcast: { repairMs: 200 } })
      const got = listen(subjects)
      const [a] = subjects
      const heal = env.partition('d', ['a', 'b', 'c'])
      await env.until('they are apart', () => !(a?.node.isUp('d') ?? true))
      a?.node.broadcast('news', 1)
      await env.until('three have it', () => got.get('c')?.length === 1)
      await env.run(1_000)
      assert.deepEqual(got.get('d'), [])
      heal()
      await env.until('d has it', all(got, 1), 60_000)
    },
    2,
  )

  inSimulation('and not after it', async (env) => {
    const subjects = await env.cluster(NAMES, { broadcast: { keepMs: 10_000 } })
    const got = listen(subjects)
    const heal = env.partition('d', ['a', 'b', 'c'])
    await env.run(6_000)
    subjects[0]?.node.broadcast('news', 1)
    await env.run(12_000)
    heal()
    await env.run(60_000)
    assert.deepEqual(got.get('d'), [])
    assert.deepEqual(got.get('c'), [1])
  })
})

promise('Broadcasts', 'There is no order', () => {
  inSimulation('but without trouble, one sender, and time between them', async (env) => {
    const [[a], got] = await heard(env)
    for (let at = 0; at < 5; at++) {
      a?.node.broadcast('news', at)
      await env.run(1_000)
    }
    for (const list of got.values()) assert.deepEqual(list, [0, 1, 2, 3, 4])
  })
})

promise('Broadcasts', 'refused with `ERR_TOO_LARGE`', () => {
  everywhere('and those that are not go through whole', async (env) => {
    const subjects = await env.cluster(NAMES, { broadcast: { messageBytesMax: 100_000 } })
    const got = listen(subjects)
    const [a] = subjects
    const error = await env.failure(
      Promise.resolve().then(() => a?.node.broadcast('news', 'x'.repeat(100_000))),
    )
    assert.equal(error.code, 'ERR_TOO_LARGE')
    a?.node.broadcast('news', new Uint8Array(99_000).fill(7))
    await env.until('all have it', all(got, 1))
    for (const [bytes] of got.values()) {
      assert.deepEqual(bytes, new Uint8Array(99_000).fill(7))
    }
  })
})
