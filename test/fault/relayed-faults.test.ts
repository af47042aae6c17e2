import { assert } from 'chai'
import { faults, interpose } from '../../src/fault/index.js'
import { type ActorRef, fullMesh, type OverlayFactory } from '../../src/index.js'
import { Ledger } from '../promises/actors.js'
import { type Environment, outcomeOf } from '../promises/environment.js'
import { everywhere } from '../promises/promise.js'

/** A mesh in which a and c reach each other through b only. */
const throughB: OverlayFactory = {
  name: 'through-b',
  create: (self, random) => {
    const mesh = fullMesh().create(self, random)
    return {
      name: 'through-b',
      capabilities: { membership: 'all', direct: false },
      step: (event) => mesh.step(event),
      members: () => mesh.members(),
      neighbours: () => mesh.neighbours(),
      nextHop: (destination) => {
        const ends = [self.name, destination].sort().join()
        return ends === 'a,c' ? 'b' : mesh.nextHop(destination)
      },
      snapshot: () => mesh.snapshot(),
    }
  },
}

async function setting(env: Environment) {
  const [a, b, c] = await env.cluster(['a', 'b', 'c'], { overlay: throughB })
  assert.isTrue(a !== undefined && b !== undefined && c !== undefined)
  const home = env.subject('c').node.spawn(Ledger, undefined, { name: 'ledger' })
  const found = await env.complete(env.subject('a').node.whereis('ledger', { on: 'c' }))
  const ledger = found as unknown as ActorRef<Ledger>
  await env.complete(ledger.ask.size())
  return { home, ledger }
}

async function written(env: Environment, home: ActorRef<Ledger>): Promise<unknown[]> {
  await env.run(100)
  return [...(await env.complete(home.ask.entries()))]
}

describe('faults and functions on messages that others relay', () => {
  for (const place of ['a', 'c']) {
    everywhere(
      `are known by name at ${place}, an end of their way`,
      async (env) => {
        const { home, ledger } = await setting(env)
        const omit = faults(env.subject(place).node).inject('omit a>c:write#2')
        for (const entry of [1, 2, 3]) ledger.tell.write(entry)
        assert.deepEqual(await written(env, home), [1, 3])
        assert.equal(omit.hits, 1)
      },
      5,
    )
  }

  everywhere(
    'are lost with the messages of the relay, which it handles as its own links',
    async (env) => {
      const { home, ledger } = await setting(env)
      assert.throws(
        () => faults(env.subject('b').node).inject('omit a>c:write'),
        /nothing to do at node b/,
      )
      const send = faults(env.subject('b').node).inject('omit_send b c')
      ledger.tell.write('lost')
      assert.deepEqual(await written(env, home), [])
      send.end()
      const far = faults(env.subject('a').node).inject('omit_receive a c')
      const hasty = ledger.with({ timeoutMs: 60 })
      assert.equal(await env.complete(outcomeOf(hasty.ask.record('asked'))), 'ERR_ASK_TIMEOUT')
      assert.isAtLeast(far.hits, 1)
      far.end()
      assert.deepEqual(await written(env, home), ['asked'])
    },
    5,
  )

  everywhere(
    'have old contents where their source is stale, and not where a relay is',
    async (env) => {
      const { home, ledger } = await setting(env)
      const relay = faults(env.subject('b').node).inject('byzantine b stale')
      for (const entry of [1, 2]) ledger.tell.write(entry)
      assert.deepEqual(await written(env, home), [1, 2])
      assert.equal(relay.hits, 0)
      const source = faults(env.subject('a').node).inject('byzantine a stale')
      for (const entry of [3, 4, 5]) ledger.tell.write(entry)
      assert.deepEqual(await written(env, home), [1, 2, 3, 3, 4])
      assert.equal(source.hits, 2)
      const far = faults(env.subject('c').node).inject('byzantine c stale')
      const sizes = [await env.complete(ledger.ask.size())]
      source.end()
      ledger.tell.write(6)
      sizes.push(await env.complete(ledger.ask.size()), await env.complete(ledger.ask.size()))
      assert.deepEqual(sizes, [5, 5, 6])
      assert.equal(far.hits, 1)
    },
    5,
  )

  everywhere(
    'show their source, change on the way, and pass no function at the relay',
    async (env) => {
      const { home, ledger } = await setting(env)
      const seen: string[] = []
      for (const name of ['a', 'b', 'c']) {
        for (const at of ['send', 'receive'] as const) {
          interpose(env.subject(name).node).add({
            name: 'watch',
            at,
            main: ({ node, peer, method, args }) => {
              if (method !== 'write') return undefined
              seen.push(`${node} ${at} ${peer} ${args}`)
              return { type: 'replace', args: [`${args} ${at}`] }
            },
          })
        }
      }
      ledger.tell.write('x')
      assert.deepEqual(await written(env, home), ['x send receive'])
      assert.deepEqual(seen, ['a send c x', 'c receive a x send'])
    },
    5,
  )
})
