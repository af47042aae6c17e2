import { assert } from 'chai'
import { ROUTE } from '../../src/cluster/route-message.js'
import { RouteTable } from '../../src/cluster/route-table.js'
import { seeds } from '../seeds.js'
import { incarnationOfStart, memberOfStart, RouteNetwork } from './route-network.js'

const chain = (names: readonly string[], seed: number | string = 1, ttl = 32): RouteNetwork => {
  const net = new RouteNetwork(seed, ttl)
  for (const name of names) net.add(name)
  for (const [at, name] of names.entries()) if (at > 0) net.connect(names[at - 1] as string, name)
  return net
}

const abcd = ['a', 'b', 'c', 'd']

/** n0, n1 …: a random tree, and some edges more. */
function randomGraph(seed: number | string, size: number, more: number): RouteNetwork {
  const net = new RouteNetwork(seed)
  for (let at = 0; at < size; at++) {
    net.add(`n${at}`)
    if (at > 0) net.connect(`n${at}`, `n${net.random.int(at)}`)
  }
  for (let count = 0; count < more; count++) {
    net.connect(`n${net.random.int(size)}`, `n${net.random.int(size)}`)
  }
  return net
}

/** Whether the edges there are join two nodes. */
function joined(net: RouteNetwork, from: string, to: string): boolean {
  const seen = new Set([from])
  for (const at of seen) {
    for (const edge of net.edges) {
      const [one, other] = edge.split(' ') as [string, string]
      if (one === at) seen.add(other)
      else if (other === at) seen.add(one)
    }
  }
  return seen.has(to)
}

describe('route finder', () => {
  it('finds a way, and leaves the way back with all on it', () => {
    const net = chain(abcd)
    net.want('a', 'd')
    net.run(500)
    assert.deepEqual(net.stop('a').told, ['alive d', 'found d', 'alive d'])
    assert.deepEqual(net.path('a', 'd'), abcd)
    assert.deepEqual(net.path('d', 'a'), [...abcd].reverse())
    assert.deepEqual(net.path('c', 'a'), ['c', 'b', 'a'])
  })

  it('searches once for all that wait, and not at all while a way is known', () => {
    const net = chain(abcd)
    for (let count = 0; count < 5; count++) net.want('a', 'd')
    net.run(500)
    const { sent } = net
    net.want('a', 'd')
    assert.equal(net.sent, sent)
    assert.equal(net.stop('a').told.at(-1), 'found d')
    assert.deepInclude(net.stop('a').finder.stats, { searches: 1, found: 1 })
  })

  it('fails for a name nobody has after two floods, and at once for a second after', () => {
    const net = chain(abcd)
    net.want('a', 'nobody')
    net.run(1_900)
    assert.deepEqual(net.stop('a').told, [])
    net.run(200)
    assert.deepEqual(net.stop('a').told, ['failed nobody'])
    const { sent } = net
    net.want('a', 'nobody')
    assert.deepEqual(net.stop('a').told, ['failed nobody', 'failed nobody'])
    assert.equal(net.sent, sent)
    net.run(1_000)
    net.want('a', 'nobody')
    assert.isAbove(net.sent, sent)
  })

  it('asks a neighbour that comes up about what is not found yet', () => {
    const net = chain(['b', 'c', 'd'])
    net.add('a')
    net.want('a', 'd')
    net.run(500)
    net.connect('a', 'b')
    net.run(200)
    assert.include(net.stop('a').told, 'found d')
  })

  it('goes no further than its hops', () => {
    for (const [ttl, told] of [
      [2, 'failed d'],
      [3, 'found d'],
    ] as const) {
      const net = chain(abcd, 1, ttl)
      net.want('a', 'd')
      net.run(3_000)
      assert.include(net.stop('a').told, told)
    }
  })

  it('asks only the one that is looked for where that is connected', () => {
    const net = chain(abcd)
    for (const leaf of ['x', 'y', 'z']) {
      net.add(leaf)
      net.connect('c', leaf)
    }
    net.want('a', 'd')
    net.run(500)
    assert.equal(net.sent, 6, 'three steps there and three back')
  })

  it('asks nobody who passes nothing on, but for the one that is looked for', () => {
    const net = chain(abcd)
    for (const leaf of ['x', 'y', 'z']) {
      net.add(leaf)
      net.connect('b', leaf)
      net.stop('b').deaf.add(leaf)
    }
    net.want('a', 'd')
    net.run(500)
    assert.include(net.stop('a').told, 'found d')
    assert.equal(net.sent, 6, 'three steps there and three back')
    net.want('c', 'y')
    net.run(500)
    assert.include(net.stop('c').told, 'found y')
    assert.equal(net.stop('x').finder.stats.flooded, 0)
  })

  it('does not ask a new neighbour that passes nothing on', () => {
    const net = chain(['b', 'c'])
    net.add('a')
    net.stop('a').deaf.add('b')
    net.want('a', 'c')
    net.connect('a', 'b')
    assert.equal(net.sent, 0)
  })

  it('brings pings and answers over ways that were found', () => {
    const net = chain(abcd)
    net.ping('a', 'd')
    net.run(500)
    assert.deepEqual(net.stop('a').told, ['alive d', 'found d', 'alive d'])
    net.ping('a', 'd')
    net.run(500)
    assert.deepEqual(net.stop('d').told, ['alive a'])
    assert.equal(net.stop('a').told.at(-1), 'alive d')
    net.feed('a', { type: 'bye', node: 'd', nowMs: net.nowMs })
    net.run(500)
    assert.equal(net.stop('d').told.at(-1), 'bye a')
  })

  it('finds another way when the one it knew broke, there and further on', () => {
    const net = chain(abcd)
    net.add('e')
    net.connect('a', 'e')
    net.connect('e', 'd')
    net.want('b', 'd')
    net.run(500)
    net.cut('c', 'd')
    net.ping('b', 'd', true)
    net.run(500)
    assert.deepEqual(net.path('b', 'd'), ['b', 'a', 'e', 'd'])
  })

  it('takes a way that did not answer for none until a search has found it again', () => {
    const net = chain(abcd)
    net.ping('a', 'd')
    net.run(500)
    net.ping('a', 'd', true)
    assert.isUndefined(net.path('a', 'd'))
    net.run(500)
    assert.deepEqual(net.path('a', 'd'), abcd)
  })

  it('knows a new start from an old one', () => {
    const table = new RouteTable(10, 1_000)
    const usable = () => true
    assert.isTrue(table.learn(memberOfStart('d', 2), 'b', 5, 0, usable))
    assert.isFalse(table.learn(memberOfStart('d', 1), 'c', 9, 0, usable), 'of an older start')
    assert.isFalse(table.learn(memberOfStart('d', 2), 'c', 5, 0, usable), 'not fresher')
    assert.isTrue(table.learn(memberOfStart('d', 2), 'c', 6, 0, usable))
    assert.isTrue(
      table.learn(memberOfStart('d', 2), 'b', 0, 0, () => false),
      'over a lost hop',
    )
    assert.isTrue(table.learn(memberOfStart('d', 3), 'c', 1, 0, usable), 'of a newer start')
    assert.equal(table.use('d', 900)?.hop, 'c')
    assert.equal(table.use('d', 1_800)?.hop, 'c', 'use keeps it young')
    assert.isUndefined(table.use('d', 2_801))
  })

  it('keeps a bounded number of routes, the used ones', () => {
    const table = new RouteTable(3, 1_000)
    for (const name of ['x', 'y', 'z']) table.learn(memberOfStart(name), 'b', 1, 0, () => true)
    table.use('x', 1)
    table.learn(memberOfStart('w'), 'b', 1, 2, () => true)
    assert.equal(table.size, 3)
    assert.isDefined(table.use('x', 3))
    assert.isUndefined(table.use('y', 3))
  })

  it('refuses malformed messages, and takes no word against a connection', () => {
    const net = chain(['a', 'b'])
    const good = [ROUTE.REPLY, 3, 1, 'x', incarnationOfStart(1), 1, 'a'] as const
    const bad: unknown[] = [null, 7, [], 'text', [...good, 1], good.slice(1)]
    const spoilt = [9, 0, -1, '', 'no ulid', 1.5, 'with space']
    for (const [at, value] of spoilt.entries()) bad.push(good.with(at, value as never))
    for (const body of bad) net.feed('a', { type: 'message', from: 'b', body, nowMs: 0 })
    assert.deepEqual(
      net.stop('a').told,
      bad.map(() => 'bad b'),
    )
    const lie = [ROUTE.REPLY, 3, 99, 'b', incarnationOfStart(9), 9, 'a']
    net.add('c')
    net.connect('a', 'c')
    net.feed('a', { type: 'message', from: 'c', body: lie, nowMs: 0 })
    assert.equal(net.stop('a').finder.hop('b', 0), 'b')
    const stranger = [ROUTE.REPLY, 3, 99, 'x', incarnationOfStart(9), 9, 'a']
    net.feed('a', { type: 'message', from: 'not connected', body: stranger, nowMs: 0 })
    assert.isUndefined(net.stop('a').finder.hop('x', 0))
  })

  it('stays bounded under forged floods, and passes on no more than a peer may send', () => {
    const net = chain(['a', 'b', 'c'])
    for (let count = 0; count < 20_000; count++) {
      const body = [
        ROUTE.REQUEST,
        64,
        count,
        `x${count}`,
        incarnationOfStart(count),
        1,
        `y${count}`,
      ]
      net.feed('b', { type: 'message', from: 'a', body, nowMs: 0 })
    }
    assert.isAtMost(net.stop('b').finder.size.routes, 16_384)
    assert.isAtMost(net.sent, 2_000)
    assert.equal(net.stop('b').finder.stats.limited, 18_000)
    for (let count = 0; count < 3_000; count++) net.want('b', `z${count}`)
    assert.isAtMost(net.stop('b').finder.size.searches, 1_024)
    net.run(20_000)
    assert.deepInclude(net.stop('b').finder.size, { searches: 0 })
    assert.isAtMost(net.stop('b').finder.size.misses, 1_024)
  })

  for (const seed of seeds(20)) {
    it(`finds every pair of a connected graph, without circles, whatever came and went before [SEED=${seed}]`, () => {
      const net = randomGraph(seed, 24, 12)
      const any = (): string => `n${net.random.int(24)}`
      for (let round = 0; round < 40; round++) {
        const [a, b] = [any(), any()]
        if (net.random.int(2) === 0) net.connect(a, b)
        else net.cut(a, b)
        const [from, to] = [any(), any()]
        if (from !== to) net.random.int(3) === 0 ? net.ping(from, to) : net.want(from, to)
        net.run(net.random.int(300))
      }
      net.run(10_000)
      const quiet = net.sent
      net.run(60_000)
      assert.equal(net.sent, quiet, 'nothing travels for ever')
      for (let pair = 0; pair < 40; pair++) {
        const [from, to] = [any(), any()]
        if (from === to || !joined(net, from, to)) continue
        const { told } = net.stop(from)
        told.length = 0
        net.ping(from, to, true)
        net.run(2_500)
        assert.include(told, `alive ${to}`, `${from} to ${to}`)
        assert.isDefined(net.path(from, to), `${from} to ${to}`)
        assert.isDefined(net.path(to, from), `${to} back to ${from}`)
      }
    })
  }
})
