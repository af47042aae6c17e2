import { assert } from 'chai'
import fc from 'fast-check'
import { Actor } from '../../src/actor/actor.js'
import { actor, hidden } from '../../src/actor/decorators.js'
import { codeOf } from '../../src/base/errors.js'
import { ENVELOPE, type EncodedBody, Envelope } from '../../src/wire/envelope.js'
import type { InFlight } from './carrier-pair.js'
import { RemoteCluster } from './remote-cluster.js'

const called: string[] = []

@actor('inbox/target')
class Target extends Actor {
  #secret(): string {
    return 'secret'
  }

  hello(): string {
    called.push('hello')
    return this.#secret()
  }

  @hidden
  hiddenOne(): void {
    called.push('hidden')
  }

  override onStop(): void {
    called.push('onStop')
  }

  override onDown(): void {
    called.push('onDown')
  }
}

const setUp = () => {
  called.length = 0
  const cluster = new RemoteCluster(['a', 'b'])
  const [a, b] = [cluster.node('a'), cluster.node('b')]
  const cell = b.system.spawn(Target, undefined, { name: 'target' })
  /** Straight to b's door, as from a. */
  const send = (
    kind: number,
    to: unknown,
    method: unknown,
    callId: unknown,
    body: EncodedBody = b.codec.encodeArgs([]),
  ) =>
    b.remote.envelope(
      a.carrier.self,
      1,
      new Envelope(
        kind as never,
        to as never,
        method as never,
        callId as never,
        0,
        undefined,
        body,
        undefined,
      ),
    )
  return { cluster, a, b, cell, send }
}

/** The code in a failure that is under way. */
const codeIn = (flight: InFlight | undefined): unknown =>
  (flight?.envelope.args?.[0] as unknown[] | undefined)?.[2]

describe('inbox', () => {
  const forbidden = [
    'constructor',
    '__proto__',
    'prototype',
    'toString',
    'hasOwnProperty',
    'onStart',
    'onStop',
    'onDown',
    'onExit',
    'hiddenOne',
    '#secret',
    'stop',
    'self',
    'args',
    'watch',
    '',
  ]
  for (const method of [...forbidden, 1, 99, 2 ** 40]) {
    it(`refuses a raw call of ${JSON.stringify(method)}`, async () => {
      const { cluster, a, cell, send } = setUp()
      cluster.net.log = []
      send(ENVELOPE.ASK, cell.serial, method, 1)
      send(ENVELOPE.TELL, cell.serial, method, 0)
      await cluster.run(20)
      const { log } = cluster.net
      const failures = log.filter(({ envelope }) => envelope.kind === ENVELOPE.FAILURE)
      assert.equal(failures.length, 1)
      assert.equal(codeIn(failures[0]), 'ERR_UNKNOWN_METHOD')
      assert.deepEqual(called, [])
      assert.equal(a.remote.counters.refused, 0)
    })
  }

  it('takes no index for the holder of a name, who may be of another class', async () => {
    const { cluster, b, send } = setUp()
    send(ENVELOPE.TELL, 'target', 0, 0)
    await cluster.run(20)
    assert.equal(b.deadLetters[0]?.reason, 'ERR_UNKNOWN_METHOD')
    send(ENVELOPE.TELL, 'target', 'hello', 0)
    await cluster.run(20)
    assert.deepEqual(called, ['hello'])
  })

  it('answers arguments that cannot be read with ERR_DECODE', async () => {
    const { cluster, cell, send } = setUp()
    cluster.net.log = []
    const rubbish = { head: Uint8Array.of(0xc1, 0xff, 0xff), payloads: [] }
    send(ENVELOPE.ASK, cell.serial, 'hello', 1, rubbish)
    await cluster.run(20)
    const [flight] = cluster.net.log
    assert.equal(codeIn(flight), 'ERR_DECODE')
    assert.deepEqual(called, [])
  })

  it('handles a repeated question once', async () => {
    const { cluster, cell, send } = setUp()
    send(ENVELOPE.ASK, cell.serial, 'hello', 1)
    send(ENVELOPE.ASK, cell.serial, 'hello', 1)
    await cluster.run(20)
    assert.deepEqual(called, ['hello'])
  })

  it('drops what an earlier incarnation, or a stranger, sends', async () => {
    const { cluster, a, b, cell } = setUp()
    const body = b.codec.encodeArgs([])
    const tell = new Envelope(ENVELOPE.TELL, cell.serial, 'hello', 0, 0, undefined, body, undefined)
    b.remote.envelope({ ...a.carrier.self, incarnation: '0'.repeat(26) }, 1, tell)
    b.remote.envelope({ ...a.carrier.self, name: 'stranger' }, 1, tell)
    await cluster.run(20)
    assert.equal(b.remote.counters.stale, 2)
    assert.deepEqual(called, [])
  })

  it('lets no peer answer the call of another', async () => {
    const cluster = new RemoteCluster(['a', 'b', 'c'])
    const [a, b, c] = ['a', 'b', 'c'].map((name) => cluster.node(name))
    if (!a || !b || !c) throw new Error('nodes')
    b.system.spawn(Target, undefined, { name: 'target' })
    cluster.net.latencyMs = [10, 10]
    const asked = a.remote.registry.lookup(Target, 'target', { on: 'b' }).ask.hello()
    const body = a.codec.encodeArgs(['forged'])
    for (let id = 0; id < 20; id++) {
      const reply = new Envelope(ENVELOPE.REPLY, 0, '', id, 0, undefined, body, undefined)
      a.remote.envelope(c.carrier.self, 1, reply)
    }
    assert.equal(await cluster.complete(asked), 'secret')
  })

  it('refuses unknown requests between runtimes, and malformed ones', async () => {
    const { cluster, a } = setUp()
    const ops: [string, unknown[], string][] = [
      ['nonsense', [], 'ERR_UNKNOWN_HANDLER'],
      ['__proto__', [], 'ERR_UNKNOWN_HANDLER'],
      ['table', [undefined], 'ERR_UNKNOWN_CLASS'],
      ['table', ['no/such'], 'ERR_UNKNOWN_CLASS'],
      ['resolve', [{}], 'ERR_NO_ACTOR'],
      ['resolve', [['x', 1]], 'ERR_NO_ACTOR'],
      ['spawn', [{}], 'ERR_UNKNOWN_CLASS'],
      ['stop', [null, ['normal'], 5], 'ERR_DECODE'],
      ['stop', [1, ['normal', 1, 2], 5], 'ERR_DECODE'],
      ['stop', [1, ['normal'], Number.NaN], 'ERR_DECODE'],
      ['groups.join', [5, 1], 'ERR_BAD_OPTION'],
      ['groups.join', ['g', ['x']], 'ERR_NO_ACTOR'],
      ['groups', [-1], 'ERR_DECODE'],
    ]
    for (const [op, args, code] of ops) {
      const failure = await cluster.failure(a.remote.control.request('b', op, args))
      assert.equal(codeOf(failure), code, `${op} ${JSON.stringify(args)}`)
    }
  })

  it('never throws, whatever a peer sends, and lives on', async () => {
    const { cluster, a, b, cell, send } = setUp()
    const anyValue = fc.oneof(
      fc.integer(),
      fc.nat(),
      fc.string(),
      fc.constantFrom(undefined, null, Number.NaN, -1, 2 ** 60, {}, [], 'target', cell.serial),
      fc.constantFrom('table', 'resolve', 'spawn', 'stop', 'groups', 'groups.join', 'whereis'),
    )
    const arg = fc.oneof(
      { depthSize: 'small' },
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
      fc.array(anyValue, { maxLength: 7 }),
      anyValue,
      fc.constantFrom('start', 'stop', 'finish', 'here', 'there', ['normal'], a.system.idOf(1)),
    )
    const bodies = fc.array(arg, { maxLength: 12 })
    const ops = ['watch', 'unwatch', 'link', 'unlink', 'down', 'exit', 'no such signal']
    const signals = fc.constantFrom(...ops, 'place', 'placed', 'childEnded', 'endNoted')
    let session = 100
    fc.assert(
      fc.property(
        fc.nat(10),
        anyValue,
        anyValue,
        anyValue,
        bodies,
        fc.uint8Array({ maxLength: 30 }),
        fc.nat(3),
        signals,
        (kind, to, method, callId, args, bytes, how, signal) => {
          let body: EncodedBody = { head: bytes, payloads: [] }
          try {
            if (how === 1) body = b.codec.encodeArgs(args)
            else if (how > 1) {
              // A new session each time, so that the signal is not taken for a repeat.
              const packed = b.codec.encodeValue([signal, ...args])
              body = b.codec.encodeArgs([++session, 0, 1, 0, packed])
              return send(ENVELOPE.SIGNAL, 0, '', 0, body)
            }
          } catch {
            // not serialisable: the raw bytes then
          }
          send(kind, to, method, callId, body)
        },
      ),
      { numRuns: 3_000 },
    )
    await cluster.run(50)
    b.system.spawn(Target, undefined, { name: 'after' })
    const after = a.remote.registry.lookup(Target, 'after', { on: 'b' })
    assert.equal(await cluster.complete(after.ask.hello()), 'secret')
  })
})
