import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import { memberToWire } from '../../src/overlay/member.js'
import type { Member, Overlay, OverlayEffect, OverlayFactory } from '../../src/overlay/overlay.js'
import { scampWire as wire } from '../../src/overlay/scamp-message.js'
import { scampV1 } from '../../src/overlay/scamp-v1.js'
import { scampV2 } from '../../src/overlay/scamp-v2.js'
import { overlayContract } from '../contracts/overlay.js'
import { seeds } from '../seeds.js'
import { addressOf, type CoreNode, incarnationFor } from './core-network.js'
import { QueueNetwork } from './queue-network.js'
import { disturbed } from './view-bench.js'
import { mean, sum, ViewGraph } from './view-graph.js'

const EXPECTED = { symmetric: false, nodes: 10 }
overlayContract('scampV1', () => scampV1(), EXPECTED)
overlayContract('scampV2', () => scampV2(), EXPECTED)

interface Views {
  readonly partial: readonly string[]
  readonly inView: readonly string[]
  readonly lost: readonly string[]
}

const viewsOf = (overlay: Overlay): Views => overlay.snapshot() as unknown as Views

/** Joined one by one, each through a random one before it. */
function grown(count: number, factory: OverlayFactory, seed: number | string): QueueNetwork {
  const net = new QueueNetwork(seed)
  const names: string[] = []
  for (let i = 0; i < count; i++) {
    net.start(`n${i}`, factory)
    if (i > 0) net.join(`n${i}`, net.random.pick(names))
    names.push(`n${i}`)
  }
  return net
}

const sizes = (net: QueueNetwork): number[] =>
  net.alive().map((node) => viewsOf(node.overlay).partial.length)

const graphOf = (net: QueueNetwork): ViewGraph => {
  const alive = (name: string): boolean => net.node(name).alive
  return new ViewGraph(
    new Map(
      net.alive().map((one) => [one.member.name, one.overlay.neighbours().filter(alive)] as const),
    ),
  )
}

const member = (name: string, number: number): Member => ({
  name,
  incarnation: incarnationFor(number),
  generation: number,
  addresses: [addressOf(name)],
  tags: [],
})

/** One core that has started, and knows the members given. */
function core(factory: OverlayFactory, known: readonly Member[] = []): Overlay {
  const overlay = factory.create(member('self', 50), seededRandom(7))
  overlay.step({ type: 'start' })
  for (const peer of known) {
    overlay.step({ type: 'peerUp', peer })
    overlay.step({ type: 'join', contact: peer })
    overlay.step({ type: 'message', from: peer, body: wire.accept() })
  }
  return overlay
}

const sent = (effects: readonly OverlayEffect[]): unknown[] =>
  effects.flatMap((one) => (one.type === 'send' || one.type === 'sendOnce' ? [one.body] : []))

function holds({ overlay, name }: CoreNode): void {
  const { partial, inView, lost } = viewsOf(overlay)
  for (const view of [partial, inView, lost]) {
    assert.notInclude(view, name, `${name} is in a view of its own`)
    assert.equal(new Set(view).size, view.length, `a view of ${name} has one twice`)
    assert.isAtMost(view.length, 40)
  }
  const known = new Set([...partial, ...inView, name])
  assert.sameMembers(
    overlay.members().map((one) => one.name),
    [...known],
  )
}

describe('SCAMP', () => {
  for (const [title, make, factor] of [
    ['scampV1', scampV1, 5],
    ['scampV2', scampV2, 4],
  ] as const) {
    it(`${title} grows views by ${factor} × ln n, whoever is asked, without knowing n`, () => {
      const [few, many] = [60, 300]
      const means = (count: number): number =>
        mean([1, 2, 3, 4].map((seed) => mean(sizes(grown(count, make(), seed)))))
      const [small, large] = [means(few), means(many)]
      const slope = (large - small) / Math.log(many / few)
      assert.closeTo(slope, factor, 0.2 * factor, `mean views ${small} and ${large}`)
      assert.isAtMost(large, factor * Math.log(many))
      assert.isAtLeast(large, 0.7 * factor * Math.log(many))
    })

    it(`${title} is one component in which everybody reaches all`, () => {
      const graph = graphOf(grown(200, make(), 3))
      assert.equal(graph.largestComponent(), 200)
      for (const start of ['n0', 'n99', 'n199']) assert.equal(graph.reached(start), 200)
    })

    it(`${title} knows on both ends of every arc of it`, () => {
      const net = grown(120, make(), 4)
      for (let i = 0; i < 12; i++) net.round()
      for (const { member: own, overlay } of net.alive()) {
        for (const name of viewsOf(overlay).partial) {
          assert.include(viewsOf(net.node(name).overlay).inView, own.name)
        }
      }
      assert.equal(sum(sizes(net)), sum(net.alive().map((n) => viewsOf(n.overlay).inView.length)))
    })

    it(`${title} survives the end of a third at once and of another third one by one`, () => {
      const net = grown(150, make(), 5)
      const names = net.random.sample([...net.nodes.keys()], 100)
      net.kill(names.slice(0, 50))
      for (let i = 0; i < 12; i++) net.round()
      for (const name of names.slice(50)) net.leave(name)
      const left = net.alive().filter((node) => !names.includes(node.member.name))
      const graph = new ViewGraph(
        new Map(left.map((node) => [node.member.name, node.overlay.neighbours()] as const)),
      )
      assert.equal(graph.largestComponent(), 50)
      assert.isAbove(mean(left.map((node) => node.overlay.neighbours().length)), 5)
    })

    for (const seed of seeds(1)) {
      it(`${title} keeps its views valid through 10,000 events [SEED=${seed}]`, () => {
        disturbed(make({ partialMax: 40, inViewMax: 40, walkMax: 64 }), seed, holds)
      })
    }
  }

  it('bears hundreds of joins through one contact, whose views stay as those of others', () => {
    for (const make of [scampV1, scampV2]) {
      const net = new QueueNetwork(1)
      for (let i = 0; i < 400; i++) {
        net.start(`n${i}`, make())
        if (i > 0) net.join(`n${i}`, 'n0')
      }
      assert.isBelow(Math.max(...sizes(net)), 80)
      assert.isBelow(viewsOf(net.node('n0').overlay).partial.length, 80)
      assert.equal(graphOf(net).largestComponent(), 400)
    }
  })

  it('keeps a subscription with probability 1 in 1 + the size of the view', () => {
    let kept = 0
    const trials = 2_000
    const peers = Array.from({ length: 4 }, (_, i) => member(`p${i}`, i + 1))
    const overlay = core(scampV1(), peers)
    for (let i = 0; i < trials; i++) {
      const newcomer = member(`x${i}`, 100 + i)
      const body = wire.forward(memberToWire(newcomer), 100)
      overlay.step({ type: 'message', from: peers[0] as Member, body })
      if (!overlay.neighbours().includes(newcomer.name)) continue
      kept++
      const gone = wire.replace(undefined, true)
      overlay.step({ type: 'message', from: newcomer, body: gone })
    }
    assert.lengthOf(overlay.neighbours(), 4)
    assert.closeTo(kept / trials, 1 / 5, 0.03)
  })

  it('ends every walk: an absurd number of hops is cut down', () => {
    const [a, b] = [member('a', 1), member('b', 2)]
    const overlay = core(scampV1({ walkMax: 50 }), [a, b])
    let longest = 0
    for (let i = 0; i < 50; i++) {
      const body = wire.forward(memberToWire(member(`x${i}`, 9 + i)), Number.MAX_SAFE_INTEGER)
      for (const one of sent(overlay.step({ type: 'message', from: a, body }))) {
        longest = Math.max(longest, (one as number[])[2] ?? 0)
      }
    }
    assert.equal(longest, 49)
  })

  it('does not believe what others tell of another incarnation of who is connected', () => {
    const [a, b] = [member('a', 1), member('b', 2)]
    const overlay = core(scampV1(), [a, b])
    const forged = { ...member('b', 77), addresses: [addressOf('evil')] }
    for (let i = 0; i < 50; i++) {
      overlay.step({ type: 'message', from: a, body: wire.forward(memberToWire(forged), 0) })
    }
    const known = overlay.members().find((one) => one.name === 'b')
    assert.equal(known?.incarnation, b.incarnation)
  })

  it('subscribes again when nobody has pinged it for the isolation window', () => {
    const overlay = core(scampV1({ isolationPeriods: 3 }), [member('a', 1)])
    const rounds = Array.from({ length: 4 }, () => overlay.step({ type: 'timer', name: 'round' }))
    const asks = rounds.map((effects) =>
      sent(effects).some((body) => JSON.stringify(body) === JSON.stringify(wire.subscribe(1 + 4))),
    )
    assert.deepEqual(asks, [false, false, false, true])
  })

  it('subscribes who asks twice in a period once, and its next incarnation again', () => {
    const overlay = core(scampV1({ redundancy: 2 }), [member('a', 1)])
    const copies = (from: Member): number =>
      sent(overlay.step({ type: 'message', from, body: wire.subscribe() })).length - 1
    const counts = [member('b', 2), member('b', 2), member('b', 3)].map(copies)
    assert.deepEqual(counts, [1 + 2, 0, 1 + 2])
  })

  it('is not put out by an expulsion that was meant for the incarnation before', () => {
    const a = member('a', 1)
    const overlay = core(scampV1(), [a])
    overlay.step({ type: 'message', from: a, body: [2, incarnationFor(49)] })
    assert.deepEqual(overlay.neighbours(), ['a'])
    const effects = overlay.step({ type: 'message', from: a, body: [2, incarnationFor(50)] })
    assert.include(
      effects.map((effect) => effect.type),
      'selfLeft',
    )
  })

  it('tells a newcomer whom it has lost, with half the attempts left', () => {
    const [a, b, c] = [member('a', 1), member('b', 2), member('c', 3)]
    const overlay = core(scampV1(), [a, b])
    overlay.step({ type: 'nodeDown', peer: 'b', incarnation: b.incarnation })
    const told = sent(overlay.step({ type: 'message', from: c, body: wire.subscribe() }))
    assert.deepInclude(told, [5, [[memberToWire(b), 50]]])
    const newcomer = core(scampV1(), [a])
    newcomer.step({ type: 'message', from: a, body: [5, [[memberToWire(b), 50]]] })
    assert.deepEqual(viewsOf(newcomer).lost, ['b'])
  })

  it('puts those it leaves behind in touch: in-view less c + 1 get a member of its view', () => {
    const out = Array.from({ length: 3 }, (_, i) => member(`o${i}`, i + 1))
    const overlay = core(scampV1({ redundancy: 1 }), out)
    const incoming = Array.from({ length: 6 }, (_, i) => member(`i${i}`, 20 + i))
    for (const from of incoming) overlay.step({ type: 'message', from, body: wire.ping() })
    const bodies = sent(overlay.step({ type: 'leave', name: 'self' })) as unknown[][]
    const replaces = bodies.filter((body) => body.length === 3)
    assert.lengthOf(replaces, 6)
    assert.lengthOf(
      replaces.filter(([, by]) => by !== null),
      6 - 1 - 1,
    )
    assert.deepEqual(overlay.neighbours(), [])
    assert.lengthOf(overlay.members(), 1)
  })

  it('lets leases end, and renewed ones keep as many places as there were', () => {
    const net = grown(40, scampV2({ leaseMs: 100_000 }), 8)
    const before = sum(sizes(net))
    for (let i = 0; i < 40; i++) net.round()
    assert.isAbove(sum(sizes(net)), 0.6 * before)
    assert.isBelow(sum(sizes(net)), 1.8 * before)
    assert.equal(graphOf(net).largestComponent(), 40)
  })

  it('remembers who it lost, a bounded number of them, and takes them back', () => {
    const peers = Array.from({ length: 60 }, (_, i) => member(`p${i}`, i + 1))
    const overlay = core(scampV1(), peers)
    for (const { name, incarnation } of peers) {
      overlay.step({ type: 'nodeDown', peer: name, incarnation })
    }
    const { lost } = viewsOf(overlay)
    assert.lengthOf(lost, 32)
    assert.deepEqual(overlay.neighbours(), [])
    const again = peers.find((one) => one.name === lost[0]) as Member
    overlay.step({ type: 'message', from: again, body: [4] })
    assert.deepEqual(overlay.neighbours(), [again.name])
  })

  it('refuses options that make no sense', () => {
    const bad: readonly Record<string, unknown>[] = [
      { redundancy: -1 },
      { redundancy: 1.5 },
      { partialMax: 0 },
      { periodMs: 0 },
      { isolationPeriods: 0 },
      { leaseMs: -5 },
      { walkMax: 1e9 },
      { activeMax: 5 },
    ]
    for (const options of bad) {
      for (const make of [scampV1, scampV2]) {
        try {
          make(options)
          assert.fail(`took ${JSON.stringify(options)}`)
        } catch (error) {
          assert.equal(codeOf(error), 'ERR_BAD_OPTION', JSON.stringify(options))
        }
      }
    }
  })
})
