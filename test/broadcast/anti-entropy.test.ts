import { assert } from 'chai'
import { flood } from '../../src/broadcast/flood.js'
import { plumtree } from '../../src/broadcast/plumtree.js'
import { seeds } from '../seeds.js'
import { BroadcastNetwork, randomGraph } from './broadcast-network.js'

const bodies = (net: BroadcastNetwork, name: string): unknown[] =>
  net.node(name).delivered.map(({ body }) => body)

function pair(options: Parameters<typeof flood>[0] = {}): BroadcastNetwork {
  const net = new BroadcastNetwork(flood({ repairMs: 1_000, ...options }), { seed: 1 })
  for (const name of 'ab') net.start(name)
  return net
}

describe('anti-entropy', () => {
  for (const seed of seeds(3)) {
    it(`brings both sides of a partition what they missed, once and soon [SEED=${seed}]`, () => {
      const net = new BroadcastNetwork(plumtree({ repairMs: 1_000 }), { seed })
      const names = randomGraph(net, 60, 5)
      const half = new Set(names.slice(0, 30))
      const cut: [string, string][] = []
      for (const name of half) {
        for (const peer of net.node(name).links) if (!half.has(peer)) cut.push([name, peer])
      }
      for (const [a, b] of cut) net.unlink(a, b)
      for (let at = 0; at < 30; at++) {
        net.broadcast('n0', `left ${at}`)
        net.broadcast('n59', `right ${at}`)
        net.run(1_000)
      }
      for (const [a, b] of cut) net.link(a, b)
      net.run(3_000)
      const all = [...names.keys()].slice(0, 30).flatMap((at) => [`left ${at}`, `right ${at}`])
      for (const name of names) assert.sameMembers(bodies(net, name), all, name)
    })
  }

  it('repairs what no announcement survived', () => {
    const net = new BroadcastNetwork(plumtree({ repairMs: 1_000 }), { seed: 3 })
    const names = randomGraph(net, 30, 4)
    net.lossRate = 0.5
    for (let at = 0; at < 20; at++) net.cost(names[at] as string, at, 100)
    net.run(5_000)
    net.lossRate = 0
    net.run(8_000)
    for (const name of names) {
      assert.sameMembers(
        bodies(net, name),
        Array.from({ length: 20 }, (_, at) => at),
      )
    }
  })

  it('begins with a new neighbour at once', () => {
    const net = pair({ repairMs: 20_000 })
    net.broadcast('a', 'm')
    net.run(30_000)
    net.link('a', 'b')
    net.run(100)
    assert.deepEqual(bodies(net, 'b'), ['m'])
  })

  it('spreads what it brought at once', () => {
    const net = new BroadcastNetwork(plumtree({ repairMs: 60_000 }), { seed: 1 })
    for (const name of 'abcde') net.start(name)
    for (const [a, b] of ['ab', 'cd', 'de'] as const) net.link(a as string, b as string)
    net.broadcast('a', 'm')
    net.broadcast('e', 'other')
    net.run(100_000)
    net.link('b', 'c')
    net.run(200)
    for (const name of 'abcde') assert.sameMembers(bodies(net, name), ['m', 'other'], name)
  })

  it('goes on until nothing is left, however much it is', () => {
    const net = pair()
    for (let at = 0; at < 1_000; at++) net.broadcast('a', at)
    net.run(3_000)
    net.link('a', 'b')
    net.run(900)
    assert.equal(bodies(net, 'b').length, 1_000)
    assert.equal(net.sent.payloads, 1_000)
  })

  it('goes through all origins in parts', () => {
    const net = new BroadcastNetwork(flood({ repairMs: 1_000 }), { seed: 1 })
    for (const name of 'ab') net.start(name)
    for (let at = 0; at < 1_000; at++) {
      const { incarnation } = net.start('x')
      const body = [1, incarnation, 1, 1, 0, false, at]
      net.step('a', { type: 'message', from: 'x', body })
    }
    net.run(3_000)
    net.link('a', 'b')
    net.run(60_000)
    assert.equal(bodies(net, 'b').length, 1_000)
    assert.isBelow(net.sent.payloads, 1_300, 'two exchanges may meet')
  })

  it('sends digests and no messages where nothing is lacking, and nothing where nothing is kept', () => {
    const net = pair({ keepMs: 20_000 })
    net.link('a', 'b')
    net.broadcast('a', 1)
    net.run(1_000)
    net.sent = { payloads: 0, control: 0 }
    net.run(10_000)
    assert.equal(net.sent.payloads, 0)
    assert.closeTo(net.sent.control, 20, 6)
    net.run(30_000)
    net.sent = { payloads: 0, control: 0 }
    net.run(30_000)
    assert.deepEqual(net.sent, { payloads: 0, control: 0 })
  })

  it('gives nothing that has aged out, and takes nothing that has', () => {
    const net = pair({ keepMs: 10_000 })
    net.broadcast('a', 'old')
    net.run(6_000)
    net.broadcast('a', 'young')
    net.run(6_000)
    net.link('a', 'b')
    net.run(2_000)
    assert.deepEqual(bodies(net, 'b'), ['young'])
    const { incarnation } = net.node('a')
    const body = [1, incarnation, 1, 1, 10, false, 'old']
    net.step('b', { type: 'message', from: 'a', body })
    assert.deepEqual(bodies(net, 'b'), ['young'])
  })

  it('passes the age on, so that a message does not live longer by travelling', () => {
    const net = new BroadcastNetwork(flood({ repairMs: 1_000, keepMs: 10_000 }), { seed: 1 })
    for (const name of 'abc') net.start(name)
    net.broadcast('a', 'm')
    net.run(7_500)
    net.link('a', 'b')
    net.run(2_000)
    assert.deepEqual(bodies(net, 'b'), ['m'])
    net.run(2_000)
    net.link('b', 'c')
    net.run(5_000)
    assert.deepEqual(bodies(net, 'c'), [])
  })

  it('keeps to its bounds: the oldest bodies go first, then the oldest ids', () => {
    const net = pair({ keptMax: 10, keptBytesMax: 350 })
    for (let at = 0; at < 20; at++) net.broadcast('a', at)
    assert.include(net.node('a').core.snapshot(), { kept: 10, keptBytes: 300 })
    net.run(3_000)
    net.link('a', 'b')
    net.run(3_000)
    assert.deepEqual(bodies(net, 'b'), [17, 18, 19])
  })

  it('takes no more origins than its bound, until others are quiet', () => {
    const net = pair({ originsMax: 2, keepMs: 1_000 })
    const from = ['x', 'y', 'z'].map((name) => net.start(name).incarnation)
    const send = (at: number, counter: number): void => {
      const body = [1, from[at], counter, 1, 0, false, `${at} ${counter}`]
      net.step('b', { type: 'message', from: 'x', body })
    }
    for (const at of [0, 1, 2]) send(at, 1)
    assert.deepEqual(bodies(net, 'b'), ['0 1', '1 1'])
    assert.include(net.node('b').core.snapshot(), { refused: 1 })
    net.run(2_000)
    send(0, 1)
    assert.deepEqual(bodies(net, 'b'), ['0 1', '1 1'], 'aged out, and still no news')
    net.run(5_000)
    send(2, 2)
    assert.deepEqual(bodies(net, 'b'), ['0 1', '1 1', '2 2'])
  })
})
