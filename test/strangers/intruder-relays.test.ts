import { randomBytes } from 'node:crypto'
import { assert } from 'chai'
import { newIncarnation } from '../../src/base/identity.js'
import { fullMesh, type OverlayFactory } from '../../src/index.js'
import { ENVELOPE } from '../../src/wire/envelope.js'
import { FRAME } from '../../src/wire/frame.js'
import { Ledger } from '../processes/actors.js'
import { until } from '../processes/until.js'
import { envelopeBody } from './intruder.js'
import { codec, frame } from './raw-socket.js'
import { Siege } from './siege.js'

/** A mesh that relays all the same, as overlays do in which not all are connected. */
const relayingMesh: OverlayFactory = {
  name: 'full-mesh',
  create: (self, random) => {
    const mesh = fullMesh().create(self, random)
    return {
      name: mesh.name,
      capabilities: { membership: 'all', direct: false },
      step: (event) => mesh.step(event),
      members: () => mesh.members(),
      neighbours: () => mesh.neighbours(),
      nextHop: (destination) => mesh.nextHop(destination),
      snapshot: () => mesh.snapshot(),
    }
  },
}

let relayed = 0

interface Claims {
  readonly ttl?: unknown
  readonly source?: unknown
  readonly destination?: unknown
  readonly known?: unknown
}

/** The head of a relay frame: id, ttl, channel, source and its incarnation, destination and its, who sent it back and for which start, and whether it goes again. */
function head({ ttl = 3, source = 'far', destination = 'node', known = '' }: Claims): unknown[] {
  const ulid = newIncarnation(Date.now(), randomBytes(5))
  return [++relayed, ttl, 'default', source, ulid, 1, destination, known, '', '', false]
}

/** A relay frame by hand: its head may hold anything. */
function relay(fields: unknown, envelope: Uint8Array = tell(), headBytes?: number): Buffer {
  const encoded = codec.encodeValue(fields)
  const size = Buffer.alloc(2)
  size.writeUInt16LE(headBytes ?? encoded.length)
  return frame(FRAME.RELAY, size, encoded, envelope)
}

const tell = (): Buffer => Buffer.concat(envelopeBody(ENVELOPE.TELL, 'ledger', 'write', 0, [1]))

const MALFORMED: readonly [string, () => Buffer][] = [
  ['with a ttl of 65', () => relay(head({ ttl: 65 }))],
  ['with a ttl of 2^40', () => relay(head({ ttl: 2 ** 40 }))],
  ['with a ttl of 0', () => relay(head({ ttl: 0 }))],
  ['with a ttl of -1', () => relay(head({ ttl: -1 }))],
  ['with a ttl of Infinity', () => relay(head({ ttl: Number.POSITIVE_INFINITY }))],
  ['with a ttl that is a text', () => relay(head({ ttl: '64' }))],
  ['with a source that is no name', () => relay(head({ source: 'a b/c' }))],
  ['with a destination that is a number', () => relay(head({ destination: 7 }))],
  ['with an incarnation that is none', () => relay(head({ known: 'nonsense' }))],
  ['with a head of the wrong arity', () => relay([1, 2, 3])],
  ['with a head that is no array', () => relay({ ttl: 3 })],
  ['with a head that is longer than the frame', () => relay(head({}), Buffer.alloc(0), 60_000)],
  ['without a head', () => frame(FRAME.RELAY, Buffer.alloc(1))],
  ['with an envelope of one byte', () => relay(head({}), Buffer.alloc(1))],
]

describe('A relay frame of a peer that breaks the rules', function () {
  this.timeout(30_000)
  let siege: Siege

  before(async () => {
    siege = await Siege.begin({ overlay: relayingMesh })
  })
  afterEach(async () => {
    await siege.check()
    await siege.expel()
  })
  after(() => siege.end())

  for (const [what, bytes] of MALFORMED) {
    it(`${what}: is dropped and counted`, async () => {
      const intruder = await siege.enter()
      const { name } = intruder.member
      const { received } = siege.stats.remote
      intruder.membership.write(bytes())
      await until('it is counted', () => siege.badMessages(name) === 1)
      assert.equal(siege.stats.remote.received, received, 'nothing was delivered')
      assert.isTrue(siege.node.isUp(name), 'the connection stands')
    })
  }

  it('with its last hop: goes no further, and one hop more goes one hop', async () => {
    const intruder = await siege.enter()
    const before = siege.stats.relay
    intruder.membership.write(relay(head({ ttl: 1, destination: 'friend' })))
    intruder.membership.write(relay(head({ ttl: 2, destination: 'friend' })))
    await until('both are counted', () => {
      const { relay: now } = siege.stats
      return (
        now?.expired === (before?.expired ?? 0) + 1 &&
        now.forwarded === (before?.forwarded ?? 0) + 1
      )
    })
  })

  it('seen before, or in the name of this node: is counted as a duplicate', async () => {
    const intruder = await siege.enter()
    const before = siege.stats.relay?.duplicates ?? 0
    const once = relay(head({ destination: 'nowhere' }))
    for (let i = 0; i < 3; i++) intruder.membership.write(once)
    intruder.membership.write(relay(head({ source: 'node' })))
    await until('they are counted', () => siege.stats.relay?.duplicates === before + 3)
  })

  it('from an older start of a member: is counted as stale', async () => {
    const intruder = await siege.enter()
    const before = siege.stats.relay?.stale ?? 0
    intruder.membership.write(relay(head({ source: 'friend' })))
    await until('it is counted', () => siege.stats.relay?.stale === before + 1)
    assert.deepEqual(await siege.node.lookup(Ledger, 'ledger').ask.entries(), [])
  })
})

describe('A relay frame where all are connected directly', () => {
  it('is dropped and counted, however well it is made', async () => {
    const siege = await Siege.begin()
    try {
      const intruder = await siege.enter()
      intruder.membership.write(relay(head({})))
      await until('it is counted', () => siege.badMessages(intruder.member.name) === 1)
      assert.deepEqual(await siege.node.lookup(Ledger, 'ledger').ask.entries(), [])
      await siege.check()
    } finally {
      await siege.end()
    }
  })
})
