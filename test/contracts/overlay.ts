import { assert } from 'chai'
import * as fc from 'fast-check'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import {
  addressOf,
  CoreNetwork,
  type CoreNetworkOptions,
  incarnationFor,
} from '../overlay/core-network.js'
import { seeds } from '../overlay/seeds.js'

/** What is expected of an overlay beyond the contract that all keep. */
export interface OverlayExpectations {
  /** Virtual time in which it converges after the last disturbance. Default 120,000. */
  readonly settleMs?: number
  /** False: nodes find each other at start, by their configuration. Default true. */
  readonly joins?: boolean
  /** True: `leave` of another node takes it out for all, and it learns that. Default true. */
  readonly removesOthers?: boolean
  /** A restarted node comes back without a join. Default false. */
  readonly rejoins?: boolean
  /** It keeps its membership over a restart when it has a store. Default true. */
  readonly persists?: boolean
  /** Nodes of the larger tests. Default 20. */
  readonly nodes?: number
}

/** Builds the factory for a cluster whose nodes live at these addresses, such as `a:9000`. */
export type MakeOverlay = (addresses: readonly string[]) => OverlayFactory

/**
 * What every overlay keeps, shown on cores alone under virtual time. After every step of every test
 * `checkStep` looks at it too: members() and the stream of differences agree, no node is its own
 * member's event, neighbour or way, nothing is there twice.
 */
export function overlayContract(
  name: string,
  make: MakeOverlay,
  expectations: OverlayExpectations = {},
): void {
  const expected = {
    settleMs: 120_000,
    joins: true,
    removesOthers: true,
    rejoins: false,
    persists: true,
    nodes: 20,
    ...expectations,
  }
  describe(`overlay contract: ${name}`, () => {
    const bench = new Bench(make, expected)
    membershipTests(bench)
    failureTests(bench)
    hostileTests(bench)
    randomTests(bench)
  })
}

/** Clusters of cores for one overlay, and what "converged" means for it. */
class Bench {
  readonly expected: Required<OverlayExpectations>
  readonly #make: MakeOverlay

  constructor(make: MakeOverlay, expected: Required<OverlayExpectations>) {
    this.#make = make
    this.expected = expected
  }

  factory(names: readonly string[]): OverlayFactory {
    return this.#make(names.map((name) => `${addressOf(name).host}:${addressOf(name).port}`))
  }

  names(count: number): string[] {
    return Array.from({ length: count }, (_, i) => `n${String(i).padStart(2, '0')}`)
  }

  /** Nodes that were started and joined through the first, one after the other, and had time to settle. */
  settled(count: number, options: CoreNetworkOptions): CoreNetwork {
    const net = new CoreNetwork(options)
    const names = this.names(count)
    for (const name of names) {
      net.start(name, this.factory(names))
      if (this.expected.joins && name !== names[0]) net.join(name, names[0] as string)
      net.run(200)
    }
    this.settle(net)
    return net
  }

  settle(net: CoreNetwork): void {
    net.run(this.expected.settleMs)
  }

  /** All nodes that run and are in: what they know and how they are connected is as it should be. */
  assertConverged(net: CoreNetwork, names: readonly string[]): void {
    const sorted = [...names].sort()
    for (const name of sorted) {
      const node = net.node(name)
      const { capabilities } = node.overlay
      const members = node.overlay.members().map((member) => member.name)
      if (capabilities.membership === 'all') assert.deepEqual(members, sorted, `members of ${name}`)
      const neighbours = [...node.overlay.neighbours()].sort()
      assert.deepEqual(node.connected(), neighbours, `connections and neighbours of ${name}`)
      if (capabilities.direct) {
        const others = sorted.filter((other) => other !== name)
        assert.deepEqual(neighbours, others, `neighbours of ${name}`)
        for (const other of others) assert.equal(node.overlay.nextHop(other), other)
      }
      for (const other of neighbours) {
        assert.include(net.node(other).connected(), name, `${other} is not connected to ${name}`)
        const { incarnation } = net.node(other).member
        const known = node.overlay.members().find((member) => member.name === other)
        if (known) assert.equal(known.incarnation, incarnation, `${name} holds an old ${other}`)
      }
    }
    assert.deepEqual(reachable(net, sorted), sorted, 'the overlay fell apart')
  }
}

/** Names that can be reached from the first over connections. */
function reachable(net: CoreNetwork, names: readonly string[]): string[] {
  const seen = new Set(names.slice(0, 1))
  for (const name of seen) for (const other of net.node(name).connected()) seen.add(other)
  return [...seen].sort()
}

function membershipTests(bench: Bench): void {
  const { nodes, joins, removesOthers } = bench.expected

  it('knows only itself before anything happens', () => {
    const net = new CoreNetwork({ seed: 1 })
    const node = net.start('alone', bench.factory(['alone']))
    net.run(30_000)
    assert.deepEqual(node.overlay.members(), [node.member])
    assert.deepEqual(node.overlay.neighbours(), [])
    assert.isUndefined(node.overlay.nextHop('nobody'))
    assert.doesNotThrow(() => JSON.stringify(node.overlay.snapshot()))
  })

  it('brings two nodes together', () => {
    const net = bench.settled(2, { seed: 2 })
    bench.assertConverged(net, bench.names(2))
  })

  for (const seed of seeds(3)) {
    it(`converges when ${nodes} nodes come one after the other [SEED=${seed}]`, () => {
      const net = bench.settled(nodes, { seed })
      bench.assertConverged(net, bench.names(nodes))
    })

    it(`converges after a storm of ${nodes} joins at one moment [SEED=${seed}]`, () => {
      const net = new CoreNetwork({ seed })
      const names = bench.names(nodes)
      for (const name of names) net.start(name, bench.factory(names))
      if (joins) for (const name of names.slice(1)) net.join(name, names[0] as string)
      bench.settle(net)
      bench.assertConverged(net, names)
    })

    it(`converges though one message in ten is lost and one in ten comes twice [SEED=${seed}]`, () => {
      const net = new CoreNetwork({ seed, lossRate: 0.1, duplicateRate: 0.1 })
      const names = bench.names(nodes)
      for (const [i, name] of names.entries()) {
        net.start(name, bench.factory(names))
        if (joins && i > 0) net.join(name, names[net.random.int(i)] as string)
      }
      bench.settle(net)
      bench.settle(net)
      bench.assertConverged(net, names)
    })
  }

  it('lets a node leave: the others lose it, and it is alone and knows', () => {
    const net = bench.settled(6, { seed: 5 })
    net.leave('n03', 'n03')
    bench.settle(net)
    const rest = bench.names(6).filter((name) => name !== 'n03')
    bench.assertConverged(net, rest)
    const left = net.node('n03')
    assert.equal(left.timesOut, 1)
    assert.deepEqual(left.overlay.members(), [left.member])
    assert.deepEqual(left.connected(), [])
  })

  it('lets a node that left join again', () => {
    const net = bench.settled(5, { seed: 6 })
    net.leave('n02', 'n02')
    bench.settle(net)
    for (const name of joins ? ['n04'] : ['n00', 'n01', 'n03', 'n04']) net.join('n02', name)
    bench.settle(net)
    bench.assertConverged(net, bench.names(5))
  })

  it('takes a leave of a node nobody knows for nothing', () => {
    const net = bench.settled(2, { seed: 7 })
    net.leave('n00', 'stranger')
    bench.settle(net)
    bench.assertConverged(net, bench.names(2))
  })

  if (!removesOthers) return

  it('removes another node, which learns that it is out', () => {
    const net = bench.settled(6, { seed: 8 })
    net.leave('n01', 'n04')
    bench.settle(net)
    bench.assertConverged(
      net,
      bench.names(6).filter((name) => name !== 'n04'),
    )
    assert.equal(net.node('n04').timesOut, 1)
    assert.deepEqual(net.node('n04').connected(), [])
  })

  it('removes a node that cannot hear it, which learns so when it comes back', () => {
    const net = bench.settled(5, { seed: 9 })
    net.partition(['n04'], bench.names(4))
    net.run(10_000)
    net.leave('n00', 'n04')
    net.run(10_000)
    net.heal()
    bench.settle(net)
    bench.assertConverged(net, bench.names(4))
    assert.equal(net.node('n04').timesOut, 1)
  })
}

function failureTests(bench: Bench): void {
  const { nodes, joins, rejoins, persists } = bench.expected

  it('heals a symmetric partition', () => {
    for (const seed of seeds(2)) {
      const net = bench.settled(10, { seed })
      const names = bench.names(10)
      net.partition(names.slice(0, 5), names.slice(5))
      net.run(60_000)
      for (const name of names) {
        const side = names.indexOf(name) < 5 ? names.slice(5) : names.slice(0, 5)
        for (const other of side) assert.notInclude(net.node(name).connected(), other)
      }
      net.heal()
      bench.settle(net)
      bench.assertConverged(net, names)
    }
  })

  if (joins) {
    it('joins two clusters into one', () => {
      const net = new CoreNetwork({ seed: 11 })
      const names = bench.names(12)
      for (const [i, name] of names.entries()) {
        net.start(name, bench.factory(names))
        if (i % 6 !== 0) net.join(name, names[i < 6 ? 0 : 6] as string)
      }
      bench.settle(net)
      net.join('n02', 'n09')
      bench.settle(net)
      bench.assertConverged(net, names)
    })
  }

  for (const silent of [false, true]) {
    const how = silent ? 'lost its power' : 'was killed'
    it(`takes the next incarnation of a node that ${how} in place of the older`, () => {
      const net = bench.settled(6, { seed: 12 })
      const before = net.node('n05').member.incarnation
      net.crash('n05', silent)
      net.run(silent ? 100 : 8_000)
      net.start('n05', bench.factory(bench.names(6)))
      if (!rejoins) net.join('n05', 'n01')
      bench.settle(net)
      bench.assertConverged(net, bench.names(6))
      for (const node of net.alive()) {
        const incarnations = node.overlay.members().map((member) => member.incarnation)
        assert.notInclude(incarnations, before)
      }
    })
  }

  if (persists) {
    it('finds its way back by what it persisted', () => {
      const net = bench.settled(5, { seed: 13 })
      const { persisted } = net.node('n02')
      assert.isDefined(persisted)
      net.crash('n02')
      net.run(20_000)
      net.start('n02', bench.factory(bench.names(5)), persisted)
      bench.settle(net)
      bench.assertConverged(net, bench.names(5))
    })
  }

  it('starts anew when what it persisted is damaged', () => {
    for (const restored of [null, 7, 'junk', [4, [[]], '', '', false], [4], { members: [] }]) {
      const net = new CoreNetwork({ seed: 15 })
      const node = net.start('n00', bench.factory(['n00']), restored)
      net.run(1_000)
      assert.deepEqual(node.overlay.members(), [node.member])
    }
  })

  it('keeps the rest together when nodes die', () => {
    const net = bench.settled(nodes, { seed: 14 })
    const dead = net.random.sample(bench.names(nodes), Math.floor(nodes / 4))
    for (const name of dead) net.crash(name, net.random.int(2) === 0)
    net.run(30_000)
    const rest = bench.names(nodes).filter((name) => !dead.includes(name))
    for (const name of rest) {
      for (const other of dead) assert.notInclude(net.node(name).connected(), other)
    }
    assert.deepEqual(reachable(net, rest), rest)
  })
}

function hostileTests(bench: Bench): void {
  const junk = fc.oneof(
    fc.constant(undefined),
    fc.constant(null),
    fc.boolean(),
    fc.double(),
    fc.string(),
    fc.uint8Array(),
    fc.constant([]),
    fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
    fc.constant({ type: 'join' }),
    fc.constant({ __proto__: null, constructor: 1 }),
  )

  it('refuses what is no message of its own, and changes nothing', () => {
    fc.assert(
      fc.property(junk, fc.boolean(), (body, known) => {
        const net = pair(bench)
        const from = known ? net.node('n01').member : stranger()
        const before = net.node('n00').overlay.members()
        const effects = net.inject('n00', from, body)
        assert.include(
          effects.map((effect) => effect.type),
          'badMessage',
        )
        assert.deepEqual(net.node('n00').overlay.members(), before)
      }),
      { numRuns: 200 },
    )
  })

  it('survives real messages with any part replaced by anything', () => {
    const recorded = recordMessages(bench)
    fc.assert(
      fc.property(
        fc.constantFrom(...recorded),
        fc.array(fc.nat(30), { minLength: 1, maxLength: 5 }),
        fc.oneof(junk, fc.jsonValue(), fc.bigInt(), fc.constant(2 ** 53), fc.constant(-1)),
        (body, path, value) => {
          const net = pair(bench)
          const damaged = replaced(body, path, value)
          for (const from of [net.node('n01').member, stranger()]) net.inject('n00', from, damaged)
          net.run(1_000)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('bounds what it keeps of strangers', () => {
    const net = pair(bench)
    const recorded = recordMessages(bench)
    for (let i = 0; i < 300; i++) {
      const from = { ...stranger(), name: `s${i}`, incarnation: incarnationFor(10_000 + i) }
      net.inject('n00', from, recorded[i % recorded.length])
    }
    net.run(1_000)
    const { overlay } = net.node('n00')
    const known = overlay.members().map((member) => member.name)
    assert.isBelow(JSON.stringify(overlay.snapshot()).length, 20_000 + 200 * known.length)
  })
}

function randomTests(bench: Bench): void {
  it('does the same for the same seed, event by event', () => {
    const hashes = [1, 2].map(() => churned(bench, 'same', true).hash)
    assert.equal(hashes[0], hashes[1])
    assert.notEqual(hashes[0], churned(bench, 'other', true).hash)
  })

  for (const seed of seeds(6)) {
    it(`converges after a minute of churn [SEED=${seed}]`, () => {
      const net = churned(bench, seed)
      bench.settle(net)
      bench.settle(net)
      bench.assertConverged(
        net,
        net.alive().map((node) => node.name),
      )
    })
  }
}

/** A minute of crashes, restarts and partitions; at its end all run and all cuts are healed. */
function churned(bench: Bench, seed: number | string, hashed = false): CoreNetwork {
  const net = bench.settled(8, { seed, lossRate: 0.02, hashed })
  const names = bench.names(8)
  const factory = bench.factory(names)
  const back = (name: string): void => {
    net.start(name, factory)
    const others = net.alive().filter((node) => node.name !== name)
    if (!bench.expected.rejoins && others.length > 0) net.join(name, net.random.pick(others).name)
  }
  for (let i = 0; i < 30; i++) {
    const name = net.random.pick(names)
    const draw = net.random.int(10)
    if (draw < 4 && net.alive().length > 3) net.crash(name, draw < 2)
    else if (draw < 7) back(name)
    else if (draw === 7) net.partition(names.slice(0, 3), names.slice(3))
    else net.heal()
    net.run(net.random.int(4_000))
  }
  net.heal()
  for (const name of names) if (!net.node(name).alive) back(name)
  return net
}

/** Two nodes that know each other. */
function pair(bench: Bench): CoreNetwork {
  const net = new CoreNetwork({ seed: 21 })
  const names = bench.names(2)
  for (const name of names) net.start(name, bench.factory(names))
  if (bench.expected.joins) net.join('n01', 'n00')
  net.run(2_000)
  return net
}

function recordMessages(bench: Bench): unknown[] {
  const net = churned(bench, 22)
  const bodies = [...net.nodes.values()].flatMap((node) => node.received.map((one) => one.body))
  const byText = new Map(bodies.map((body) => [JSON.stringify(body), body]))
  return [...byText.values()]
}

/** A copy of a message with what lies at the path replaced. */
function replaced(body: unknown, path: readonly number[], value: unknown): unknown {
  const copy = structuredClone(body)
  let at = copy
  for (const [depth, step] of path.entries()) {
    if (typeof at !== 'object' || at === null) break
    const keys = Object.keys(at)
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) break
    const holder = at as Record<string, unknown>
    const inner = holder[key]
    if (depth === path.length - 1 || typeof inner !== 'object' || inner === null) {
      holder[key] = value
      return copy
    }
    at = inner
  }
  return copy
}

const stranger = () => ({
  name: 'mallory',
  incarnation: incarnationFor(99),
  generation: 99,
  addresses: [addressOf('mallory')],
  tags: [],
})
