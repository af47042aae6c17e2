import { overlayClusterCases } from '../contracts/overlay-clusters.js'
import { seeds } from '../seeds.js'
import { overFakeBroker, SimulatedBroker } from './simulated-broker.js'

describe('clusters over a broker, simulated', () => {
  for (const seed of seeds(2)) {
    const cases = overlayClusterCases(overFakeBroker(), () => new SimulatedBroker(seed))
    for (const { title, run } of cases) it(`${title} [SEED=${seed}]`, run)
  }
})
