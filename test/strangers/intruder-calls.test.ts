import { assert } from 'chai'
import { serialOf } from '../../src/base/identity.js'
import { seededRandom } from '../../src/base/random.js'
import { type ActorRef, codeOf } from '../../src/index.js'
import { ENVELOPE, type EnvelopeKind } from '../../src/wire/envelope.js'
import { Ledger } from '../processes/actors.js'
import { until } from '../processes/until.js'
import { draws } from '../seeds.js'
import {
  DAMAGED,
  EIGHT_MB_OF_EMPTY_MAPS,
  NESTED,
  REQUESTS,
  randomArgs,
  SIGNALS,
} from './hostile-values.js'
import type { Intruder } from './intruder.js'
import { Siege } from './siege.js'

const { seed: SEED } = draws(1, 7)

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
    await ledger.ask.keep(7)
  })
  afterEach(() => siege.check())
  after(() => siege.end())

  it('gets answers where it asks as others do', async () => {
    const answer = await intruder.ask('ledger', 'entries')
    assert.deepEqual(answer, { kind: ENVELOPE.REPLY, args: [[7]] })
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

    for (const [what, bytes] of DAMAGED) {
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
      for (const [, bytes] of [...NESTED, ...DAMAGED]) {
        intruder.send(ENVELOPE.TELL, 'ledger', 'keep', 0, bytes)
      }
      const all = NESTED.length + DAMAGED.length
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

    it('a question with a number that is in use is refused', async () => {
      siege.node.spawn(Ledger, undefined, { name: 'busy' })
      const callId = intruder.nextCall()
      const before = siege.stats.remote.refused
      for (let i = 0; i < 5; i++) intruder.send(ENVELOPE.ASK, 'busy', 'never', callId, [])
      await until('four are refused', () => siege.stats.remote.refused === before + 4)
      assert.equal(siege.stats.remote.inbound, 1)
      for (let i = 0; i < 5; i++) intruder.send(ENVELOPE.ABORT, 'busy', '', callId, [])
      await until('it is let go', () => siege.stats.remote.inbound === 0)
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

  it('rejects the ask of who asked it with ERR_DECODE when its answer is none', async () => {
    const ref = siege.node.lookup(Ledger, 'theirs', { on: intruder.member.name })
    const answers: readonly [EnvelopeKind, readonly unknown[] | Uint8Array][] = [
      [ENVELOPE.REPLY, Buffer.from([0x91, 0xc1])],
      [ENVELOPE.REPLY, NESTED[0]?.[1] ?? []],
      [ENVELOPE.FAILURE, []],
      [ENVELOPE.FAILURE, [['Error', 'x']]],
      [ENVELOPE.FAILURE, [[1, 'x'.repeat(500), 'ERR_MADE_UP', 'y', 0, 0, 0]]],
    ]
    for (const [kind, args] of answers) {
      const question = intruder.nextQuestion()
      const outcome = ref.ask.size().then(() => 'no error', codeOf)
      intruder.send(kind, 0, 0, await question, args)
      assert.equal(await outcome, 'ERR_DECODE')
    }
  })

  it('survives a storm of requests and signals with random arguments', async () => {
    const random = seededRandom(SEED)
    for (const op of REQUESTS) {
      for (let i = 0; i < 40; i++) {
        void intruder.ask(0, op, randomArgs(random), ENVELOPE.CONTROL).catch(() => {})
      }
    }
    await until('signals are taken', () => intruder.knowsSession())
    for (const op of SIGNALS) {
      for (let i = 0; i < 40; i++) intruder.signal(op, randomArgs(random))
    }
    assert.equal((await intruder.ask('ledger', 'size')).args[0], 1, `SEED=${SEED}`)
    const refused = siege.warnings.filter((warning) => warning === 'a signal was refused')
    assert.isAbove(refused.length, 100, 'they were read, refused and logged')
  })
})
