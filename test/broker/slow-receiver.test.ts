import { slowReceiver } from '../contracts/slow-receiver.js'
import { seeds } from '../seeds.js'
import { overFakeBroker, SimulatedBroker } from './simulated-broker.js'

describe('a slow receiver over a broker, simulated', () => {
  for (const seed of seeds(3)) {
    it(`stops its sender on its channel [SEED=${seed}]`, async () => {
      const env = new SimulatedBroker(seed)
      try {
        await slowReceiver(env, { overlay: overFakeBroker().make([]) }, false)
      } finally {
        await env.close()
      }
    })
  }
})
