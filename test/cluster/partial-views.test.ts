import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import type { Node } from '../../src/index.js'
import { hyparview } from '../../src/overlay/hyparview.js'
import type { HyParViewSettings } from '../../src/overlay/hyparview-options.js'
import { Real } from '../promises/real.js'
import { seeds } from '../seeds.js'
import { names, SimCluster } from './sim-cluster.js'

const active = (town: SimCluster, name: string): string[] =>
  (town.node(name).cluster.snapshot() as { active: string[] }).active

/** What is wrong with the links between these nodes; '' when they are one component with symmetric views. */
function fault(town: SimCluster, living: readonly string[]): string {
  const seen = new Set(living.slice(0, 1))
  for (const name of living) {
    for (const other of active(town, name)) {
      if (!living.includes(other)) return `${name} holds ${other}`
      if (!active(town, other).includes(name)) return `${other} does not hold ${name}`
      if (!town.node(name).cluster.isUp(other)) return `${name} is not connected to ${other}`
    }
  }
  for (const name of seen) for (const other of active(town, name)) seen.add(other)
  const apart = living.filter((name) => !seen.has(name))
  return apart.length === 0 ? '' : `${apart} are apart from the rest`
}

/** Virtual milliseconds until nothing is wrong. */
async function untilWhole(town: SimCluster, living: readonly string[]): Promise<number> {
  const startMs = town.sim.nowMs
  while (fault(town, living) !== '') {
    assert.isBelow(town.sim.nowMs - startMs, 20_000, fault(town, living))
    await town.sim.run(100)
  }
  return town.sim.nowMs - startMs
}

async function joinedAtOnce(
  seed: number | string,
  count: number,
  options: HyParViewSettings = {},
): Promise<SimCluster> {
  const town = new SimCluster({ seed })
  const [first, ...rest] = names(count) as [string, ...string[]]
  await town.start(first, { overlay: hyparview(options), store: true })
  for (const name of rest) await town.start(name, { overlay: hyparview(options), store: true })
  const { address } = town.node(first)
  const joins = rest.map((name) => town.node(name).cluster.join(address, { timeoutMs: 10_000 }))
  await town.sim.complete(Promise.all(joins))
  return town
}

describe('clusters over partial views', () => {
  for (const seed of seeds(1)) {
    it(`30 nodes that join one contact at once are one component, and again after 10 die [SEED=${seed}]`, async function () {
      this.timeout(60_000)
      const town = await joinedAtOnce(seed, 30)
      assert.isAtMost(await untilWhole(town, names(30)), 5_000)
      await town.sim.run(30_000)
      assert.equal(fault(town, names(30)), '')
      const dead = seededRandom(seed).sample(names(30), 10)
      for (const name of dead) town.sim.crash(name)
      const living = names(30).filter((name) => !dead.includes(name))
      assert.isAtMost(await untilWhole(town, living), 5_000)
      for (const name of living) {
        const faults = town.node(name).only('badMessage')
        assert.deepEqual(faults, [], `${name} complains`)
      }
    })
  }

  it('a node finds back by its store after a restart, and says who is new', async () => {
    const town = await joinedAtOnce(3, 8)
    await town.sim.run(3_000)
    town.sim.crash('n03')
    await town.sim.run(10_000)
    await town.start('n03', { overlay: hyparview(), store: true })
    await untilWhole(town, names(8))
    assert.isNotEmpty(active(town, 'n03'))
    const { incarnation } = town.node('n03').cluster.self
    for (const name of active(town, 'n03')) {
      const known = town
        .node(name)
        .cluster.members()
        .find((member) => member.name === 'n03')
      assert.equal(known?.incarnation, incarnation)
    }
  })

  it('takes round-trip times for cost, and moves links to what is near', async function () {
    this.timeout(60_000)
    const near = [1, 1.2] as const
    const far = [30, 31] as const
    const side = (name: string): number => Number(name.slice(1)) % 2
    const town = new SimCluster({ seed: 4 })
    const all = names(16)
    for (const a of all) {
      for (const b of all) {
        if (a < b) town.sim.link(a, b, { latencyMs: side(a) === side(b) ? near : far })
      }
    }
    const overlay = () => hyparview({ activeSize: 4, shuffleMs: 1_000, xbot: {} })
    for (const name of all) {
      await town.start(name, { overlay: overlay() })
      if (name !== 'n00') await town.join(name, 'n00')
    }
    const share = (): number => {
      const links = all.flatMap((a) => active(town, a).map((b) => side(a) === side(b)))
      return links.filter(Boolean).length / links.length
    }
    await town.sim.run(20_000)
    let sum = 0
    for (let i = 0; i < 20; i++) {
      await town.sim.run(2_000)
      sum += share() / 20
    }
    assert.isAbove(sum, 0.58) // about a half without
    await untilWhole(town, all)
  })

  it('8 nodes over TCP are one component, and again after 2 were killed', async function () {
    this.timeout(20_000)
    const ground = new Real()
    try {
      const overlay = () => hyparview({ activeSize: 3, shuffleMs: 300 })
      const all = names(8)
      const nodes = new Map<string, Node>()
      for (const name of all) {
        nodes.set(name, (await ground.start(name, { overlay: overlay() })).node)
      }
      const [first, ...rest] = [...nodes.values()] as [Node, ...Node[]]
      await Promise.all(rest.map((node) => node.join(first.address)))
      const up = (a: string, b: string): boolean => nodes.get(a)?.isUp(b) === true
      const isOne = (living: readonly string[]): boolean => {
        const seen = new Set(living.slice(0, 1))
        for (const a of seen) for (const b of living) if (up(a, b) && up(b, a)) seen.add(b)
        return seen.size === living.length
      }
      await ground.until('one component', () => isOne(all), 5_000)
      await Promise.all([ground.crash('n00'), ground.crash('n05')])
      const living = all.filter((name) => name !== 'n00' && name !== 'n05')
      const noticed = () => living.every((name) => !up(name, 'n00') && !up(name, 'n05'))
      await ground.until('one component again', () => noticed() && isOne(living), 5_000)
    } finally {
      await ground.close()
    }
  })
})
