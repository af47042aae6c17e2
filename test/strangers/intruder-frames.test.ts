import { randomBytes } from 'node:crypto'
import { assert } from 'chai'
import fc from 'fast-check'
import { newIncarnation } from '../../src/base/identity.js'
import type { Member } from '../../src/index.js'
import { type MemberRecord, presentRecord, removedRecord } from '../../src/overlay/member-set.js'
import { wire } from '../../src/overlay/mesh-message.js'
import { Codec } from '../../src/wire/codec.js'
import { ENVELOPE } from '../../src/wire/envelope.js'
import { FRAME } from '../../src/wire/frame.js'
import { until } from '../processes/until.js'
import { envelopeBody, type Intruder } from './intruder.js'
import { frame, valueFrame } from './raw-socket.js'
import { Siege } from './siege.js'

const FIRST = 1
const LAST = 2

/** A FRAGMENT frame by hand; with `total` it is the first of its stream. */
function fragment(
  stream: number,
  offset: number,
  flags: number,
  bytes: Uint8Array,
  total?: number,
  kind: number = FRAME.ENVELOPE,
): Buffer {
  const head = Buffer.alloc(total === undefined ? 9 : 14)
  head.writeUInt32LE(stream)
  head.writeUInt32LE(offset, 4)
  head[8] = flags
  if (total !== undefined) {
    head[9] = kind
    head.writeUInt32LE(total, 10)
  }
  return frame(FRAME.FRAGMENT, head, bytes)
}

const newUlid = (): string => newIncarnation(Date.now(), randomBytes(5))

describe('A peer that knows the cookie and breaks the rules of frames', function () {
  this.timeout(30_000)
  let siege: Siege

  before(async () => {
    siege = await Siege.begin()
  })
  afterEach(async () => {
    await siege.check()
    await siege.expel()
  })
  after(() => siege.end())

  describe('loses its lane, counted as ERR_BAD_FRAME', () => {
    const kilobyte = randomBytes(1_024)
    const cases: readonly [string, readonly Buffer[]][] = [
      ['for a fragment of a stream it never began', [fragment(9, 0, 0, kilobyte)]],
      [
        'for fragments that overlap',
        [fragment(1, 0, FIRST, kilobyte, 100_000), fragment(1, 512, 0, kilobyte)],
      ],
      [
        'for fragments with a gap',
        [fragment(1, 0, FIRST, kilobyte, 100_000), fragment(1, 2_048, 0, kilobyte)],
      ],
      [
        'for fragments that exceed what was announced',
        [fragment(1, 0, FIRST, kilobyte, 1_500), fragment(1, 1_024, LAST, kilobyte)],
      ],
      [
        'for a stream that ends before it is whole',
        [fragment(1, 0, FIRST, kilobyte, 100_000), fragment(1, 1_024, LAST, kilobyte)],
      ],
      [
        'for a stream begun twice',
        [fragment(1, 0, FIRST, kilobyte, 100_000), fragment(1, 0, FIRST, kilobyte, 100_000)],
      ],
      ['for an announcement of 2^32 - 1 bytes', [fragment(1, 0, FIRST, kilobyte, 2 ** 32 - 1)]],
      ['for an announcement of none', [fragment(1, 0, FIRST, kilobyte, 0)]],
      ['for fragments of fragments', [fragment(1, 0, FIRST, kilobyte, 100_000, FRAME.FRAGMENT)]],
      ['for fragments of a handshake', [fragment(1, 0, FIRST, kilobyte, 100_000, FRAME.HELLO)]],
      ['for a fragment without bytes', [fragment(1, 0, FIRST, Buffer.alloc(0), 100_000)]],
      ['for flags that are unknown', [fragment(1, 0, 128 | FIRST, kilobyte, 100_000)]],
      ['for an envelope of one byte', [frame(FRAME.ENVELOPE, Buffer.from([1]))]],
      [
        'for an envelope of an unknown kind',
        [frame(FRAME.ENVELOPE, Buffer.from([99, 0, 0, 0, 0]))],
      ],
      ['for an envelope of random bytes', [frame(FRAME.ENVELOPE, Buffer.alloc(64, 0xff))]],
      ['for a heartbeat on a lane of messages', [valueFrame(FRAME.PING, [1, []])]],
      ['for a second handshake', [valueFrame(FRAME.HELLO, ['troupe', 1, 1, 0, kilobyte, true])]],
      ['for a kind of frame there is not', [frame(99, kilobyte)]],
      ['for a length of 2^31', [Buffer.from([0, 0, 0, 0x80, 1, FRAME.ENVELOPE, 0, 0])]],
      ['for reserved bits that are set', [Buffer.from([1, 0, 0, 0, 1, FRAME.ENVELOPE, 1, 1, 0])]],
    ]
    for (const [what, frames] of cases) {
      it(what, async () => {
        const intruder = await siege.enter()
        const before = siege.refused('ERR_BAD_FRAME')
        for (const bytes of frames) intruder.data.write(bytes)
        await intruder.data.closed
        assert.equal(siege.refused('ERR_BAD_FRAME'), before + 1)
      })
    }
  })

  describe('loses its membership lane, counted', () => {
    const cases: readonly [string, Buffer][] = [
      ['for a heartbeat without fields', valueFrame(FRAME.PING, [])],
      ['for a heartbeat of texts', valueFrame(FRAME.PONG, ['1', '2'])],
      ['for a heartbeat that is no array', valueFrame(FRAME.PING, 7)],
      ['for a heartbeat of odd counts', valueFrame(FRAME.PING, [1, [1, 2, 3]])],
      ['for a heartbeat that cannot be decoded', frame(FRAME.PING, Buffer.from([0xc1]))],
      ['for a goodbye that cannot be decoded', frame(FRAME.GOODBYE, Buffer.from([0xdd, 255]))],
      ['for credit without fields', valueFrame(FRAME.CREDIT, [])],
      ['for credit that is no array', valueFrame(FRAME.CREDIT, 7)],
      ['for credit of texts', valueFrame(FRAME.CREDIT, [['2', '0', '0'], []])],
      ['for credit of odd counts', valueFrame(FRAME.CREDIT, [[2, 0], []])],
      ['for credit below 0', valueFrame(FRAME.CREDIT, [[2, -1, 0], []])],
      ['for credit of parts', valueFrame(FRAME.CREDIT, [[2, 0.5, 0], []])],
      ['for credit without end', valueFrame(FRAME.CREDIT, [[2, Number.POSITIVE_INFINITY, 0], []])],
      ['for more credit than it was sent messages', valueFrame(FRAME.CREDIT, [[2, 1000, 0], []])],
      ['for more credit than it was sent bytes', valueFrame(FRAME.CREDIT, [[2, 0, 1e9], []])],
      ['for questions that are none', valueFrame(FRAME.CREDIT, [[], [{}]])],
      ['for credit that cannot be decoded', frame(FRAME.CREDIT, Buffer.from([0xc1]))],
      ['for a message on it', frame(FRAME.ENVELOPE, ...envelopeBody(1, 'ledger', 'write', 0, [1]))],
      ['for a control frame of 2 MB', frame(FRAME.OVERLAY, Buffer.alloc(2 * 1024 * 1024))],
    ]
    for (const [what, bytes] of cases) {
      it(what, async () => {
        const intruder = await siege.enter()
        const before = refusals(siege)
        intruder.membership.write(bytes)
        await intruder.membership.closed
        assert.equal(refusals(siege), before + 1)
      })
    }
  })

  it('loses a lane of messages, counted, for credit on it', async () => {
    const intruder = await siege.enter()
    const before = siege.refused('ERR_BAD_FRAME')
    intruder.data.write(valueFrame(FRAME.CREDIT, [[2, 0, 0], []]))
    await intruder.data.closed
    assert.equal(siege.refused('ERR_BAD_FRAME'), before + 1)
  })

  it('is answered what it was granted, and nothing of connections there are not', async () => {
    const intruder = await siege.enter()
    intruder.membership.write(valueFrame(FRAME.CREDIT, [[99, 1e9, 1e9, 2, 0, 0], [77]]))
    const asked = new Promise<unknown>((resolve) => {
      const heard = intruder.membership.onFrame
      intruder.membership.onFrame = (each) => {
        heard?.(each)
        if (each.kind === FRAME.CREDIT) resolve(new Codec().decodeValue(each.body))
      }
    })
    const bodies = Array.from({ length: 5 }, () =>
      frame(FRAME.ENVELOPE, ...envelopeBody(ENVELOPE.TELL, 'ledger', 'write', 0, [1])),
    )
    intruder.data.write(Buffer.concat(bodies))
    const callId = intruder.nextCall()
    const answer = intruder.answer(callId)
    intruder.data.write(
      frame(FRAME.ENVELOPE, ...envelopeBody(ENVELOPE.ASK, 'ledger', 'size', callId, [])),
    )
    await answer
    intruder.membership.write(valueFrame(FRAME.CREDIT, [[], [2, 2, 77]]))
    const [[clock, messages, bytes]] = (await asked) as [number[]]
    assert.deepEqual([clock, messages], [2, 6])
    assert.isAtLeast(bytes ?? 0, Buffer.concat(bodies).length)
  })

  it('is refused or harmless, whatever it says of credit', async () => {
    const count = fc.oneof(fc.constantFrom(0, 1, 2), fc.double(), fc.maxSafeNat())
    const counts = fc.oneof(fc.array(count, { maxLength: 7 }), fc.jsonValue())
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(counts, counts), { maxLength: 5 }), async (said) => {
        const intruder = await siege.enter()
        for (const each of said) intruder.membership.write(valueFrame(FRAME.CREDIT, each))
        await siege.check()
        await siege.expel()
      }),
      { numRuns: 20 },
    )
  }).timeout(30_000)

  describe('costs no more memory than is bounded', () => {
    it('with fragments that never complete', async () => {
      const intruder = await siege.enter()
      const before = siege.refused('ERR_BAD_FRAME')
      for (let stream = 0; stream < 10; stream++) {
        intruder.data.write(fragment(stream, 0, FIRST, randomBytes(100), 64 * 1024 * 1024))
      }
      await intruder.data.closed
      assert.equal(siege.refused('ERR_BAD_FRAME'), before + 1, 'the third 64 MB were too much')
    })

    it('with many small ones that never complete', async () => {
      const intruder = await siege.enter()
      const before = siege.refused('ERR_BAD_FRAME')
      for (let stream = 0; stream < 100; stream++) {
        intruder.data.write(fragment(stream, 0, FIRST, randomBytes(100), 100_000))
      }
      await intruder.data.closed
      assert.equal(siege.refused('ERR_BAD_FRAME'), before + 1)
    })

    it('and messages in honest fragments arrive between those that do not', async () => {
      const intruder = await siege.enter()
      intruder.data.write(fragment(77, 0, FIRST, randomBytes(100), 64 * 1024 * 1024))
      const callId = intruder.nextCall()
      const args = [new Uint8Array(200_000).fill(7)]
      const body = Buffer.concat(envelopeBody(ENVELOPE.ASK, 'ledger', 'size', callId, args))
      const half = body.length >> 1
      const answer = intruder.answer(callId)
      intruder.data.write(fragment(1, 0, FIRST, body.subarray(0, half), body.length))
      intruder.data.write(fragment(1, half, LAST, body.subarray(half)))
      assert.equal((await answer).kind, ENVELOPE.REPLY)
    })
  })

  describe('is told apart from an honest peer, and not believed,', () => {
    const victim = (): Member => ({
      name: 'friend',
      incarnation: newUlid(),
      generation: Date.now() + 1_000_000,
      addresses: [{ host: '127.0.0.1', port: 1 }],
      tags: [],
    })
    /** What `node` knows of another member. */
    const known = (name: string): MemberRecord => {
      const member = siege.node.members().find((one) => one.name === name)
      assert.isDefined(member)
      return presentRecord(member)
    }
    const own = (intruder: Intruder): MemberRecord => presentRecord(intruder.member)

    const cases: readonly [string, (intruder: Intruder) => unknown][] = [
      ['who joins in the name of another', () => wire.join(known('friend'))],
      ['who joins with a newer friend', () => wire.join(presentRecord(victim()))],
      [
        'who greets in the name of another',
        () => wire.hello(known('friend'), '0000000000000000', true),
      ],
      [
        'who says in the name of another that it left',
        (intruder) =>
          wire.leave(removedRecord(known('node'), `not-${intruder.member.name}`, false)),
      ],
      [
        'who says that the node said of itself what it never said',
        () => wire.news([{ ...known('node'), added: 1_000, removed: 999, by: 'friend' }]),
      ],
      [
        'who sends its own record with another generation',
        (intruder) =>
          wire.join({ ...own(intruder), member: { ...intruder.member, generation: 1 } }),
      ],
      ['whose message has no kind', () => []],
      ['whose message has an unknown kind', () => [99, 1, 2]],
      ['whose message is a text', () => 'join'],
      ['whose join has no record', () => [2]],
      ['whose record is a map', () => [2, { member: 1 }]],
      ['whose record has a field too few', () => [2, [['x', newUlid(), 1, []], 1, 0, '', false]]],
      [
        'whose name is __proto__ and generation a text',
        () => [5, [[['__proto__', newUlid(), '1', [], []], 1, 0, '', false]]],
      ],
      [
        'whose member has 1,000 addresses',
        () => [5, [[['x', newUlid(), 1, Array(1_000).fill(['h', 1]), []], 1, 0, '', false]]],
      ],
      [
        'whose member has a port of -1',
        () => [5, [[['x', newUlid(), 1, [['h', -1]], []], 1, 0, '', false]]],
      ],
      [
        'whose removal was never added',
        () => [5, [[['x', newUlid(), 1, [], []], 1, 2, 'x', false]]],
      ],
    ]
    for (const [what, forged] of cases) {
      it(what, async () => {
        const intruder = await siege.enter()
        const { name } = intruder.member
        const before = siege.badMessages(name)
        const members = siege.node.members()
        intruder.overlay(forged(intruder))
        await until('it is counted', () => siege.badMessages(name) === before + 1)
        assert.deepEqual(siege.node.members(), members)
        assert.isTrue(siege.node.isUp(name), 'the connection stands')
      })
    }

    it('who is no member and speaks of others', async () => {
      const intruder = await siege.enter({ name: 'intruder-0', join: false })
      const members = siege.node.members()
      const forged = [
        wire.news([presentRecord(victim())]),
        wire.state([presentRecord({ ...victim(), name: 'made-up' })], '', '', true),
        wire.leave(removedRecord(known('friend'), 'intruder-0', false)),
      ]
      for (const body of forged) intruder.overlay(body)
      await until('all are counted', () => siege.badMessages('intruder-0') === forged.length)
      assert.deepEqual(siege.node.members(), members)
    })

    it('who nests its message 10,000 deep', async () => {
      const intruder = await siege.enter()
      const { name } = intruder.member
      const deep = Buffer.concat([Buffer.alloc(10_000, 0x91), Buffer.from([0xc0])])
      intruder.membership.write(frame(FRAME.OVERLAY, deep))
      await until('it is counted', () => siege.badMessages(name) === 1)
    })

    it('who comes under a name that is taken', async () => {
      for (const name of ['friend', 'node']) {
        const before = siege.refused('ERR_NAME_TAKEN')
        let code = ''
        await siege.enter({ name }).catch((error: { code: string }) => {
          code = error.code
        })
        assert.equal(code, 'ERR_NAME_TAKEN')
        assert.equal(siege.refused('ERR_NAME_TAKEN'), before + 1)
      }
    })
  })
})

/** All that were ever refused. */
const refusals = (siege: Siege): number =>
  Object.values(siege.stats.transport.refused).reduce((sum, count) => sum + count, 0)
