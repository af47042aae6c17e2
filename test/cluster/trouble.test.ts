import { assert } from 'chai'
import { seeds } from '../seeds.js'
import { SimCluster, type Subject } from './sim-cluster.js'

/** Replay one with `SEED=7 npx mocha 'test/cluster/**' -g 'SEED=7'`; `SEEDS=10` runs ten. */
const NAMES = ['a', 'b', 'c', 'd', 'e']

/** Every node's reports about another alternate, incarnation by incarnation. */
function assertAlternating(subject: Subject): void {
  for (const [up, down] of [
    ['peerUp', 'peerDown'],
    ['nodeUp', 'nodeDown'],
    ['memberJoined', 'memberLeft'],
  ] as const) {
    for (const other of NAMES) {
      const lines = subject
        .only(up, down)
        .filter((line) => line.split(' ')[1] === other)
        .map((line) => line.split(' ')[0])
      for (const [i, line] of lines.entries()) {
        assert.equal(line, i % 2 === 0 ? up : down, `${subject.name} about ${other}: ${lines}`)
      }
    }
  }
}

/** Half a minute of kills, silence, pauses, cuts and restarts; then everything runs and is whole. */
async function trouble(seed: number | string, trace = false): Promise<SimCluster> {
  const town = new SimCluster({ seed })
  const { random } = town.sim
  const subjects = await town.settled(NAMES, { store: true })
  const dead = new Set<string>()
  const paused = new Set<string>()
  const restart = async (name: string): Promise<void> => {
    dead.delete(name)
    paused.delete(name)
    town.sim.resume(name)
    assertAlternating(town.node(name))
    subjects.push(await town.start(name, { store: true }))
  }
  for (let i = 0; i < 15; i++) {
    const name = random.pick(NAMES)
    const draw = random.int(12)
    if (trace) console.log(Math.round(town.sim.nowMs), name, draw)
    if (draw < 3 && dead.size < 3 && !dead.has(name)) {
      town.sim.crash(name, { silent: draw === 0 })
      dead.add(name)
    } else if (draw < 6) await restart(name)
    else if (draw < 8) {
      town.sim.pause(name)
      paused.add(name)
    } else if (draw < 10) town.isolate(random.sample(NAMES, 2))
    else town.sim.heal()
    await town.sim.run(random.int(5_000))
  }
  town.sim.heal()
  for (const name of paused) town.sim.resume(name)
  for (const name of dead) await restart(name)
  await town.sim.run(45_000)
  for (const subject of subjects) assertAlternating(subject)
  return town
}

describe('cluster: trouble', () => {
  for (const seed of seeds(12)) {
    it(`is whole again after kills, silence, pauses, cuts and restarts [SEED=${seed}]`, async () => {
      const town = await trouble(seed)
      for (const name of NAMES) {
        const { cluster } = town.node(name)
        assert.deepEqual(town.node(name).members(), NAMES, `members of ${name}`)
        for (const other of NAMES) {
          const known = cluster.member(other)?.incarnation
          assert.equal(known, town.node(other).cluster.self.incarnation, `${name} about ${other}`)
          if (other !== name) assert.isTrue(cluster.isUp(other), `${name} cannot reach ${other}`)
        }
      }
    })
  }

  it('does the same for the same seed, event by event', async () => {
    const [first, second] = [await trouble(3), await trouble(3)]
    assert.equal(first.sim.hash, second.sim.hash)
    assert.deepEqual(first.node('a').log, second.node('a').log)
  })

  it('survives a pause longer than all patience: down there, up again with the same incarnation', async () => {
    const town = new SimCluster({ seed: 51 })
    const [a, b] = await town.settled(['a', 'b', 'c'])
    const incarnation = b?.cluster.self.incarnation
    town.sim.pause('b')
    await town.sim.run(20_000)
    assert.include(a?.log ?? [], 'nodeDown b')
    town.sim.resume('b')
    await town.sim.run(15_000)
    assert.isTrue(a?.cluster.isUp('b'))
    assert.equal(a?.cluster.member('b')?.incarnation, incarnation)
    assert.deepEqual(
      a?.only('nodeUp', 'nodeDown').filter((line) => line.endsWith(' b')),
      ['nodeUp b', 'nodeDown b', 'nodeUp b'],
    )
  })
})
