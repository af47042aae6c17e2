import { seededRandom } from '../base/random.js'
import { assert } from './assertion.js'
import { coreMember } from './core-member.js'
import { CoreNetwork } from './core-network.js'
import { anyValue, junkValue } from './junk.js'
import {
  churned,
  type MakeOverlay,
  OverlayBench,
  type OverlayExpectations,
  pair,
  reachable,
  recordMessages,
  replaced,
  stranger,
} from './overlay-bench.js'

/** One case of a contract, for any runner: `for (const { title, run } of cases) it(title, run)`. */
export interface OverlayCase {
  readonly title: string
  /** @throws ContractError when the contract is broken */
  run(): void | Promise<void>
}

/**
 * What every overlay keeps, shown on cores alone under virtual time; nothing real is touched. After
 * every step of every case `checkStep` looks at it too: members() and the stream of differences agree,
 * no node is its own member's event, neighbour or way, nothing is there twice.
 *
 * `make` gets the addresses of all nodes of a case (`n00:9000`) and builds the factory they use.
 */
export function overlayCases(
  make: MakeOverlay,
  expectations: OverlayExpectations = {},
): readonly OverlayCase[] {
  const bench = new OverlayBench(make, {
    settleMs: 120_000,
    joins: true,
    removesOthers: true,
    rejoins: false,
    persists: true,
    nodes: 20,
    symmetric: true,
    stores: false,
    seeds: [1, 2, 3],
    ...expectations,
  })
  const cases: OverlayCase[] = []
  const it: AddCase = (title, run) => cases.push({ title, run })
  membershipCases(bench, it)
  failureCases(bench, it)
  hostileCases(bench, it)
  randomCases(bench, it)
  return cases
}

const JUNK_RUNS = 70
const FORGED_RUNS = 100

type AddCase = (title: string, run: () => void) => void

function membershipCases(bench: OverlayBench, it: AddCase): void {
  const { nodes, joins, removesOthers, seeds } = bench.expected

  it('knows only itself before anything happens', () => {
    const net = new CoreNetwork({ seed: 1 })
    const node = net.start('alone', bench.factory(['alone']))
    net.run(30_000)
    assert.deepEqual(node.overlay.members(), [node.member])
    assert.deepEqual(node.overlay.neighbours(), [])
    assert.isUndefined(node.overlay.nextHop('nobody'))
    JSON.stringify(node.overlay.snapshot())
  })

  it('brings two nodes together', () => {
    const net = bench.settled(2, { seed: 2 })
    bench.assertConverged(net, bench.names(2))
  })

  for (const seed of seeds) {
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

function failureCases(bench: OverlayBench, it: AddCase): void {
  const { nodes, joins, rejoins, persists, seeds } = bench.expected

  for (const seed of seeds) {
    it(`heals a symmetric partition [SEED=${seed}]`, () => {
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
    })
  }

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

function hostileCases(bench: OverlayBench, it: AddCase): void {
  let recorded: readonly unknown[] | undefined

  for (const seed of bench.expected.seeds) {
    it(`refuses what is no message of its own, and changes nothing [SEED=${seed}]`, () => {
      const random = seededRandom(`junk/${seed}`)
      for (let i = 0; i < JUNK_RUNS; i++) {
        const net = pair(bench)
        const body = junkValue(random)
        const from = i % 2 === 0 ? net.node('n01').member : stranger()
        const before = net.node('n00').overlay.members()
        const types = net.inject('n00', from, body).map((effect) => effect.type)
        assert.include(types, 'badMessage', `run ${i}: effects of a message that is none`)
        assert.deepEqual(net.node('n00').overlay.members(), before, `run ${i}: the members`)
      }
    })

    it(`survives real messages with any part replaced by anything [SEED=${seed}]`, () => {
      recorded ??= recordMessages(bench)
      const random = seededRandom(`forged/${seed}`)
      for (let i = 0; i < FORGED_RUNS; i++) {
        const net = pair(bench)
        const path = Array.from({ length: 1 + random.int(5) }, () => random.int(31))
        const damaged = replaced(random.pick(recorded), path, anyValue(random))
        for (const from of [net.node('n01').member, stranger()]) net.inject('n00', from, damaged)
        net.run(1_000)
      }
    })
  }

  it('bounds what it keeps of strangers', () => {
    const net = pair(bench)
    recorded ??= recordMessages(bench)
    for (let i = 0; i < 300; i++) {
      const from = coreMember(`s${i}`, 10_000 + i)
      net.inject('n00', from, recorded[i % recorded.length])
    }
    net.run(1_000)
    const { overlay } = net.node('n00')
    const known = overlay.members().map((member) => member.name)
    assert.isBelow(JSON.stringify(overlay.snapshot()).length, 20_000 + 200 * known.length)
  })
}

function randomCases(bench: OverlayBench, it: AddCase): void {
  it('does the same for the same seed, event by event', () => {
    const hashes = [1, 2].map(() => churned(bench, 'same', true).hash)
    assert.equal(hashes[0], hashes[1])
    assert.notEqual(hashes[0], churned(bench, 'other', true).hash)
  })

  for (const seed of bench.expected.seeds) {
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
