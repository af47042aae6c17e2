import { assert } from 'chai'
import { incarnationOf, serialOf } from '../../src/base/identity.js'
import { type ActorRef, codeOf } from '../../src/index.js'
import { ENVELOPE, type EnvelopeKind } from '../../src/wire/envelope.js'
import { Ledger } from '../processes/actors.js'
import { until } from '../processes/until.js'
import type { Intruder } from './intruder.js'
import { codec } from './raw-socket.js'
import { Siege } from './siege.js'

/** A MessagePack array of one array of one array …, and a map of a map of a map … */
const NESTED: readonly [string, Buffer][] = [
  ['arrays', Buffer.concat([Buffer.alloc(10_000, 0x91), Buffer.from([0xc0])])],
  ['maps', nestedMaps(10_000)],
  ['sets', Buffer.concat([Buffer.from([0x91]), ...repeat(10_000, nestedSet), Buffer.from([0xc0])])],
]

const EIGHT_MB_OF_EMPTY_MAPS = Buffer.concat([
  Buffer.from([0x91, 0xdd, 0x00, 0x80, 0x00, 0x00]),
  Buffer.alloc(8 * 1024 * 1024, 0x80),
])

describe('A peer that knows the cookie and calls what it must not', function () {
  this.timeout(30_000)
  let siege: Siege
  let ledger: ActorRef<Ledger>
  let serial: number
  let intruder: Intruder

  before(async () => {
    siege = await Siege.begin()
    ledger = siege.node.lookup(Ledger, 'ledger')
    const ref = await siege.node.whereis('ledger')
    serial = serialOf(ref?.id ?? '')
    intruder = await siege.enter()
  })
  afterEach(() => siege.check())
  after(() => siege.end())

  it('gets answers where it asks as others do', async () => {
    const answer = await intruder.ask('ledger', 'keep', [7])
    assert.deepEqual(answer, { kind: ENVELOPE.REPLY, args: [1] })
    assert.deepEqual(await ledger.ask.entries(), [7])
  })

  describe('gets an error for an unknown actor', () => {
    it('by name, and by a number that no actor has', async () => {
      assert.equal(await intruder.failure('nobody', 'size'), 'ERR_NO_ACTOR')
      assert.equal(await intruder.failure(0, 'size'), 'ERR_NO_ACTOR')
      assert.equal(await intruder.failure(1_000_000, 'size'), 'ERR_NO_ACTOR')
      assert.equal(await intruder.failure(Number.MAX_SAFE_INTEGER, 'size'), 'ERR_NO_ACTOR')
      for (const name of ['__proto__', 'constructor', '']) {
        assert.equal(await intruder.failure(name, 'size'), 'ERR_NO_ACTOR')
      }
    })

    it('by a number whose actor has ended', async () => {
      const brief = siege.node.spawn(Ledger)
      const ended = serialOf(brief.id ?? '')
      await siege.node.stopActor(brief)
      assert.equal(await intruder.failure(ended, 'size'), 'ERR_STOPPED')
    })

    it('and a dead letter for a tell', async () => {
      const before = siege.stats.actors.deadLetters
      intruder.send(ENVELOPE.TELL, 'nobody', 'write', 0, [1])
      intruder.send(ENVELOPE.TELL, 1_000_000, 'write', 0, [1])
      await until('dead letters', () => siege.stats.actors.deadLetters === before + 2)
    })
  })

  describe('gets ERR_UNKNOWN_METHOD', () => {
    const methods = [
      'fly',
      '',
      'constructor',
      '__proto__',
      'prototype',
      'toString',
      'valueOf',
      'hasOwnProperty',
      '__defineGetter__',
      'onStart',
      'onStop',
      'onDown',
      'onExit',
      'spawn',
      'watch',
      'unwatch',
      'link',
      'stop',
      'stash',
      'unstashAll',
      'after',
      'every',
      'deferReply',
      'self',
      'node',
      'args',
      'secret', // hidden
      '#entries',
      'process.exit',
    ]
    for (const method of methods) {
      it(`for the method ${JSON.stringify(method)}`, async () => {
        const before = siege.stats.actors.deadLetters
        assert.equal(await intruder.failure('ledger', method, [1]), 'ERR_UNKNOWN_METHOD')
        assert.equal(await intruder.failure(serial, method, [1]), 'ERR_UNKNOWN_METHOD')
        intruder.send(ENVELOPE.TELL, serial, method, 0, [1])
        await until('a dead letter', () => siege.stats.actors.deadLetters === before + 1)
        assert.deepEqual(await ledger.ask.entries(), [7])
      })
    }

    it('for an index beyond the table, and for any index where it has only a name', async () => {
      assert.equal(await intruder.failure(serial, 1_000), 'ERR_UNKNOWN_METHOD')
      assert.equal(await intruder.failure(serial, Number.MAX_SAFE_INTEGER), 'ERR_UNKNOWN_METHOD')
      assert.equal(await intruder.failure('ledger', 0), 'ERR_UNKNOWN_METHOD')
    })
  })

  describe('gets ERR_DECODE', () => {
    for (const [what, bytes] of NESTED) {
      it(`for ${what} nested 10,000 deep`, async () => {
        assert.equal(await intruder.failure('ledger', 'keep', bytes), 'ERR_DECODE')
        assert.deepEqual(await ledger.ask.entries(), [7])
      })
    }

    it('for 8 MB of empty maps', async () => {
      assert.equal(await intruder.failure('ledger', 'keep', EIGHT_MB_OF_EMPTY_MAPS), 'ERR_DECODE')
    })

    const damaged: readonly [string, Uint8Array][] = [
      ['arguments that are no array', codec.encodeValue({ length: 1, 0: 'x' })],
      ['an array that promises 2^32 - 1 values', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0])],
      ['a string that promises 2^32 - 1 bytes', Buffer.from([0x91, 0xdb, 255, 255, 255, 255, 65])],
      ['a second value behind the first', Buffer.from([0x91, 0x01, 0x02])],
      ['a byte that begins no value', Buffer.from([0x91, 0xc1])],
      ['a definition of a record', Buffer.from([0x91, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01])],
      ['a map with the key __proto__', protoMap()],
      ['a class nobody registered', classBox('evil/class')],
      ['a reference to nonsense', refBox()],
    ]
    for (const [what, bytes] of damaged) {
      it(`for ${what}`, async () => {
        const before = siege.stats.remote.refused
        assert.equal(await intruder.failure('ledger', 'keep', bytes), 'ERR_DECODE')
        assert.equal(siege.stats.remote.refused, before + 1)
        assert.deepEqual(await ledger.ask.entries(), [7])
        assert.isUndefined(({} as { polluted?: unknown }).polluted)
      })
    }

    it('counted, where there is no caller to tell', async () => {
      const before = siege.stats.remote.refused
      for (const [, bytes] of [...NESTED, ...damaged]) {
        intruder.send(ENVELOPE.TELL, 'ledger', 'keep', 0, bytes)
      }
      const all = NESTED.length + damaged.length
      await until('all are counted', () => siege.stats.remote.refused === before + all)
      assert.deepEqual(await ledger.ask.entries(), [7])
    })
  })

  describe('does no harm with a frame of the wrong arity or kind', () => {
    const kinds: readonly [string, EnvelopeKind, readonly unknown[]][] = [
      ['an answer that nobody asked for', ENVELOPE.REPLY, [1]],
      ['an answer without a value', ENVELOPE.REPLY, []],
      ['a failure without an error', ENVELOPE.FAILURE, []],
      ['a failure with three fields', ENVELOPE.FAILURE, [['Error', 'x', 'y']]],
      ['an abort of nothing', ENVELOPE.ABORT, [1, 2, 3]],
      ['a signal without fields', ENVELOPE.SIGNAL, []],
      ['a signal with too many', ENVELOPE.SIGNAL, [1, 2, 3, 4, 5, 6, 7]],
      ['a signal of texts', ENVELOPE.SIGNAL, ['1', '2', '3', '4', '5']],
      ['a forward without a message', ENVELOPE.FORWARD, []],
      ['a notice that nobody knows', ENVELOPE.CONTROL, [1]],
    ]
    for (const [what, kind, args] of kinds) {
      it(what, async () => {
        intruder.send(kind, 0, 'no-such-thing', 999_999, args)
        intruder.send(kind, 'x'.repeat(1_000), 3, 0, args)
        assert.equal((await intruder.ask('ledger', 'size')).args[0], 1, 'the lane goes on')
      })
    }

    it('an unknown request between nodes gets ERR_UNKNOWN_HANDLER', async () => {
      for (const op of ['__proto__', 'constructor', 'fly', 3]) {
        const code = await intruder.failure(0, op, [], ENVELOPE.CONTROL)
        assert.equal(code, 'ERR_UNKNOWN_HANDLER')
      }
    })

    it('a repeated question is answered once', async () => {
      const callId = intruder.nextCall()
      const before = (await ledger.ask.entries()).length
      const answer = intruder.answer(callId)
      for (let i = 0; i < 5; i++) intruder.send(ENVELOPE.ASK, 'ledger', 'never', callId, [])
      for (let i = 0; i < 5; i++) intruder.send(ENVELOPE.ABORT, 'ledger', '', callId, [])
      void answer.catch(() => {})
      await until('it was refused', () => siege.stats.remote.refused > 4)
      assert.isAtLeast(before, 1)
    })
  })

  describe('may start only what remoteSpawn lists', () => {
    const spawn = (...args: readonly unknown[]): Promise<string> =>
      intruder.failure(0, 'spawn', args, ENVELOPE.CONTROL)

    it('ERR_SPAWN_FORBIDDEN for a class that is not listed, ERR_UNKNOWN_CLASS for none', async () => {
      assert.equal(await spawn('processes/ledger', undefined, {}), 'ERR_SPAWN_FORBIDDEN')
      for (const type of ['evil', '__proto__', 'constructor', 7, null, undefined]) {
        assert.equal(await spawn(type, undefined, {}), 'ERR_UNKNOWN_CLASS')
      }
    })

    it('an error for options that are none', async () => {
      for (const options of [7, 'x', [], { mailboxLimit: -1 }, { evil: true }, { name: 7 }]) {
        const code = await spawn('processes/copy', undefined, options)
        assert.match(code, /^ERR_(BAD_OPTION|DECODE|BAD_ARGUMENTS)$/, JSON.stringify(options))
      }
    })
  })

  it('cannot confuse who asks it: an answer that is none rejects the ask', async () => {
    const { node } = siege
    const { name } = intruder.member
    const ref = node.lookup(Ledger, 'theirs', { on: name })
    const bad: readonly [EnvelopeKind, readonly unknown[] | Uint8Array, string | undefined][] = [
      [ENVELOPE.REPLY, Buffer.from([0x91, 0xc1]), 'ERR_DECODE'],
      [ENVELOPE.REPLY, NESTED[0]?.[1] ?? [], 'ERR_DECODE'],
      [ENVELOPE.FAILURE, [['Error', 'x']], 'ERR_DECODE'],
      [ENVELOPE.FAILURE, [], 'ERR_DECODE'],
      [ENVELOPE.FAILURE, [[1, 'x'.repeat(500), 'ERR_MADE_UP', 'y', 0, 0, 0]], 'ERR_DECODE'],
    ]
    for (const [kind, args, code] of bad) {
      const callId = await intruder.asked(() => ref.ask.size().then(assert.fail, codeOf))
      intruder.send(kind, 0, 0, callId.id, args)
      assert.equal(await callId.outcome, code)
    }
  })

  it(`cannot watch or stop in the name of another incarnation`, async () => {
    const ref = await siege.node.whereis('ledger')
    assert.equal(incarnationOf(ref?.id ?? ''), siege.node.incarnation)
    const code = await intruder.failure(0, 'stop', ['nonsense'], ENVELOPE.CONTROL)
    assert.notEqual(code, 'no failure')
    assert.deepEqual(await ledger.ask.entries(), [7])
  })
})

function repeat(count: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: count }, () => bytes)
}
