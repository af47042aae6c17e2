import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { actor, hidden } from '../../src/actor/decorators.js'
import { Definition } from '../../src/actor/definition.js'
import { partitionKey } from '../../src/actor/partition-key.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { parseAddress } from '../../src/actor/ref-address.js'
import { codeOf } from '../../src/base/errors.js'
import { definitionFromWire, tableToWire } from '../../src/remote/method-tables.js'
import { ENVELOPE } from '../../src/wire/envelope.js'
import type { InFlight } from './carrier-pair.js'
import { RemoteCluster } from './remote-cluster.js'

@actor('tables/board')
class Board extends Actor {
  beta(): string {
    return 'beta'
  }

  delta(): string {
    return 'delta'
  }

  @partitionKey((key: number) => key)
  keyed(key: number): number {
    return key
  }

  @hidden
  secret(): string {
    return 'secret'
  }
}

/** Not registered: what other nodes know of it they fetch. */
class Local extends Actor {
  hello(): string {
    return 'hello'
  }
}

interface Names {
  [name: string]: () => Promise<unknown>
}

describe('method-tables', () => {
  const setUp = () => {
    const cluster = new RemoteCluster(['a', 'b'])
    const [a, b] = [cluster.node('a'), cluster.node('b')]
    const board = b.system.spawn(Board).ref
    const { log } = Object.assign(cluster.net, { log: [] as InFlight[] })
    const methods = () =>
      log.flatMap(({ envelope }) => (envelope.kind === ENVELOPE.ASK ? [envelope.method] : []))
    return { cluster, a, b, board, methods, log }
  }

  it('sends a method as its name until the table has come, then as the receiver’s index', async () => {
    const { cluster, a, board, methods, log } = setUp()
    const ref = a.system.refAt(parseAddress(String(board))) as unknown as ActorRef<Board>
    assert.equal(await cluster.complete(ref.ask.delta()), 'delta')
    await cluster.run(20)
    assert.equal(await cluster.complete(ref.ask.delta()), 'delta')
    assert.deepEqual(methods(), ['delta', 1])
    const requests = log.filter(({ envelope }) => envelope.method === 'table')
    assert.equal(requests.length, 1, 'asked for once')
  })

  it('never calls the wrong method of another version of the class', async () => {
    const { cluster, a, board, methods } = setUp()
    // This caller knows an older version: `alpha` was first, `delta` did not exist.
    const older = Definition.fromTable('tables/board', ['alpha', 'beta'])
    const ask = a.system.refAt(parseAddress(String(board)), older).ask as unknown as Names
    for (let i = 0; i < 2; i++) {
      assert.equal(await cluster.complete(ask['beta']?.() as Promise<unknown>), 'beta')
      const failure = await cluster.failure(ask['alpha']?.() as Promise<unknown>)
      assert.equal(codeOf(failure), 'ERR_UNKNOWN_METHOD')
      await cluster.run(20)
    }
    assert.deepEqual(methods(), ['beta', 'alpha', 0, 'alpha'])
  })

  it('asks for the table anew from a new start of the node', async () => {
    const { cluster, a, methods, log } = setUp()
    const ref = () => {
      const { ref: board } = cluster.node('b').system.spawn(Board)
      return a.system.refAt(parseAddress(String(board))) as unknown as ActorRef<Board>
    }
    const before = ref()
    await cluster.complete(before.ask.beta())
    await cluster.run(20)
    cluster.restart('b')
    cluster.net.up('a', 'b')
    await cluster.complete(ref().ask.beta())
    assert.deepEqual(methods(), ['beta', 'beta'])
    assert.equal(log.filter(({ envelope }) => envelope.method === 'table').length, 2)
  })

  it('goes on with names when the table is lost, and asks again later', async () => {
    const { cluster, a, board, methods, log } = setUp()
    cluster.net.lose = ({ envelope }) => envelope.method === 'table'
    const ref = a.system.refAt(parseAddress(String(board))) as unknown as ActorRef<Board>
    await cluster.complete(ref.ask.beta())
    await cluster.run(6_000)
    await cluster.complete(ref.ask.beta())
    cluster.net.lose = () => false
    await cluster.run(6_000)
    await cluster.complete(ref.ask.beta())
    await cluster.run(50)
    await cluster.complete(ref.ask.beta())
    assert.deepEqual(methods(), ['beta', 'beta', 'beta', 0])
    assert.equal(log.filter(({ envelope }) => envelope.method === 'table').length, 2)
  })

  it('calls an actor whose class is not registered here after it was resolved', async () => {
    const { cluster, a, b } = setUp()
    const local = b.system.spawn(Local).ref
    const opaque = a.system.refAt(parseAddress(String(local))) as unknown as ActorRef<Local>
    assert.throws(() => opaque.ask.hello(), /Local.*node\.resolve\(ref\)/)
    assert.throws(() => opaque.tell.hello(), /ERR_UNKNOWN_CLASS/)
    const { registry } = a.remote
    const ref = await cluster.complete(registry.resolve<Local>(opaque as never))
    assert.equal(await cluster.complete(ref.ask.hello()), 'hello')
    assert.equal(ref.id, local.id)
  })

  it('wants a key for a keyed method of which only the table is known', async () => {
    const { cluster, a, board } = setUp()
    const wire = tableToWire(Definition.of(Board))
    const definition = definitionFromWire('tables/board', wire)
    const ref = a.system.refAt(parseAddress(String(board)), definition)
    const typed = ref as unknown as ActorRef<Board>
    assert.equal(codeOf(await cluster.failure(typed.ask.keyed(4))), 'ERR_KEY_NEEDED')
    assert.throws(() => typed.tell.keyed(4), /ERR_KEY_NEEDED/)
    assert.equal(await cluster.complete(typed.with({ partitionKey: 4 }).ask.keyed(4)), 4)
  })

  const malformed: [string, unknown][] = [
    ['nothing', undefined],
    ['a text', 'beta'],
    ['no lists', [1, 2, 3]],
    ['names that are none', [[1], [], []]],
    ['names out of order', [['b', 'a'], [], []]],
    ['a forbidden name', [['constructor'], [], []]],
    ['__proto__', [['__proto__'], [], []]],
    ['an index that is none', [['a'], [-1], [null]]],
    ['too many names', [new Array(1_001).fill('a'), [], []]],
  ]
  for (const [what, wire] of malformed) {
    it(`refuses a table made of ${what}`, () => {
      assert.throws(() => definitionFromWire('t', wire), /ERR_DECODE/)
    })
  }
})
