import { assert } from 'chai'
import { cyclon } from '../../src/overlay/cyclon.js'
import { hiscamp } from '../../src/overlay/hiscamp.js'
import type { Member, OverlayFactory } from '../../src/overlay/overlay.js'
import { scampV1 } from '../../src/overlay/scamp-v1.js'
import { scampV2 } from '../../src/overlay/scamp-v2.js'
import { names, SimCluster } from './sim-cluster.js'

const parity = (a: Member, b: Member): number =>
  (Number(a.name.slice(1)) - Number(b.name.slice(1))) % 2 === 0 ? 0 : 10

const NODES = 20

/** Nodes that hang together by connections that stand. */
function component(town: SimCluster, all: readonly string[]): string[] {
  const seen = new Set(all.slice(0, 1))
  for (const name of seen) {
    for (const other of all) if (town.node(name).cluster.isUp(other)) seen.add(other)
  }
  return [...seen].sort()
}

const OVERLAYS: readonly (readonly [string, OverlayFactory])[] = [
  ['scampV1', scampV1()],
  ['scampV2', scampV2()],
  ['hiscamp', hiscamp({ distance: parity })],
  ['cyclon', cyclon()],
]

describe('whole nodes over views that are not symmetric', () => {
  for (const [title, overlay] of OVERLAYS) {
    it(`${title}: ${NODES} nodes are one by their connections, also when a third is killed`, async () => {
      const town = new SimCluster({ seed: 1 })
      const all = names(NODES)
      await town.settled(all, { overlay })
      await town.sim.run(20_000)
      assert.deepEqual(component(town, all), all)
      const dead = all.filter((_, i) => i % 3 === 1)
      for (const name of dead) town.sim.crash(name)
      await town.sim.run(40_000)
      const rest = all.filter((name) => !dead.includes(name))
      assert.deepEqual(component(town, rest), rest)
      for (const name of rest) {
        const { cluster, log } = town.node(name)
        for (const other of dead) assert.isFalse(cluster.isUp(other))
        assert.deepEqual(
          log.filter((line) => line.startsWith('badMessage')),
          [],
        )
      }
    })
  }
})
