import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { Actor, actor, hidden, startNode } from '../../src/index.js'
import { Ledger } from './actors.js'
import { rejection } from './environment.js'
import { everywhere, promise } from './promise.js'

@actor('promises/safe')
class Safe extends Actor {
  // biome-ignore lint/correctness/noUnusedPrivateClassMembers: it is called from outside
  private open(): string {
    return this.#shut()
  }

  @hidden
  kept(): string {
    return this.#shut()
  }

  #shut(): string {
    return 'open'
  }
}

const pem = (file: string): string =>
  readFileSync(new URL(`../fixtures/tls/${file}`, import.meta.url), 'utf8')

promise('Strangers', 'both sides prove that they know it', () => {
  everywhere(
    'a node with another cookie, or with none, stays outside, and is counted',
    async (env) => {
      const [a, b] = await env.pair()
      const made = a.node.spawn(Ledger, undefined, { name: 'ledger' })
      for (const [name, cookie] of [
        ['c', 'wrong'],
        ['d', undefined],
      ] as const) {
        const options = cookie === undefined ? { listen: { port: 0 } } : {}
        const stranger = await env.start(name, { ...options, cookie })
        const error = await env.failure(stranger.node.join(a.address))
        assert.strictEqual(error.code, 'ERR_COOKIE')
        const ask = stranger.node.lookup(Ledger, 'ledger', { on: 'a' }).ask.size()
        assert.strictEqual((await env.failure(ask)).code, 'ERR_UNKNOWN_NODE')
      }
      assert.strictEqual(a.node.stats().transport.refused['ERR_COOKIE'], 2)
      assert.lengthOf(a.heard('refused'), 2)
      assert.deepEqual(a.members(), ['a', 'b'])
      assert.strictEqual(
        await env.complete(b.node.lookup(Ledger, 'ledger', { on: 'a' }).ask.record(1)),
        1,
      )
      assert.strictEqual(await env.complete(made.ask.size()), 1)
    },
  )
})

promise('Strangers', 'Without one a node listens on loopback only', () => {
  it('unless TLS with client certificates is on', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
      const error = await rejection(startNode({ name: 'a', listen: { host, port: 0 } }))
      assert.strictEqual(error.code, 'ERR_BAD_OPTION')
      assert.include(error.message, 'loopback')
    }
    const node = await startNode({ name: 'a' })
    assert.match(node.address, /^127\.0\.0\.1:\d+$/)
    await node.stop()
    const tls = { key: pem('server-key.pem'), cert: pem('server-cert.pem') }
    const listen = { host: '0.0.0.0', port: 0 }
    const bare = await rejection(startNode({ name: 'a', listen, tls }))
    assert.strictEqual(bare.code, 'ERR_BAD_OPTION')
    const safe = await startNode({ name: 'a', listen, tls: { ...tls, ca: pem('ca-cert.pem') } })
    await safe.stop()
  })
})

promise('Strangers', 'What must not be called is `#private` or `@hidden`', () => {
  everywhere('TypeScript’s private can be called, #private and @hidden cannot', async (env) => {
    const [a, b] = await env.pair()
    b.node.spawn(Safe, undefined, { name: 'safe' })
    const forged = class extends Actor {
      open(): string {
        return ''
      }
      kept(): string {
        return ''
      }
      shut(): string {
        return ''
      }
    }
    const safe = a.node.lookup(forged, 'safe', { on: 'b' })
    assert.strictEqual(await env.complete(safe.ask.open()), 'open')
    assert.strictEqual((await env.failure(safe.ask.kept())).code, 'ERR_UNKNOWN_METHOD')
    assert.strictEqual((await env.failure(safe.ask.shut())).code, 'ERR_UNKNOWN_METHOD')
    assert.strictEqual(b.node.stats().actors.crashes, 0)
  })
})

promise('Strangers', 'Only public methods of actor classes can be called from outside', () => {
  everywhere(
    'and only classes listed in `remoteSpawn` can be spawned from outside',
    async (env) => {
      const [a, b] = await env.pair()
      const far = a.node.ref(Ledger, String(b.node.spawn(Ledger, undefined, { name: 'ledger' })))
      assert.isUndefined((far.ask as unknown as Record<string, unknown>)['secret'])
      assert.isUndefined((far.ask as unknown as Record<string, unknown>)['onStop'])
      const spawned = a.node.spawnOn('b', Ledger)
      assert.strictEqual((await env.failure(spawned)).code, 'ERR_SPAWN_FORBIDDEN')
      const c = await env.start('c', { remoteSpawn: [Ledger] })
      await env.complete(c.node.join(a.address))
      await env.connected(['a', 'b', 'c'])
      const there = await env.complete(a.node.spawnOn('c', Ledger))
      assert.strictEqual(await env.complete(there.ask.host()), 'c')
    },
  )
})
