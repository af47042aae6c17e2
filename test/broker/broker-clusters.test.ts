import { overBroker } from '../../src/broker/broker.js'
import { readBrokerOptions } from '../../src/broker/broker-options.js'
import { type OverlaySubject, overlayClusterCases } from '../contracts/overlay-clusters.js'
import { Simulated } from '../promises/simulated.js'
import { seeds } from '../seeds.js'
import { FakeBroker, fakeBrokerAt } from './fake-broker.js'

const SUBJECT: OverlaySubject = {
  name: 'broker',
  make: () => overBroker(readBrokerOptions(), async () => fakeBrokerAt('broker')),
  joins: false,
  partitions: false,
}

/** A simulated network with a broker in it. */
class SimulatedBroker extends Simulated {
  constructor(seed: number | string) {
    super(seed)
    void new FakeBroker().open(this.sim.world('broker'), 'broker')
  }
}

describe('clusters over a broker, simulated', () => {
  for (const seed of seeds(3)) {
    for (const { title, run } of overlayClusterCases(SUBJECT, () => new SimulatedBroker(seed))) {
      it(`${title} [SEED=${seed}]`, run)
    }
  }
})
