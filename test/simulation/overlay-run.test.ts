import { assert } from 'chai'
import { flood } from '../../src/broadcast/flood.js'
import { plumtree } from '../../src/broadcast/plumtree.js'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import { hiscamp } from '../../src/overlay/hiscamp.js'
import { hyparview } from '../../src/overlay/hyparview.js'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import { scampV2 } from '../../src/overlay/scamp-v2.js'
import { staticMembers } from '../../src/overlay/static-members.js'
import { heartbeatBytes } from '../../src/simulation/heartbeat-bytes.js'
import { type OverlayRunOptions, runOverlay } from '../../src/simulation/overlay-run.js'
import { nameOf, OverlayTown } from '../../src/simulation/overlay-town.js'
import { Sites } from '../../src/simulation/sites.js'
import { UnitTorus } from '../../src/simulation/unit-torus.js'
import { randomViews } from './random-views.js'

const options = (factory: OverlayFactory, more: Partial<OverlayRunOptions> = {}) => ({
  seed: 1,
  nodes: 60,
  cycles: 4,
  overlay: () => factory,
  ...more,
})

const listed = (nodes: number): OverlayFactory =>
  staticMembers(Array.from({ length: nodes }, (_, i) => `${nameOf(i)}:9000`))

const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)

describe('a simulated overlay', () => {
  it('is the same for the same seed, to the last figure, and another for another', () => {
    const more = { churn: 3, broadcasts: 3, protocol: plumtree(), fail: 0.4, burst: 20 }
    const run = (seed: number) => runOverlay(options(randomViews(), { ...more, seed }))
    const once = run(1)
    assert.deepEqual(run(1), once)
    assert.notEqual(run(2).events, once.events)
  })

  it('is a complete graph where all know all, and floods it in one hop', () => {
    for (const joins of [true, false]) {
      const factory = joins ? fullMesh() : listed(20)
      const more = { nodes: 20, joins, broadcasts: 2, protocol: flood() }
      const result = runOverlay(options(factory, more))
      assert.deepEqual(result.degreeHistogram, { 19: 20 })
      assert.deepEqual(result.inDegree, { mean: 19, sd: 0, min: 19, max: 19 })
      assert.deepInclude(result, { meanShortestPath: 1, clustering: 1, components: 1 })
      assert.deepInclude(result, { asymmetricLinks: 0, meanConnections: 19, badMessages: 0 })
      assert.deepEqual(result.lastHop, [1, 1])
      assert.deepEqual(result.delivered, [1, 1])
      assert.deepEqual(result.payloads, [19 + 19 * 18, 19 + 19 * 18])
      assert.deepEqual(result.rmr, [18, 18])
    }
  })

  it('costs a payload for each node but the first by Plumtree, once the tree stands', () => {
    const more = { broadcasts: 5, protocol: plumtree() }
    const { payloads, rmr, control, delivered } = runOverlay(options(hyparview(), more))
    assert.deepEqual(payloads?.slice(2), [59, 59, 59])
    assert.deepEqual(rmr?.slice(2), [0, 0, 0])
    assert.isAbove(control?.[4] ?? 0, 59)
    assert.deepEqual(delivered, [1, 1, 1, 1, 1])
  })

  it('of HyParView is symmetric, whole, of degree five, and heals when most of it is gone', () => {
    const more = { nodes: 300, cycles: 10, fail: 0.7, burst: 200, broadcasts: 1 }
    const result = runOverlay(options(hyparview(), more))
    assert.deepInclude(result, { components: 1, strongComponents: 1, asymmetricLinks: 0 })
    assert.isAtLeast(result.degreeHistogram['5'] ?? 0, 0.97 * 300)
    assert.approximately(result.meanShortestPath, 3.9, 0.15)
    assert.approximately(result.meanPassive, 30, 0.5)
    assert.approximately(result.messagesPerNodeCycle, 9.5, 1.5)
    assert.approximately(result.meanConnections, 6, 0.5) // one is lent, and goes back
    assert.isAtLeast(result.survivorsInLargest ?? 0, 0.99)
    assert.isAtLeast(result.reliability ?? 0, 0.95)
    assert.isAtMost(result.healCycles ?? 99, 2)
    assert.approximately(result.rmr?.[0] ?? 0, 3, 0.1)
  })

  it('of HyParView falls apart when seven in ten nodes are gone, until it has healed', () => {
    const more = { nodes: 300, cycles: 10, fail: 0.7, burst: 20 }
    const runs = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) =>
      runOverlay(options(hyparview(), { ...more, seed })),
    )
    // A graph of degree five is near the point where it falls apart: from 0.2 to 0.83 in single runs.
    const atOnce = runs.map((run) => run.survivorsInLargestAtOnce ?? 1)
    assert.approximately(sum(atOnce) / runs.length, 0.5, 0.15)
    assert.isBelow(Math.max(...atOnce), 0.9)
    for (const { survivorsInLargest } of runs) assert.isAtLeast(survivorsInLargest ?? 0, 0.99)
  }).timeout(20_000)

  it('uses connections for one message or measurement, lets go of those nobody wants, and counts', () => {
    const town = new OverlayTown(options(randomViews(), { nodes: 40 }))
    town.assemble()
    town.network.traffic.clear()
    for (let i = 0; i < 6; i++) town.cycle()
    town.network.run(7_000) // loans end
    const { network } = town
    for (const node of network.nodes) {
      const wanted = network.nodes.filter(
        (other) => node.neighbours().includes(other.id) || other.neighbours().includes(node.id),
      )
      assert.isAtMost(node.neighbours().length, 5)
      assert.equal(network.connections(node), wanted.length, `connections of ${node.name}`)
      for (const other of wanted) assert.isTrue(network.isUp(node.id, other.id))
    }
    assert.isAbove(network.traffic.releases, 0)
    assert.equal(network.traffic.messages > 0, network.traffic.bytes > 0)
  })

  it('replaces the dead by newcomers, which find their place', () => {
    const result = runOverlay(options(hyparview(), { churn: 6, cycles: 8 }))
    assert.equal(result.nodes, 60)
    assert.equal(result.components, 1)
  })

  it('learns of the dead at once, when it sends to them, or never', () => {
    const reliability = (detection: 'closed' | 'send' | 'none') => {
      const more = { nodes: 200, fail: 0.6, burst: 40, detection }
      const each = [1, 2, 3, 4, 5].map((seed) => ({ ...options(hyparview(), more), seed }))
      return each.reduce((sum, one) => sum + (runOverlay(one).reliability ?? 0), 0) / each.length
    }
    const [closed, send, none] = [reliability('closed'), reliability('send'), reliability('none')]
    assert.isAbove(closed, 0.98)
    assert.isAbove(send, none + 0.02)
    assert.isBelow(none, 0.85)
  }).timeout(20_000)

  it('has cheaper links with X-BOT, as many as before, and stays whole', () => {
    const torus = new UnitTorus(1)
    const oracle = (a: { name: string }, b: { name: string }) => torus.distance(a.name, b.name)
    const more = { nodes: 150, cycles: 12, cost: oracle }
    const result = runOverlay(options(hyparview({ xbot: { oracle } }), more))
    const costs = result.meanLinkCost ?? []
    assert.lengthOf(costs, 13)
    assert.approximately(costs[0] ?? 0, 0.3826, 0.04)
    assert.isBelow(costs.at(-1) ?? 1, 0.75 * (costs[0] ?? 0))
    assert.deepInclude(result, { components: 1, asymmetricLinks: 0 })
  })

  it('gossips to a few of the view where a fanout is given', () => {
    const gossip = { nodes: 100, broadcasts: 3, fanout: 2 }
    const { payloads, delivered } = runOverlay(options(fullMesh(), gossip))
    for (const [i, count] of (payloads ?? []).entries()) {
      assert.equal(count, 2 * Math.round(100 * (delivered?.[i] ?? 0)))
    }
    assert.isBelow(delivered?.[0] ?? 1, 1)
  })

  it('sends a fraction of what SCAMP does over long ways with HiScamp, and reaches as many', () => {
    const sites = new Sites(1, 5)
    const distance = (a: { name: string }, b: { name: string }) =>
      sites.apart(a.name, b.name) ? 1 : 0
    const [near, flat] = [hiscamp({ distance, threshold: 0.5 }), scampV2()].map((factory) => {
      const far = (a: string, b: string) => sites.apart(a, b)
      const more = { nodes: 300, cycles: 10, broadcasts: 1, contact: 'random', far } as const
      const result = runOverlay(options(factory, more))
      assert.deepEqual(result.delivered, [1])
      assert.isBelow(result.messagesPerNodeCycle, 40)
      return result.longLinkShare
    })
    for (const key of ['messages', 'payloads'] as const) {
      assert.approximately(flat?.[key] ?? 0, 4 / 5, 0.05, `${key} of SCAMP`)
      assert.isBelow(near?.[key] ?? 1, 0.25, `${key} of HiScamp`)
      assert.isAbove(near?.[key] ?? 0, 0, `${key} of HiScamp`)
    }
  }).timeout(120_000)

  it('goes on by the trees that stood when nodes fail, a broadcast in each cycle, and mends them', () => {
    const more = { nodes: 200, broadcasts: 6, protocol: plumtree({ repairMs: 0 }), after: 6 }
    const result = runOverlay(options(hyparview(), { ...more, fail: 0.5 }))
    const { afterFailure, reliability, healCycles } = result
    const { rmr = [], lastHop, payloads = [], control, delivered = [] } = afterFailure ?? {}
    for (const list of [rmr, lastHop, payloads, control, delivered]) assert.lengthOf(list ?? [], 6)
    assert.equal(reliability, delivered[0])
    assert.equal(healCycles, delivered.indexOf(1))
    assert.isAtMost(healCycles ?? 99, 2)
    assert.isBelow(result.survivorsInLargestAtOnce ?? 1, 1)
    assert.equal(result.survivorsInLargest, 1)
    assert.isAbove(Math.max(...rmr.slice(0, 3)), 0.02) // new neighbours are eager until they are pruned
    assert.deepEqual(delivered.slice(3), [1, 1, 1])
    for (const value of rmr.slice(4)) assert.isAtMost(value, 0.05)
    assert.lengthOf(result.rmr ?? [], 6)
    assert.isUndefined(result.reliabilities) // no burst
  })

  it('broadcasts from so many nodes in turn, each of which has a tree in the end', () => {
    const more = { broadcasts: 24, senders: 4, protocol: plumtree({ repairMs: 0 }) }
    const { rmr = [], delivered } = runOverlay(options(hyparview(), more))
    assert.isAbove(rmr[0] ?? 0, 1)
    assert.isBelow(Math.max(...rmr.slice(20)), 0.1)
    assert.isTrue(delivered?.every((share) => share === 1))
  })

  it('counts heartbeats on every connection, apart from what the overlay says', () => {
    const result = runOverlay(options(listed(20), { nodes: 20, joins: false }))
    assert.equal(heartbeatBytes(1_000), 30) // a ping and a pong of 15 bytes
    assert.approximately(result.heartbeatBytesPerNodeCycle, 19 * 10 * 30, 1e-6)
    const few = runOverlay(options(hyparview(), { nodes: 60 }))
    assert.approximately(few.heartbeatBytesPerNodeCycle, few.meanConnections * 300, 1e-6)
  })

  it('shows the town when its cycles are over, before broadcasts', () => {
    const seen: number[] = []
    const look = (town: OverlayTown): void => {
      seen.push(town.network.alive().length, town.network.nowMs)
    }
    runOverlay(options(hyparview(), { look, fail: 0.5, burst: 1 }))
    assert.deepEqual(seen, [60, 2_000 + 4 * 10_000])
  })

  it('has nothing to say when all nodes are killed', () => {
    const { healCycles, reliability } = runOverlay(options(fullMesh(), { nodes: 5, fail: 1 }))
    assert.deepEqual([healCycles, reliability], [null, 0])
    const more = { nodes: 5, fail: 1, after: 3, protocol: flood() }
    const { afterFailure, ...after } = runOverlay(options(fullMesh(), more))
    assert.deepInclude(after, { healCycles: null, reliability: 0 })
    assert.deepEqual(afterFailure?.delivered, [])
  })
})
