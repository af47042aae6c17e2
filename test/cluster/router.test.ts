import { assert } from 'chai'
import { TroupeError } from '../../src/base/errors.js'
import { Reach } from '../../src/cluster/reach.js'
import {
  encodeRelay,
  type RelayHead,
  readRelay,
  relayedEnvelope,
} from '../../src/cluster/relay-frame.js'
import { ROUTE, type RouteMessage, routeToWire } from '../../src/cluster/route-message.js'
import { Router } from '../../src/cluster/router.js'
import type { Member } from '../../src/overlay/overlay.js'
import { MEMBERSHIP } from '../../src/peer/channel-table.js'
import { FULL, SENT, type SendOutcome, SLOW } from '../../src/peer/transport.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { Codec } from '../../src/wire/codec.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FRAME, type FrameKind } from '../../src/wire/frame.js'
import { ScriptedOverlay } from '../overlay/scripted-overlay.js'
import { FakeTransport } from './fake-transport.js'
import { memberOfStart } from './route-network.js'

/** Keeps the control frames that were sent. */
class Wire extends FakeTransport {
  readonly frames: { readonly to: string; readonly kind: FrameKind; readonly body: Uint8Array }[] =
    []

  /** To relayed messages. */
  answer: SendOutcome = SENT

  override sendControl(to: string, kind: number, body: Uint8Array): SendOutcome {
    this.frames.push({ to, kind: kind as FrameKind, body })
    return this.connected.has(to) ? (kind === FRAME.RELAY ? this.answer : SENT) : FULL
  }
}

const codec = new Codec()
const [b, c] = [memberOfStart('b'), memberOfStart('c')]

/** A router at `a`, connected to b and c. */
function bench() {
  const self = memberOfStart('a')
  const overlay = new ScriptedOverlay(self, [])
  const transport = new Wire()
  const world = new Simulation({ seed: 1 }).world('a')
  const bad: string[] = []
  const badMessage = (from: string, detail: string): void => void bad.push(`${from}: ${detail}`)
  const reach = new Reach({
    self,
    overlay,
    transport,
    codec,
    clock: world.clock,
    ttl: 32,
    alive: () => {},
    bye: () => {},
    badMessage,
  })
  const lost: string[] = []
  const contacts: string[] = []
  const members = new Map<string, Member>()
  const router = new Router({
    self,
    overlay,
    transport,
    channels: transport.channels,
    codec,
    turn: world.turn,
    clock: world.clock,
    relayTtl: 32,
    reach,
    member: (name) => members.get(name),
    isDown: () => false,
    contact: ({ name, generation }) => void contacts.push(`${name} ${generation}`),
    used: () => {},
    undelivered: (to, _channel, _envelope, { code }) => void lost.push(`${to.name} ${code}`),
    deliver: () => {},
    badMessage,
  })
  for (const peer of [b, c]) {
    transport.connected.add(peer.name)
    reach.feed({ type: 'peerUp', peer })
  }
  return { transport, reach, router, members, bad, lost, contacts }
}

const head = (id: number, source: Member, destination: string): RelayHead => ({
  id,
  ttl: 9,
  channel: 'default',
  source: source.name,
  sourceIncarnation: source.incarnation,
  sourceGeneration: source.generation,
  destination,
  destinationIncarnation: '',
  returnedFrom: '',
})

const relayed = (of: RelayHead): Uint8Array =>
  encodeRelay({ head: of, envelope: new Uint8Array(8) }, codec)

describe('router', () => {
  it('drops a route that leads in a circle, and searches a better one for what follows', () => {
    const { transport, reach, router } = bench()
    const d = memberOfStart('d')
    const reply = { kind: ROUTE.REPLY, ttl: 9, number: 1, author: d, to: 'x' } as const
    reach.receive(c, codec.encodeValue(routeToWire(reply)))
    assert.equal(reach.hop('d'), 'c')
    const source = memberOfStart('s')
    router.receive(b, relayed(head(1, source, 'd')))
    assert.equal(router.stats.forwarded, 1)
    router.receive(c, relayed(head(1, source, 'd')))
    assert.equal(router.stats.duplicates, 1)
    assert.isUndefined(reach.hop('d'))
    transport.frames.length = 0
    router.receive(b, relayed(head(2, source, 'd')))
    assert.deepEqual(
      transport.frames.map(({ to, kind }) => [to, kind]),
      [
        ['b', FRAME.ROUTE],
        ['c', FRAME.ROUTE],
      ],
    )
  })

  it('sends what is out of hops back to where it came from', () => {
    const { transport, router } = bench()
    router.receive(b, relayed({ ...head(1, b, 'd'), ttl: 1 }))
    const [back] = transport.frames
    const frame = back && readRelay(back.body, codec)
    assert.equal(back?.to, 'b')
    assert.deepInclude(frame?.head, { source: 'a', destination: 'b', returnedFrom: 'd' })
    assert.equal(router.stats.expired, 1)
  })

  it('returns nothing twice', () => {
    const { transport, router } = bench()
    router.receive(b, relayed({ ...head(1, b, 'd'), ttl: 1, returnedFrom: 'e' }))
    assert.deepEqual(transport.frames, [])
  })

  it('counts what comes back as lost, and refuses what cannot be read', () => {
    const { reach, router, bad, lost } = bench()
    reach.stop()
    assert.equal(router.send('d', 1, tell()), 2, 'nothing waits any more')
    router.receive(b, relayed({ ...head(1, b, 'a'), returnedFrom: 'd' }))
    assert.match(bad.join(), /ERR_/)
    assert.deepEqual(lost, [])
    router.receive(b, new Uint8Array(3))
    assert.match(bad.join(), /malformed/)
  })

  it('sends what waited for a node over its lanes, and for its next start nothing', () => {
    const connected = (start: number): string[] => {
      const { transport, reach, router, members } = bench()
      members.set('d', memberOfStart('d', 1))
      router.send('d', 1, tell())
      const peer = memberOfStart('d', start)
      members.set('d', peer)
      transport.connected.add('d')
      reach.feed({ type: 'peerUp', peer })
      return transport.calls
    }
    assert.deepEqual(connected(1), ['send d'])
    assert.deepEqual(connected(2), [])
  })

  it('returns what the next hop does not take, however large', () => {
    const { transport, router } = bench()
    const sent = transport.sendControl.bind(transport)
    transport.sendControl = (to, kind, body) => {
      if (to === 'c' && kind === FRAME.RELAY) throw new TroupeError('ERR_TOO_LARGE', 'c takes less')
      return sent(to, kind, body)
    }
    router.receive(b, relayed(head(1, b, 'c')))
    assert.deepInclude(readRelay(transport.frames[0]?.body as Uint8Array, codec)?.head, {
      destination: 'b',
      returnedFrom: 'c',
    })
  })

  it('sends back what is for an earlier start of this node, at a bounded rate', () => {
    const { transport, router } = bench()
    const late = { destinationIncarnation: memberOfStart('a', 0).incarnation }
    for (let id = 1; id <= 1_000; id++) router.receive(b, relayed({ ...head(id, b, 'a'), ...late }))
    assert.deepInclude(router.stats, { stale: 1_000, refused: 400, delivered: 0 })
    assert.lengthOf(transport.frames, 400)
    assert.deepInclude(readRelay(transport.frames[0]?.body as Uint8Array, codec)?.head, {
      source: 'a',
      destination: 'b',
      destinationIncarnation: b.incarnation,
      returnedFrom: 'a',
    })
    const returned = { ...head(1_001, b, 'a'), ...late, returnedFrom: 'd' }
    router.receive(b, relayed(returned))
    assert.lengthOf(transport.frames, 400, 'what comes back is not returned')
  })

  it('takes a node for started anew only at the word of a newer start of it', () => {
    const told = (start: number, from: string): string[] => {
      const { router, members, lost, contacts } = bench()
      members.set('d', memberOfStart('d', 2))
      const at = { ...head(1, memberOfStart(from, start), 'a'), returnedFrom: 'd' }
      router.receive(b, encodeRelay({ head: at, envelope: relayedEnvelope(tell(), codec) }, codec))
      return [...lost, ...contacts]
    }
    assert.deepEqual(told(3, 'd'), ['d ERR_NODE_DOWN', 'd 3'])
    assert.deepEqual(told(1, 'd'), [], 'its last start is history, whatever it says')
    assert.deepEqual(told(9, 'c'), ['d ERR_NO_ROUTE'], 'a node on the way speaks of the way')
  })

  it('says that the first lane on the way is above its mark, and takes the message', () => {
    const { transport, reach, router } = bench()
    const reply = { kind: ROUTE.REPLY, ttl: 9, number: 1, author: memberOfStart('d'), to: 'x' }
    reach.receive(c, codec.encodeValue(routeToWire(reply as RouteMessage)))
    transport.answer = SLOW
    assert.equal(router.send('d', 1, tell()), SLOW)
    assert.equal(router.stats.sent, 1)
    transport.answer = FULL
    assert.equal(router.send('d', 1, tell()), FULL)
    assert.equal(router.stats.sent, 1)
  })

  it('waits for the lane to the next hop', async () => {
    const { transport, reach, router } = bench()
    const reply = { kind: ROUTE.REPLY, ttl: 9, number: 1, author: memberOfStart('d'), to: 'x' }
    reach.receive(c, codec.encodeValue(routeToWire(reply as RouteMessage)))
    let free: (() => void) | undefined
    const asked: unknown[] = []
    transport.ready = (...args: unknown[]) => {
      asked.push(args)
      return new Promise((resolve) => {
        free = resolve
      })
    }
    let ready = false
    const waiting = router.ready('d', 1, 7).then(() => {
      ready = true
    })
    await new Promise(setImmediate)
    assert.isFalse(ready)
    assert.deepEqual(asked, [['c', MEMBERSHIP, 0]])
    free?.()
    await waiting
  })

  it('drops, counts and returns what finds the lane to the next hop full', () => {
    const { transport, router } = bench()
    transport.answer = FULL
    router.receive(b, relayed(head(1, b, 'c')))
    assert.deepInclude(router.stats, { full: 2, forwarded: 0, noRoute: 0 }, 'there and back')
    transport.answer = SLOW
    router.receive(b, relayed(head(2, b, 'c')))
    assert.deepInclude(router.stats, { full: 2, forwarded: 1 })
  })

  it('fails what waits when the node stops', () => {
    const { reach, router, lost } = bench()
    router.send('d', 1, tell())
    reach.stop()
    assert.deepEqual(lost, ['d ERR_NO_ROUTE'])
  })
})

const tell = (): Envelope =>
  new Envelope(ENVELOPE.FORWARD, 'mail', 0, 0, 0, ['hello'], undefined, undefined)
