import { assert } from 'chai'
import { flood } from '../../src/broadcast/flood.js'
import { plumtree } from '../../src/broadcast/plumtree.js'
import { seeds } from '../seeds.js'
import { BroadcastNetwork, randomGraph, spanned } from './broadcast-network.js'

const COUNT = 100

const town = (
  seed: number | string,
  options: Parameters<typeof plumtree>[0] = {},
): { net: BroadcastNetwork; names: string[] } => {
  const net = new BroadcastNetwork(plumtree({ announceMs: 0, ...options }), { seed })
  return { net, names: randomGraph(net, COUNT, 5) }
}

const rmr = (payloads: number, count = COUNT): number => payloads / (count - 1) - 1

/** A line a - b - c - …, with nothing lazy. */
function line(names: string, options: Parameters<typeof plumtree>[0] = {}): BroadcastNetwork {
  const net = new BroadcastNetwork(plumtree(options), { seed: 1 })
  const all = [...names]
  for (const name of all) net.start(name)
  for (let at = 1; at < all.length; at++) net.link(all[at - 1] as string, all[at] as string)
  return net
}

const lastHop = (net: BroadcastNetwork, body: unknown): number =>
  Math.max(...net.alive().map((node) => node.got(body)[0]?.hops ?? 0))

for (const announceMs of [0, 50]) {
  describe(`plumtree, announcements after ${announceMs} ms`, () => {
    for (const seed of seeds(3)) {
      it(`delivers once at every node, and from the third message on it costs n - 1 payloads [SEED=${seed}]`, () => {
        const { net, names } = town(seed, { announceMs })
        const costs: number[] = []
        for (let at = 0; at < 8; at++) costs.push(rmr(net.cost('n0', `m${at}`).payloads))
        assert.isAbove(costs[0] as number, 1.5)
        assert.isBelow(costs[1] as number, 1.5)
        assert.deepEqual(costs.slice(2), [0, 0, 0, 0, 0, 0])
        for (const name of names) {
          const bodies = net.node(name).delivered.map(({ body }) => body)
          assert.deepEqual(bodies, ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'], name)
        }
      })

      it(`has a spanning tree of eager links after two broadcasts [SEED=${seed}]`, () => {
        const { net, names } = town(seed, { announceMs })
        net.cost('n7', 1)
        net.cost('n7', 2)
        const links = names.flatMap((name) => net.node(name).tree().eager)
        assert.equal(links.length, 2 * (COUNT - 1), 'each link at both ends')
        assert.equal(spanned(net, 'n7').size, COUNT)
        for (const name of names) {
          const { eager, lazy } = net.node(name).tree()
          assert.sameMembers([...eager, ...lazy], [...net.node(name).links])
        }
      })
    }
  })
}

describe('plumtree', () => {
  it('announces over lazy links, and floods nothing over them', () => {
    const { net } = town(4, { repairMs: 0 })
    for (let at = 0; at < 3; at++) net.cost('n0', at)
    const { payloads, control } = net.cost('n0', 'steady')
    const links = net.alive().reduce((sum, node) => sum + node.links.size, 0)
    assert.equal(payloads, COUNT - 1)
    assert.equal(control, links - 2 * (COUNT - 1))
  })

  it('is at rest after a broadcast but for what it keeps', () => {
    const net = line('abc', { keepMs: 10_000, repairMs: 0 })
    net.cost('a', 1)
    net.run(60_000)
    for (const node of net.alive()) {
      assert.equal(node.timers.size, 0, 'no timer is left')
      assert.include(node.core.snapshot(), { kept: 0, origins: 0, missing: 0 })
    }
  })

  it('fetches what was announced and did not come after the first timer, from the next after the second', () => {
    const net = new BroadcastNetwork(plumtree({ announceMs: 0, graftMs: 300, regraftMs: 100 }), {
      seed: 1,
    })
    const a = net.start('a')
    for (const peer of ['x', 'y', 'z']) net.start(peer)
    for (const peer of ['x', 'y', 'z']) net.step('a', { type: 'neighbourUp', peer })
    const { incarnation } = net.node('x')
    const announce = [2, [[incarnation, 1, 2, false]]]
    const sends: string[] = []
    const step = a.core.step.bind(a.core)
    a.core.step = (event) => {
      const effects = step(event)
      for (const effect of effects) {
        if (effect.type === 'send') sends.push(`${net.nowMs} ${effect.to} ${effect.body}`)
      }
      return effects
    }
    for (const from of ['x', 'y', 'z']) net.step('a', { type: 'message', from, body: announce })
    net.step('a', { type: 'message', from: 'z', body: [3, ''] })
    net.run(299)
    assert.deepEqual(sends, [])
    net.run(1)
    net.run(99)
    assert.deepEqual(sends, [`300 x 4,,${incarnation},1`])
    net.run(101)
    assert.deepEqual(sends.slice(1), [`400 y 4,,${incarnation},1`, `500 z 4,,${incarnation},1`])
    assert.deepEqual(a.tree().lazy, [], 'who is asked becomes eager')
    assert.equal(a.core.snapshot()['missing'], 1)
    net.run(100)
    assert.equal(a.core.snapshot()['missing'], 0, 'nobody is left to ask')
    assert.equal(a.timers.size, 0)
    net.step('a', { type: 'message', from: 'y', body: [1, incarnation, 1, 2, 0, false, 'late'] })
    assert.lengthOf(a.got('late'), 1)
  })

  it('forgets that it waits for a message when it comes another way', () => {
    const net = new BroadcastNetwork(plumtree({ repairMs: 0 }), { seed: 1 })
    const a = net.start('a')
    for (const peer of ['x', 'y']) {
      net.start(peer)
      net.step('a', { type: 'neighbourUp', peer })
    }
    const { incarnation } = net.node('x')
    const announce = [2, [[incarnation, 1, 2, false]]]
    net.step('a', { type: 'message', from: 'x', body: announce })
    assert.lengthOf([...a.timers.keys()], 1)
    const gossip = [1, incarnation, 1, 2, 0, false, 'm']
    net.step('a', { type: 'message', from: 'y', body: gossip })
    assert.deepEqual(
      [...a.timers.keys()].filter((name) => name.startsWith('graft')),
      [],
    )
    assert.equal(a.core.snapshot()['missing'], 0)
  })

  it('waits for no more announced messages than its bound, and for none that cannot be', () => {
    const net = new BroadcastNetwork(plumtree({ missingMax: 20 }), { seed: 1 })
    const a = net.start('a')
    const { incarnation } = net.start('x')
    net.step('a', { type: 'neighbourUp', peer: 'x' })
    const announce = (origin: string, counter: number): void => {
      const body = [2, [[origin, counter, 2, false]]]
      net.step('a', { type: 'message', from: 'x', body })
    }
    announce(a.incarnation, 1)
    assert.equal(a.timers.size, 0, 'it has broadcast nothing')
    net.step('a', { type: 'message', from: 'x', body: [1, incarnation, 1, 1, 0, false, 'm'] })
    announce(incarnation, 2_000_000)
    assert.equal(a.core.snapshot()['missing'], 0)
    assert.lengthOf(a.badMessages, 2)
    for (let counter = 2; counter < 40; counter++) announce(incarnation, counter)
    assert.equal(a.core.snapshot()['missing'], 20)
  })

  for (const seed of seeds(3)) {
    it(`mends its tree by grafts when links and nodes are lost [SEED=${seed}]`, () => {
      const { net, names } = town(seed, { repairMs: 0 })
      for (let at = 0; at < 4; at++) net.cost('n0', at)
      const doomed = net.random.sample(names.slice(1), 20)
      for (const name of doomed) net.crash(name)
      const rest = net.alive()
      const reached = spannedByLinks(net, 'n0')
      net.cost('n0', 'after', 5_000)
      for (const node of rest) {
        assert.lengthOf(node.got('after'), reached.has(node.name) ? 1 : 0, node.name)
      }
      for (let at = 0; at < 3; at++) net.cost('n0', `mend${at}`)
      assert.equal(net.cost('n0', 'mended').payloads, reached.size - 1)
    })
  }

  it('replaces a path by one that is shorter by enough links', () => {
    // A chain carries messages first; then its ends are neighbours, over a lazy link.
    for (const [announceMs, ownTreeAfter] of [
      [0, 0],
      [0, 1_000],
      [50, 0],
    ] as const) {
      const options = { announceMs, ownTreeAfter, optimiseHops: 3, sharedOptimiseHops: 3 }
      const net = line('abcde', options)
      net.cost('a', 1)
      const root = ownTreeAfter === 0 ? net.node('a').incarnation : ''
      net.link('a', 'e')
      for (const [at, peer] of [
        ['a', 'e'],
        ['e', 'a'],
      ] as const) {
        net.step(at, { type: 'message', from: peer, body: [3, root] })
      }
      net.cost('a', 2)
      assert.equal(net.node('e').got(2)[0]?.hops, 4)
      assert.deepEqual(net.node('e').tree(root), { eager: ['a'], lazy: ['d'] })
      net.cost('a', 3)
      assert.equal(net.node('e').got(3)[0]?.hops, 1, 'straight')
      assert.equal(net.cost('a', 4).payloads, 4, 'still a tree')
    }
  })

  it('keeps a path that is longer by fewer links than the threshold', () => {
    const net = line('abcd', { announceMs: 0, ownTreeAfter: 0, optimiseHops: 3 })
    const root = net.node('a').incarnation
    net.cost('a', 1)
    net.link('a', 'd')
    net.step('a', { type: 'message', from: 'd', body: [3, root] })
    net.step('d', { type: 'message', from: 'a', body: [3, root] })
    for (let at = 2; at < 5; at++) net.cost('a', at)
    assert.equal(net.node('d').got(4)[0]?.hops, 3)
  })

  for (const seed of seeds(2)) {
    it(`brings messages of many senders on trees of their own by shorter ways than on a shared one [SEED=${seed}]`, () => {
      const last = (treesMax: number): number => {
        const { net, names } = town(seed, { treesMax, ownTreeAfter: 1, sharedOptimiseHops: 99 })
        const senders = names.slice(0, 10)
        for (let round = 0; round < 8; round++) {
          for (const sender of senders) net.cost(sender, `${round} ${sender}`, 1_000)
        }
        for (const name of names) assert.equal(net.node(name).delivered.length, 80)
        const hops = senders.map((sender) => lastHop(net, `7 ${sender}`))
        const { payloads } = net.cost('n3', 'last')
        assert.equal(payloads, COUNT - 1, 'every tree is one')
        return hops.reduce((sum, each) => sum + each, 0) / hops.length
      }
      const own = last(64)
      const shared = last(0)
      assert.isBelow(own, shared, `${own} against ${shared}`)
      assert.isBelow(own, 12)
    })
  }

  it('adds a new neighbour to every tree and changes none', () => {
    const { net } = town(3, { ownTreeAfter: 0, repairMs: 0 })
    for (const sender of ['n0', 'n1']) for (let at = 0; at < 4; at++) net.cost(sender, at)
    const roots = ['n0', 'n1'].map((name) => net.node(name).incarnation)
    const before = roots.map((root) => net.node('n5').tree(root))
    net.start('new')
    net.link('n5', 'new')
    for (const [at, root] of roots.entries()) {
      const { eager, lazy } = net.node('n5').tree(root)
      assert.sameMembers([...eager], [...(before[at]?.eager ?? []), 'new'])
      assert.sameMembers([...lazy], [...(before[at]?.lazy ?? [])])
    }
    assert.equal(net.cost('n0', 'all').payloads, COUNT, 'one more, and none twice')
    assert.lengthOf(net.node('new').got('all'), 1)
  })

  it('gives senders beyond the bound the shared tree, and a tree in place of one that is idle', () => {
    const net = line('abcdef', { treesMax: 2, ownTreeAfter: 0, keepMs: 100_000 })
    for (const sender of 'abcd') net.cost(sender, sender)
    const trees = (): string[] => Object.keys(net.node('f').core.snapshot()['trees'] as object)
    const roots = [...'abcd'].map((name) => net.node(name).incarnation)
    assert.sameMembers(trees(), ['', roots[0] as string, roots[1] as string])
    for (let at = 0; at < 4; at++) {
      net.run(10_000)
      net.cost('b', at)
    }
    net.cost('d', 'again')
    assert.sameMembers(trees(), ['', roots[1] as string, roots[3] as string])
    for (const node of net.alive()) assert.lengthOf(node.got('again'), 1)
  })

  it('does not prune a link over which the network repeats a message', () => {
    const net = new BroadcastNetwork(plumtree(), { seed: 1, duplicateRate: 1 })
    for (const name of 'abc') net.start(name)
    net.link('a', 'b')
    net.link('b', 'c')
    for (let at = 0; at < 3; at++) net.cost('a', at)
    for (const name of 'abc') {
      assert.deepEqual(net.node(name).tree().lazy, [])
      assert.deepEqual(
        net.node(name).delivered.map(({ body }) => body),
        [0, 1, 2],
      )
    }
  })
})

describe('flooding', () => {
  it('brings a message to every node by the shortest ways, at a cost of all links', () => {
    const net = new BroadcastNetwork(flood(), { seed: 2 })
    randomGraph(net, COUNT, 5)
    const links = net.alive().reduce((sum, node) => sum + node.links.size, 0) / 2
    for (let at = 0; at < 3; at++) {
      const { payloads, control } = net.cost('n0', at)
      assert.equal(payloads, 2 * links - (COUNT - 1))
      assert.equal(control, 0)
    }
    for (const node of net.alive()) assert.equal(node.delivered.length, 3)
  })
})

function spannedByLinks(net: BroadcastNetwork, from: string): Set<string> {
  const seen = new Set([from])
  for (const name of seen) for (const peer of net.node(name).links) seen.add(peer)
  return seen
}
