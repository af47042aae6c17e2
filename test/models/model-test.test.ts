import { assert } from 'chai'
import { quorumRegister } from '../../examples/protocols/quorum-register.js'
import { modelTest, replayModel } from '../../src/models/index.js'
import { faultModels } from '../../src/simulation/index.js'
import { seeds } from '../seeds.js'
import { backedUpTest, counterTest, kvScenario, kvTest } from './systems.js'

const ALL = faultModels.partitions().plus(faultModels.network()).plus(faultModels.loss(0.05))

describe('a model test', () => {
  for (const seed of seeds(1)) {
    it(`blames no map that does what it says, under any fault but a crash [SEED=${seed}]`, async () => {
      const faults = ALL.plus(faultModels.pauses())
      const { ok, report, answered, runs } = await modelTest({
        ...kvTest(kvScenario()),
        faults,
        seed: Number(seed),
      })
      assert.isTrue(ok, report())
      assert.isAbove(answered, runs / 2)
    })
  }
  it('times', async () => {
    let t = Date.now()
    const lap = (what: string) => { console.log(what, Date.now() - t); t = Date.now() }
    for (const seed of [1,2,3,4,5]) {
    const c = await modelTest({ ...backedUpTest(2), faults: faultModels.crashRecovery(1), seed, runs: 60 })
    console.log(c.report()); lap('backup')
    const e = await modelTest({
      scenario: { ...quorumRegister(5, { r: 2, w: 2 }), checks: [] },
      model: null as number | null,
      commands: { ...backedUpTest(1).commands },
      faults: faultModels.partitions(), seed,
      runs: 60,
    })
    console.log(e.report()); lap('quorum')
    }
    const d = await modelTest({ ...backedUpTest(1), faults: faultModels.crashRecovery(1), runs: 200 })
    console.log(d.report()); lap('backup ok')
    const q = await modelTest({
      scenario: { ...quorumRegister(5, { r: 3, w: 3 }), checks: [] },
      model: null as number | null,
      commands: { ...backedUpTest(1).commands },
      faults: faultModels.partitions().plus(faultModels.loss(0.05)),
      runs: 200,
    })
    console.log(q.report()); lap('quorum ok')
  })
})
