import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { hiscamp } from '../../src/overlay/hiscamp.js'
import type { Member, Overlay, OverlayFactory } from '../../src/overlay/overlay.js'
import { scampV2 } from '../../src/overlay/scamp-v2.js'
import { overlayContract } from '../contracts/overlay.js'
import { seeds } from '../seeds.js'
import type { CoreNode } from './core-network.js'
import { QueueNetwork } from './queue-network.js'
import { disturbed } from './view-bench.js'
import { sum, ViewGraph } from './view-graph.js'

/** Of other clusters a node knows a few members only, and removes none that it does not know. */
const EXPECTED = { symmetric: false, removesOthers: false, nodes: 10 }
/** Even and odd numbers live far apart. */
const parity = (a: Member, b: Member): number =>
  (Number(a.name.slice(1)) - Number(b.name.slice(1))) % 2 === 0 ? 0 : 10

overlayContract('hiscamp with two clusters', () => hiscamp({ distance: parity }), EXPECTED)

interface Views {
  readonly cluster: string
  readonly partial: readonly string[]
  readonly inView: readonly string[]
  readonly hView: readonly string[]
}

const viewsOf = (overlay: Overlay): Views => overlay.snapshot() as unknown as Views

const byRegion = (a: Member, b: Member): number => Math.abs(Number(a.tags[0]) - Number(b.tags[0]))

/** Nodes of so many regions, joined one by one through random ones, after some rounds. */
function regional(factory: OverlayFactory, count: number, regions: number): QueueNetwork {
  const net = new QueueNetwork(1)
  const names: string[] = []
  for (let i = 0; i < count; i++) {
    net.start(`n${i}`, factory, [String(net.random.int(regions))])
    if (i > 0) net.join(`n${i}`, net.random.pick(names))
    names.push(`n${i}`)
  }
  for (let i = 0; i < 20; i++) net.round()
  return net
}

/** Over those that are alive: of the far view's members one may be dead and not tried yet. */
const graphOf = (net: QueueNetwork): ViewGraph => {
  const alive = (name: string): boolean => net.node(name).alive
  return new ViewGraph(
    new Map(
      net.alive().map((one) => [one.member.name, one.overlay.neighbours().filter(alive)] as const),
    ),
  )
}

const regionOf = (net: QueueNetwork, name: string): string | undefined =>
  net.node(name).member.tags[0]

/** What a broadcast costs that everybody passes on to its neighbours: messages to another region. */
const longMessages = (net: QueueNetwork): number =>
  sum(
    net.alive().map(({ member, overlay }) => {
      const far = (name: string): boolean => regionOf(net, name) !== member.tags[0]
      return overlay.neighbours().filter(far).length
    }),
  )

function holds({ overlay, name }: CoreNode): void {
  const { partial, inView, hView } = viewsOf(overlay)
  for (const view of [partial, inView, hView]) {
    assert.notInclude(view, name, `${name} is in a view of its own`)
    assert.equal(new Set(view).size, view.length, `a view of ${name} has one twice`)
    assert.isAtMost(view.length, 40)
  }
  const known = new Set([...partial, ...inView, ...hView, name])
  assert.sameMembers(
    overlay.members().map((one) => one.name),
    [...known],
  )
}

describe('HiScamp', () => {
  const clustered = hiscamp({ distance: byRegion, threshold: 0.5 })
  /** 120 nodes of six regions, for tests that change nothing. */
  let six: QueueNetwork
  before(() => {
    six = regional(clustered, 120, 6)
  })

  it('puts every node into one cluster, that of its region, and its views agree', () => {
    const net = six
    const clusters = new Set<string>()
    for (const { member, overlay } of net.alive()) {
      const { cluster, partial, hView } = viewsOf(overlay)
      clusters.add(cluster)
      assert.equal(regionOf(net, cluster), member.tags[0])
      for (const near of partial) assert.equal(viewsOf(net.node(near).overlay).cluster, cluster)
      for (const far of hView) assert.notEqual(viewsOf(net.node(far).overlay).cluster, cluster)
      assert.isAtLeast(hView.length, 1)
    }
    assert.equal(clusters.size, 6)
  })

  it('has ways between any two clusters, from several members, also when many have died', () => {
    const net = regional(clustered, 90, 5)
    const outs = new Map<string, number>()
    for (const { member, overlay } of net.alive()) {
      const region = String(member.tags[0])
      outs.set(region, (outs.get(region) ?? 0) + viewsOf(overlay).hView.length)
    }
    for (const count of outs.values()) assert.isAbove(count, 3)
    assert.equal(graphOf(net).reached('n0'), 90)
    net.kill(net.random.sample([...net.nodes.keys()], 30))
    for (let i = 0; i < 12; i++) net.round()
    const graph = graphOf(net)
    for (const { member } of net.alive()) assert.equal(graph.reached(member.name), 60)
  })

  it('reaches as many as SCAMP with a fraction of the messages to other regions', () => {
    const flat = regional(scampV2(), 120, 6)
    assert.equal(graphOf(flat).reached('n0'), 120)
    assert.equal(graphOf(six).reached('n0'), 120)
    assert.isBelow(longMessages(six), longMessages(flat) / 5)
  })

  it('takes what is no distance for a long way', () => {
    for (const distance of [() => Number.NaN, () => -1, () => 'near' as unknown as number]) {
      const net = regional(hiscamp({ distance }), 6, 1)
      for (const { member, overlay } of net.alive()) {
        assert.equal(viewsOf(overlay).cluster, member.name)
      }
      assert.equal(graphOf(net).largestComponent(), 6)
    }
    const throwing = (): number => {
      throw new Error('no tags')
    }
    assert.doesNotThrow(() => regional(hiscamp({ distance: throwing }), 4, 1))
  })

  for (const seed of seeds(1)) {
    it(`keeps its views valid through 10,000 events [SEED=${seed}]`, () => {
      const limits = { partialMax: 40, inViewMax: 40, walkMax: 64 }
      disturbed(hiscamp({ distance: parity, ...limits }), seed, holds)
    })
  }

  it('refuses options that make no sense', () => {
    const bad = [
      {},
      { distance: 5 },
      { distance: parity, threshold: -1 },
      { distance: parity, farLinks: 0 },
      { distance: parity, farLinks: 9, farMax: 8 },
      { distance: parity, redundancy: -1 },
    ]
    for (const options of bad) {
      try {
        hiscamp(options as Parameters<typeof hiscamp>[0])
        assert.fail(`took ${Object.keys(options)}`)
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION')
      }
    }
  })
})
