import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import { cyclon } from '../../src/overlay/cyclon.js'
import type { CyclonOptions } from '../../src/overlay/cyclon-options.js'
import { memberToWire } from '../../src/overlay/member.js'
import type { Member, Overlay } from '../../src/overlay/overlay.js'
import { overlayContract } from '../contracts/overlay.js'
import { seeds } from '../seeds.js'
import { addressOf, type CoreNode, incarnationFor } from './core-network.js'
import { QueueNetwork } from './queue-network.js'
import { disturbed } from './view-bench.js'
import { deviation, mean, ViewGraph } from './view-graph.js'

overlayContract('cyclon', () => cyclon(), { symmetric: false, nodes: 10 })

interface Views {
  readonly view: readonly (readonly [name: string, age: number])[]
  readonly links: readonly string[]
  readonly lost: readonly string[]
}

const viewsOf = (overlay: Overlay): Views => overlay.snapshot() as unknown as Views

const namesOf = (overlay: Overlay): string[] => viewsOf(overlay).view.map(([name]) => name)

/** All joined through the first, one by one; no round has passed. */
function joined(count: number, options: Partial<CyclonOptions>): QueueNetwork {
  const net = new QueueNetwork(1)
  for (let i = 0; i < count; i++) {
    net.start(`n${i}`, cyclon(options))
    if (i > 0) net.join(`n${i}`, 'n0')
  }
  return net
}

function rounds(net: QueueNetwork, count: number): void {
  for (let i = 0; i < count; i++) net.round()
}

const viewGraph = (net: QueueNetwork): ViewGraph =>
  new ViewGraph(new Map(net.alive().map((node) => [node.member.name, namesOf(node.overlay)])))

const linkGraph = (net: QueueNetwork): ViewGraph =>
  new ViewGraph(new Map(net.alive().map((node) => [node.member.name, node.overlay.neighbours()])))

const member = (name: string, number: number): Member => ({
  name,
  incarnation: incarnationFor(number),
  generation: number,
  addresses: [addressOf(name)],
  tags: [],
})

function holds({ overlay, name }: CoreNode): void {
  const { links, lost } = viewsOf(overlay)
  const view = namesOf(overlay)
  for (const list of [view, links, lost]) {
    assert.notInclude(list, name, `${name} is in a view of its own`)
    assert.equal(new Set(list).size, list.length, `a view of ${name} has one twice`)
  }
  assert.isAtMost(view.length, 6)
  assert.isAtMost(links.length, 6)
  assert.isAtMost(lost.length, 32)
  const known = new Set([...view, ...links, name])
  assert.sameMembers(
    overlay.members().map((one) => one.name),
    [...known],
  )
}

describe('Cyclon', () => {
  it('gives every newcomer a full view and takes nobody a place for it', () => {
    const degrees = viewGraph(joined(300, { view: 12, shuffle: 5 })).inDegrees()
    assert.closeTo(mean(degrees), 12, 0.2)
    assert.isBelow(deviation(degrees), 2)
  })

  it('keeps the number of arcs through shuffles, evens them out, and mixes them as at random', () => {
    const net = joined(400, { view: 12, shuffle: 5 })
    rounds(net, 5)
    const before = viewGraph(net).arcs
    rounds(net, 15)
    const graph = viewGraph(net)
    assert.equal(graph.arcs, before)
    assert.equal(before, 400 * 12)
    // By chance alone it would be the square root of 12.
    assert.isBelow(deviation(graph.inDegrees()), 2.5)
    assert.closeTo(graph.clustering(), (2 * 12) / 400, 0.02)
    assert.equal(graph.reached('n0'), 400)
  })

  it('loses the dead from all views within about as many rounds as a view has places', () => {
    const net = joined(200, { view: 10, shuffle: 4 })
    rounds(net, 10)
    const dead = net.random.sample([...net.nodes.keys()], 60)
    net.kill(dead)
    rounds(net, 25)
    for (const { overlay } of net.alive()) {
      for (const name of namesOf(overlay)) assert.isTrue(net.node(name).alive, `${name} is there`)
    }
    assert.equal(viewGraph(net).largestComponent(), 140)
  })

  it('keeps a few connections that both ends know, one component of them, while views change', () => {
    const net = joined(200, { links: 4 })
    rounds(net, 12)
    const [a, b] = [0, 3].map((count) => {
      rounds(net, count)
      return new Map(net.alive().map((node) => [node.member.name, node.overlay.neighbours()]))
    }) as [Map<string, readonly string[]>, Map<string, readonly string[]>]
    let stayed = 0
    let all = 0
    for (const [name, links] of b) {
      assert.isAtLeast(links.length, 3)
      assert.isAtMost(links.length, 12)
      for (const other of links) assert.include(b.get(other) ?? [], name)
      all += links.length
      stayed += links.filter((link) => a.get(name)?.includes(link)).length
    }
    assert.isAbove(stayed / all, 0.8)
    assert.equal(linkGraph(net).largestComponent(), 200)
  })

  it('does not ask again at once who has no room for a link', () => {
    const net = joined(40, { view: 12, shuffle: 5, links: 3 })
    assert.isBelow(net.messages, 40 * 12 * 12) // for the walks of the joins and their ends
  })

  it('connects to its whole view when it seeks as many links', () => {
    const net = joined(30, { view: 8, shuffle: 4, links: 8 })
    rounds(net, 5)
    for (const { overlay } of net.alive()) {
      assert.sameMembers([...overlay.neighbours()], namesOf(overlay))
    }
  })

  it('skips itself, what it knows and who is connected under another incarnation', () => {
    const [self, peer] = [member('self', 1), member('peer', 2)]
    const overlay = cyclon({ view: 4, shuffle: 4 }).create(self, seededRandom(1))
    overlay.step({ type: 'start' })
    overlay.step({ type: 'peerUp', peer })
    const forged = { ...peer, generation: 99, incarnation: incarnationFor(99) }
    const told = [self, { ...self, generation: 0 }, peer, forged, member('x', 3), member('x', 3)]
    const entries = told.map((one) => [memberToWire(one), 3])
    overlay.step({ type: 'message', from: peer, body: [13, 1, entries] })
    assert.deepEqual(namesOf(overlay), ['peer', 'x'])
    assert.deepInclude(overlay.members(), peer)
  })

  it('gives up its place for the partner of an exchange, which holds a fresh entry of it instead', () => {
    const overlay = cyclon({ view: 3, shuffle: 2 }).create(member('self', 1), seededRandom(1))
    overlay.step({ type: 'start' })
    const peers = ['a', 'b', 'c'].map((name, i) => member(name, i + 2))
    const entries = peers.map((peer, i) => [memberToWire(peer), i])
    overlay.step({ type: 'message', from: peers[0] as Member, body: [13, 1, entries] })
    assert.deepEqual(namesOf(overlay), ['a', 'b', 'c'])
    const effects = overlay.step({ type: 'timer', name: 'round' })
    const shuffle = effects.find((effect) => effect.type === 'sendOnce')
    if (shuffle?.type !== 'sendOnce') assert.fail('it exchanged nothing')
    assert.equal(shuffle.to.name, 'c') // the oldest
    const [, id] = shuffle.body as [number, number]
    const answer = [14, id, [[memberToWire(member('x', 9)), 0]]]
    overlay.step({ type: 'message', from: peers[2] as Member, body: answer })
    assert.deepEqual(namesOf(overlay), ['a', 'b', 'x'])
  })

  it('refuses lists that are too long', () => {
    const peer = {
      name: 'p',
      incarnation: incarnationFor(2),
      generation: 1,
      addresses: [],
      tags: [],
    }
    const overlay = cyclon().create({ ...peer, name: 'self' }, seededRandom(1))
    const entries = Array.from({ length: 65 }, () => [memberToWire(peer), 0])
    const effects = overlay.step({ type: 'message', from: peer, body: [13, 1, entries] })
    assert.deepEqual(
      effects.map((effect) => effect.type),
      ['badMessage'],
    )
  })

  for (const seed of seeds(1)) {
    it(`keeps its views valid through 10,000 events [SEED=${seed}]`, () => {
      disturbed(cyclon({ view: 6, shuffle: 3, links: 2 }), seed, holds)
    })
  }

  it('refuses options that make no sense', () => {
    const bad = [
      { view: 0 },
      { view: 2.5 },
      { shuffle: 21 },
      { view: 5, shuffle: 6 },
      { links: -1 },
      { walk: 0 },
      { periodMs: -1 },
    ]
    for (const options of bad) {
      try {
        cyclon(options)
        assert.fail(`took ${JSON.stringify(options)}`)
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION', JSON.stringify(options))
      }
    }
  })
})
